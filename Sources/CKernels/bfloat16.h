// What products.c and bfloat16.c share.
#ifndef REBER_BFLOAT16_H
#define REBER_BFLOAT16_H

#include "CKernels.h"

// Products or transposed products at `points`; of `a` and `b` in panels, or of `a` and `b`, as
// winograd.h has them: of float or of bfloat16 numbers.
typedef struct {
  const void *a, *b;
  size_t aPlane, bPlane, points, rows, inputs, outputs;
  int adding;
  float *c;
  size_t cPlane;
} task;

void reber_bfloat16_products(const task *t);
void reber_bfloat16_transposed_products(const task *t);

#endif
