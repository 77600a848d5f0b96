#include "views.h"

#include "CKernels.h"

#include <math.h>
#include <string.h>

// The part [*first, *last) of 0..<count where 0 <= start + slope i < limit, by safe margins.
static void interior(float start, float slope, float limit, int *first, int *last) {
  float low = (float)*first, high = (float)*last;
  if (fabsf(slope) < 1e-6f) {
    if (start < 0.01f || start > limit - 0.01f) *last = *first;
    return;
  }
  float a = (0.01f - start) / slope, b = (limit - 0.01f - start) / slope;
  float enter = a < b ? a : b, leave = a < b ? b : a;
  if (enter > low) low = ceilf(fminf(enter, high));
  if (leave < high) high = floorf(fmaxf(leave, low));
  *first = (int)low;
  *last = (int)fmaxf(high, low);
}

static float pixel(const float *source, int height, int width, int y, int x) {
  return y < 0 || y >= height || x < 0 || x >= width ? 0 : source[(size_t)y * width + x];
}

static float sample(const float *source, int height, int width, float y, float x) {
  if (!(x > -1 && y > -1 && x < (float)width && y < (float)height)) return 0;
  int column = (int)floorf(x), row = (int)floorf(y);
  float u = x - (float)column, v = y - (float)row;
  float top = pixel(source, height, width, row, column) * (1 - u) +
              pixel(source, height, width, row, column + 1) * u;
  float bottom = pixel(source, height, width, row + 1, column) * (1 - u) +
                 pixel(source, height, width, row + 1, column + 1) * u;
  return top * (1 - v) + bottom * v;
}

REBER_CLONES
void reber_resample(const float *source, int height, int width, float *target, int rows,
                    int columns, const float *map) {
  for (int r = 0; r < rows; r++) {
    float x0 = map[1] * (float)r + map[2], y0 = map[4] * (float)r + map[5];
    float *out = target + (size_t)r * columns;
    int first = 0, last = columns;
    interior(x0, map[0], (float)(width - 1), &first, &last);
    interior(y0, map[3], (float)(height - 1), &first, &last);
    for (int c = 0; c < first; c++)
      out[c] = sample(source, height, width, y0 + map[3] * (float)c, x0 + map[0] * (float)c);
    for (int c = first; c < last; c++) {
      float x = x0 + map[0] * (float)c, y = y0 + map[3] * (float)c;
      int column = (int)x, row = (int)y;
      float u = x - (float)column, v = y - (float)row;
      int at = row * width + column;
      float top = source[at] * (1 - u) + source[at + 1] * u;
      float bottom = source[at + width] * (1 - u) + source[at + width + 1] * u;
      out[c] = top * (1 - v) + bottom * v;
    }
    for (int c = last; c < columns; c++)
      out[c] = sample(source, height, width, y0 + map[3] * (float)c, x0 + map[0] * (float)c);
  }
}

REBER_CLONES
void reber_blur(const float *source, float *target, float *scratch, int height, int width,
                const float *taps, int radius) {
  float *line = scratch + (size_t)(height + 2 * radius) * width;
  memset(scratch, 0, sizeof(float) * (size_t)(height + 2 * radius) * width);
  memset(line, 0, sizeof(float) * (size_t)(width + 2 * radius));
  for (int r = 0; r < height; r++) {
    float *out = scratch + (size_t)(r + radius) * width;
    memcpy(line + radius, source + (size_t)r * width, sizeof(float) * (size_t)width);
    for (int t = 0; t <= 2 * radius; t++)
      for (int c = 0; c < width; c++) out[c] += taps[t] * line[c + t];
  }
  for (int r = 0; r < height; r++) {
    float *out = target + (size_t)r * width;
    const float *in = scratch + (size_t)r * width;
    for (int c = 0; c < width; c++) out[c] = taps[0] * in[c];
    for (int t = 1; t <= 2 * radius; t++)
      for (int c = 0; c < width; c++) out[c] += taps[t] * in[(size_t)t * width + c];
  }
}

// Natural logarithm of a positive normal number (the polynomial of Cephes' logf).
static inline float logarithm(float x) {
  int32_t bits;
  memcpy(&bits, &x, 4);
  int32_t exponent = (bits - 0x3f3504f3) >> 23;
  bits -= exponent * (1 << 23);
  float mantissa;
  memcpy(&mantissa, &bits, 4);
  float f = mantissa - 1, square = f * f;
  float p = 7.0376836292e-2f;
  p = p * f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  return p * f * square - 0.5f * square + f + (float)exponent * 0.693147181f;
}

// e to the x, for x in [-80, 80] (the polynomial of Cephes' expf).
static inline float exponential(float x) {
  float whole = x * 1.44269504f;
  int32_t power = (int32_t)(whole + (whole < 0 ? -0.5f : 0.5f));
  float r = x - (float)power * 0.693359375f + (float)power * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  int32_t bits = (power + 127) * (1 << 23);
  float scale;
  memcpy(&scale, &bits, 4);
  return (p * r * r + r + 1) * scale;
}

REBER_CLONES
void reber_stretch(float *values, int count, float floor, float peak, reber_curve curve, float a) {
  float scale = peak > 0 ? 1 / peak : 0;
  for (int i = 0; i < count; i++) {
    float x = values[i] >= floor ? values[i] * scale : 0;
    values[i] = x < 0 ? 0 : x > 1 ? 1 : x;
  }
  if (curve == reber_asinh) {
    float norm = 1 / logarithm(a + sqrtf(a * a + 1));
    for (int i = 0; i < count; i++) {
      float x = a * values[i];
      values[i] = logarithm(x + sqrtf(x * x + 1)) * norm;
    }
  } else if (curve == reber_power) {
    for (int i = 0; i < count; i++) {
      float x = values[i];
      float power = a * logarithm(x > 1e-30f ? x : 1e-30f);
      float y = exponential(power > -80 ? power : -80);
      values[i] = x > 0 ? y : 0;
    }
  }
}

// SplitMix64's mixing function.
static inline uint64_t mixed(uint64_t state) {
  state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9u;
  state = (state ^ (state >> 27)) * 0x94D049BB133111EBu;
  return state ^ (state >> 31);
}

static inline int32_t sum(uint64_t bits) {
  return (int32_t)(bits & 0xffff) + (int32_t)(bits >> 16 & 0xffff) +
         (int32_t)(bits >> 32 & 0xffff) + (int32_t)(bits >> 48);
}

REBER_CLONES
void reber_noise(float *values, int count, uint64_t seed, float sigma) {
  // Eight uniform 16-bit numbers: mean 8 * 65535 / 2, variance 8 * (65536^2 - 1) / 12.
  const float scale = sigma / 53509.922f;
  for (int i = 0; i < count; i++) {
    uint64_t state = seed + (uint64_t)(2 * i + 1) * 0x9E3779B97F4A7C15u;
    int32_t total = sum(mixed(state)) + sum(mixed(state + 0x9E3779B97F4A7C15u));
    values[i] += (float)(total - 262140) * scale;
  }
}

REBER_CLONES
float reber_peak(const float *image, int side) {
  float peak = 0, centre = 0.5f * (float)(side - 1), radius = 0.5f * (float)side;
  for (int r = 0; r < side; r++) {
    float dy = (float)r - centre, half = sqrtf(fmaxf(radius * radius - dy * dy, 0));
    int first = (int)ceilf(centre - half), last = (int)floorf(centre + half);
    if (first < 0) first = 0;
    if (last > side - 1) last = side - 1;
    for (int c = first; c <= last; c++) {
      float value = image[(size_t)r * side + c];
      peak = value > peak ? value : peak;
    }
  }
  return peak;
}

// Gaussian of sigma 1.5 at -5...5, of unit sum.
static const float window[11] = {
    0.00102838f, 0.00759876f, 0.03600077f, 0.10936069f, 0.21300554f, 0.26601172f,
    0.21300554f, 0.10936069f, 0.03600077f, 0.00759876f, 0.00102838f};

// Column sums of a, b, a^2, b^2 and ab over the window's 11 rows.
static inline void columns(const float *a, const float *b, float *sums, int width) {
  float *ma = sums, *mb = ma + width, *aa = mb + width, *bb = aa + width, *ab = bb + width;
  memset(sums, 0, sizeof(float) * 5 * (size_t)width);
  for (int t = 0; t < 11; t++) {
    const float w = window[t], *p = a + (size_t)t * width, *q = b + (size_t)t * width;
    for (int c = 0; c < width; c++) {
      float x = p[c], y = q[c];
      ma[c] += w * x;
      mb[c] += w * y;
      aa[c] += w * x * x;
      bb[c] += w * y * y;
      ab[c] += w * x * y;
    }
  }
}

// Sums of a line over the window's 11 columns.
static inline void across(const float *line, float *sums, int count) {
  for (int c = 0; c < count; c++) sums[c] = window[0] * line[c];
  for (int t = 1; t < 11; t++)
    for (int c = 0; c < count; c++) sums[c] += window[t] * line[c + t];
}

REBER_CLONES
float reber_ssim(const float *a, const float *b, float *scratch, int height, int width,
                 float floor) {
  const float c1 = 0.01f * 0.01f, c2 = 0.03f * 0.03f;
  double total = 0;
  int counted = 0;
  for (int r = 0; r + 11 <= height; r++) {
    columns(a + (size_t)r * width, b + (size_t)r * width, scratch, width);
    float *means = scratch + 5 * (size_t)width;
    for (int k = 0; k < 5; k++) across(scratch + k * width, means + k * width, width - 10);
    float line = 0;
    int inside = 0;
    for (int c = 0; c + 11 <= width; c++) {
      float ma = means[c], mb = means[width + c];
      float va = means[2 * width + c] - ma * ma, vb = means[3 * width + c] - mb * mb;
      float cov = means[4 * width + c] - ma * mb;
      float value = (2 * ma * mb + c1) * (2 * cov + c2) /
                    ((ma * ma + mb * mb + c1) * (va + vb + c2));
      int seen = ma > floor || mb > floor;
      line += seen ? value : 0;
      inside += seen;
    }
    total += line;
    counted += inside;
  }
  return counted > 0 ? (float)(total / counted) : 1;
}
