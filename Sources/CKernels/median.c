#include "CKernels.h"

#include <math.h>
#include <string.h>

// Floats in the order of unsigned numbers.
static inline uint32_t keyOf(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return bits ^ (bits >> 31 ? 0xffffffffu : 0x80000000u);
}

static inline float valueOf(uint32_t key) {
  uint32_t bits = key ^ (key >> 31 ? 0x80000000u : 0xffffffffu);
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

// Narrows `key` down to those of the rank-th value by the bits from `shift` on; gives the rank among
// the values that agree with it so far.
static size_t narrow(const float *values, size_t count, float centre, int distances, int shift,
                     int bits, size_t rank, uint32_t *key) {
  uint32_t places[1 << 12] = {0};
  uint32_t last = (1u << bits) - 1, known = shift + bits == 32 ? 0 : ~0u << (shift + bits);
  for (size_t i = 0; i < count; i++) {
    uint32_t own = keyOf(distances ? fabsf(values[i] - centre) : values[i]);
    if ((own & known) == *key) places[own >> shift & last]++;
  }
  uint32_t place = 0;
  for (; place < last && rank >= places[place]; place++) rank -= places[place];
  *key |= place << shift;
  return rank;
}

static float median(const float *values, size_t count, float centre, int distances) {
  if (count == 0) return 0;
  uint32_t key = 0;
  size_t rank = narrow(values, count, centre, distances, 20, 12, count / 2, &key);
  rank = narrow(values, count, centre, distances, 8, 12, rank, &key);
  rank = narrow(values, count, centre, distances, 0, 8, rank, &key);
  float upper = valueOf(key), lower = -INFINITY;
  if (count % 2 == 1 || rank > 0) return upper;
  for (size_t i = 0; i < count; i++) {
    float own = distances ? fabsf(values[i] - centre) : values[i];
    if (own < upper && own > lower) lower = own;
  }
  return (lower + upper) / 2;
}

float reber_median(const float *values, size_t count) { return median(values, count, 0, 0); }

float reber_median_distance(const float *values, size_t count, float centre) {
  return median(values, count, centre, 1);
}
