#pragma once
#include "CKernels.h"
#include "Versions.h"

#include <math.h>
#include <stddef.h>

// What the kernels share.

// Sums may be reordered so that they vectorise. No other part of fast-math is enabled, because NaN must propagate.
#pragma clang fp reassociate(on) contract(fast)

#define INLINE static inline __attribute__((always_inline))

// e^x by range reduction to [−ln2/2, ln2/2] and a degree-6 polynomial; relative error < 2e-7 (tests compare with libm).
// Below −87.3 the result is 0 (a probability that small does not matter), above 88.7 it is the result for 88.7, about
// 3.4e38, and NaN stays NaN.
INLINE float fast_exp(float x) {
    const float bounded = x < -87.33654f ? -87.33654f : (x > 88.72283f ? 88.72283f : x);
    const float k = __builtin_rintf(bounded * 1.44269504088896341f);
    const float r = __builtin_fmaf(k, -0.693359375f, bounded) - k * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    // 2^k in two steps, since k = 128 does not fit the exponent of one factor.
    const int32_t ik = (int32_t)k;
    const int32_t half = ik >> 1;
    union { int32_t i; float f; } a = {(half + 127) << 23}, b = {(ik - half + 127) << 23};
    const float y = p * a.f * b.f;
    return x < -87.33654f ? 0.0f : y;
}

// The largest element, ignoring NaN. Sixteen running maxima vectorise; a single one would do so only if NaN were ruled
// out.
INLINE float row_maximum(const float *restrict x, long n) {
    float lanes[16];
    for (int j = 0; j < 16; j++) lanes[j] = -INFINITY;
    long i = 0;
    for (; i + 16 <= n; i += 16) {
        for (int j = 0; j < 16; j++) lanes[j] = x[i + j] > lanes[j] ? x[i + j] : lanes[j];
    }
    float top = -INFINITY;
    for (int j = 0; j < 16; j++) top = lanes[j] > top ? lanes[j] : top;
    for (; i < n; i++) top = x[i] > top ? x[i] : top;
    return top;
}

// Sixteen floats in registers. AT16 is a macro because a function that returns a vector has another calling convention
// in each version of a kernel.
typedef float lanes16 __attribute__((vector_size(64), aligned(4), may_alias));
#define AT16(p) (*(const lanes16 *)(p))
