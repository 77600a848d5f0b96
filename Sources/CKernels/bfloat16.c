#include "bfloat16.h"

// A lane of the instruction adds the products of a pair of terms: of two inputs, or of two rows
// where those are what is summed over.

#if defined(__x86_64__) && defined(__clang__)
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))
#define PAIRED __attribute__((target("arch=x86-64-v4,avx512bf16"), min_vector_width(512)))

typedef int32_t pair __attribute__((aligned(2), may_alias));

PAIRED INLINE __m512bh same(pair value) { return (__m512bh)_mm512_set1_epi32(value); }

PAIRED INLINE void begin(const int height, const int width, int adding, const float *c, size_t cRow,
                         __m512 sums[][2]) {
#pragma clang loop unroll(full)
  for (int i = 0; i < height; i++)
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++)
      sums[i][j] = adding ? _mm512_loadu_ps(c + (size_t)i * cRow + 16 * j) : _mm512_setzero_ps();
}

PAIRED INLINE void end(const int height, const int width, __m512 sums[][2], float *c, size_t cRow) {
#pragma clang loop unroll(full)
  for (int i = 0; i < height; i++)
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) _mm512_storeu_ps(c + (size_t)i * cRow + 16 * j, sums[i][j]);
}

// Registers hold `height` rows by `width` vectors of sums, as in products.c; of the left side the
// rows' pairs are `aRow` apart.
PAIRED INLINE void add(const int height, const int width, const uint16_t *a, size_t aRow,
                       const __m512bh *right, __m512 sums[][2]) {
#pragma clang loop unroll(full)
  for (int i = 0; i < height; i++) {
    __m512bh left = same(*(const pair *)(a + (size_t)i * aRow));
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) sums[i][j] = _mm512_dpbf16_ps(sums[i][j], left, right[j]);
  }
}

PAIRED INLINE void tile(const int height, const int width, const uint16_t *a, size_t aRow,
                        const uint16_t *b, size_t depth, int adding, float *c, size_t cRow) {
  __m512 sums[14][2];
  begin(height, width, adding, c, cRow, sums);
  for (size_t k = 0; k < depth; k += 2, a += 2, b += 32 * width) {
    __m512bh right[2];
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) right[j] = (__m512bh)_mm512_loadu_si512(b + 32 * j);
    add(height, width, a, aRow, right, sums);
  }
  end(height, width, sums, c, cRow);
}

// All rows by one panel.
PAIRED INLINE void panel(const int width, const uint16_t *a, size_t aRow, const uint16_t *b,
                         size_t rows, size_t depth, int adding, float *c, size_t cRow) {
  size_t i = 0;
  for (; i + 14 <= rows; i += 14)
    tile(14, width, a + i * aRow, aRow, b, depth, adding, c + i * cRow, cRow);
  for (; i + 4 <= rows; i += 4)
    tile(4, width, a + i * aRow, aRow, b, depth, adding, c + i * cRow, cRow);
  for (; i < rows; i++)
    tile(1, width, a + i * aRow, aRow, b, depth, adding, c + i * cRow, cRow);
}

// Inputs of a panel at a time, which stay in the first-level cache; rows of transposed products.
enum { reach = 256, most = 128 };

PAIRED static void products512(const task *t) {
  for (size_t p = 0; p < t->points; p++) {
    const uint16_t *a = (const uint16_t *)t->a + p * t->aPlane;
    const uint16_t *b = (const uint16_t *)t->b + p * t->inputs * t->outputs;
    float *c = t->c + p * t->cPlane;
    for (size_t k = 0; k < t->outputs; k += 32, b += 32 * t->inputs)
      for (size_t d = 0; d < t->inputs; d += reach) {
        size_t depth = t->inputs - d < reach ? t->inputs - d : reach;
        if (k + 32 <= t->outputs)
          panel(2, a + d, t->inputs, b + 32 * d, t->rows, depth, d > 0, c + k, t->outputs);
        else
          panel(1, a + d, t->inputs, b + 16 * d, t->rows, depth, d > 0, c + k, t->outputs);
      }
  }
}

// What stands beside the last of an odd number of rows.
static const uint16_t zeros[32];

// Eight inputs of two rows, in turn.
PAIRED INLINE __m256i pairs(const uint16_t *a, const uint16_t *next) {
  __m128i x = _mm_loadu_si128((const __m128i *)a), y = _mm_loadu_si128((const __m128i *)next);
  return _mm256_set_m128i(_mm_unpackhi_epi16(x, y), _mm_unpacklo_epi16(x, y));
}

// 16 or 32 outputs of two rows, in turn.
PAIRED INLINE void outputs(const int width, const uint16_t *b, const uint16_t *next,
                           __m512bh *right) {
  const __m512i order = _mm512_set_epi16(
      47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8,
      39, 7, 38, 6, 37, 5, 36, 4, 35, 3, 34, 2, 33, 1, 32, 0);
  const __m512i second = _mm512_add_epi16(order, _mm512_set1_epi16(16));
  if (width == 2) {
    __m512i x = _mm512_loadu_si512(b), y = _mm512_loadu_si512(next);
    right[0] = (__m512bh)_mm512_permutex2var_epi16(x, order, y);
    right[1] = (__m512bh)_mm512_permutex2var_epi16(x, second, y);
  } else {
    __m512i x = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)b));
    __m512i y = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)next));
    right[0] = (__m512bh)_mm512_permutex2var_epi16(x, order, y);
  }
}

// Eight inputs, whose rows are in pairs already, by 16 or 32 outputs.
PAIRED INLINE void strip(const int width, const __m256i *a, const uint16_t *b, size_t bRow,
                         size_t rows, int adding, float *c, size_t cRow) {
  __m512 sums[8][2];
  begin(8, width, adding, c, cRow, sums);
  for (size_t r = 0; r < rows; r += 2, a++, b += 2 * bRow) {
    __m512bh right[2];
    outputs(width, b, r + 1 < rows ? b + bRow : zeros, right);
    add(8, width, (const uint16_t *)a, 2, right, sums);
  }
  end(8, width, sums, c, cRow);
}

PAIRED static void transposed512(const task *t) {
  __m256i left[most / 2];
  for (size_t p = 0; p < t->points; p++)
    for (size_t first = 0; first < t->rows; first += most) {
      size_t rows = t->rows - first < most ? t->rows - first : most;
      const uint16_t *a = (const uint16_t *)t->a + p * t->aPlane + first * t->inputs;
      const uint16_t *b = (const uint16_t *)t->b + p * t->bPlane + first * t->outputs;
      float *c = t->c + p * t->inputs * t->outputs;
      int adding = t->adding || first > 0;
      for (size_t i = 0; i < t->inputs; i += 8, a += 8, c += 8 * t->outputs) {
        for (size_t r = 0; r < rows; r += 2)
          left[r / 2] = pairs(a + r * t->inputs, r + 1 < rows ? a + (r + 1) * t->inputs : zeros);
        size_t k = 0;
        for (; k + 32 <= t->outputs; k += 32)
          strip(2, left, b + k, t->outputs, rows, adding, c + k, t->outputs);
        for (; k < t->outputs; k += 16)
          strip(1, left, b + k, t->outputs, rows, adding, c + k, t->outputs);
      }
    }
}

int reber_has_bfloat16(void) {
  return REBER_HAS_AVX512 && __builtin_cpu_supports("avx512bf16");
}
#else
int reber_has_bfloat16(void) { return 0; }
#endif

static float number(uint16_t bits) {
  union {
    uint32_t bits;
    float value;
  } whole = {(uint32_t)bits << 16};
  return whole.value;
}

static void productsPlain(const task *t) {
  for (size_t p = 0; p < t->points; p++)
    for (size_t r = 0; r < t->rows; r++)
      for (size_t k = 0; k < t->outputs; k++) {
        const uint16_t *a = (const uint16_t *)t->a + p * t->aPlane + r * t->inputs;
        size_t first = k / 32 * 32, span = t->outputs - first < 32 ? t->outputs - first : 32;
        const uint16_t *b =
            (const uint16_t *)t->b + p * t->inputs * t->outputs + first * t->inputs + 2 * (k - first);
        float sum = 0;
        for (size_t d = 0; d < t->inputs; d++)
          sum += number(a[d]) * number(b[d / 2 * 2 * span + d % 2]);
        t->c[p * t->cPlane + r * t->outputs + k] = sum;
      }
}

static void transposedPlain(const task *t) {
  for (size_t p = 0; p < t->points; p++)
    for (size_t i = 0; i < t->inputs; i++)
      for (size_t k = 0; k < t->outputs; k++) {
        const uint16_t *a = (const uint16_t *)t->a + p * t->aPlane + i;
        const uint16_t *b = (const uint16_t *)t->b + p * t->bPlane + k;
        float *c = t->c + (p * t->inputs + i) * t->outputs + k;
        float sum = t->adding ? *c : 0;
        for (size_t r = 0; r < t->rows; r++)
          sum += number(a[r * t->inputs]) * number(b[r * t->outputs]);
        *c = sum;
      }
}

void reber_bfloat16_products(const task *t) {
#if defined(__x86_64__) && defined(__clang__)
  if (reber_has_bfloat16()) return products512(t);
#endif
  productsPlain(t);
}

void reber_bfloat16_transposed_products(const task *t) {
#if defined(__x86_64__) && defined(__clang__)
  if (reber_has_bfloat16()) return transposed512(t);
#endif
  transposedPlain(t);
}
