// What some architectures do between a product and its use: biases, and norms of the queries' and keys' heads.
#include "CKernels.h"
#include "Versions.h"

#include <math.h>

// Sums may be reordered so that they vectorise. No other part of fast-math is enabled, because NaN must propagate.
#pragma clang fp reassociate(on) contract(fast)

DISPATCHED void t2_add_to_rows(float *restrict x, const float *restrict y, long rows, long n, long stride) {
    for (long t = 0; t < rows; t++) {
        for (long i = 0; i < n; i++) x[t * stride + i] += y[i];
    }
}

DISPATCHED void t2_norm_heads(float *restrict x, const float *restrict w, float *restrict inverse, long rows, long heads,
                              long head_size, long stride, float epsilon) {
    for (long t = 0; t < rows; t++) {
        for (long h = 0; h < heads; h++) {
            float *restrict xh = x + t * stride + h * head_size;
            const float *restrict wh = w + h * head_size;
            float sum = 0;
            for (long i = 0; i < head_size; i++) sum += xh[i] * xh[i];
            const float r = 1.0f / sqrtf(sum / (float)head_size + epsilon);
            for (long i = 0; i < head_size; i++) xh[i] = xh[i] * r * wh[i];
            if (inverse) inverse[t * heads + h] = r;
        }
    }
}

DISPATCHED void t2_norm_heads_backward(float *restrict dy, const float *restrict x, const float *restrict w,
                                       const float *restrict inverse, long rows, long heads, long head_size,
                                       long stride) {
    for (long t = 0; t < rows; t++) {
        for (long h = 0; h < heads; h++) {
            float *restrict d = dy + t * stride + h * head_size;
            const float *restrict xh = x + (t * heads + h) * head_size;
            const float *restrict wh = w + h * head_size;
            const float r = inverse[t * heads + h];
            float dot = 0;
            for (long i = 0; i < head_size; i++) dot += wh[i] * d[i] * xh[i];
            const float c = dot / (float)head_size * r * r * r;
            for (long i = 0; i < head_size; i++) d[i] = wh[i] * d[i] * r - xh[i] * c;
        }
    }
}
