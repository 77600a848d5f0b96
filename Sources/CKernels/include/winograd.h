// Convolution by 3 x 3 in the transform domain of F(4 x 4, 3 x 3): Winograd's minimal filtering as
// in Lavin & Gray 2016 (arXiv:1509.09308). Channels are multiples of 16.
//
// A tile is 4 x 4 pixels of the output and 6 x 6 of the input; its transform has 36 points. A block
// of `count` tiles is held as 36 planes [count, channels], `plane` numbers apart. Weights are held
// as 36 matrices in panels of up to 32 outputs: [panel][input][output in panel].
#ifndef REBER_WINOGRAD_H
#define REBER_WINOGRAD_H

#include <stddef.h>

// Of planes and weights both, the numbers that are multiplied, and what `void *` stands for. Numbers
// of bfloat16 are the upper halves of float32, and are summed as float32; weights of it are held in
// pairs, of panels as [panel][input / 2][output in panel][2].
typedef enum { reber_float32, reber_bfloat16 } reber_precision;

// The bits of the vectors that kernels use on this processor: 512 or 256, or 128 where it has neither.
int reber_vector_bits(void);

// Whether this processor multiplies bfloat16 numbers; where not, the same is done slowly.
int reber_has_bfloat16(void);

// What maps are cut into, row by row and image by image.
typedef struct {
  int height, width, channels;
  int tileRows, tileColumns;
} reber_tiles;

// How a map is read: as it is (first is NULL); relu(first x + second), where other is NULL; or
// first x + second other + third. first, second and third hold one number a channel.
typedef struct {
  const float *x, *other;
  const float *first, *second, *third;
} reber_source;

// What becomes of results before they are stored, all where not NULL: bias and residual are added
// and a ReLU applied if asked. With `mapped`, the result is set to 0 where scale mapped + shift is
// not positive, and its sums are those of result and result (mapped - pivot); else of (result -
// pivot) and its square. Sums are added to the two times `channels` of `sums`. With `streamed` results
// go past the cache; their memory then begins at a multiple of 64 bytes.
typedef struct {
  const float *bias, *residual;
  int rectified, streamed;
  const float *mapped, *scale, *shift, *pivot;
  double *sums;
} reber_epilogue;

// Planes of the input of tiles first...first + count - 1.
void reber_winograd_input(const reber_source *source, const reber_tiles *tiles, size_t first,
                          size_t count, reber_precision precision, void *planes, size_t plane);

// Planes of a gradient, to multiply with those of the input.
void reber_winograd_gradient(const reber_source *source, const reber_tiles *tiles, size_t first,
                             size_t count, reber_precision precision, void *planes, size_t plane);

// Results from planes.
void reber_winograd_output(reber_precision precision, const float *planes, size_t plane,
                           const reber_tiles *tiles, size_t first, size_t count,
                           const reber_epilogue *epilogue, float *x);

// A panel of the weights [outputs, inputs, 3, 3], or with `transposed` of those of the backward pass,
// whose outputs are the inputs.
void reber_winograd_weights(const float *weights, size_t outputs, size_t inputs, int transposed,
                            size_t panel, reber_precision precision, void *panels);

// Adds what `parts` sums of planes [inputs, outputs], 36 inputs outputs numbers apart, say of
// weights to their gradient [outputs, inputs, 3, 3], for some of the inputs.
void reber_winograd_weight_gradient(reber_precision precision, const float *sums, size_t parts,
                                    size_t outputs, size_t inputs, size_t firstInput,
                                    size_t lastInput, float *gradient);

// For each of `points` planes: product [rows, outputs] = a [rows, inputs] panels. Here and in the
// next, bfloat16 needs inputs and outputs that are multiples of 16; float32 takes any.
void reber_products(reber_precision precision, const void *a, size_t aPlane, const void *panels,
                    size_t points, size_t rows, size_t inputs, size_t outputs, float *product,
                    size_t productPlane);

// For each of `points` planes: sums [inputs, outputs] = or += a [rows, inputs]^T b [rows, outputs].
void reber_transposed_products(reber_precision precision, const void *a, size_t aPlane,
                               const void *b, size_t bPlane, size_t points, size_t rows,
                               size_t inputs, size_t outputs, int adding, float *sums);

// The same for a convolution of stride 2. A tile is 4 x 4 pixels of the output and
// 9 x 9 of the input, and its transform has 81 points, which 36 matrices of weights serve. Tiles lie
// in the output; the source of an input is never a sum of two maps, that of a gradient always is
// one. Planes of `count` tiles take so many numbers:
size_t reber_strided_planes(size_t count, size_t channels);

// Here and below tiles are those from number `at` on of planes of `all` tiles.
void reber_strided_input(const reber_source *source, const reber_tiles *tiles, size_t first,
                         size_t count, reber_precision precision, void *planes, size_t at,
                         size_t all);

// Products of the points that share matrix `point` of 36, over all `count` tiles of planes.
void reber_strided_products(reber_precision precision, const void *planes, const void *panels,
                            size_t point, size_t count, size_t inputs, size_t outputs,
                            float *products);

void reber_strided_output(const float *planes, size_t at, size_t all, const reber_tiles *tiles,
                          size_t first, size_t count, const reber_epilogue *epilogue, float *x);

// A panel of the weights, or with `transposed` of those of the backward pass, whose outputs are the
// inputs.
void reber_strided_weights(const float *weights, size_t outputs, size_t inputs, int transposed,
                           size_t panel, reber_precision precision, void *panels);

// Planes of a gradient, to multiply with those of the input and with weights.
void reber_strided_gradient(const reber_source *source, const reber_tiles *tiles, size_t first,
                            size_t count, reber_precision precision, void *planes, size_t at,
                            size_t all);

// sums = or += matrix `point` of the 36 that tell the weights' gradient, from planes of input and
// gradient of `count` tiles.
void reber_strided_transposed_products(reber_precision precision, const void *planes,
                                       const void *gradients, size_t point, size_t count,
                                       size_t inputs, size_t outputs, int adding, float *sums);

// The input's gradient from planes, or with `adding` what they add to it. Tiles overlap by a row and
// a column: those of an image come in order.
void reber_strided_input_gradient(const float *planes, size_t at, size_t all,
                                  const reber_tiles *tiles, size_t first, size_t count, int adding,
                                  float *x);

// Adds what `parts` such sums say to the gradient of the weights, for some of the inputs.
void reber_strided_weight_gradient(const float *sums, size_t parts, size_t outputs, size_t inputs,
                                   size_t firstInput, size_t lastInput, float *gradient);

#endif
