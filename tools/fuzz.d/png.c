// CPNGCodec for libFuzzer: what it is given is decoded and let go.
#include "CPNGCodec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
  reber_png image;
  reber_png_read(bytes, count, &image);
  free(image.pixels);
  return 0;
}
