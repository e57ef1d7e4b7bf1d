#include "Vectors.h"

// Every sum below has one order, whichever other rows are computed beside it, so that a token has the same bits when it is sampled and
// when it is scored.
#pragma clang fp reassociate(off) contract(fast)

// The number of query rows that are computed together, which share what is read of keys and values.
enum { BLOCK = 4 };

// s[r][p] = Σ_i q[r][i] · K[i][p] for the positions from ..< to, both multiples of 16.
INLINE void scores(const int rows, const float *const *restrict q, const float *restrict keys, float *restrict s, long from,
                   long to, long head_size, long capacity) {
    long p = from;
    for (; p + 32 <= to; p += 32) {
        lanes16 a[BLOCK][2] = {0};
        for (long i = 0; i < head_size; i++) {
            const lanes16 k = AT16(keys + i * capacity + p), l = AT16(keys + i * capacity + p + 16);
            for (int r = 0; r < rows; r++) {
                a[r][0] += q[r][i] * k;
                a[r][1] += q[r][i] * l;
            }
        }
        for (int r = 0; r < rows; r++) {
            *(lanes16 *)(s + r * capacity + p) = a[r][0];
            *(lanes16 *)(s + r * capacity + p + 16) = a[r][1];
        }
    }
    for (; p < to; p += 16) {
        lanes16 a[BLOCK] = {0};
        for (long i = 0; i < head_size; i++) {
            const lanes16 k = AT16(keys + i * capacity + p);
            for (int r = 0; r < rows; r++) a[r] += q[r][i] * k;
        }
        for (int r = 0; r < rows; r++) *(lanes16 *)(s + r * capacity + p) = a[r];
    }
}

// The softmax's numerators in place of the scores of start ..< limit, and 0 in the rest of from ..< to. Returns their sum.
INLINE float exponentials(float *restrict s, long from, long start, long limit, long to, float scale) {
    for (long p = from; p < start; p++) s[p] = -INFINITY;
    for (long p = limit; p < to; p++) s[p] = -INFINITY;
    const float shift = row_maximum(s + from, to - from) * scale;
    lanes16 sum = {0};
    for (long p = from; p < to; p += 16) {
        for (int j = 0; j < 16; j++) s[p + j] = fast_exp(s[p + j] * scale - shift);
        sum += AT16(s + p);
    }
    for (int width = 8; width > 0; width /= 2) {
        for (int j = 0; j < width; j++) sum[j] += sum[j + width];
    }
    return sum[0];
}

// o[r] = factor[r] · Σ_p w[r][p] · values[p].
INLINE void weighted(const int rows, const float *restrict w, const float *restrict values, float *const *restrict o, long from,
                     long to, long head_size, long capacity, const float *restrict factor) {
    long i = 0;
    for (; i + 64 <= head_size; i += 64) {
        lanes16 a[BLOCK][4] = {0};
        for (long p = from; p < to; p++) {
            const float *restrict v = values + p * head_size + i;
            const lanes16 v0 = AT16(v), v1 = AT16(v + 16), v2 = AT16(v + 32), v3 = AT16(v + 48);
            for (int r = 0; r < rows; r++) {
                const float x = w[r * capacity + p];
                a[r][0] += x * v0;
                a[r][1] += x * v1;
                a[r][2] += x * v2;
                a[r][3] += x * v3;
            }
        }
        for (int r = 0; r < rows; r++) {
            for (int j = 0; j < 4; j++) *(lanes16 *)(o[r] + i + 16 * j) = a[r][j] * factor[r];
        }
    }
    for (; i + 16 <= head_size; i += 16) {
        lanes16 a[BLOCK] = {0};
        for (long p = from; p < to; p++) {
            const lanes16 v = AT16(values + p * head_size + i);
            for (int r = 0; r < rows; r++) a[r] += w[r * capacity + p] * v;
        }
        for (int r = 0; r < rows; r++) *(lanes16 *)(o[r] + i) = a[r] * factor[r];
    }
    for (; i < head_size; i++) {
        for (int r = 0; r < rows; r++) {
            float sum = 0;
            for (long p = from; p < to; p++) sum += w[r * capacity + p] * values[p * head_size + i];
            o[r][i] = sum * factor[r];
        }
    }
}

INLINE long smaller(long a, long b) { return a < b ? a : b; }

DISPATCHED void t2_attend(const float *q, long q_stride, float *out, long out_stride, long tokens, long group, long head_size,
                          const float *keys, const float *values, long capacity, long first, long window, float scale,
                          float *scratch) {
    const long count = tokens * group;
    for (long row = 0; row < count; row += BLOCK) {
        const int rows = (int)smaller(BLOCK, count - row);
        const float *queries[BLOCK];
        float *outputs[BLOCK], factors[BLOCK];
        long starts[BLOCK], limits[BLOCK];
        for (int r = 0; r < rows; r++) {
            const long t = (row + r) / group, g = (row + r) % group;
            queries[r] = q + t * q_stride + g * head_size;
            outputs[r] = out + t * out_stride + g * head_size;
            limits[r] = first + t;
            starts[r] = limits[r] > window ? limits[r] - window : 0;
        }
        // Later rows start and end later.
        const long from = starts[0] / 16 * 16, to = (limits[rows - 1] + 15) / 16 * 16;
        switch (rows) {
        case 1: scores(1, queries, keys, scratch, from, to, head_size, capacity); break;
        case 2: scores(2, queries, keys, scratch, from, to, head_size, capacity); break;
        case 3: scores(3, queries, keys, scratch, from, to, head_size, capacity); break;
        default: scores(4, queries, keys, scratch, from, to, head_size, capacity); break;
        }
        for (int r = 0; r < rows; r++) {
            factors[r] = 1.0f / exponentials(scratch + r * capacity, from, starts[r], limits[r], to, scale);
        }
        // Positions that only other rows see have the weight 0.
        switch (rows) {
        case 1: weighted(1, scratch, values, outputs, from, limits[0], head_size, capacity, factors); break;
        case 2: weighted(2, scratch, values, outputs, from, limits[1], head_size, capacity, factors); break;
        case 3: weighted(3, scratch, values, outputs, from, limits[2], head_size, capacity, factors); break;
        default: weighted(4, scratch, values, outputs, from, limits[3], head_size, capacity, factors); break;
        }
    }
}
