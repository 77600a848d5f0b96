#include "CKernels.h"

#include <math.h>
#include <string.h>

#include "tiles.h"

#define NAME(name) reber_##name
#define ELEMENT float
#define WIDE LOAD
#define NARROW STORE
#define ONE(number) (number)
#define SET(place, number) ((place) = (number))
#include "normalisation.h"
#undef NAME
#undef ELEMENT
#undef WIDE
#undef NARROW
#undef ONE
#undef SET

INLINE void moved(const float *x, const float *pivot, size_t pixels, size_t channels, float *out,
                  double *sums) {
  for (size_t p = 0; p < pixels; p += stretch) {
    size_t end = p + stretch < pixels ? p + stretch : pixels;
    for (size_t c = 0; c < channels; c += 16) {
      v16 centre = LOAD(pivot + c), sum = {0}, square = {0};
      for (size_t q = p; q < end; q++) {
        v16 v = LOAD(x + q * channels + c), d = v - centre;
        sum += d;
        square += d * d;
        leave(1, out + q * channels + c, v);
      }
      collect(sums + c, &sum);
      collect(sums + channels + c, &square);
    }
  }
}

WIDE_CLONES
void reber_move(const float *x, const float *pivot, size_t pixels, size_t channels, float *out,
                double *sums) {
  moved(x, pivot, pixels, channels, out, sums);
  // What went past the cache is seen by all before they are told.
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

REBER_CLONES
void reber_bias(float *x, const float *bias, const float *residual, size_t pixels, size_t channels,
                int rectified) {
  for (size_t p = 0; p < pixels; p++, x += channels) {
    size_t c = 0;
    const float *r = residual ? residual + p * channels : 0;
    for (; c + 16 <= channels; c += 16) {
      v16 v = LOAD(x + c) + LOAD(bias + c);
      if (r) v += LOAD(r + c);
      STORE(x + c, rectified ? RELU(v) : v);
    }
    for (; c < channels; c++) {
      float v = x[c] + bias[c] + (r ? r[c] : 0);
      x[c] = rectified ? relu(v) : v;
    }
  }
}

REBER_CLONES
void reber_add(float *target, const float *source, size_t count) {
  for (size_t i = 0; i < count; i++) target[i] += source[i];
}

REBER_CLONES
void reber_largest(const float *x, size_t height, size_t width, size_t channels, float *y) {
  for (size_t r = 0; r < height; r += 2)
    for (size_t c = 0; c < width; c += 2, y += channels) {
      for (size_t k = 0; k < channels; k++) y[k] = -INFINITY;
      for (size_t i = r > 0 ? r - 1 : 0; i < height && i <= r + 1; i++)
        for (size_t j = c > 0 ? c - 1 : 0; j < width && j <= c + 1; j++) {
          const float *pixel = x + (i * width + j) * channels;
          for (size_t k = 0; k < channels; k++) y[k] = pixel[k] > y[k] ? pixel[k] : y[k];
        }
    }
}

REBER_CLONES
void reber_largest_backward(const float *x, const float *y, const float *gradient, size_t height,
                            size_t width, size_t channels, float *result) {
  memset(result, 0, sizeof(float) * height * width * channels);
  for (size_t r = 0; r < height; r += 2)
    for (size_t c = 0; c < width; c += 2, y += channels, gradient += channels)
      for (size_t k = 0; k < channels; k++) {
        float rest = gradient[k];
        for (size_t i = r > 0 ? r - 1 : 0; i < height && i <= r + 1; i++)
          for (size_t j = c > 0 ? c - 1 : 0; j < width && j <= c + 1; j++) {
            size_t at = (i * width + j) * channels + k;
            int hit = x[at] == y[k];
            result[at] += hit ? rest : 0;
            rest = hit ? 0 : rest;
          }
      }
}

REBER_CLONES
void reber_pool(const float *x, size_t count, size_t pixels, size_t channels, size_t stride,
                float *means) {
  float share = 1 / (float)pixels;
  for (size_t n = 0; n < count; n++, x += pixels * channels, means += stride) {
    for (size_t c = 0; c < channels; c++) means[c] = 0;
    for (size_t p = 0; p < pixels; p++)
      for (size_t c = 0; c < channels; c++) means[c] += x[p * channels + c];
    for (size_t c = 0; c < channels; c++) means[c] *= share;
  }
}

REBER_CLONES
void reber_pool_backward(const float *gradient, size_t count, size_t pixels, size_t channels,
                         size_t stride, float *x) {
  float share = 1 / (float)pixels;
  for (size_t n = 0; n < count; n++, gradient += stride)
    for (size_t p = 0; p < pixels; p++, x += channels)
      for (size_t c = 0; c < channels; c++) x[c] = share * gradient[c];
}

REBER_CLONES
void reber_pool_largest(const float *map, size_t count, size_t pixels, size_t channels, size_t stride,
                float *largest) {
  for (size_t n = 0; n < count; n++, map += pixels * channels, largest += stride) {
    for (size_t c = 0; c < channels; c++) largest[c] = map[c];
    for (size_t p = 1; p < pixels; p++)
      for (size_t c = 0; c < channels; c++) {
        float value = map[p * channels + c];
        largest[c] = value > largest[c] ? value : largest[c];
      }
  }
}

void reber_pool_largest_backward(const float *gradient, const float *map, size_t count, size_t pixels,
                         size_t channels, size_t stride, float *x) {
  for (size_t n = 0; n < count; n++, gradient += stride, map += pixels * channels, x += pixels * channels)
    for (size_t c = 0; c < channels; c++) {
      size_t place = c;
      for (size_t p = 1; p < pixels; p++)
        if (map[p * channels + c] > map[place]) place = p * channels + c;
      x[place] += gradient[c];
    }
}
