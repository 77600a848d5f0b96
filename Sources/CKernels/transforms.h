// What the two transform domains do alike: loops over tiles that apply transforms of one axis along
// both. A file that includes this has defined
// - `side`, the points of a tile along an axis, as many as the pixels of the input under it, and
//   `distinct`, the points that have weights of their own;
// - `stride`, that of the convolution;
// - INPUT_ROWS, GRADIENT_ROWS, OUTPUT_ROWS, WEIGHT_ROWS and WEIGHT_GRADIENT_ROWS(x, r), from numbers
//   x(0), x(1) ... to r(0), r(1) ..., which may use `precision`, a constant.
// - `layout`, and PLACE(places, n), where the plane of point n begins in a layout.
#ifndef REBER_TRANSFORMS_H
#define REBER_TRANSFORMS_H

#include "tiles.h"

// The transforms along columns, from `x` to `half`, and along the rows of that.
#define FROM(k) x[(k) * columns + column]
#define HALF(k) half[(k) * columns + column]
#define ALONG_COLUMNS(ROWS, count)                       \
  do {                                                   \
    enum { columns = count };                            \
    for (int column = 0; column < columns; column++) {   \
      ROWS(FROM, HALF);                                  \
    }                                                    \
  } while (0)

// Asks for `span` by `span` pixels from a place on, where they are inside, before they are needed.
INLINE void fetch(const int kind, const reber_source *s, const reber_tiles *t, size_t image, int top,
                  int left, int span) {
  size_t channels = (size_t)t->channels;
  int bottom = top + span < t->height ? top + span : t->height;
  int right = left + span < t->width ? left + span : t->width;
  if (left < 0) left = 0;
  for (int y = top < 0 ? 0 : top; y < bottom; y++) {
    size_t line = (image * (size_t)t->height + (size_t)y) * (size_t)t->width;
    size_t end = (line + (size_t)right) * channels;
    for (size_t k = (line + (size_t)left) * channels; k < end; k += 16) {
      __builtin_prefetch(s->x + k, 0, 2);
      if (kind == combined) __builtin_prefetch(s->other + k, 0, 2);
    }
  }
}

INLINE void input(const reber_precision precision, const int kind, const reber_source *s,
                  const reber_tiles *t, size_t first, size_t count, const layout places,
                  void *planes) {
  size_t channels = (size_t)t->channels, width = (size_t)t->width;
  for (size_t i = 0; i < count; i++) {
    place at = tilePlace(t, first + i);
    int top = stride * at.row - 1, left = stride * at.column - 1;
    int inside = top >= 0 && left >= 0 && top + side <= t->height && left + side <= t->width;
    size_t corner = ((at.image * (size_t)t->height + (size_t)top) * width + (size_t)left) * channels;
    if (i + 1 < count) {
      place next = tilePlace(t, first + i + 1);
      fetch(kind, s, t, next.image, stride * next.row - 1, stride * next.column - 1, side);
    }
    for (size_t c = 0; c < channels; c += 16) {
      v16 x[side * side], half[side * side];
      if (inside) {
        for (size_t y = 0; y < side; y++)
          for (size_t k = 0; k < side; k++)
            x[y * side + k] = pixel(kind, s, corner + (y * width + k) * channels + c, c);
      } else {
        for (int y = 0; y < side; y++)
          for (int k = 0; k < side; k++) {
            int known = top + y >= 0 && top + y < t->height && left + k >= 0 && left + k < t->width;
            size_t offset = corner + ((size_t)y * width + (size_t)k) * channels + c;
            x[y * side + k] = known ? pixel(kind, s, offset, c) : (v16){0};
          }
      }
      ALONG_COLUMNS(INPUT_ROWS, side);
      size_t to = i * channels + c;
      for (int y = 0; y < side; y++) {
        v16 row[side];
#define H(k) half[y * side + (k)]
#define R(k) row[k]
        INPUT_ROWS(H, R);
#undef H
        for (int k = 0; k < side; k++) put(precision, planes, to + PLACE(places, y * side + k), row[k]);
      }
    }
  }
}

INLINE void gradient(const reber_precision precision, const int kind, const reber_source *s,
                     const reber_tiles *t, size_t first, size_t count, const layout places,
                     void *planes) {
  size_t channels = (size_t)t->channels, width = (size_t)t->width;
  for (size_t i = 0; i < count; i++) {
    place at = tilePlace(t, first + i);
    int rows = t->height - at.row, known = t->width - at.column;
    size_t corner =
        ((at.image * (size_t)t->height + (size_t)at.row) * width + (size_t)at.column) * channels;
    if (i + 1 < count) {
      place next = tilePlace(t, first + i + 1);
      fetch(kind, s, t, next.image, next.row, next.column, 4);
    }
    for (size_t c = 0; c < channels; c += 16) {
      v16 x[16], half[4 * side];
      if (rows >= 4 && known >= 4) {
        for (size_t y = 0; y < 4; y++)
          for (size_t k = 0; k < 4; k++)
            x[y * 4 + k] = pixel(kind, s, corner + (y * width + k) * channels + c, c);
      } else {
        for (int y = 0; y < 4; y++)
          for (int k = 0; k < 4; k++) {
            size_t offset = corner + ((size_t)y * width + (size_t)k) * channels + c;
            x[y * 4 + k] = y < rows && k < known ? pixel(kind, s, offset, c) : (v16){0};
          }
      }
      ALONG_COLUMNS(GRADIENT_ROWS, 4);
      size_t to = i * channels + c;
      for (int y = 0; y < side; y++) {
        v16 row[side];
#define H(k) half[y * 4 + (k)]
        GRADIENT_ROWS(H, R);
#undef H
        for (int k = 0; k < side; k++) put(precision, planes, to + PLACE(places, y * side + k), row[k]);
      }
    }
  }
}

INLINE void output(const reber_precision precision, const int kind, const int streamed,
                   const float *planes, const layout places, const reber_tiles *t, size_t first,
                   size_t count, const reber_epilogue *e, float *x) {
  size_t channels = (size_t)t->channels, width = (size_t)t->width;
  for (size_t c = 0; c < channels; c += 16) {
    v16 sum = {0}, second = {0};
    for (size_t i = 0; i < count; i++) {
      place at = tilePlace(t, first + i);
      int rows = t->height - at.row < 4 ? t->height - at.row : 4;
      int known = t->width - at.column < 4 ? t->width - at.column : 4;
      const float *m = planes + i * channels + c;
      v16 half[4 * side];
      for (int k = 0; k < side; k++) {
#define M(j) LOAD(m + PLACE(places, (j) * side + k))
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
        OUTPUT_ROWS(H, R);
#undef H
        size_t to = corner + (size_t)r * width * channels + c;
        for (int k = 0; k < known; k++, to += channels)
          leave(streamed, x + to, finish(kind, e, row[k], to, c, &sum, &second));
      }
    }
    if (kind == measured || kind == masked) keepSums(e, channels, c, &sum, &second);
  }
  // What went past the cache is seen by all before they are told.
  if (streamed) __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

INLINE void weights(const reber_precision precision, const float *values, size_t outputs,
                    size_t inputs, int transposed, size_t panel, void *panels) {
  size_t rows = transposed ? outputs : inputs, count = transposed ? inputs : outputs;
  size_t span = count - panel * 32 < 32 ? count - panel * 32 : 32;
  for (size_t row = 0; row < rows; row++)
    for (size_t j = 0; j < span; j += 16) {
      v16 x[9], half[3 * distinct];
      float lanes[9 * 16];
      for (size_t k = 0; k < 16; k++) {
        size_t column = panel * 32 + j + k;
        const float *from = values + (transposed ? row * inputs + column : column * inputs + row) * 9;
        // The backward pass of stride 1 is the forward pass with the weights turned around.
        for (int n = 0; n < 9; n++)
          lanes[16 * n + (int)k] = from[transposed && stride == 1 ? 8 - n : n];
      }
      for (int n = 0; n < 9; n++) x[n] = LOAD(lanes + 16 * n);
      ALONG_COLUMNS(WEIGHT_ROWS, 3);
      size_t start = panel * 32 * rows;
      for (int y = 0; y < distinct; y++) {
        v16 u[distinct];
#define H(k) half[y * 3 + (k)]
#define U(k) u[k]
        WEIGHT_ROWS(H, U);
#undef H
#undef U
        for (int k = 0; k < distinct; k++, start += rows * count)
          putWeights(precision, panels, start, row, span, j, u[k]);
      }
    }
}

INLINE void weightGradient(const reber_precision precision, const float *sums, size_t parts,
                           size_t outputs, size_t inputs, size_t firstInput, size_t lastInput,
                           float *gradient) {
  size_t plane = inputs * outputs, points = distinct * distinct;
  for (size_t c = firstInput; c < lastInput; c++)
    for (size_t k = 0; k < outputs; k += 16) {
      v16 x[distinct * distinct], half[3 * distinct], w[9];
      const float *from = sums + c * outputs + k;
      for (size_t n = 0; n < points; n++) x[n] = LOAD(from + n * plane);
      for (size_t part = 1; part < parts; part++)
        for (size_t n = 0; n < points; n++) x[n] += LOAD(from + (part * points + n) * plane);
      ALONG_COLUMNS(WEIGHT_GRADIENT_ROWS, distinct);
      for (int y = 0; y < 3; y++) {
#define H(j) half[y * distinct + (j)]
#define W(j) w[y * 3 + (j)]
        WEIGHT_GRADIENT_ROWS(H, W);
#undef H
#undef W
      }
      float lanes[9 * 16];
      for (int n = 0; n < 9; n++) STORE(lanes + 16 * n, w[n]);
      for (size_t j = 0; j < 16; j++)
        for (size_t n = 0; n < 9; n++)
          gradient[((k + j) * inputs + c) * 9 + n] += lanes[16 * n + j];
    }
}
#undef R

#endif
