// Sixteen channels at a time.
#ifndef REBER_VECTOR_H
#define REBER_VECTOR_H

#include <stdint.h>

typedef float v16 __attribute__((vector_size(64), aligned(4)));
typedef int i16 __attribute__((vector_size(64), aligned(4)));

typedef uint32_t u16 __attribute__((vector_size(64), aligned(2)));
typedef uint16_t h16 __attribute__((vector_size(32), aligned(2)));

#define LOAD(p) (*(const v16 *)(p))
#define STORE(p, v) (*(v16 *)(p) = (v))
#define KEEP(v, mask) ((v16)((i16)(v) & (i16)(mask)))

// A maximum would turn what is not a number into 0.
#define RELU(v) KEEP(v, ~((v) <= 0))

// The nearest bfloat16, the even one of two that are as near, and NaN where it is NaN: the upper half
// of a float32.
static inline __attribute__((always_inline)) u16 rounded(v16 v) {
  u16 bits = (u16)v, isNumber = (u16)(v == v);
  return ((isNumber & (bits + 0x7fff + (bits >> 16 & 1))) | (~isNumber & (bits | 0x400000))) >> 16;
}

#endif
