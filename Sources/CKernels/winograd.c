#include "tiles.h"

enum { side = 6, distinct = 6, stride = 1 };
typedef size_t layout;
#define PLACE(plane, n) ((size_t)(n) * (plane))

// The numbers at whose powers polynomials are multiplied are 0, a, -a, b, -b and infinity. With 1 and
// 2 the transforms take the fewest operations; with 2/3 and 3/2 the sums of products that are rounded
// to bfloat16 have less than half the error: 1.1% of the root mean square instead of 2.5%.
typedef struct {
  float a, b, a2, b2, a3, b3;
  // Their transforms' factors of weights.
  float zero, first, second;
} points;

INLINE points pointsOf(const reber_precision precision) {
  float a = precision == reber_float32 ? 1 : 2.0f / 3, a2 = a * a;
  float b = precision == reber_float32 ? 2 : 1.5f, b2 = b * b;
  return (points){a, b, a2, b2, a * a2, b * b2,
                  1 / (a2 * b2), 1 / (2 * a2 * (a2 - b2)), 1 / (2 * b2 * (b2 - a2))};
}

#define F(name) (pointsOf(precision).name)

#define INPUT_ROWS(d, r)                                                          \
  do {                                                                            \
    v16 even = d(4) - F(b2) * d(2), odd = F(a) * (d(3) - F(b2) * d(1));           \
    v16 even2 = d(4) - F(a2) * d(2), odd2 = F(b) * (d(3) - F(a2) * d(1));         \
    r(0) = F(a2) * F(b2) * d(0) - (F(a2) + F(b2)) * d(2) + d(4);                  \
    r(1) = even + odd;                                                            \
    r(2) = even - odd;                                                            \
    r(3) = even2 + odd2;                                                          \
    r(4) = even2 - odd2;                                                          \
    r(5) = F(a2) * F(b2) * d(1) - (F(a2) + F(b2)) * d(3) + d(5);                  \
  } while (0)

#define GRADIENT_ROWS(y, r)                                                       \
  do {                                                                            \
    v16 even = y(0) + F(a2) * y(2), odd = F(a) * y(1) + F(a3) * y(3);             \
    v16 even2 = y(0) + F(b2) * y(2), odd2 = F(b) * y(1) + F(b3) * y(3);           \
    r(0) = y(0);                                                                  \
    r(1) = even + odd;                                                            \
    r(2) = even - odd;                                                            \
    r(3) = even2 + odd2;                                                          \
    r(4) = even2 - odd2;                                                          \
    r(5) = y(3);                                                                  \
  } while (0)

#define OUTPUT_ROWS(m, r)                                                         \
  do {                                                                            \
    v16 sum = m(1) + m(2), difference = m(1) - m(2);                              \
    v16 sum2 = m(3) + m(4), difference2 = m(3) - m(4);                            \
    r(0) = m(0) + sum + sum2;                                                     \
    r(1) = F(a) * difference + F(b) * difference2;                                \
    r(2) = F(a2) * sum + F(b2) * sum2;                                            \
    r(3) = F(a3) * difference + F(b3) * difference2 + m(5);                       \
  } while (0)

#define WEIGHT_ROWS(w, r)                                                         \
  do {                                                                            \
    v16 even = (w(0) + F(a2) * w(2)) * F(first), odd = w(1) * (F(a) * F(first));  \
    v16 even2 = w(0) * F(second) + w(2) * (F(b2) * F(second));                    \
    v16 odd2 = w(1) * (F(b) * F(second));                                         \
    r(0) = w(0) * F(zero);                                                        \
    r(1) = even + odd;                                                            \
    r(2) = even - odd;                                                            \
    r(3) = even2 + odd2;                                                          \
    r(4) = even2 - odd2;                                                          \
    r(5) = w(2);                                                                  \
  } while (0)

#define WEIGHT_GRADIENT_ROWS(u, r)                                                \
  do {                                                                            \
    v16 sum = u(1) + u(2), sum2 = u(3) + u(4);                                    \
    r(0) = F(zero) * u(0) + sum * F(first) + sum2 * F(second);                    \
    r(1) = (u(1) - u(2)) * (F(a) * F(first)) + (u(3) - u(4)) * (F(b) * F(second));\
    r(2) = (sum2 - sum) * (F(b2) * F(second)) + u(5);                             \
  } while (0)

#include "transforms.h"

WIDE_CLONES
void reber_winograd_input(const reber_source *source, const reber_tiles *tiles, size_t first,
                          size_t count, reber_precision precision, void *planes, size_t plane) {
  const reber_source s = *source;
  const reber_tiles t = *tiles;
  if (!s.first)
    BY_PRECISION(input, precision, plain, &s, &t, first, count, plane, planes);
  else if (!s.other)
    BY_PRECISION(input, precision, activated, &s, &t, first, count, plane, planes);
  else
    BY_PRECISION(input, precision, combined, &s, &t, first, count, plane, planes);
}

WIDE_CLONES
void reber_winograd_gradient(const reber_source *source, const reber_tiles *tiles, size_t first,
                             size_t count, reber_precision precision, void *planes, size_t plane) {
  const reber_source s = *source;
  const reber_tiles t = *tiles;
  if (!s.first)
    BY_PRECISION(gradient, precision, plain, &s, &t, first, count, plane, planes);
  else if (!s.other)
    BY_PRECISION(gradient, precision, activated, &s, &t, first, count, plane, planes);
  else
    BY_PRECISION(gradient, precision, combined, &s, &t, first, count, plane, planes);
}

WIDE_CLONES
void reber_winograd_output(reber_precision precision, const float *planes, size_t plane,
                           const reber_tiles *tiles, size_t first, size_t count,
                           const reber_epilogue *epilogue, float *x) {
  const reber_epilogue e = *epilogue;
  const reber_tiles t = *tiles;
  if (e.mapped && e.streamed)
    BY_PRECISION(output, precision, masked, 1, planes, plane, &t, first, count, &e, x);
  else if (e.mapped)
    BY_PRECISION(output, precision, masked, 0, planes, plane, &t, first, count, &e, x);
  else if (e.sums && e.streamed)
    BY_PRECISION(output, precision, measured, 1, planes, plane, &t, first, count, &e, x);
  else if (e.sums)
    BY_PRECISION(output, precision, measured, 0, planes, plane, &t, first, count, &e, x);
  else if (e.bias || e.residual || e.rectified)
    BY_PRECISION(output, precision, finished, 0, planes, plane, &t, first, count, &e, x);
  else
    BY_PRECISION(output, precision, stored, 0, planes, plane, &t, first, count, &e, x);
}

WIDE_CLONES
void reber_winograd_weights(const float *values, size_t outputs, size_t inputs, int transposed,
                            size_t panel, reber_precision precision, void *panels) {
  BY_PRECISION(weights, precision, values, outputs, inputs, transposed, panel, panels);
}

WIDE_CLONES
void reber_winograd_weight_gradient(reber_precision precision, const float *sums, size_t parts,
                                    size_t outputs, size_t inputs, size_t firstInput,
                                    size_t lastInput, float *gradient) {
  BY_PRECISION(weightGradient, precision, sums, parts, outputs, inputs, firstInput, lastInput,
               gradient);
}
