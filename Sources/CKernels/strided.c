#include "tiles.h"

// Along each axis a convolution of stride 2 is one of two taps over the odd pixels, done at five
// points by F(4, 2), plus one of one tap over the even pixels, done at the four pixels themselves:
// nine points, of which the last four share their weight.
enum { side = 9, distinct = 6 };

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

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

// The points that share the weights of group g = (row, column) of `distinct` by `distinct`, and how
// many points the groups before it have.
static size_t members(size_t g) {
  return (g / distinct == distinct - 1 ? 4u : 1u) * (g % distinct == distinct - 1 ? 4u : 1u);
}

static size_t before(size_t g) {
  size_t count = 0;
  for (size_t i = 0; i < g; i++) count += members(i);
  return count;
}

// Where the group of planes g begins: an odd line keeps groups out of each other's places in the
// cache.
static size_t start(size_t g, size_t count, size_t channels) {
  return before(g) * count * channels + 16 * g;
}

// Where each point's plane begins.
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
  return side * side * count * channels + 16 * distinct * distinct;
}

INLINE void input(const int kind, const reber_source *s, const reber_tiles *t, size_t first,
                  size_t count, const size_t *places, float *planes) {
  size_t channels = (size_t)t->channels, width = (size_t)t->width;
  for (size_t i = 0; i < count; i++) {
    place at = tilePlace(t, first + i);
    int top = 2 * at.row - 1, left = 2 * at.column - 1;
    int inside = top >= 0 && left >= 0 && top + side <= t->height && left + side <= t->width;
    size_t corner = ((at.image * (size_t)t->height + (size_t)top) * width + (size_t)left) * channels;
    for (size_t c = 0; c < channels; c += 16) {
      v16 d[side * side], half[side * side];
      for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
          int known = inside || (top + y >= 0 && top + y < t->height && left + x >= 0 &&
                                 left + x < t->width);
          size_t offset = corner + ((size_t)y * width + (size_t)x) * channels + c;
          d[y * side + x] = known ? pixel(kind, s, offset, c) : (v16){0};
        }
      for (int x = 0; x < side; x++) {
#define D(k) d[(k) * side + x]
#define H(k) half[(k) * side + x]
        INPUT_ROWS(D, H);
#undef D
#undef H
      }
      float *out = planes + i * channels + c;
      for (int y = 0; y < side; y++) {
        v16 row[side];
#define H(k) half[y * side + (k)]
#define R(k) row[k]
        INPUT_ROWS(H, R);
#undef H
#undef R
        for (int x = 0; x < side; x++) STORE(out + places[y * side + x], row[x]);
      }
    }
  }
}

WIDE_CLONES
void reber_strided_input(const reber_source *source, const reber_tiles *tiles, size_t first,
                         size_t count, float *planes) {
  const reber_source s = *source;
  const reber_tiles t = *tiles;
  size_t places[side * side];
  planesOf(count, (size_t)t.channels, places);
  if (s.first)
    input(activated, &s, &t, first, count, places, planes);
  else
    input(plain, &s, &t, first, count, places, planes);
}

void reber_strided_products(const float *planes, const float *panels, size_t count, size_t inputs,
                            size_t outputs, float *products) {
  for (size_t g = 0; g < distinct * distinct; g++)
    reber_products(planes + start(g, count, inputs), 0, panels + g * inputs * outputs, 1,
                   members(g) * count, inputs, outputs, products + start(g, count, outputs), 0);
}

INLINE void output(const int kind, const float *planes, const size_t *places, const reber_tiles *t,
                   size_t first, size_t count, const reber_epilogue *e, float *x) {
  size_t channels = (size_t)t->channels, width = (size_t)t->width;
  for (size_t c = 0; c < channels; c += 16) {
    v16 sum = {0}, second = {0};
    for (size_t i = 0; i < count; i++) {
      place at = tilePlace(t, first + i);
      int rows = t->height - at.row < 4 ? t->height - at.row : 4;
      int columns = t->width - at.column < 4 ? t->width - at.column : 4;
      const float *m = planes + i * channels + c;
      v16 half[4 * side];
      for (int k = 0; k < side; k++) {
#define M(j) LOAD(m + places[(j) * side + k])
#define H(j) half[(j) * side + k]
        OUTPUT_ROWS(M, H);
#undef M
#undef H
      }
      size_t corner =
          ((at.image * (size_t)t->height + (size_t)at.row) * width + (size_t)at.column) * channels;
      for (int r = 0; r < rows; r++) {
        v16 row[4];
#define H(k) half[r * side + (k)]
#define R(k) row[k]
        OUTPUT_ROWS(H, R);
#undef H
#undef R
        size_t to = corner + (size_t)r * width * channels + c;
        for (int k = 0; k < columns; k++, to += channels)
          STORE(x + to, finish(kind, e, row[k], to, c, &sum, &second));
      }
    }
    if (kind == measured) keepSums(e, channels, c, &sum, &second);
  }
}

WIDE_CLONES
void reber_strided_output(const float *planes, const reber_tiles *tiles, size_t first, size_t count,
                          const reber_epilogue *epilogue, float *x) {
  const reber_epilogue e = *epilogue;
  const reber_tiles t = *tiles;
  size_t places[side * side];
  planesOf(count, (size_t)t.channels, places);
  if (e.sums)
    output(measured, planes, places, &t, first, count, &e, x);
  else
    output(finished, planes, places, &t, first, count, &e, x);
}

WIDE_CLONES
void reber_strided_weights(const float *weights, size_t outputs, size_t inputs, size_t panel,
                           float *panels) {
  size_t span = least(32, outputs - panel * 32);
  for (size_t row = 0; row < inputs; row++)
    for (size_t j = 0; j < span; j += 16) {
      v16 w[9], half[3 * distinct];
      for (size_t k = 0; k < 16; k++) {
        const float *from = weights + ((panel * 32 + j + k) * inputs + row) * 9;
        for (int n = 0; n < 9; n++) w[n][k] = from[n];
      }
      for (int x = 0; x < 3; x++) {
#define W(k) w[(k) * 3 + x]
#define H(k) half[(k) * 3 + x]
        WEIGHT_ROWS(W, H);
#undef W
#undef H
      }
      float *out = panels + panel * 32 * inputs + row * span + j;
      for (int y = 0; y < distinct; y++) {
        v16 u[distinct];
#define H(k) half[y * 3 + (k)]
#define R(k) u[k]
        WEIGHT_ROWS(H, R);
#undef H
#undef R
        for (int x = 0; x < distinct; x++, out += inputs * outputs) STORE(out, u[x]);
      }
    }
}
