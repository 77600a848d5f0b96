// Kernels of the choice of sources to be labelled.
#ifndef REBER_SUGGESTION_H
#define REBER_SUGGESTION_H

#include <stdint.h>

// Turns products of unit vectors into exp(-|a - b|^2 / (2 reach^2)), in place.
void reber_nearness(float *products, int64_t count, float reach);

// The sum of need * max(0, nearness - covered).
double reber_gain(const float *nearness, const float *covered, const float *need, int64_t count);

#endif
