#include "tiles.h"

// Rows of the transforms, over six or four numbers `step` apart.
#define INPUT_ROWS(d, r)                                      \
  do {                                                        \
    v16 even = d(4) - 4 * d(2), odd = d(3) - 4 * d(1);        \
    v16 even2 = d(4) - d(2), odd2 = 2 * (d(3) - d(1));        \
    r(0) = 4 * d(0) - 5 * d(2) + d(4);                        \
    r(1) = even + odd;                                        \
    r(2) = even - odd;                                        \
    r(3) = even2 + odd2;                                      \
    r(4) = even2 - odd2;                                      \
    r(5) = 4 * d(1) - 5 * d(3) + d(5);                        \
  } while (0)

#define GRADIENT_ROWS(y, r)                                   \
  do {                                                        \
    v16 even = y(0) + y(2), odd = y(1) + y(3);                \
    v16 even2 = y(0) + 4 * y(2), odd2 = 2 * y(1) + 8 * y(3);  \
    r(0) = y(0);                                              \
    r(1) = even + odd;                                        \
    r(2) = even - odd;                                        \
    r(3) = even2 + odd2;                                      \
    r(4) = even2 - odd2;                                      \
    r(5) = y(3);                                              \
  } while (0)

#define OUTPUT_ROWS(m, r)                                     \
  do {                                                        \
    v16 sum = m(1) + m(2), difference = m(1) - m(2);          \
    v16 sum2 = m(3) + m(4), difference2 = m(3) - m(4);        \
    r(0) = m(0) + sum + sum2;                                 \
    r(1) = difference + 2 * difference2;                      \
    r(2) = sum + 4 * sum2;                                    \
    r(3) = difference + 8 * difference2 + m(5);               \
  } while (0)

INLINE void input(const int kind, const reber_source *s, const reber_tiles *t, size_t first,
                  size_t count, float *planes, size_t plane) {
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
      float *out = planes + i * channels + c;
      for (int y = 0; y < 6; y++, out += 6 * plane) {
        v16 row[6];
#define H(k) half[y * 6 + (k)]
#define R(k) row[k]
        INPUT_ROWS(H, R);
#undef H
#undef R
        for (size_t x = 0; x < 6; x++) STORE(out + x * plane, row[x]);
      }
    }
  }
}

WIDE_CLONES
void reber_winograd_input(const reber_source *source, const reber_tiles *tiles, size_t first,
                          size_t count, float *planes, size_t plane) {
  const reber_source s = *source;
  const reber_tiles t = *tiles;
  if (!s.first)
    input(plain, &s, &t, first, count, planes, plane);
  else if (!s.other)
    input(activated, &s, &t, first, count, planes, plane);
  else
    input(combined, &s, &t, first, count, planes, plane);
}

INLINE void gradient(const int kind, const reber_source *s, const reber_tiles *t, size_t first,
                     size_t count, float *planes, size_t plane) {
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
      float *out = planes + i * channels + c;
      for (int y = 0; y < 6; y++, out += 6 * plane) {
        v16 row[6];
#define H(k) half[y * 4 + (k)]
#define R(k) row[k]
        GRADIENT_ROWS(H, R);
#undef H
#undef R
        for (size_t x = 0; x < 6; x++) STORE(out + x * plane, row[x]);
      }
    }
  }
}

WIDE_CLONES
void reber_winograd_gradient(const reber_source *source, const reber_tiles *tiles, size_t first,
                             size_t count, float *planes, size_t plane) {
  const reber_source s = *source;
  const reber_tiles t = *tiles;
  if (!s.first)
    gradient(plain, &s, &t, first, count, planes, plane);
  else if (!s.other)
    gradient(activated, &s, &t, first, count, planes, plane);
  else
    gradient(combined, &s, &t, first, count, planes, plane);
}

INLINE void output(const int kind, const float *planes, size_t plane, const reber_tiles *t,
                   size_t first, size_t count, const reber_epilogue *e, float *x) {
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
void reber_winograd_output(const float *planes, size_t plane, const reber_tiles *tiles,
                           size_t first, size_t count, const reber_epilogue *epilogue, float *x) {
  const reber_epilogue e = *epilogue;
  const reber_tiles t = *tiles;
  if (e.mapped)
    output(masked, planes, plane, &t, first, count, &e, x);
  else if (e.sums)
    output(measured, planes, plane, &t, first, count, &e, x);
  else if (e.bias || e.residual || e.rectified)
    output(finished, planes, plane, &t, first, count, &e, x);
  else
    output(stored, planes, plane, &t, first, count, &e, x);
}

#define WEIGHT_ROWS(w, r)                                         \
  do {                                                            \
    v16 even = (w(0) + w(2)) * (-1.0f / 6), odd = w(1) * (-1.0f / 6); \
    v16 even2 = w(0) * (1.0f / 24) + w(2) * (1.0f / 6);           \
    v16 odd2 = w(1) * (1.0f / 12);                                \
    r(0) = w(0) * 0.25f;                                          \
    r(1) = even + odd;                                            \
    r(2) = even - odd;                                            \
    r(3) = even2 + odd2;                                          \
    r(4) = even2 - odd2;                                          \
    r(5) = w(2);                                                  \
  } while (0)

#define WEIGHT_GRADIENT_ROWS(u, r)                                                  \
  do {                                                                              \
    v16 sum = u(1) + u(2), sum2 = u(3) + u(4);                                      \
    r(0) = 0.25f * u(0) - sum * (1.0f / 6) + sum2 * (1.0f / 24);                    \
    r(1) = (u(2) - u(1)) * (1.0f / 6) + (u(3) - u(4)) * (1.0f / 12);                \
    r(2) = (sum2 - sum) * (1.0f / 6) + u(5);                                        \
  } while (0)

WIDE_CLONES
void reber_winograd_weights(const float *weights, size_t outputs, size_t inputs, int transposed,
                            size_t firstPanel, size_t lastPanel, float *panels) {
  size_t rows = transposed ? outputs : inputs, columns = transposed ? inputs : outputs;
  for (size_t p = firstPanel; p < lastPanel; p++) {
    size_t span = columns - p * 32 < 32 ? columns - p * 32 : 32;
    for (size_t row = 0; row < rows; row++)
      for (size_t j = 0; j < span; j += 16) {
        v16 w[9], half[18];
        for (size_t k = 0; k < 16; k++) {
          size_t column = p * 32 + j + k;
          const float *from = weights + (transposed ? row * inputs + column : column * inputs + row) * 9;
          for (int n = 0; n < 9; n++) w[n][k] = from[transposed ? 8 - n : n];
        }
        for (int x = 0; x < 3; x++) {
#define W(k) w[(k) * 3 + x]
#define H(k) half[(k) * 3 + x]
          WEIGHT_ROWS(W, H);
#undef W
#undef H
        }
        float *out = panels + p * 32 * rows + row * span + j;
        for (int y = 0; y < 6; y++) {
          v16 u[6];
#define H(k) half[y * 3 + (k)]
#define R(k) u[k]
          WEIGHT_ROWS(H, R);
#undef H
#undef R
          for (int x = 0; x < 6; x++, out += rows * columns) STORE(out, u[x]);
        }
      }
  }
}

WIDE_CLONES
void reber_winograd_weight_gradient(const float *sums, size_t parts, size_t outputs, size_t inputs,
                                    size_t firstInput, size_t lastInput, float *gradient) {
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
