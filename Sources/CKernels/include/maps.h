// What network.h does with maps of float32 numbers, with maps of either precision: `void *` stands for
// its numbers. What is one a channel is float32, and sums are of double precision.
#ifndef REBER_MAPS_H
#define REBER_MAPS_H

#include <stddef.h>

#include "winograd.h"

// Whether this processor has matrix units for bfloat16 numbers (AMX_BF16).
int reber_has_matrix_units(void);

// As reber_channel_sums.
void reber_map_sums(reber_precision of, const void *x, const float *pivot, size_t pixels,
                    size_t channels, double *sums);

// As reber_normalise.
void reber_map_normalise(reber_precision of, const void *y, const float *scale, const float *shift,
                         const void *residual, const float *residualScale,
                         const float *residualShift, size_t pixels, size_t channels, void *out);

// As reber_normalise_backward_sums.
void reber_map_masked_sums(reber_precision of, const void *gradient, const void *activation,
                           const void *y, const float *scale, const float *shift,
                           const float *pivot, size_t pixels, size_t channels, void *masked,
                           double *sums);

// As reber_product_sums.
void reber_map_product_sums(reber_precision of, const void *gradient, const void *y,
                            const float *pivot, size_t pixels, size_t channels, double *sums);

// As reber_combine.
void reber_map_combine(reber_precision of, const void *gradient, const void *y, const float *a,
                       const float *b, const float *c, size_t pixels, size_t channels, void *out);

// target += source.
void reber_map_add(reber_precision of, void *target, const void *source, size_t count);

// A map from float32 numbers, and float32 numbers from a map.
void reber_map_from(reber_precision of, const float *x, size_t count, void *out);
void reber_map_to(reber_precision of, const void *x, size_t count, float *out);

#endif
