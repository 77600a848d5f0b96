// The few hot loops of Reber. Every function here has a Swift caller and a test against a slow
// Swift reference.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

// One body, compiled for AVX-512, AVX2 and the baseline; the loader picks at start. Defining
// REBER_WITHOUT_AVX512 shows on any machine how fast one without it is.
#if defined(__x86_64__) && defined(__clang__) && defined(REBER_WITHOUT_AVX512)
#define REBER_CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#define REBER_HAS_AVX512 0
#elif defined(__x86_64__) && defined(__clang__)
#define REBER_HAS_AVX512 __builtin_cpu_supports("x86-64-v4")
#define REBER_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define REBER_CLONES
#endif

#include "layout.h"
#include "maps.h"
#include "network.h"
#include "suggestion.h"
#include "views.h"
#include "winograd.h"

#endif
