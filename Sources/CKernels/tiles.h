// What the transforms of tiles share.
#ifndef REBER_TILES_H
#define REBER_TILES_H

#include "CKernels.h"
#include "vector.h"

#define INLINE static inline __attribute__((always_inline))
#define WIDE_CLONES __attribute__((min_vector_width(512))) REBER_CLONES

enum { plain, activated, combined };

// Sixteen channels of a pixel.
INLINE v16 pixel(const int kind, const reber_source *s, size_t at, size_t c) {
  v16 x = LOAD(s->x + at);
  if (kind == activated) return RELU(LOAD(s->first + c) * x + LOAD(s->second + c));
  if (kind == combined)
    return LOAD(s->first + c) * x + LOAD(s->second + c) * LOAD(s->other + at) + LOAD(s->third + c);
  return x;
}

// Calls a function with a precision that is a constant to the compiler.
#define BY_PRECISION(function, precision, ...)     \
  do {                                             \
    if (precision == reber_bfloat16)               \
      function(reber_bfloat16, __VA_ARGS__);       \
    else                                           \
      function(reber_float32, __VA_ARGS__);        \
  } while (0)

// Sixteen numbers of a precision `at` numbers behind others.
INLINE void put(const reber_precision precision, void *numbers, size_t at, v16 v) {
  if (precision == reber_bfloat16)
    *(h16 *)((uint16_t *)numbers + at) = __builtin_convertvector(rounded(v), h16);
  else
    STORE((float *)numbers + at, v);
}

// Sixteen weights of an input in a panel of `span` outputs, which begins `start` numbers behind
// others. In bfloat16 those of two inputs alternate.
INLINE void putWeights(const reber_precision precision, void *panels, size_t start, size_t input,
                       size_t span, size_t output, v16 v) {
  if (precision == reber_float32)
    return put(precision, panels, start + input * span + output, v);
  u16 *pairs = (u16 *)((uint16_t *)panels + start + (input & ~(size_t)1) * span + 2 * output);
  *pairs = input % 2 ? (*pairs & 0xffff) | rounded(v) << 16 : rounded(v);
}

typedef struct {
  size_t image;
  int row, column;
} place;

// Where a tile of 4 x 4 outputs lies.
INLINE place tilePlace(const reber_tiles *t, size_t index) {
  size_t perImage = (size_t)t->tileRows * (size_t)t->tileColumns;
  int rest = (int)(index % perImage);
  return (place){index / perImage, rest / t->tileColumns * 4, rest % t->tileColumns * 4};
}

// What becomes of sixteen channels of a result, by the fields of the epilogue that are set.
enum { stored, finished, measured, masked };

INLINE v16 finish(const int kind, const reber_epilogue *e, v16 v, size_t at, size_t c, v16 *sum,
                  v16 *second) {
  if (kind == finished) {
    if (e->bias) v += LOAD(e->bias + c);
    if (e->residual) v += LOAD(e->residual + at);
    if (e->rectified) v = RELU(v);
  } else if (kind == measured) {
    v16 d = v - LOAD(e->pivot + c);
    *sum += d;
    *second += d * d;
  } else if (kind == masked) {
    v16 y = LOAD(e->mapped + at);
    v = KEEP(v, LOAD(e->scale + c) * y + LOAD(e->shift + c) > 0);
    *sum += v;
    *second += v * (y - LOAD(e->pivot + c));
  }
  return v;
}

typedef float line __attribute__((vector_size(64)));

// Stores sixteen channels, or past the cache, where what is written will not be read soon.
INLINE void leave(const int streamed, float *to, v16 v) {
  if (streamed)
    __builtin_nontemporal_store((line)v, (line *)to);
  else
    STORE(to, v);
}

// Adds the sums of sixteen channels to those of the epilogue.
INLINE void keepSums(const reber_epilogue *e, size_t channels, size_t c, const v16 *sum,
                     const v16 *second) {
  for (size_t k = 0; k < 16; k++) {
    e->sums[c + k] += (double)((const float *)sum)[k];
    e->sums[channels + c + k] += (double)((const float *)second)[k];
  }
}

#endif
