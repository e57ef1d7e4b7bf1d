#pragma once
#include <stdint.h>

// Vectorised row kernels. Every function exists in several versions (AVX-512, AVX2, baseline) and the loader picks one
// by CPU at run time. Matrices are row-major float32; `stride` is the distance between rows in elements. No kernel
// allocates, locks, or keeps state. NaN and infinity propagate: none is compiled with finite-math assumptions.
//
// Shape letters: T rows (tokens), N columns, H heads, D head size, V vocabulary, P cached positions.

// Name of the version in use: "avx512", "avx2" or "baseline".
const char *t2_kernel_version(void);

// y_TN = x_TN · w_N / sqrt(mean(x²) + epsilon); inverse_T receives 1/sqrt(mean + epsilon), or is NULL.
void t2_rms_norm(const float *x, const float *w, float *y, float *inverse, long rows, long n, float epsilon);
// dx_TN += gradient of RMSNorm: inverse · (w·dy − x · inverse² · mean(w·dy·x)).
void t2_rms_norm_backward(const float *dy, const float *x, const float *w, const float *inverse, float *dx, long rows,
                          long n);

// h_TN = silu(gate) · up, where gate and up are the two halves of each row of gate_up [T, 2N].
void t2_silu_multiply(const float *gate_up, float *h, long rows, long n);
// gate_up [T, 2N] is replaced by the gradient with respect to itself, given dh_TN.
void t2_silu_multiply_backward(float *gate_up, const float *dh, long rows, long n);

// Rotates `heads` consecutive heads of each row in place: pairs (i, i + D/2), angle of the row's position.
// cosine and sine are [positions, D/2]; direction +1 rotates, −1 rotates back.
void t2_rotate(float *x, const int32_t *positions, const float *cosine, const float *sine, long rows, long heads,
               long head_size, long stride, float direction);

// y_TN = x_TN ⊙ scales[index_T]_N; index NULL means row 0 for all; y may be x.
void t2_scale_rows(const float *x, const float *scales, const int32_t *index, float *y, long rows, long n, long x_stride,
                   long y_stride, long scale_stride);
// x_N *= factor, in place.
void t2_scale(float *x, long n, float factor);
// x_N += y_N.
void t2_add(float *x, const float *y, long n);
// out_N += Σ_T a_TN ⊙ b_TN.
void t2_accumulate_products(const float *a, const float *b, float *out, long rows, long n, long stride);

// Row softmax of scale·x over the first min(n, first + row) columns (a causal triangle); the rest becomes 0, up to 15 columns
// behind n among it where the stride has room for them.
void t2_causal_softmax(float *x, long rows, long n, long first, long stride, float scale);
// ds_TN (in place of dp): p ⊙ (dp − Σ p⊙dp) · scale.
void t2_softmax_backward(const float *p, float *dp, long rows, long n, long stride, float scale);

// Draws a token from softmax(x·scale): the first place where the cumulative probability exceeds `uniform` in [0, 1).
// lse is the row's log Σ exp(x·scale).
int32_t t2_draw(const float *x, long n, float scale, float lse, double uniform);

// One query row per sequence against its cache.
// q [H, D] of one row; keys [K, D, capacity] (position-minor), values [K, capacity, D] for K key-value heads; out [H, D].
// `capacity` is a multiple of 16; `scores` holds as many floats of scratch as `positions` rounded up to one.
void t2_attend_cached(const float *q, const float *keys, const float *values, float *out, float *scores, long heads,
                      long key_value_heads, long head_size, long positions, long capacity, float scale);

// Log of Σ exp(x·scale) of each row, and the row's largest element's place (greedy choice).
void t2_log_sum_exp(const float *x, float *out, int32_t *largest, long rows, long n, long stride, float scale);
// Rows of x·scale become their log-softmax, in place.
void t2_log_softmax(float *x, long rows, long n, long stride, float scale);

// Conversions to float32.
void t2_from_half(const uint16_t *x, float *y, long n);
void t2_from_bfloat(const uint16_t *x, float *y, long n);
// 1 if all elements are finite.
int t2_all_finite(const float *x, long n);
// y_NM = x_MNᵀ, cache-blocked.
void t2_transpose(const float *x, float *y, long rows, long columns, long x_stride, long y_stride);
