#include "tiles.h"

// Along each axis a convolution of stride 2 is one of two taps over the odd pixels, done at five
// points by F(4, 2), plus one of one tap over the even pixels, done at the four pixels themselves:
// nine points, of which the last four share their weight.
enum { side = 9, distinct = 6, stride = 2 };
typedef const size_t *layout;
#define PLACE(places, n) places[n]

#define INPUT_ROWS(d, r)                                  \
  do {                                                    \
    r(0) = 2 * d(0) - d(2) - 2 * d(4) + d(6);             \
    r(1) = d(6) - d(4) - 2 * d(2);                        \
    r(2) = d(6) - 3 * d(4) + 2 * d(2);                    \
    r(3) = d(6) - d(2);                                   \
    r(4) = 2 * d(2) - d(4) - 2 * d(6) + d(8);             \
    r(5) = d(1), r(6) = d(3), r(7) = d(5), r(8) = d(7);   \
  } while (0)

#define OUTPUT_ROWS(m, r)                                 \
  do {                                                    \
    v16 sum = m(1) + m(2), difference = m(1) - m(2);      \
    r(0) = m(0) + sum + m(3) + m(5);                      \
    r(1) = difference + 2 * m(3) + m(6);                  \
    r(2) = sum + 4 * m(3) + m(7);                         \
    r(3) = difference + 8 * m(3) + m(4) + m(8);           \
  } while (0)

#define WEIGHT_ROWS(w, r)                                 \
  do {                                                    \
    r(0) = w(0) * 0.5f;                                   \
    r(1) = (w(0) + w(2)) * -0.5f;                         \
    r(2) = (w(2) - w(0)) * (1.0f / 6);                    \
    r(3) = (w(0) + 2 * w(2)) * (1.0f / 6);                \
    r(4) = w(2);                                          \
    r(5) = w(1);                                          \
  } while (0)

// The backward pass goes the same way back: each transform by its transpose.

#define GRADIENT_ROWS(g, r)                               \
  do {                                                    \
    v16 even = g(0) + g(2), odd = g(1) + g(3);            \
    r(0) = g(0);                                          \
    r(1) = even + odd;                                    \
    r(2) = even - odd;                                    \
    r(3) = g(0) + 2 * g(1) + 4 * g(2) + 8 * g(3);         \
    r(4) = g(3);                                          \
    r(5) = g(0), r(6) = g(1), r(7) = g(2), r(8) = g(3);   \
  } while (0)

#define WEIGHT_GRADIENT_ROWS(u, w)                              \
  do {                                                          \
    w(0) = 0.5f * (u(0) - u(1)) + (u(3) - u(2)) * (1.0f / 6);   \
    w(1) = u(5);                                                \
    w(2) = u(4) - 0.5f * u(1) + (u(2) + 2 * u(3)) * (1.0f / 6); \
  } while (0)

#define INPUT_GRADIENT_ROWS(r, d)                               \
  do {                                                          \
    d(0) = 2 * r(0);                                            \
    d(2) = 2 * (r(2) - r(1) + r(4)) - r(0) - r(3);              \
    d(4) = -2 * r(0) - r(1) - 3 * r(2) - r(4);                  \
    d(6) = r(0) + r(1) + r(2) + r(3) - 2 * r(4);                \
    d(8) = r(4);                                                \
    d(1) = r(5), d(3) = r(6), d(5) = r(7), d(7) = r(8);         \
  } while (0)

#include "transforms.h"

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

// The points that share the weights of group g = (row, column) of `distinct` by `distinct`, and how
// many points the groups before it have.
static size_t members(size_t g) {
  return (g / distinct == distinct - 1 ? 4u : 1u) * (g % distinct == distinct - 1 ? 4u : 1u);
}

static size_t before(size_t g) {
  size_t row = g / distinct, column = g % distinct;
  return row * side + column * (row == distinct - 1 ? 4u : 1u);
}

// Where the group of planes g begins: a line or two keep groups out of each other's places in the
// cache.
static size_t start(size_t g, size_t count, size_t channels) {
  return before(g) * count * channels + 32 * g;
}

// Where each point's plane of `count` tiles begins.
static void planesOf(size_t count, size_t channels, size_t *places) {
  for (size_t i = 0; i < side; i++)
    for (size_t j = 0; j < side; j++) {
      size_t row = least(i, distinct - 1), column = least(j, distinct - 1);
      size_t member = (i - row) * (column == distinct - 1 ? 4 : 1) + j - column;
      size_t group = row * distinct + column;
      places[i * side + j] = start(group, count, channels) + member * count * channels;
    }
}

size_t reber_strided_planes(size_t count, size_t channels) {
  return side * side * count * channels + 32 * distinct * distinct;
}

static void *number(reber_precision precision, const void *numbers, size_t at) {
  return (char *)numbers + at * (precision == reber_bfloat16 ? 2 : 4);
}

WIDE_CLONES
void reber_strided_input(const reber_source *source, const reber_tiles *tiles, size_t first,
                         size_t count, reber_precision precision, void *planes, size_t at,
                         size_t all) {
  const reber_source s = *source;
  const reber_tiles t = *tiles;
  size_t places[side * side];
  planesOf(all, (size_t)t.channels, places);
  void *own = number(precision, planes, at * (size_t)t.channels);
  if (s.first)
    BY_PRECISION(input, precision, activated, &s, &t, first, count, places, own);
  else
    BY_PRECISION(input, precision, plain, &s, &t, first, count, places, own);
}

void reber_strided_products(reber_precision precision, const void *planes, const void *panels,
                            size_t point, size_t count, size_t inputs, size_t outputs,
                            float *products) {
  reber_products(precision, number(precision, planes, start(point, count, inputs)), 0,
                 number(precision, panels, point * inputs * outputs), 1, members(point) * count,
                 inputs, outputs, products + start(point, count, outputs), 0);
}

WIDE_CLONES
void reber_strided_output(const float *planes, size_t at, size_t all, const reber_tiles *tiles,
                          size_t first, size_t count, const reber_epilogue *epilogue, float *x) {
  const reber_epilogue e = *epilogue;
  const reber_tiles t = *tiles;
  size_t places[side * side];
  planesOf(all, (size_t)t.channels, places);
  planes += at * (size_t)t.channels;
  if (e.sums && e.streamed)
    output(reber_float32, measured, 1, planes, places, &t, first, count, &e, x);
  else if (e.sums)
    output(reber_float32, measured, 0, planes, places, &t, first, count, &e, x);
  else
    output(reber_float32, finished, 0, planes, places, &t, first, count, &e, x);
}

WIDE_CLONES
void reber_strided_weights(const float *values, size_t outputs, size_t inputs, int transposed,
                           size_t panel, reber_precision precision, void *panels) {
  BY_PRECISION(weights, precision, values, outputs, inputs, transposed, panel, panels);
}

WIDE_CLONES
void reber_strided_gradient(const reber_source *source, const reber_tiles *tiles, size_t first,
                            size_t count, reber_precision precision, void *planes, size_t at,
                            size_t all) {
  const reber_source s = *source;
  const reber_tiles t = *tiles;
  size_t places[side * side];
  planesOf(all, (size_t)t.channels, places);
  void *own = number(precision, planes, at * (size_t)t.channels);
  BY_PRECISION(gradient, precision, combined, &s, &t, first, count, places, own);
}

void reber_strided_transposed_products(reber_precision precision, const void *planes,
                                       const void *gradients, size_t point, size_t count,
                                       size_t inputs, size_t outputs, int adding, float *sums) {
  reber_transposed_products(precision, number(precision, planes, start(point, count, inputs)), 0,
                            number(precision, gradients, start(point, count, outputs)), 0, 1,
                            members(point) * count, inputs, outputs, adding,
                            sums + point * inputs * outputs);
}

WIDE_CLONES
void reber_strided_input_gradient(const float *planes, size_t at, size_t all,
                                  const reber_tiles *tiles, size_t first, size_t count, int adding,
                                  float *x) {
  const reber_tiles t = *tiles;
  size_t channels = (size_t)t.channels, width = (size_t)t.width, places[side * side];
  planesOf(all, channels, places);
  planes += at * channels;
  for (size_t i = 0; i < count; i++) {
    place tile = tilePlace(&t, first + i);
    int top = 2 * tile.row - 1, left = 2 * tile.column - 1;
    for (size_t c = 0; c < channels; c += 16) {
      const float *from = planes + i * channels + c;
      v16 half[side * side];
      for (int k = 0; k < side; k++) {
#define P(j) LOAD(from + places[(j) * side + k])
#define H(j) half[(j) * side + k]
        INPUT_GRADIENT_ROWS(P, H);
#undef P
#undef H
      }
      for (int y = 0; y < side; y++) {
        if (top + y < 0 || top + y >= t.height) continue;
        v16 row[side];
#define H(k) half[y * side + (k)]
#define R(k) row[k]
        INPUT_GRADIENT_ROWS(H, R);
#undef H
#undef R
        float *line = x + (tile.image * (size_t)t.height + (size_t)(top + y)) * width * channels + c;
        // The tile above has written the first row, that to the left the first column.
        int known = adding || (y == 0 && tile.row > 0);
        for (int k = 0; k < side; k++) {
          if (left + k < 0 || left + k >= t.width) continue;
          float *to = line + (size_t)(left + k) * channels;
          STORE(to, known || (k == 0 && tile.column > 0) ? LOAD(to) + row[k] : row[k]);
        }
      }
    }
  }
}

WIDE_CLONES
void reber_strided_weight_gradient(const float *sums, size_t parts, size_t outputs, size_t inputs,
                                   size_t firstInput, size_t lastInput, float *gradient) {
  weightGradient(reber_float32, sums, parts, outputs, inputs, firstInput, lastInput, gradient);
}
