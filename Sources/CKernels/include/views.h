// Kernels of cutouts and of the views that a network learns from. Images are row-major, one channel.
#ifndef REBER_VIEWS_H
#define REBER_VIEWS_H

#include <stddef.h>
#include <stdint.h>

// target(r, c) = source at x = map[0] c + map[1] r + map[2], y = map[3] c + map[4] r + map[5],
// bilinear; what lies outside the source is 0.
void reber_resample(const float *source, int height, int width, float *target, int rows,
                    int columns, const float *map);

// Convolves rows, then columns, with taps[0...2 radius]; what lies outside is 0.
// `scratch` holds (height + 2 radius) * width + width + 2 radius floats.
void reber_blur(const float *source, float *target, float *scratch, int height, int width,
                const float *taps, int radius);

typedef enum { reber_linear, reber_asinh, reber_power } reber_curve;

// Values below `floor` become 0; the rest v / peak, bounded to [0, 1], through the curve:
// x, asinh(a x) / asinh(a), or x^a. Accurate to 2e-6.
void reber_stretch(float *values, int count, float floor, float peak, reber_curve curve, float a);

// Adds noise of standard deviation sigma, nearly normal (the sum of eight uniform numbers).
void reber_noise(float *values, int count, uint64_t seed, float sigma);

// The largest value inside the circle inscribed in a square image, at least 0.
float reber_peak(const float *image, int side);

// Mean structural similarity (Wang et al. 2004, IEEE TIP 13, 600) of two images in [0, 1]:
// Gaussian window of 11 pixels and sigma 1.5, windows wholly inside, and of these only where one
// of the two local means exceeds `floor`. 1 if there is none.
// `scratch` holds 10 * width floats; height and width are at least 11.
float reber_ssim(const float *a, const float *b, float *scratch, int height, int width,
                 float floor);

// The median of finite values, or of their distances from a centre; 0 of nothing. By counting bits,
// not by sorting: a few passes over the values.
float reber_median(const float *values, size_t count);
float reber_median_distance(const float *values, size_t count, float centre);

#endif
