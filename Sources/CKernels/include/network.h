// Kernels of the network. Maps are NHWC and row-major: `pixels` counts count * height * width.
#ifndef REBER_NETWORK_H
#define REBER_NETWORK_H

#include <stddef.h>

// The geometry of a convolution over a batch; the output is [count, rows, columns, ...].
typedef struct {
  int count, height, width, channels;
  int kernel, stride, padding;
  int rows, columns;
} reber_window;

// sums[c] += sum of (x - pivot), sums[channels + c] += sum of (x - pivot)^2.
void reber_channel_sums(const float *x, const float *pivot, size_t pixels, size_t channels,
                        double *sums);

// The same, with x moved to `out` past the cache; channels are a multiple of 16, and `out` begins at a
// multiple of 64 bytes.
void reber_move(const float *x, const float *pivot, size_t pixels, size_t channels, float *out,
                double *sums);

// out = relu(scale y + shift + residual), where residual is absent (NULL), added as it is
// (residualScale NULL), or residualScale residual + residualShift.
void reber_normalise(const float *y, const float *scale, const float *shift, const float *residual,
                     const float *residualScale, const float *residualShift, size_t pixels,
                     size_t channels, float *out);

// x = x + bias + residual (absent where NULL), then a ReLU if asked.
void reber_bias(float *x, const float *bias, const float *residual, size_t pixels, size_t channels,
                int rectified);

// masked = gradient where scale y + shift > 0, else 0 (by `activation` > 0 where it is not NULL);
// sums[c] += sum of masked, sums[channels + c] += sum of masked (y - pivot).
void reber_normalise_backward_sums(const float *gradient, const float *activation, const float *y,
                                   const float *scale, const float *shift, const float *pivot,
                                   size_t pixels, size_t channels, float *masked, double *sums);

// sums[c] += sum of gradient, sums[channels + c] += sum of gradient (y - pivot).
void reber_product_sums(const float *gradient, const float *y, const float *pivot, size_t pixels,
                        size_t channels, double *sums);

// out = a gradient + b y + c, each of a, b, c one number a channel.
void reber_combine(const float *gradient, const float *y, const float *a, const float *b,
                   const float *c, size_t pixels, size_t channels, float *out);

// target += source.
void reber_add(float *target, const float *source, size_t count);

// Rows first...first + count - 1 of the matrix whose rows are output pixels and whose columns are
// (kernel row, kernel column, channel). Where scale is not NULL, relu(scale x + shift) stands for
// x. What lies outside the image is 0.
void reber_im2col(const float *x, const float *scale, const float *shift,
                  const reber_window *window, size_t first, size_t count, float *columns);

// Adds the rows of such a matrix to the pixels they came from.
void reber_col2im(const float *columns, const reber_window *window, size_t first, size_t count,
                  float *x);

// The same two of windows of one pixel: rows [count, channels].
void reber_pick(const float *x, const float *scale, const float *shift, const reber_window *window,
                size_t first, size_t count, float *rows);
void reber_spread(const float *rows, const reber_window *window, size_t first, size_t count,
                  float *x);

// A panel of the weights [outputs, inputs, area] seen as a matrix [area * inputs, outputs] or, if
// `transposed`, as its transpose: up to 32 of its columns, row by row.
void reber_weights_panel(const float *weights, size_t outputs, size_t inputs, size_t area,
                         int transposed, size_t panel, float *panels);

// Adds the gradient of that matrix to that of the weights.
void reber_add_weights_matrix(const float *matrix, size_t outputs, size_t inputs, size_t area,
                              float *gradient);

// The largest of every window of 3 by 3 pixels, 2 apart and padded by 1, of one image
// [height, width, channels]: [(height + 1) / 2, (width + 1) / 2, channels]. And the gradient of that, which
// goes to the first of equal ones, in x's place.
void reber_largest(const float *x, size_t height, size_t width, size_t channels, float *y);
void reber_largest_backward(const float *x, const float *y, const float *gradient, size_t height,
                            size_t width, size_t channels, float *result);

// Means over pixels, [count, channels] of rows `stride` apart; and the gradient of that.
void reber_pool(const float *x, size_t count, size_t pixels, size_t channels, size_t stride,
                float *means);
void reber_pool_backward(const float *gradient, size_t count, size_t pixels, size_t channels,
                         size_t stride, float *x);

// The largest over pixels likewise; and the gradient of that, which is added to x at the first of equal ones
// in `map`.
void reber_pool_largest(const float *map, size_t count, size_t pixels, size_t channels, size_t stride,
                float *largest);
void reber_pool_largest_backward(const float *gradient, const float *map, size_t count, size_t pixels,
                         size_t channels, size_t stride, float *x);

// The sum of squares.
double reber_square(const float *values, size_t count);

// velocity = momentum velocity + rate (gradient + decay value); value -= step velocity.
void reber_momentum(float *value, float *velocity, const float *gradient, size_t count,
                    float momentum, float rate, float decay, float step);

// One step of Adam with decoupled decay: value *= keep, moment = beta moment + gain gradient (or its
// square), value -= step first / (sqrt(second) scale + epsilon).
void reber_adam(float *value, float *first, float *second, const float *gradient, size_t count,
                float keep, float beta1, float gain1, float beta2, float gain2, float step,
                float scale, float epsilon);

#endif
