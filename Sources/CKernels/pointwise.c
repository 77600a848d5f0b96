#include "CKernels.h"

#include "vector.h"

// Pixels of an output row that follow each other, and where their windows of one pixel begin.
typedef struct {
  size_t count, at, step;
} run;

static inline run runFrom(const reber_window *w, size_t pixel, size_t end) {
  size_t columns = (size_t)w->columns, row = pixel / columns, column = pixel - row * columns;
  size_t image = row / (size_t)w->rows, stride = (size_t)w->stride;
  size_t line = image * (size_t)w->height + (row - image * (size_t)w->rows) * stride;
  size_t rest = end - pixel < columns - column ? end - pixel : columns - column;
  size_t channels = (size_t)w->channels;
  return (run){rest, (line * (size_t)w->width + column * stride) * channels, stride * channels};
}

REBER_CLONES
void reber_pick(const float *x, const float *scale, const float *shift, const reber_window *window,
                size_t first, size_t count, float *rows) {
  size_t channels = (size_t)window->channels;
  for (size_t p = first; p < first + count;) {
    run r = runFrom(window, p, first + count);
    const float *from = x + r.at;
    for (size_t n = 0; n < r.count; n++, from += r.step, rows += channels) {
      size_t c = 0;
      for (; c + 16 <= channels; c += 16) {
        v16 v = LOAD(from + c);
        STORE(rows + c, scale ? RELU(LOAD(scale + c) * v + LOAD(shift + c)) : v);
      }
      for (; c < channels; c++) {
        float v = scale ? scale[c] * from[c] + shift[c] : from[c];
        rows[c] = scale && v <= 0 ? 0 : v;
      }
    }
    p += r.count;
  }
}

REBER_CLONES
void reber_spread(const float *rows, const reber_window *window, size_t first, size_t count,
                  float *x) {
  size_t channels = (size_t)window->channels;
  for (size_t p = first; p < first + count;) {
    run r = runFrom(window, p, first + count);
    float *to = x + r.at;
    for (size_t n = 0; n < r.count; n++, to += r.step, rows += channels) {
      size_t c = 0;
      for (; c + 16 <= channels; c += 16) STORE(to + c, LOAD(to + c) + LOAD(rows + c));
      for (; c < channels; c++) to[c] += rows[c];
    }
    p += r.count;
  }
}
