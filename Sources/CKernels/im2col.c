#include "CKernels.h"

#include "vector.h"

static inline void activated(const float *x, const float *scale, const float *shift, size_t count,
                             float *out) {
  size_t c = 0;
  for (; c + 16 <= count; c += 16)
    STORE(out + c, RELU(LOAD(scale + c) * LOAD(x + c) + LOAD(shift + c)));
  for (; c < count; c++) {
    float v = scale[c] * x[c] + shift[c];
    out[c] = v <= 0 ? 0 : v;
  }
}

static inline void copied(const float *x, size_t count, float *out) {
  size_t c = 0;
  for (; c + 16 <= count; c += 16) STORE(out + c, LOAD(x + c));
  for (; c < count; c++) out[c] = x[c];
}

// Windows wholly inside, their rows copied at once: of few channels a window's row is short, and of
// many it is one long piece.
static inline void inside(const float *corner, size_t row, size_t count, int kernel, float *out) {
  for (int i = 0; i < kernel; i++, corner += row, out += count) copied(corner, count, out);
}

// The same of nine pixels of one channel.
static inline void nine(const float *corner, size_t row, float *out) {
  for (int i = 0; i < 3; i++, corner += row, out += 3)
    for (int j = 0; j < 3; j++) out[j] = corner[j];
}

REBER_CLONES
void reber_im2col(const float *x, const float *scale, const float *shift,
                  const reber_window *window, size_t first, size_t count, float *columns) {
  const reber_window w = *window;
  size_t channels = (size_t)w.channels, map = (size_t)w.rows * (size_t)w.columns;
  size_t line = (size_t)w.width * channels, part = (size_t)w.kernel * channels;
  const float *image = x + first / map * (size_t)w.height * line;
  int r = (int)(first % map) / w.columns, k = (int)(first % map) % w.columns;
  for (size_t p = 0; p < count; p++, k++) {
    if (k == w.columns) k = 0, r++;
    if (r == w.rows) r = 0, image += (size_t)w.height * line;
    int row = r * w.stride - w.padding, column = k * w.stride - w.padding;
    if (!scale && row >= 0 && column >= 0 && row + w.kernel <= w.height &&
        column + w.kernel <= w.width) {
      const float *corner = image + (size_t)row * line + (size_t)column * channels;
      if (channels == 1 && w.kernel == 3)
        nine(corner, line, columns);
      else
        inside(corner, line, part, w.kernel, columns);
      columns += (size_t)w.kernel * part;
      continue;
    }
    for (int i = row; i < row + w.kernel; i++)
      for (int j = column; j < column + w.kernel; j++, columns += channels) {
        if (i < 0 || i >= w.height || j < 0 || j >= w.width) {
          for (size_t c = 0; c < channels; c++) columns[c] = 0;
          continue;
        }
        const float *pixel = image + (size_t)i * line + (size_t)j * channels;
        if (scale)
          activated(pixel, scale, shift, channels, columns);
        else
          copied(pixel, channels, columns);
      }
  }
}

REBER_CLONES
void reber_col2im(const float *columns, const reber_window *window, size_t first, size_t count,
                  float *x) {
  const reber_window w = *window;
  size_t channels = (size_t)w.channels, map = (size_t)w.rows * (size_t)w.columns;
  for (size_t p = first; p < first + count; p++) {
    float *image = x + p / map * (size_t)w.height * (size_t)w.width * channels;
    int row = (int)(p % map) / w.columns * w.stride - w.padding;
    int column = (int)(p % map) % w.columns * w.stride - w.padding;
    for (int i = row; i < row + w.kernel; i++)
      for (int j = column; j < column + w.kernel; j++, columns += channels) {
        if (i < 0 || i >= w.height || j < 0 || j >= w.width) continue;
        float *pixel = image + ((size_t)i * (size_t)w.width + (size_t)j) * channels;
        size_t c = 0;
        for (; c + 16 <= channels; c += 16) STORE(pixel + c, LOAD(pixel + c) + LOAD(columns + c));
        for (; c < channels; c++) pixel[c] += columns[c];
      }
  }
}

void reber_weights_panel(const float *weights, size_t outputs, size_t inputs, size_t area,
                         int transposed, size_t panel, float *panels) {
  size_t depth = area * inputs, rows = transposed ? outputs : depth;
  size_t columns = transposed ? depth : outputs, first = panel * 32;
  size_t span = columns - first < 32 ? columns - first : 32;
  float *out = panels + first * rows;
  for (size_t r = 0; r < rows; r++)
    for (size_t c = first; c < first + span; c++) {
      size_t k = transposed ? r : c, d = transposed ? c : r;
      *out++ = weights[(k * inputs + d % inputs) * area + d / inputs];
    }
}

void reber_add_weights_matrix(const float *matrix, size_t outputs, size_t inputs, size_t area,
                              float *gradient) {
  for (size_t k = 0; k < outputs; k++)
    for (size_t c = 0; c < inputs; c++)
      for (size_t a = 0; a < area; a++)
        gradient[(k * inputs + c) * area + a] += matrix[(a * inputs + c) * outputs + k];
}
