// Maps of either precision: those of bfloat16 numbers by what normalisation.c does with float32.
#include "CKernels.h"

#include <math.h>
#include <string.h>

#include "vector.h"

#define WIDE(p) ((v16)(__builtin_convertvector(*(const h16 *)(p), u16) << 16))
#define NARROW(p, v) \
  do {               \
    v16 kept = (v);  \
    narrow(p, &kept); \
  } while (0)

static inline __attribute__((always_inline)) void narrow(uint16_t *p, const v16 *v) {
  *(h16 *)p = __builtin_convertvector(rounded(*v), h16);
}

static inline float one(uint16_t number) {
  uint32_t bits = (uint32_t)number << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline uint16_t nearest(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if (value != value) return (uint16_t)((bits | 0x400000) >> 16);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

#define NAME(name) reber_rounded_##name
#define ELEMENT uint16_t
#define ONE(number) one(number)
#define SET(place, number) ((place) = nearest(number))
#include "normalisation.h"

REBER_CLONES
static void rounded_add(uint16_t *target, const uint16_t *source, size_t count) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) NARROW(target + i, WIDE(target + i) + WIDE(source + i));
  for (; i < count; i++) target[i] = nearest(one(target[i]) + one(source[i]));
}

REBER_CLONES
static void narrow_all(const float *x, size_t count, uint16_t *out) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) NARROW(out + i, LOAD(x + i));
  for (; i < count; i++) out[i] = nearest(x[i]);
}

REBER_CLONES
static void widen_all(const uint16_t *x, size_t count, float *out) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) STORE(out + i, WIDE(x + i));
  for (; i < count; i++) out[i] = one(x[i]);
}

#if defined(__x86_64__)
#include <cpuid.h>

int reber_has_matrix_units(void) {
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1);
}
#else
int reber_has_matrix_units(void) { return 0; }
#endif

void reber_map_sums(reber_precision of, const void *x, const float *pivot, size_t pixels,
                    size_t channels, double *sums) {
  if (of == reber_float32) return reber_channel_sums(x, pivot, pixels, channels, sums);
  reber_rounded_channel_sums(x, pivot, pixels, channels, sums);
}

void reber_map_normalise(reber_precision of, const void *y, const float *scale, const float *shift,
                         const void *residual, const float *residualScale,
                         const float *residualShift, size_t pixels, size_t channels, void *out) {
  (of == reber_float32
       ? reber_normalise(y, scale, shift, residual, residualScale, residualShift, pixels, channels, out)
       : reber_rounded_normalise(y, scale, shift, residual, residualScale, residualShift, pixels,
                                 channels, out));
}

void reber_map_masked_sums(reber_precision of, const void *gradient, const void *activation,
                           const void *y, const float *scale, const float *shift,
                           const float *pivot, size_t pixels, size_t channels, void *masked,
                           double *sums) {
  (of == reber_float32
       ? reber_normalise_backward_sums(gradient, activation, y, scale, shift, pivot, pixels, channels,
                                       masked, sums)
       : reber_rounded_normalise_backward_sums(gradient, activation, y, scale, shift, pivot, pixels,
                                               channels, masked, sums));
}

void reber_map_product_sums(reber_precision of, const void *gradient, const void *y,
                            const float *pivot, size_t pixels, size_t channels, double *sums) {
  if (of == reber_float32) return reber_product_sums(gradient, y, pivot, pixels, channels, sums);
  reber_rounded_product_sums(gradient, y, pivot, pixels, channels, sums);
}

void reber_map_combine(reber_precision of, const void *gradient, const void *y, const float *a,
                       const float *b, const float *c, size_t pixels, size_t channels, void *out) {
  if (of == reber_float32) return reber_combine(gradient, y, a, b, c, pixels, channels, out);
  reber_rounded_combine(gradient, y, a, b, c, pixels, channels, out);
}

void reber_map_add(reber_precision of, void *target, const void *source, size_t count) {
  if (of == reber_float32) return reber_add(target, source, count);
  rounded_add(target, source, count);
}

void reber_map_from(reber_precision of, const float *x, size_t count, void *out) {
  if (of == reber_bfloat16) return narrow_all(x, count, out);
  memcpy(out, x, count * sizeof *x);
}

void reber_map_to(reber_precision of, const void *x, size_t count, float *out) {
  if (of == reber_bfloat16) return widen_all(x, count, out);
  memcpy(out, x, count * sizeof *out);
}
