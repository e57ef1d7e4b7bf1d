#pragma once
#include <stdint.h>

// Vectorised row kernels. Each kernel exists in several versions (AVX-512, AVX2, baseline), and the dynamic loader
// chooses one for the processor. Matrices are row-major float32; `stride` is the distance between the starts of two
// rows, in elements. No kernel allocates memory, takes locks, or keeps state. NaN and infinity propagate: no kernel is
// compiled with finite-math assumptions.
//
// Shape letters: T rows (tokens), N columns, H heads, D head size, V vocabulary, P cached positions.

// The name of the version in use: "avx512", "avx2" or "baseline".
const char *t2_kernel_version(void);

// y_TN = x_TN · w_N / sqrt(mean(x²) + epsilon). inverse_T receives 1/sqrt(mean(x²) + epsilon), unless it is NULL.
void t2_rms_norm(const float *x, const float *w, float *y, float *inverse, long rows, long n, float epsilon);
// dx_TN += the gradient of RMSNorm, inverse · (w·dy − x · inverse² · mean(w·dy·x)).
void t2_rms_norm_backward(const float *dy, const float *x, const float *w, const float *inverse, float *dx, long rows,
                          long n);

// The RMSNorm of each of `heads` consecutive heads at the start of each row, in place, with a weight for every head,
// w [H, D]. inverse [T, H] receives 1/sqrt(mean(x²) + epsilon), unless it is NULL.
void t2_norm_heads(float *x, const float *w, float *inverse, long rows, long heads, long head_size, long stride,
                   float epsilon);
// dy, the gradient with respect to the normed heads, is replaced by that with respect to x [T, H·D], the heads before
// the norm.
void t2_norm_heads_backward(float *dy, const float *x, const float *w, const float *inverse, long rows, long heads,
                            long head_size, long stride);

// h_TN = silu(gate) · up, where gate and up are the two halves of each row of gate_up [T, 2N].
void t2_silu_multiply(const float *gate_up, float *h, long rows, long n);
// gate_up [T, 2N] is replaced by the gradient with respect to itself, given dh_TN.
void t2_silu_multiply_backward(float *gate_up, const float *dh, long rows, long n);

// Rotates the pairs (i, i + D/2) of `heads` consecutive heads of each row in place, by the angles of the row's
// position. cosine and sine are [positions, D/2]; direction +1 rotates, −1 rotates back.
void t2_rotate(float *x, const int32_t *positions, const float *cosine, const float *sine, long rows, long heads,
               long head_size, long stride, float direction);

// y_TN = x_TN ⊙ scales[index_T]_N. If index is NULL, every row uses row 0 of scales. y may be x.
void t2_scale_rows(const float *x, const float *scales, const int32_t *index, float *y, long rows, long n, long x_stride,
                   long y_stride, long scale_stride);
// x_N *= factor, in place.
void t2_scale(float *x, long n, float factor);
// Each row of x_TN += y_N.
void t2_add_to_rows(float *x, const float *y, long rows, long n, long stride);
// x_N += y_N.
void t2_add(float *x, const float *y, long n);
// y_TN = x_TN, or y_TN += x_TN, of a dense x to rows that are `stride` apart.
void t2_copy_rows(const float *x, float *y, long rows, long n, long stride, int accumulates);
// out_N += Σ_T a_TN ⊙ b_TN.
void t2_accumulate_products(const float *a, const float *b, float *out, long rows, long n, long stride);

// Row softmax of scale·x over the last `window` of the first min(n, first + row) columns (a causal triangle, or a band
// of it). The other columns become 0, and so do up to 15 columns behind n if the stride has room for them.
void t2_causal_softmax(float *x, long rows, long n, long first, long window, long stride, float scale);
// ds_TN (in place of dp): p ⊙ (dp − Σ p⊙dp) · scale.
void t2_softmax_backward(const float *p, float *dp, long rows, long n, long stride, float scale);

// Draws a token from softmax(x·scale): the first index at which the cumulative probability exceeds `uniform`, a number
// in [0, 1). lse is log Σ exp(x·scale) of the row.
int32_t t2_draw(const float *x, long n, float scale, float lse, double uniform);

// Causal attention of the query rows that share one key-value head: `group` heads of `tokens` consecutive tokens.
// q and out: head g of token t is at t·stride + g·D. keys [D, capacity] (position-minor), values [capacity, D]; `capacity` is a
// multiple of 16. Token t sees the positions before first + t, and of these only the last `window`. `scratch` has room
// for 4·capacity floats. The result of a row depends neither on the other rows nor on their number.
void t2_attend(const float *q, long q_stride, float *out, long out_stride, long tokens, long group, long head_size,
               const float *keys, const float *values, long capacity, long first, long window, float scale, float *scratch);

// out_T = log Σ exp(x·scale) of each row. largest_T receives the index of the row's largest element, the greedy choice,
// unless it is NULL.
void t2_log_sum_exp(const float *x, float *out, int32_t *largest, long rows, long n, long stride, float scale);
// x_TN becomes the log-softmax of each row of scale·x, in place.
void t2_log_softmax(float *x, long rows, long n, long stride, float scale);

// Conversions to float32.
void t2_from_half(const uint16_t *x, float *y, long n);
void t2_from_bfloat(const uint16_t *x, float *y, long n);
// y_N = x_N rounded to bfloat16, to nearest, ties to even.
void t2_to_bfloat(const float *x, uint16_t *y, long n);
// Returns 1 if all elements are finite, otherwise 0.
int t2_all_finite(const float *x, long n);
// y_NM = x_MNᵀ, in blocks that fit the cache.
void t2_transpose(const float *x, float *y, long rows, long columns, long x_stride, long y_stride);

// Threads that compute parts of one piece of work together. One thread at a time gives a team work.
typedef struct t2_team t2_team;

// A team of the calling thread and count − 1 others; NULL if the system refuses a thread.
t2_team *t2_team_new(long count);
void t2_team_free(t2_team *team);
// Calls body(context, thread) once on each thread, 0 on the calling one, and returns when all have returned.
void t2_team_run(t2_team *team, void (*body)(void *context, long thread), void *context);

// From now on, blocks of a megabyte and more go back to the system when they are freed. By default glibc keeps ever larger ones for itself.
void t2_return_large_blocks(void);
