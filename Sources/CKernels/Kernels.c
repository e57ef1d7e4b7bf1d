#include "Vectors.h"

const char *t2_kernel_version(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return "avx512";
    if (__builtin_cpu_supports("avx2")) return "avx2";
#endif
    return "baseline";
}

DISPATCHED void t2_rms_norm(const float *restrict x, const float *restrict w, float *restrict y, float *restrict inverse,
                            long rows, long n, float epsilon) {
    for (long t = 0; t < rows; t++) {
        const float *restrict xt = x + t * n;
        float *restrict yt = y + t * n;
        float sum = 0;
        for (long i = 0; i < n; i++) sum += xt[i] * xt[i];
        const float r = 1.0f / sqrtf(sum / (float)n + epsilon);
        for (long i = 0; i < n; i++) yt[i] = xt[i] * r * w[i];
        if (inverse) inverse[t] = r;
    }
}

DISPATCHED void t2_rms_norm_backward(const float *restrict dy, const float *restrict x, const float *restrict w,
                                     const float *restrict inverse, float *restrict dx, long rows, long n) {
    for (long t = 0; t < rows; t++) {
        const float *restrict xt = x + t * n;
        const float *restrict dyt = dy + t * n;
        float *restrict dxt = dx + t * n;
        const float r = inverse[t];
        float dot = 0;
        for (long i = 0; i < n; i++) dot += w[i] * dyt[i] * xt[i];
        const float c = dot / (float)n * r * r * r;
        for (long i = 0; i < n; i++) dxt[i] += w[i] * dyt[i] * r - xt[i] * c;
    }
}

DISPATCHED void t2_silu_multiply(const float *restrict gate_up, float *restrict h, long rows, long n) {
    for (long t = 0; t < rows; t++) {
        const float *restrict g = gate_up + t * 2 * n;
        const float *restrict u = g + n;
        float *restrict ht = h + t * n;
        for (long i = 0; i < n; i++) ht[i] = g[i] / (1.0f + fast_exp(-g[i])) * u[i];
    }
}

DISPATCHED void t2_silu_multiply_backward(float *restrict gate_up, const float *restrict dh, long rows, long n) {
    for (long t = 0; t < rows; t++) {
        float *restrict g = gate_up + t * 2 * n;
        float *restrict u = g + n;
        const float *restrict d = dh + t * n;
        for (long i = 0; i < n; i++) {
            const float s = 1.0f / (1.0f + fast_exp(-g[i]));
            const float silu = g[i] * s;
            const float du = d[i] * silu;
            g[i] = d[i] * u[i] * s * (1.0f + g[i] - silu);
            u[i] = du;
        }
    }
}

DISPATCHED void t2_rotate(float *restrict x, const int32_t *restrict positions, const float *restrict cosine,
                          const float *restrict sine, long rows, long heads, long head_size, long stride,
                          float direction) {
    const long half = head_size / 2;
    for (long t = 0; t < rows; t++) {
        const float *restrict c = cosine + positions[t] * half;
        const float *restrict s = sine + positions[t] * half;
        for (long h = 0; h < heads; h++) {
            float *restrict low = x + t * stride + h * head_size;
            float *restrict high = low + half;
            for (long i = 0; i < half; i++) {
                const float a = low[i], b = high[i], si = s[i] * direction;
                low[i] = a * c[i] - b * si;
                high[i] = b * c[i] + a * si;
            }
        }
    }
}

DISPATCHED void t2_scale_rows(const float *x, const float *restrict scales, const int32_t *restrict index, float *y,
                              long rows, long n, long x_stride, long y_stride, long scale_stride) {
    for (long t = 0; t < rows; t++) {
        const float *restrict s = scales + (index ? index[t] : 0) * scale_stride;
        for (long i = 0; i < n; i++) y[t * y_stride + i] = x[t * x_stride + i] * s[i];
    }
}

DISPATCHED void t2_scale(float *restrict x, long n, float factor) {
    for (long i = 0; i < n; i++) x[i] *= factor;
}

DISPATCHED void t2_add(float *restrict x, const float *restrict y, long n) {
    for (long i = 0; i < n; i++) x[i] += y[i];
}

DISPATCHED void t2_copy_rows(const float *restrict x, float *restrict y, long rows, long n, long stride, int accumulates) {
    for (long t = 0; t < rows; t++) {
        if (accumulates) {
            for (long i = 0; i < n; i++) y[t * stride + i] += x[t * n + i];
        } else {
            for (long i = 0; i < n; i++) y[t * stride + i] = x[t * n + i];
        }
    }
}

DISPATCHED void t2_accumulate_products(const float *restrict a, const float *restrict b, float *restrict out, long rows,
                                       long n, long stride) {
    for (long t = 0; t < rows; t++) {
        for (long i = 0; i < n; i++) out[i] += a[t * stride + i] * b[t * stride + i];
    }
}

DISPATCHED void t2_causal_softmax(float *restrict x, long rows, long n, long first, long window, long stride,
                                  float scale) {
    for (long t = 0; t < rows; t++) {
        float *restrict xt = x + t * stride;
        const long limit = first + t < n ? first + t : n;
        const long start = limit > window ? limit - window : 0;
        // The row is processed in whole vectors where it has room, since one remaining element costs as much as
        // sixteen.
        const long rounded = (limit + 15) / 16 * 16;
        const long reach = rounded <= stride ? rounded : limit;
        for (long i = limit; i < reach; i++) xt[i] = -INFINITY;
        for (long i = 0; i < start; i++) xt[i] = -INFINITY;
        const float shift = row_maximum(xt, reach) * scale;
        float sum = 0;
        for (long i = 0; i < reach; i++) {
            const float e = fast_exp(xt[i] * scale - shift);
            xt[i] = e;
            sum += e;
        }
        const float r = 1.0f / sum;
        for (long i = 0; i < reach; i++) xt[i] *= r;
        for (long i = reach; i < n; i++) xt[i] = 0;
    }
}

DISPATCHED void t2_softmax_backward(const float *restrict p, float *restrict dp, long rows, long n, long stride,
                                    float scale) {
    for (long t = 0; t < rows; t++) {
        const float *restrict pt = p + t * stride;
        float *restrict dt = dp + t * stride;
        float dot = 0;
        for (long i = 0; i < n; i++) dot += pt[i] * dt[i];
        for (long i = 0; i < n; i++) dt[i] = pt[i] * (dt[i] - dot) * scale;
    }
}

DISPATCHED void t2_log_sum_exp(const float *restrict x, float *restrict out, int32_t *restrict largest, long rows, long n,
                               long stride, float scale) {
    for (long t = 0; t < rows; t++) {
        const float *restrict xt = x + t * stride;
        const float top = row_maximum(xt, n);
        const float shift = top * scale;
        float sum = 0;
        for (long i = 0; i < n; i++) sum += fast_exp(xt[i] * scale - shift);
        out[t] = shift + logf(sum);
        if (largest) {
            long index = 0;
            while (index < n && !(xt[index] == top)) index++;
            largest[t] = index < n ? (int32_t)index : 0;
        }
    }
}

DISPATCHED int32_t t2_draw(const float *restrict x, long n, float scale, float lse, double uniform) {
    enum { BLOCK = 64 };
    double reached = 0;
    long last = 0;
    for (long start = 0; start < n; start += BLOCK) {
        const long end = start + BLOCK < n ? start + BLOCK : n;
        float sum = 0;
        for (long i = start; i < end; i++) sum += fast_exp(x[i] * scale - lse);
        if (reached + sum > uniform) {
            for (long i = start; i < end; i++) {
                const float p = fast_exp(x[i] * scale - lse);
                if (p > 0) last = i;
                reached += p;
                if (reached > uniform) return (int32_t)i;
            }
            return (int32_t)last;
        }
        if (sum > 0) last = end - 1;
        reached += sum;
    }
    // Rounding left the total just below `uniform`, so the last token with a probability above 0 is drawn.
    while (last > 0 && fast_exp(x[last] * scale - lse) == 0) last--;
    return (int32_t)last;
}

DISPATCHED void t2_log_softmax(float *restrict x, long rows, long n, long stride, float scale) {
    for (long t = 0; t < rows; t++) {
        float *restrict xt = x + t * stride;
        const float shift = row_maximum(xt, n) * scale;
        float sum = 0;
        for (long i = 0; i < n; i++) sum += fast_exp(xt[i] * scale - shift);
        const float lse = shift + logf(sum);
        for (long i = 0; i < n; i++) xt[i] = xt[i] * scale - lse;
    }
}

DISPATCHED void t2_from_bfloat(const uint16_t *restrict x, float *restrict y, long n) {
    for (long i = 0; i < n; i++) {
        union { uint32_t i; float f; } v = {(uint32_t)x[i] << 16};
        y[i] = v.f;
    }
}

DISPATCHED void t2_to_bfloat(const float *restrict x, uint16_t *restrict y, long n) {
    for (long i = 0; i < n; i++) {
        union { float f; uint32_t i; } v = {x[i]};
        // Adding 0x7fff and the lowest bit that is kept rounds to nearest, ties to even. A NaN stays one.
        const uint32_t rounded = (v.i + 0x7fffu + (v.i >> 16 & 1u)) >> 16, nan = v.i >> 16 | 0x40u;
        y[i] = (uint16_t)((v.i & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
    }
}

DISPATCHED void t2_from_half(const uint16_t *restrict x, float *restrict y, long n) {
    // The exponent is shifted by a multiplication, which also converts subnormals. An exponent of 31 is infinity or
    // NaN.
    for (long i = 0; i < n; i++) {
        const uint32_t bits = x[i], sign = (bits & 0x8000u) << 16, rest = bits & 0x7fffu;
        union { uint32_t i; float f; } v = {rest << 13}, scale = {0x77800000u};
        v.f *= scale.f;
        if (rest >= 0x7c00u) v.i = 0x7f800000u | (rest & 0x3ffu) << 13;
        v.i |= sign;
        y[i] = v.f;
    }
}

DISPATCHED int t2_all_finite(const float *restrict x, long n) {
    uint32_t bad = 0;
    for (long i = 0; i < n; i++) {
        union { float f; uint32_t i; } v = {x[i]};
        bad |= (v.i & 0x7f800000u) == 0x7f800000u;
    }
    return bad == 0;
}

void t2_transpose(const float *restrict x, float *restrict y, long rows, long columns, long x_stride, long y_stride) {
    const long block = 32;
    for (long i0 = 0; i0 < rows; i0 += block) {
        const long i1 = i0 + block < rows ? i0 + block : rows;
        for (long j0 = 0; j0 < columns; j0 += block) {
            const long j1 = j0 + block < columns ? j0 + block : columns;
            for (long i = i0; i < i1; i++) {
                for (long j = j0; j < j1; j++) y[j * y_stride + i] = x[i * x_stride + j];
            }
        }
    }
}
