#include <wcslib.h>
