// Stochastic gradient descent on a layout in two dimensions.
#include <math.h>

#include "CKernels.h"

// The curve's parameters for a least distance of 0.1 and a spread of 1, as UMAP fits them.
static const float A = 1.577f, B = 0.8951f;

// SplitMix64 (Steele, Lea & Flood 2014).
static uint64_t next(uint64_t *state) {
  uint64_t z = (*state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static float clipped(float value) { return value > 4 ? 4 : value < -4 ? -4 : value; }

// Moves a point along a factor of its difference from another one.
static void move(float *point, const float *other, float factor, float rate) {
  const float x = point[0] - other[0], y = point[1] - other[1];
  point[0] += clipped(factor * x) * rate;
  point[1] += clipped(factor * y) * rate;
}

static float squared(const float *one, const float *other) {
  const float x = one[0] - other[0], y = one[1] - other[1];
  return x * x + y * y;
}

void reber_layout(
    float *places, int points, const int32_t *edges, const float *weights, int count, int epochs, int negatives,
    uint64_t seed) {
  for (int epoch = 0; epoch < epochs; epoch++) {
    const float rate = 1 - (float)epoch / (float)epochs;
    for (int edge = 0; edge < count; edge++) {
      // An edge of weight w is drawn in a share w of the epochs, evenly.
      if (floorf(weights[edge] * (float)(epoch + 1)) == floorf(weights[edge] * (float)epoch)) continue;
      float *one = places + 2 * (ptrdiff_t)edges[2 * edge];
      float *other = places + 2 * (ptrdiff_t)edges[2 * edge + 1];
      const float near = squared(one, other);
      if (near > 0) {
        const float power = powf(near, B);
        const float pull = -2 * A * B * power / near / (1 + A * power);
        move(one, other, pull, rate);
        move(other, one, pull, rate);
      }
      for (int far = 0; far < negatives; far++) {
        const float *random = places + 2 * (ptrdiff_t)(next(&seed) % (uint64_t)points);
        if (random == one) continue;
        const float away = squared(one, random);
        move(one, random, 2 * B / ((0.001f + away) * (1 + A * powf(away, B))), rate);
      }
    }
  }
}
