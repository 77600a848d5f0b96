#include "tiles.h"

// The numbers at whose powers polynomials are multiplied are 0, a, -a, b, -b and infinity. With 1 and
// 2 the transforms take the fewest operations; with 2/3 and 3/2 the sums of products that are rounded
// to bfloat16 have less than half the error: 1.1% of the root mean square instead of 2.5%.
typedef struct {
  float a, b, a2, b2, a3, b3;
  // Their transforms' factors of weights.
  float zero, first, second;
} points;

INLINE points pointsOf(const reber_precision precision) {
  float a = precision == reber_float32 ? 1 : 2.0f / 3, a2 = a * a;
  float b = precision == reber_float32 ? 2 : 1.5f, b2 = b * b;
  return (points){a, b, a2, b2, a * a2, b * b2,
                  1 / (a2 * b2), 1 / (2 * a2 * (a2 - b2)), 1 / (2 * b2 * (b2 - a2))};
}

// Rows of the transforms, over six or four numbers; `f` are the points.
#define INPUT_ROWS(d, r)                                                        \
  do {                                                                          \
    v16 even = d(4) - f.b2 * d(2), odd = f.a * (d(3) - f.b2 * d(1));            \
    v16 even2 = d(4) - f.a2 * d(2), odd2 = f.b * (d(3) - f.a2 * d(1));          \
    r(0) = f.a2 * f.b2 * d(0) - (f.a2 + f.b2) * d(2) + d(4);                    \
    r(1) = even + odd;                                                          \
    r(2) = even - odd;                                                          \
    r(3) = even2 + odd2;                                                        \
    r(4) = even2 - odd2;                                                        \
    r(5) = f.a2 * f.b2 * d(1) - (f.a2 + f.b2) * d(3) + d(5);                    \
  } while (0)

#define GRADIENT_ROWS(y, r)                                                     \
  do {                                                                          \
    v16 even = y(0) + f.a2 * y(2), odd = f.a * y(1) + f.a3 * y(3);              \
    v16 even2 = y(0) + f.b2 * y(2), odd2 = f.b * y(1) + f.b3 * y(3);            \
    r(0) = y(0);                                                                \
    r(1) = even + odd;                                                          \
    r(2) = even - odd;                                                          \
    r(3) = even2 + odd2;                                                        \
    r(4) = even2 - odd2;                                                        \
    r(5) = y(3);                                                                \
  } while (0)

#define OUTPUT_ROWS(m, r)                                                       \
  do {                                                                          \
    v16 sum = m(1) + m(2), difference = m(1) - m(2);                            \
    v16 sum2 = m(3) + m(4), difference2 = m(3) - m(4);                          \
    r(0) = m(0) + sum + sum2;                                                   \
    r(1) = f.a * difference + f.b * difference2;                                \
    r(2) = f.a2 * sum + f.b2 * sum2;                                            \
    r(3) = f.a3 * difference + f.b3 * difference2 + m(5);                       \
  } while (0)

INLINE void input(const reber_precision precision, const int kind, const reber_source *s,
                  const reber_tiles *t, size_t first, size_t count, void *planes, size_t plane) {
  const points f = pointsOf(precision);
  size_t channels = (size_t)t->channels, width = (size_t)t->width;
  for (size_t i = 0; i < count; i++) {
    place at = tilePlace(t, first + i);
    int top = at.row - 1, left = at.column - 1;
    int inside = top >= 0 && left >= 0 && top + 6 <= t->height && left + 6 <= t->width;
    size_t start = ((at.image * (size_t)t->height + (size_t)top) * width + (size_t)left) * channels;
    for (size_t c = 0; c < channels; c += 16) {
      v16 d[36], half[36];
      if (inside) {
        for (size_t y = 0; y < 6; y++)
          for (size_t x = 0; x < 6; x++)
            d[y * 6 + x] = pixel(kind, s, start + (y * width + x) * channels + c, c);
      } else {
        for (int y = 0; y < 6; y++)
          for (int x = 0; x < 6; x++) {
            int known = top + y >= 0 && top + y < t->height && left + x >= 0 && left + x < t->width;
            size_t offset = start + ((size_t)y * width + (size_t)x) * channels + c;
            d[y * 6 + x] = known ? pixel(kind, s, offset, c) : (v16){0};
          }
      }
      for (int x = 0; x < 6; x++) {
#define D(k) d[(k) * 6 + x]
#define H(k) half[(k) * 6 + x]
        INPUT_ROWS(D, H);
#undef D
#undef H
      }
      size_t to = i * channels + c;
      for (int y = 0; y < 6; y++, to += 6 * plane) {
        v16 row[6];
#define H(k) half[y * 6 + (k)]
#define R(k) row[k]
        INPUT_ROWS(H, R);
#undef H
#undef R
        for (size_t x = 0; x < 6; x++) put(precision, planes, to + x * plane, row[x]);
      }
    }
  }
}

WIDE_CLONES
void reber_winograd_input(const reber_source *source, const reber_tiles *tiles, size_t first,
                          size_t count, reber_precision precision, void *planes, size_t plane) {
  const reber_source s = *source;
  const reber_tiles t = *tiles;
  if (!s.first)
    BY_PRECISION(input, precision, plain, &s, &t, first, count, planes, plane);
  else if (!s.other)
    BY_PRECISION(input, precision, activated, &s, &t, first, count, planes, plane);
  else
    BY_PRECISION(input, precision, combined, &s, &t, first, count, planes, plane);
}

INLINE void gradient(const reber_precision precision, const int kind, const reber_source *s,
                     const reber_tiles *t, size_t first, size_t count, void *planes, size_t plane) {
  const points f = pointsOf(precision);
  size_t channels = (size_t)t->channels, width = (size_t)t->width;
  for (size_t i = 0; i < count; i++) {
    place at = tilePlace(t, first + i);
    int rows = t->height - at.row, columns = t->width - at.column;
    size_t start =
        ((at.image * (size_t)t->height + (size_t)at.row) * width + (size_t)at.column) * channels;
    for (size_t c = 0; c < channels; c += 16) {
      v16 g[16], half[24];
      if (rows >= 4 && columns >= 4) {
        for (size_t y = 0; y < 4; y++)
          for (size_t x = 0; x < 4; x++)
            g[y * 4 + x] = pixel(kind, s, start + (y * width + x) * channels + c, c);
      } else {
        for (int y = 0; y < 4; y++)
          for (int x = 0; x < 4; x++) {
            size_t offset = start + ((size_t)y * width + (size_t)x) * channels + c;
            g[y * 4 + x] = y < rows && x < columns ? pixel(kind, s, offset, c) : (v16){0};
          }
      }
      for (int x = 0; x < 4; x++) {
#define G(k) g[(k) * 4 + x]
#define H(k) half[(k) * 4 + x]
        GRADIENT_ROWS(G, H);
#undef G
#undef H
      }
      size_t to = i * channels + c;
      for (int y = 0; y < 6; y++, to += 6 * plane) {
        v16 row[6];
#define H(k) half[y * 4 + (k)]
#define R(k) row[k]
        GRADIENT_ROWS(H, R);
#undef H
#undef R
        for (size_t x = 0; x < 6; x++) put(precision, planes, to + x * plane, row[x]);
      }
    }
  }
}

WIDE_CLONES
void reber_winograd_gradient(const reber_source *source, const reber_tiles *tiles, size_t first,
                             size_t count, reber_precision precision, void *planes, size_t plane) {
  const reber_source s = *source;
  const reber_tiles t = *tiles;
  if (!s.first)
    BY_PRECISION(gradient, precision, plain, &s, &t, first, count, planes, plane);
  else if (!s.other)
    BY_PRECISION(gradient, precision, activated, &s, &t, first, count, planes, plane);
  else
    BY_PRECISION(gradient, precision, combined, &s, &t, first, count, planes, plane);
}

INLINE void output(const reber_precision precision, const int kind, const float *planes,
                   size_t plane, const reber_tiles *t, size_t first, size_t count,
                   const reber_epilogue *e, float *x) {
  const points f = pointsOf(precision);
  size_t channels = (size_t)t->channels, width = (size_t)t->width;
  for (size_t c = 0; c < channels; c += 16) {
    v16 sum = {0}, second = {0};
    for (size_t i = 0; i < count; i++) {
      place at = tilePlace(t, first + i);
      int rows = t->height - at.row < 4 ? t->height - at.row : 4;
      int columns = t->width - at.column < 4 ? t->width - at.column : 4;
      const float *m = planes + i * channels + c;
      v16 half[24];
      for (size_t k = 0; k < 6; k++) {
#define M(j) LOAD(m + ((j) * 6 + k) * plane)
#define H(j) half[(j) * 6 + (int)k]
        OUTPUT_ROWS(M, H);
#undef M
#undef H
      }
      size_t start =
          ((at.image * (size_t)t->height + (size_t)at.row) * width + (size_t)at.column) * channels;
      for (int r = 0; r < rows; r++) {
        v16 row[4];
#define H(k) half[r * 6 + (k)]
#define R(k) row[k]
        OUTPUT_ROWS(H, R);
#undef H
#undef R
        size_t to = start + (size_t)r * width * channels + c;
        for (int k = 0; k < columns; k++, to += channels)
          STORE(x + to, finish(kind, e, row[k], to, c, &sum, &second));
      }
    }
    if (kind == measured || kind == masked) keepSums(e, channels, c, &sum, &second);
  }
}

WIDE_CLONES
void reber_winograd_output(reber_precision precision, const float *planes, size_t plane,
                           const reber_tiles *tiles, size_t first, size_t count,
                           const reber_epilogue *epilogue, float *x) {
  const reber_epilogue e = *epilogue;
  const reber_tiles t = *tiles;
  if (e.mapped)
    BY_PRECISION(output, precision, masked, planes, plane, &t, first, count, &e, x);
  else if (e.sums)
    BY_PRECISION(output, precision, measured, planes, plane, &t, first, count, &e, x);
  else if (e.bias || e.residual || e.rectified)
    BY_PRECISION(output, precision, finished, planes, plane, &t, first, count, &e, x);
  else
    BY_PRECISION(output, precision, stored, planes, plane, &t, first, count, &e, x);
}

#define WEIGHT_ROWS(w, r)                                                       \
  do {                                                                          \
    v16 even = (w(0) + f.a2 * w(2)) * f.first, odd = w(1) * (f.a * f.first);    \
    v16 even2 = w(0) * f.second + w(2) * (f.b2 * f.second);                     \
    v16 odd2 = w(1) * (f.b * f.second);                                         \
    r(0) = w(0) * f.zero;                                                       \
    r(1) = even + odd;                                                          \
    r(2) = even - odd;                                                          \
    r(3) = even2 + odd2;                                                        \
    r(4) = even2 - odd2;                                                        \
    r(5) = w(2);                                                                \
  } while (0)

#define WEIGHT_GRADIENT_ROWS(u, r)                                              \
  do {                                                                          \
    v16 sum = u(1) + u(2), sum2 = u(3) + u(4);                                  \
    r(0) = f.zero * u(0) + sum * f.first + sum2 * f.second;                     \
    r(1) = (u(1) - u(2)) * (f.a * f.first) + (u(3) - u(4)) * (f.b * f.second);  \
    r(2) = (sum2 - sum) * (f.b2 * f.second) + u(5);                             \
  } while (0)

INLINE void weights(const reber_precision precision, const float *values, size_t outputs,
                    size_t inputs, int transposed, size_t firstPanel, size_t lastPanel,
                    void *panels) {
  const points f = pointsOf(precision);
  size_t rows = transposed ? outputs : inputs, columns = transposed ? inputs : outputs;
  for (size_t p = firstPanel; p < lastPanel; p++) {
    size_t span = columns - p * 32 < 32 ? columns - p * 32 : 32;
    for (size_t row = 0; row < rows; row++)
      for (size_t j = 0; j < span; j += 16) {
        v16 w[9], half[18];
        for (size_t k = 0; k < 16; k++) {
          size_t column = p * 32 + j + k;
          const float *from = values + (transposed ? row * inputs + column : column * inputs + row) * 9;
          for (int n = 0; n < 9; n++) w[n][k] = from[transposed ? 8 - n : n];
        }
        for (int x = 0; x < 3; x++) {
#define W(k) w[(k) * 3 + x]
#define H(k) half[(k) * 3 + x]
          WEIGHT_ROWS(W, H);
#undef W
#undef H
        }
        size_t start = p * 32 * rows, plane = rows * columns;
        for (int y = 0; y < 6; y++) {
          v16 u[6];
#define H(k) half[y * 3 + (k)]
#define R(k) u[k]
          WEIGHT_ROWS(H, R);
#undef H
#undef R
          for (int x = 0; x < 6; x++, start += plane)
            putWeights(precision, panels, start, row, span, j, u[x]);
        }
      }
  }
}

WIDE_CLONES
void reber_winograd_weights(const float *values, size_t outputs, size_t inputs, int transposed,
                            size_t firstPanel, size_t lastPanel, reber_precision precision,
                            void *panels) {
  BY_PRECISION(weights, precision, values, outputs, inputs, transposed, firstPanel, lastPanel, panels);
}

INLINE void weightGradient(const reber_precision precision, const float *sums, size_t parts,
                           size_t outputs, size_t inputs, size_t firstInput, size_t lastInput,
                           float *gradient) {
  const points f = pointsOf(precision);
  size_t plane = inputs * outputs;
  for (size_t c = firstInput; c < lastInput; c++)
    for (size_t k = 0; k < outputs; k += 16) {
      v16 u[36], half[18], w[9];
      const float *from = sums + c * outputs + k;
      for (size_t n = 0; n < 36; n++) u[n] = LOAD(from + n * plane);
      for (size_t part = 1; part < parts; part++)
        for (size_t n = 0; n < 36; n++) u[n] += LOAD(from + (part * 36 + n) * plane);
      for (int x = 0; x < 6; x++) {
#define U(j) u[(j) * 6 + x]
#define H(j) half[(j) * 6 + x]
        WEIGHT_GRADIENT_ROWS(U, H);
#undef U
#undef H
      }
      for (int y = 0; y < 3; y++) {
#define H(j) half[y * 6 + (j)]
#define W(j) w[y * 3 + (j)]
        WEIGHT_GRADIENT_ROWS(H, W);
#undef H
#undef W
      }
      for (size_t j = 0; j < 16; j++)
        for (size_t n = 0; n < 9; n++) gradient[((k + j) * inputs + c) * 9 + n] += w[n][j];
    }
}

WIDE_CLONES
void reber_winograd_weight_gradient(reber_precision precision, const float *sums, size_t parts,
                                    size_t outputs, size_t inputs, size_t firstInput,
                                    size_t lastInput, float *gradient) {
  BY_PRECISION(weightGradient, precision, sums, parts, outputs, inputs, firstInput, lastInput,
               gradient);
}
