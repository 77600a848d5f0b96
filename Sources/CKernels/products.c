#include "bfloat16.h"

#include "vector.h"

// Registers hold `height` rows by `width` vectors of sums while one passes over the common axis.
// Written for constants `height` and `width`, which the compiler unrolls.
#define INLINE static inline __attribute__((always_inline))

INLINE void tile(const int height, const int width, const float *a, size_t aRow, size_t aStep,
                 const float *b, size_t bStep, size_t depth, int adding, float *c, size_t cRow) {
  v16 sums[16][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < height; i++)
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++)
      sums[i][j] = adding ? LOAD(c + (size_t)i * cRow + 16 * j) : (v16){0};
  for (size_t k = 0; k < depth; k++, a += aStep, b += bStep) {
    v16 right[2];
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) right[j] = LOAD(b + 16 * j);
    // Narrow vectors are through with a panel's rows before the next ones come by themselves.
    if (width == 1 && aStep == 1) __builtin_prefetch(b + depth * bStep, 0, 2);
#pragma clang loop unroll(full)
    for (int i = 0; i < height; i++) {
      float left = a[(size_t)i * aRow];
#pragma clang loop unroll(full)
      for (int j = 0; j < width; j++) sums[i][j] += left * right[j];
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < height; i++)
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) STORE(c + (size_t)i * cRow + 16 * j, sums[i][j]);
}

// All rows by one panel.
INLINE void panel(const int height, const int width, const float *a, size_t aRow, size_t aStep,
                  const float *b, size_t bStep, size_t rows, size_t depth, int adding, float *c,
                  size_t cRow) {
  size_t i = 0;
  for (; i + (size_t)height <= rows; i += (size_t)height)
    tile(height, width, a + i * aRow, aRow, aStep, b, bStep, depth, adding, c + i * cRow, cRow);
  for (; i + 4 <= rows; i += 4)
    tile(4, width, a + i * aRow, aRow, aStep, b, bStep, depth, adding, c + i * cRow, cRow);
  for (; i < rows; i++)
    tile(1, width, a + i * aRow, aRow, aStep, b, bStep, depth, adding, c + i * cRow, cRow);
}

// The last columns, fewer than a vector.
INLINE void rest(size_t width, const float *a, size_t aRow, size_t aStep, const float *b,
                 size_t bStep, size_t rows, size_t depth, int adding, float *c, size_t cRow) {
  for (size_t i = 0; i < rows; i++, a += aRow, c += cRow)
    for (size_t j = 0; j < width; j++) {
      float sum = adding ? c[j] : 0;
      for (size_t k = 0; k < depth; k++) sum += a[k * aStep] * b[k * bStep + j];
      c[j] = sum;
    }
}

// Rows of a panel at a time, which stay in the first-level cache.
enum { reach = 128 };

INLINE void products(const int height, const int width, const task t) {
  for (size_t p = 0; p < t.points; p++) {
    const float *a = (const float *)t.a + p * t.aPlane;
    const float *b = (const float *)t.b + p * t.inputs * t.outputs;
    float *c = t.c + p * t.cPlane;
    for (size_t k = 0; k < t.outputs; k += 32, b += 32 * t.inputs) {
      size_t span = t.outputs - k < 32 ? t.outputs - k : 32;
      for (size_t d = 0; d < t.inputs; d += reach) {
        size_t depth = t.inputs - d < reach ? t.inputs - d : reach, j = 0;
        const float *left = a + d, *right = b + d * span;
        if (span == 32 && width == 2) {
          panel(height, 2, left, t.inputs, 1, right, 32, t.rows, depth, d > 0, c + k, t.outputs);
          continue;
        }
        for (; j + 16 <= span; j += 16)
          panel(height, 1, left, t.inputs, 1, right + j, span, t.rows, depth, d > 0, c + k + j,
                t.outputs);
        rest(span - j, left, t.inputs, 1, right + j, span, t.rows, depth, d > 0, c + k + j,
             t.outputs);
      }
    }
  }
}

// Rows of outputs that are copied one behind the other: where there are many outputs they would drive
// each other out of the first-level cache, which narrow vectors go through more often.
enum { most = 128, many = 128 };

INLINE void transposedPacked(const int height, const task *t, const float *a, const float *b,
                             float *c) {
  float packed[most * 16] __attribute__((aligned(64)));
  for (size_t first = 0; first < t->rows; first += most, a += most * t->inputs) {
    size_t rows = t->rows - first < most ? t->rows - first : most;
    for (size_t r = 0; r < rows; r++)
      STORE(packed + 16 * r, LOAD(b + (first + r) * t->outputs));
    panel(height, 1, a, 1, t->inputs, packed, 16, t->inputs, rows, t->adding || first > 0, c,
          t->outputs);
  }
}

INLINE void transposed(const int height, const int width, const task t) {
  for (size_t p = 0; p < t.points; p++) {
    const float *a = (const float *)t.a + p * t.aPlane;
    const float *b = (const float *)t.b + p * t.bPlane;
    float *c = t.c + p * t.inputs * t.outputs;
    size_t k = 0;
    for (; width == 2 && k + 32 <= t.outputs; k += 32)
      panel(height, 2, a, 1, t.inputs, b + k, t.outputs, t.inputs, t.rows, t.adding, c + k,
            t.outputs);
    for (; k + 16 <= t.outputs; k += 16)
      if (width == 1 && t.outputs >= many)
        transposedPacked(height, &t, a, b + k, c + k);
      else
        panel(height, 1, a, 1, t.inputs, b + k, t.outputs, t.inputs, t.rows, t.adding, c + k,
              t.outputs);
    rest(t.outputs - k, a, 1, t.inputs, b + k, t.outputs, t.inputs, t.rows, t.adding, c + k,
         t.outputs);
  }
}

#if defined(__x86_64__) && defined(__clang__)
#define WIDE __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#define MIDDLE __attribute__((target("arch=x86-64-v3")))
WIDE static void products512(const task *t) { products(14, 2, *t); }
MIDDLE static void products256(const task *t) { products(6, 1, *t); }
WIDE static void transposed512(const task *t) { transposed(8, 2, *t); }
MIDDLE static void transposed256(const task *t) { transposed(6, 1, *t); }
#endif
static void productsPlain(const task *t) { products(4, 1, *t); }
static void transposedPlain(const task *t) { transposed(4, 1, *t); }

int reber_vector_bits(void) {
#if defined(__x86_64__) && defined(__clang__)
  if (REBER_HAS_AVX512) return 512;
  if (__builtin_cpu_supports("x86-64-v3")) return 256;
#endif
  return 128;
}

void reber_products(reber_precision precision, const void *a, size_t aPlane, const void *panels,
                    size_t points, size_t rows, size_t inputs, size_t outputs, float *product,
                    size_t productPlane) {
  task t = {a, panels, aPlane, 0, points, rows, inputs, outputs, 0, product, productPlane};
  if (precision == reber_bfloat16) return reber_bfloat16_products(&t);
#if defined(__x86_64__) && defined(__clang__)
  if (REBER_HAS_AVX512) return products512(&t);
  if (__builtin_cpu_supports("x86-64-v3")) return products256(&t);
#endif
  productsPlain(&t);
}

void reber_transposed_products(reber_precision precision, const void *a, size_t aPlane,
                               const void *b, size_t bPlane, size_t points, size_t rows,
                               size_t inputs, size_t outputs, int adding, float *sums) {
  task t = {a, b, aPlane, bPlane, points, rows, inputs, outputs, adding, sums, 0};
  if (precision == reber_bfloat16) return reber_bfloat16_transposed_products(&t);
#if defined(__x86_64__) && defined(__clang__)
  if (REBER_HAS_AVX512) return transposed512(&t);
  if (__builtin_cpu_supports("x86-64-v3")) return transposed256(&t);
#endif
  transposedPlain(&t);
}
