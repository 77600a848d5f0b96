// What normalisation.c does with maps, of numbers that are stored as ELEMENT: WIDE and ONE read sixteen of
// them and one, NARROW and SET write them, and NAME gives a function its name.

#ifndef REBER_NORMALISATION_H
#define REBER_NORMALISATION_H

// Sums run in single precision over so many pixels, and in double precision beyond.
enum { stretch = 64 };

static inline float relu(float x) { return x <= 0 ? 0 : x; }

static inline void collect(double *sums, const v16 *part) {
  for (int i = 0; i < 16; i++) sums[i] += (double)((const float *)part)[i];
}

#endif

REBER_CLONES
void NAME(channel_sums)(const ELEMENT *x, const float *pivot, size_t pixels, size_t channels,
                        double *sums) {
  for (size_t p = 0; p < pixels; p += stretch) {
    size_t end = p + stretch < pixels ? p + stretch : pixels, c = 0;
    for (; c + 16 <= channels; c += 16) {
      v16 centre = LOAD(pivot + c), sum = {0}, square = {0};
      for (size_t q = p; q < end; q++) {
        v16 d = WIDE(x + q * channels + c) - centre;
        sum += d;
        square += d * d;
      }
      collect(sums + c, &sum);
      collect(sums + channels + c, &square);
    }
    for (; c < channels; c++)
      for (size_t q = p; q < end; q++) {
        float d = ONE(x[q * channels + c]) - pivot[c];
        sums[c] += (double)d;
        sums[channels + c] += (double)(d * d);
      }
  }
}

REBER_CLONES
void NAME(normalise)(const ELEMENT *y, const float *scale, const float *shift, const ELEMENT *residual,
                     const float *residualScale, const float *residualShift, size_t pixels,
                     size_t channels, ELEMENT *out) {
  for (size_t p = 0; p < pixels; p++, y += channels, out += channels) {
    size_t c = 0;
    const ELEMENT *r = residual ? residual + p * channels : 0;
    for (; c + 16 <= channels; c += 16) {
      v16 v = LOAD(scale + c) * WIDE(y + c) + LOAD(shift + c);
      if (r && residualScale)
        v += LOAD(residualScale + c) * WIDE(r + c) + LOAD(residualShift + c);
      else if (r)
        v += WIDE(r + c);
      NARROW(out + c, RELU(v));
    }
    for (; c < channels; c++) {
      float v = scale[c] * ONE(y[c]) + shift[c];
      if (r) v += residualScale ? residualScale[c] * ONE(r[c]) + residualShift[c] : ONE(r[c]);
      SET(out[c], relu(v));
    }
  }
}

REBER_CLONES
void NAME(normalise_backward_sums)(const ELEMENT *gradient, const ELEMENT *activation, const ELEMENT *y,
                                   const float *scale, const float *shift, const float *pivot,
                                   size_t pixels, size_t channels, ELEMENT *masked, double *sums) {
  for (size_t p = 0; p < pixels; p += stretch) {
    size_t end = p + stretch < pixels ? p + stretch : pixels, c = 0;
    for (; c + 16 <= channels; c += 16) {
      v16 centre = LOAD(pivot + c), sum = {0}, product = {0};
      for (size_t q = p; q < end; q++) {
        size_t at = q * channels + c;
        v16 z = WIDE(y + at);
        v16 a = activation ? WIDE(activation + at) : LOAD(scale + c) * z + LOAD(shift + c);
        v16 g = KEEP(WIDE(gradient + at), a > 0);
        NARROW(masked + at, g);
        sum += g;
        product += g * (z - centre);
      }
      collect(sums + c, &sum);
      collect(sums + channels + c, &product);
    }
    for (; c < channels; c++)
      for (size_t q = p; q < end; q++) {
        size_t at = q * channels + c;
        float a = activation ? ONE(activation[at]) : scale[c] * ONE(y[at]) + shift[c];
        float g = a > 0 ? ONE(gradient[at]) : 0;
        SET(masked[at], g);
        sums[c] += (double)g;
        sums[channels + c] += (double)(g * (ONE(y[at]) - pivot[c]));
      }
  }
}

REBER_CLONES
void NAME(product_sums)(const ELEMENT *gradient, const ELEMENT *y, const float *pivot, size_t pixels,
                        size_t channels, double *sums) {
  for (size_t p = 0; p < pixels; p += stretch) {
    size_t end = p + stretch < pixels ? p + stretch : pixels, c = 0;
    for (; c + 16 <= channels; c += 16) {
      v16 centre = LOAD(pivot + c), sum = {0}, product = {0};
      for (size_t q = p; q < end; q++) {
        size_t at = q * channels + c;
        v16 g = WIDE(gradient + at);
        sum += g;
        product += g * (WIDE(y + at) - centre);
      }
      collect(sums + c, &sum);
      collect(sums + channels + c, &product);
    }
    for (; c < channels; c++)
      for (size_t q = p; q < end; q++) {
        size_t at = q * channels + c;
        sums[c] += (double)ONE(gradient[at]);
        sums[channels + c] += (double)(ONE(gradient[at]) * (ONE(y[at]) - pivot[c]));
      }
  }
}

REBER_CLONES
void NAME(combine)(const ELEMENT *gradient, const ELEMENT *y, const float *a, const float *b,
                   const float *c, size_t pixels, size_t channels, ELEMENT *out) {
  for (size_t p = 0; p < pixels; p++, gradient += channels, y += channels, out += channels) {
    size_t i = 0;
    for (; i + 16 <= channels; i += 16)
      NARROW(out + i, LOAD(a + i) * WIDE(gradient + i) + LOAD(b + i) * WIDE(y + i) + LOAD(c + i));
    for (; i < channels; i++) SET(out[i], a[i] * ONE(gradient[i]) + b[i] * ONE(y[i]) + c[i]);
  }
}
