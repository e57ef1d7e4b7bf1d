#ifndef T2_PAIR_KERNELS_H
#define T2_PAIR_KERNELS_H

#include <cstddef>
#include <cstdint>

// Kernels for weights in the order that the library prefers where it multiplies bfloat16: blocks of T2_PACKED_COLUMNS columns, and in a
// block, for each pair of rows, the two values of each column: [rows / 2, T2_PACKED_COLUMNS, 2]. Only processors with avx512_bf16 run them.

// Writes a block, several times as fast as the library's own copy.
//
// Shapes: source [k, n] in bfloat16 with n <= T2_PACKED_COLUMNS, dense in one direction; target as above.
void pack_pairs(const uint16_t *source, long k, long n, long k_stride, long n_stride, uint16_t *target, long rows);

// The largest number of rows that `multiply_few_rows` multiplies. Such products wait for weights, which the library reads more slowly.
constexpr long few_rows = 2;

// y = x · weights: the sum of every `at_once` inputs, and then the sum of these sums. False if that cannot be computed here.
//
// Shapes: blocks of block_size bytes, x [rows, k], y [rows, n].
bool multiply_few_rows(const void *blocks, size_t block_size, long k, long n, const uint16_t *x, long rows, float *y, long at_once);

#endif
