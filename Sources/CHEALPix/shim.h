#include <stdint.h>
#include <chealpix.h>
