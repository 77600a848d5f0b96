#include "CPNGCodec.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const uint8_t *bytes;
  size_t left;
} reber_png_source;

static void reber_png_fail(png_structp png, png_const_charp message) {
  char *problem = (char *)png_get_error_ptr(png);
  strncpy(problem, message, 127);
  problem[127] = 0;
  png_longjmp(png, 1);
}

static void reber_png_ignore(png_structp png, png_const_charp message) {
  (void)png, (void)message;
}

static void reber_png_take(png_structp png, png_bytep to, size_t count) {
  reber_png_source *source = (reber_png_source *)png_get_io_ptr(png);
  if (count > source->left) png_error(png, "it ends too early");
  memcpy(to, source->bytes, count);
  source->bytes += count;
  source->left -= count;
}

// Values as stored: a palette is looked up, 1, 2 and 4 bits are widened to 8, nothing else.
//
// What a header says is not believed: `count` bytes hold at most 1032 times as many of pixels, which is
// what deflate can do. Texts, profiles and the like, which may swell too, are not unpacked.
static void reber_png_decode(png_structp png, png_infop info, reber_png *image, size_t count) {
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_read_info(png, info);
  size_t stored = png_get_rowbytes(png, info) * png_get_image_height(png, info);
  if (stored / 1032 > count) png_error(png, "its bytes cannot hold so many pixels");
  png_byte type = png_get_color_type(png, info);
  if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if (type == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png);
  png_set_strip_alpha(png);
  png_set_swap(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  image->width = png_get_image_width(png, info);
  image->height = png_get_image_height(png, info);
  image->depth = png_get_bit_depth(png, info);
  image->channels = png_get_channels(png, info);
  size_t row = png_get_rowbytes(png, info);
  image->size = row * image->height;
  if (image->size > (size_t)1 << 27) png_error(png, "its pixels would need more than 128 MiB");
  image->pixels = (uint8_t *)calloc(image->size, 1);
  if (!image->pixels) png_error(png, "there is no memory for it");
  for (int pass = 0; pass < passes; pass++)
    for (uint32_t y = 0; y < image->height; y++) png_read_row(png, image->pixels + y * row, NULL);
  png_read_end(png, NULL);
}

int reber_png_read(const uint8_t *bytes, size_t count, reber_png *image) {
  memset(image, 0, sizeof *image);
  reber_png_source source = {bytes, count};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, image->problem, reber_png_fail,
                                           reber_png_ignore);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  volatile int done = 0;
  if (info && !setjmp(png_jmpbuf(png))) {
    png_set_read_fn(png, &source, reber_png_take);
    reber_png_decode(png, info, image, count);
    done = 1;
  }
  png_destroy_read_struct(&png, &info, NULL);
  if (!done) {
    free(image->pixels);
    image->pixels = NULL;
  }
  return done;
}

// By the simplified API (png_image_*), which catches its errors itself. It brings every image to
// sRGB or linear light and so changes what is stored: reading does without it. The rows are written as they
// are: where there is noise, as in radio images, filters take four times as long and files get larger.
int reber_png_write(const uint8_t *pixels, uint32_t width, uint32_t height, int channels,
                    uint8_t **bytes, size_t *count, char *problem) {
  png_image image;
  memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  image.flags = PNG_IMAGE_FLAG_FAST;
  *count = PNG_IMAGE_PNG_SIZE_MAX(image);
  *bytes = (uint8_t *)malloc(*count);
  if (*bytes && png_image_write_to_memory(&image, *bytes, count, 0, pixels, 0, NULL)) return 1;
  strncpy(problem, image.message[0] ? image.message : "there is no memory for it", 127);
  free(*bytes);
  *bytes = NULL;
  return 0;
}
