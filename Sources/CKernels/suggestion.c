#include <math.h>

#include "CKernels.h"

void reber_nearness(float *products, int64_t count, float reach) {
  const float scale = 1 / (reach * reach);
  for (int64_t i = 0; i < count; i++) products[i] = expf(fminf(0, (products[i] - 1) * scale));
}

// Sixteen sums side by side, so that the order of additions does not depend on the processor.
REBER_CLONES
double reber_gain(const float *nearness, const float *covered, const float *need, int64_t count) {
  float sums[16] = {0};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (int lane = 0; lane < 16; lane++) {
      const float more = nearness[i + lane] - covered[i + lane];
      sums[lane] += need[i + lane] * (more > 0 ? more : 0);
    }
  }
  double total = 0;
  for (; i < count; i++) {
    const float more = nearness[i] - covered[i];
    total += need[i] * (more > 0 ? more : 0);
  }
  for (int lane = 0; lane < 16; lane++) total += sums[lane];
  return total;
}
