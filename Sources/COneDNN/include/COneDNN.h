#ifndef T2_ONEDNN_H
#define T2_ONEDNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Products with bfloat16 weights by oneDNN, versions 2 and 3, behind a C interface.

#ifdef __cplusplus
extern "C" {
#endif

// The version of the library, for example "2.6.3".
const char *t2_onednn_version(void);

// Whether the processor multiplies bfloat16, and the library orders weights as this file expects.
bool t2_onednn_is_suitable(void);

// The number of columns in a block: parts of weights that are packed, unpacked or multiplied alone begin at its multiples.
enum { T2_PACKED_COLUMNS = 64 };

// Weights [k, n] in bfloat16 in the library's own order. Once packed, threads share them.
typedef struct t2_packed t2_packed;

// The number of bytes that packed weights take.
size_t t2_packed_size(long k, long n);
// Weights in the caller's memory of that size, aligned to 64 bytes, which outlives them; null if memory is missing. Nothing is packed yet.
t2_packed *t2_packed_new(long k, long n, void *memory);
void t2_packed_free(t2_packed *weights);

// Packs the columns from ..< to of a matrix whose element (i, j) is at source[i * k_stride + (j - from) * n_stride]: bfloat16, or float32
// that is rounded to nearest. One of the strides is 1. False if memory is missing.
bool t2_pack(t2_packed *weights, long from, long to, const void *source, bool is_bfloat, long k_stride, long n_stride);
// Writes these columns as bfloat16 or float32, element (i, j) to target[i * k_stride + (j - from) * n_stride]. False if memory is missing.
bool t2_unpack(const t2_packed *weights, long from, long to, void *target, bool is_bfloat, long k_stride, long n_stride);

// What a thread needs to multiply: the library's compiled products, by shape. One thread at a time uses it.
typedef struct t2_multiplier t2_multiplier;

t2_multiplier *t2_multiplier_new(void);
void t2_multiplier_free(t2_multiplier *multiplier);

// y = x · weights, or y += x · weights, of the columns from ..< to, with float32 sums: x [rows, k] bfloat16 dense, y [rows, to - from]
// dense. A row's result depends neither on the other rows nor on their number, an element's not on the other columns. False if memory
// is missing.
bool t2_multiply(t2_multiplier *multiplier, const t2_packed *weights, long from, long to, const uint16_t *x, long rows, float *y,
                 bool accumulates);

#ifdef __cplusplus
}
#endif

#endif
