#include <stddef.h>
#include <stdint.h>

// PNG by libpng, which reports errors by longjmp: each function here catches its own, since one
// must not cross Swift.

// A decoded image: rows from the top, samples of 16 bits little-endian, no alpha.
typedef struct {
  uint32_t width, height;
  int depth;     // 8 or 16
  int channels;  // 1 grey, 3 red, green, blue
  uint8_t *pixels;
  size_t size;
  char problem[128];
} reber_png;

// Decodes a PNG; 0 where it cannot be read, with the reason in `problem`. `pixels` is the caller's
// to free.
int reber_png_read(const uint8_t *bytes, size_t count, reber_png *image);

// Encodes 8-bit grey (`channels` 1) or RGB (3), rows from the top; `*bytes` is the caller's to
// free. 0 where libpng refuses, with the reason in the 128 bytes of `problem`.
int reber_png_write(const uint8_t *pixels, uint32_t width, uint32_t height, int channels,
                    uint8_t **bytes, size_t *count, char *problem);
