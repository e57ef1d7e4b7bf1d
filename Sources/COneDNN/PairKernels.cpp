#include "PairKernels.h"

#include "COneDNN.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#define WIDE __attribute__((target("avx512bw,avx512vl")))
#else
#define WIDE
#endif

WIDE void pack_pairs(const uint16_t *source, long k, long n, long k_stride, long n_stride, uint16_t *target, long rows) {
    constexpr long width = T2_PACKED_COLUMNS;
    if (n < width) std::memset(target, 0, rows * width * sizeof(uint16_t));
    if (n_stride == 1) {
        for (long p = 0; p < rows / 2; p++) {
            static const uint16_t zeros[width] = {};
            const uint16_t *const low = 2 * p < k ? source + 2 * p * k_stride : zeros;
            const uint16_t *const high = 2 * p + 1 < k ? source + (2 * p + 1) * k_stride : zeros;
            uint16_t *const pair = target + 2 * p * width;
            const long count = n < width ? n : width;
            for (long j = 0; j < count; j++) {
                pair[2 * j] = low[j];
                pair[2 * j + 1] = high[j];
            }
        }
        return;
    }
    // Pairs [n, k / 2] are transposed in squares of four.
    typedef uint32_t pairs4 __attribute__((vector_size(16)));
    for (long first = 0; first < rows / 2; first += 4) {
        for (long j = 0; j < n; j += 4) {
            pairs4 in[4] = {};
            for (long c = 0; c < 4 && j + c < n; c++) {
                const uint16_t *const from = source + (j + c) * n_stride + 2 * first;
                const long values = std::min(8L, k - 2 * first);
                if (values == 8) {
                    std::memcpy(&in[c], from, 16);
                } else if (values > 0) {
                    std::memcpy(&in[c], from, values * sizeof(uint16_t));
                }
            }
            const pairs4 a = __builtin_shufflevector(in[0], in[1], 0, 4, 1, 5), b = __builtin_shufflevector(in[0], in[1], 2, 6, 3, 7);
            const pairs4 c = __builtin_shufflevector(in[2], in[3], 0, 4, 1, 5), d = __builtin_shufflevector(in[2], in[3], 2, 6, 3, 7);
            const pairs4 out[4] = {__builtin_shufflevector(a, c, 0, 1, 4, 5), __builtin_shufflevector(a, c, 2, 3, 6, 7),
                                   __builtin_shufflevector(b, d, 0, 1, 4, 5), __builtin_shufflevector(b, d, 2, 3, 6, 7)};
            for (long p = 0; p < 4; p++) std::memcpy(target + 2 * ((first + p) * width + j), &out[p], 16);
        }
    }
}

#if defined(__x86_64__)

namespace {

template <int rows>
__attribute__((target("avx512f,avx512bf16"))) void multiply_rows(const char *block, size_t block_size, long k, long n, const uint16_t *x,
                                                                 float *y, long at_once) {
    constexpr int vectors = T2_PACKED_COLUMNS / 16;
    constexpr long pair_bytes = T2_PACKED_COLUMNS * 4;
    const long pairs = (k + 1) / 2;
    for (long column = 0; column < n; column += T2_PACKED_COLUMNS, block += block_size) {
        __m512 sums[rows][vectors], parts[rows][vectors];
        for (long first = 0; first < pairs; first += at_once / 2) {
            const long last = std::min(pairs, first + at_once / 2);
            for (int r = 0; r < rows; r++) {
                for (int v = 0; v < vectors; v++) parts[r][v] = _mm512_setzero_ps();
            }
            for (long p = first; p < last; p++) {
                const char *const w = block + p * pair_bytes;
                for (int v = 0; v < vectors; v++) _mm_prefetch(w + 8 * pair_bytes + 64 * v, _MM_HINT_T0);
                for (int r = 0; r < rows; r++) {
                    uint32_t pair = x[r * k + 2 * p];
                    if (2 * p + 1 < k) std::memcpy(&pair, x + r * k + 2 * p, sizeof pair);
                    const auto inputs = reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(pair)));
                    for (int v = 0; v < vectors; v++) {
                        const auto values = reinterpret_cast<__m512bh>(_mm512_loadu_si512(w + 64 * v));
                        parts[r][v] = _mm512_dpbf16_ps(parts[r][v], inputs, values);
                    }
                }
            }
            for (int r = 0; r < rows; r++) {
                for (int v = 0; v < vectors; v++) sums[r][v] = first == 0 ? parts[r][v] : _mm512_add_ps(sums[r][v], parts[r][v]);
            }
        }
        const size_t bytes = std::min(n - column, long(T2_PACKED_COLUMNS)) * sizeof(float);
        for (int r = 0; r < rows; r++) std::memcpy(y + r * n + column, sums[r], bytes);
    }
}

}  // namespace

#endif

bool multiply_few_rows(const void *blocks, size_t block_size, long k, long n, const uint16_t *x, long rows, float *y, long at_once) {
#if defined(__x86_64__)
    const char *const block = static_cast<const char *>(blocks);
    switch (rows) {
    case 1: multiply_rows<1>(block, block_size, k, n, x, y, at_once); return true;
    case 2: multiply_rows<2>(block, block_size, k, n, x, y, at_once); return true;
    }
#endif
    return false;
}
