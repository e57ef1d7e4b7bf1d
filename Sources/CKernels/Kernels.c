#include "CKernels.h"
#include "Versions.h"

#include <math.h>
#include <stddef.h>

// Sums may be reordered so that they vectorise. No other part of fast-math is enabled, because NaN must propagate.
#pragma clang fp reassociate(on) contract(fast)

#define INLINE static inline __attribute__((always_inline))

const char *t2_kernel_version(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return "avx512";
    if (__builtin_cpu_supports("avx2")) return "avx2";
#endif
    return "baseline";
}

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

// Sixteen floats in registers. AT16 is a macro because a function that returns a vector has another calling convention
// in each version of a kernel.
typedef float lanes16 __attribute__((vector_size(64), aligned(4), may_alias));
#define AT16(p) (*(const lanes16 *)(p))

// s_P = scale · q_D · K_DP over `padded` positions, a multiple of 16. Each sum stays in a register, and four
// independent sums hide the latency of the additions.
INLINE void cached_scores(const float *restrict q, const float *restrict keys, float *restrict s, long head_size,
                          long padded, long capacity, float scale) {
    long p = 0;
    for (; p + 64 <= padded; p += 64) {
        lanes16 a = {0}, b = {0}, c = {0}, d = {0};
        for (long i = 0; i < head_size; i++) {
            const float *restrict k = keys + i * capacity + p;
            const float x = q[i] * scale;
            a += x * AT16(k);
            b += x * AT16(k + 16);
            c += x * AT16(k + 32);
            d += x * AT16(k + 48);
        }
        *(lanes16 *)(s + p) = a;
        *(lanes16 *)(s + p + 16) = b;
        *(lanes16 *)(s + p + 32) = c;
        *(lanes16 *)(s + p + 48) = d;
    }
    for (; p < padded; p += 16) {
        lanes16 a = {0}, b = {0};
        long i = 0;
        for (; i + 2 <= head_size; i += 2) {
            a += q[i] * scale * AT16(keys + i * capacity + p);
            b += q[i + 1] * scale * AT16(keys + (i + 1) * capacity + p);
        }
        if (i < head_size) a += q[i] * scale * AT16(keys + i * capacity + p);
        *(lanes16 *)(s + p) = a + b;
    }
}

// o_D = factor · Σ_p w_P[p] · values_PD[p], sixteen columns at a time, in four sums over every fourth position each.
INLINE void weighted_values(const float *restrict w, const float *restrict values, float *restrict o, long head_size,
                            long positions, float factor) {
    long i = 0;
    for (; i + 16 <= head_size; i += 16) {
        lanes16 a = {0}, b = {0}, c = {0}, d = {0};
        const float *restrict v = values + i;
        long p = 0;
        for (; p + 4 <= positions; p += 4, v += 4 * head_size) {
            a += w[p] * AT16(v);
            b += w[p + 1] * AT16(v + head_size);
            c += w[p + 2] * AT16(v + 2 * head_size);
            d += w[p + 3] * AT16(v + 3 * head_size);
        }
        for (; p < positions; p++, v += head_size) a += w[p] * AT16(v);
        *(lanes16 *)(o + i) = ((a + b) + (c + d)) * factor;
    }
    for (; i < head_size; i++) {
        float sum = 0;
        for (long p = 0; p < positions; p++) sum += w[p] * values[p * head_size + i];
        o[i] = sum * factor;
    }
}

DISPATCHED void t2_attend_cached(const float *restrict q, const float *restrict keys, const float *restrict values,
                                 float *restrict out, float *restrict scores, long heads, long key_value_heads,
                                 long head_size, long positions, long window, long capacity, float scale) {
    const long group = heads / key_value_heads;
    // The cache is read from a whole vector on, and the positions in it before the window are excluded.
    const long before = positions > window ? positions - window : 0;
    const long skipped = before / 16 * 16, outside = before - skipped;
    keys += skipped;
    values += skipped * head_size;
    positions -= skipped;
    // The scores are computed in whole vectors: entries of the cache behind the last position are read, then excluded.
    const long padded = (positions + 15) / 16 * 16;
    for (long h = 0; h < heads; h++) {
        const long k = h / group;
        cached_scores(q + h * head_size, keys + k * head_size * capacity, scores, head_size, padded, capacity, scale);
        for (long p = positions; p < padded; p++) scores[p] = -INFINITY;
        for (long p = 0; p < outside; p++) scores[p] = -INFINITY;
        const float largest = row_maximum(scores, padded);
        float sum = 0;
        for (long p = 0; p < padded; p++) {
            const float e = fast_exp(scores[p] - largest);
            scores[p] = e;
            sum += e;
        }
        weighted_values(scores, values + k * capacity * head_size, out + h * head_size, head_size, positions, 1.0f / sum);
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
