#include "CKernels.h"

#include <math.h>

#include "vector.h"

REBER_CLONES
double reber_square(const float *values, size_t count) {
  double total = 0;
  size_t i = 0;
  while (i + 16 <= count) {
    v16 sum = {0};
    for (size_t end = i + 1024; i + 16 <= count && i < end; i += 16)
      sum += LOAD(values + i) * LOAD(values + i);
    for (int k = 0; k < 16; k++) total += (double)sum[k];
  }
  for (; i < count; i++) total += (double)(values[i] * values[i]);
  return total;
}

REBER_CLONES
void reber_momentum(float *restrict value, float *restrict velocity,
                    const float *restrict gradient, size_t count, float momentum, float rate,
                    float decay, float step) {
  for (size_t i = 0; i < count; i++) {
    velocity[i] = momentum * velocity[i] + rate * (gradient[i] + decay * value[i]);
    value[i] -= step * velocity[i];
  }
}

REBER_CLONES
void reber_adam(float *restrict value, float *restrict first, float *restrict second,
                const float *restrict gradient, size_t count, float keep, float beta1, float gain1,
                float beta2, float gain2, float step, float scale, float epsilon) {
  for (size_t i = 0; i < count; i++) {
    float g = gradient[i];
    first[i] = beta1 * first[i] + gain1 * g;
    second[i] = beta2 * second[i] + gain2 * g * g;
    value[i] = keep * value[i] - step * first[i] / (sqrtf(second[i]) * scale + epsilon);
  }
}
