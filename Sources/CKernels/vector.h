// Sixteen channels at a time.
#ifndef REBER_VECTOR_H
#define REBER_VECTOR_H

typedef float v16 __attribute__((vector_size(64), aligned(4)));
typedef int i16 __attribute__((vector_size(64), aligned(4)));

#define LOAD(p) (*(const v16 *)(p))
#define STORE(p, v) (*(v16 *)(p) = (v))
#define KEEP(v, mask) ((v16)((i16)(v) & (i16)(mask)))

// A maximum would turn what is not a number into 0.
#define RELU(v) KEEP(v, ~((v) <= 0))

#endif
