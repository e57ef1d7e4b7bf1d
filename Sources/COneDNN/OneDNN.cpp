#include "COneDNN.h"
#include "PairKernels.h"

#include <dlfcn.h>

#include <algorithm>
#include <dnnl.hpp>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

using dnnl::memory;

namespace {

constexpr auto bfloat = memory::data_type::bf16;
constexpr auto single = memory::data_type::f32;

const dnnl::engine &processor() {
    static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    return engine;
}

// The library would use threads of OpenMP's, and has no interface to say that it should not: this thread computes its products alone.
void use_one_thread() {
    using Set = void (*)(int);
    static const Set set = reinterpret_cast<Set>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
    if (set) set(1);
}

struct Shape {
    long rows, k, n;
    bool accumulates;

    bool operator<(const Shape &other) const {
        return std::tie(rows, k, n, accumulates) < std::tie(other.rows, other.k, other.n, other.accumulates);
    }
};

dnnl::matmul::primitive_desc describe(const Shape &shape) {
    const memory::desc x({shape.rows, shape.k}, bfloat, memory::format_tag::ab);
    const memory::desc weights({shape.k, shape.n}, bfloat, memory::format_tag::any);
    const memory::desc y({shape.rows, shape.n}, single, memory::format_tag::ab);
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (shape.accumulates) {
        dnnl::post_ops operations;
        operations.append_sum();
        attributes.set_post_ops(operations);
    }
#if DNNL_VERSION_MAJOR >= 3
    return {processor(), x, weights, y, attributes};
#else
    return {dnnl::matmul::desc(x, weights, y), attributes, processor()};
#endif
}

// The largest number of rows that are multiplied at once, and the number to whose multiples larger ones are cut: fewer shapes to compile.
constexpr long most_rows = 512, row_unit = 64;

long rows_at_once(long rows) {
    if (rows >= most_rows) return most_rows;
    return rows >= row_unit ? rows / row_unit * row_unit : rows;
}

// The order of the weights that the library prefers. It depends neither on the number of rows, which `t2_multiply` checks, nor on that of
// the columns, whose blocks follow one another.
memory::desc preferred(long k, long n) { return describe({row_unit, k, n, false}).weights_desc(); }

memory::desc plain(memory::data_type type, long k, long n, long k_stride, long n_stride) {
    return {{k, n}, type, memory::dims{k_stride, n_stride}};
}

bool copy(memory from, memory to) {
    use_one_thread();
    dnnl::stream stream(processor());
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
    return true;
}

// The result of `body`, or `otherwise` if it throws: no exception may reach C.
template <typename Result, typename Body>
Result guarded(Result otherwise, Body body) {
    try {
        return body();
    } catch (const std::exception &) {
        return otherwise;
    }
}

}  // namespace

struct t2_packed {
    long k, n;
    char *bytes;
    // The number of bytes of a block of columns.
    size_t block;

    void *at(long column) const { return bytes + column / T2_PACKED_COLUMNS * block; }
};

struct t2_multiplier {
    struct Product {
        dnnl::matmul primitive;
        memory x, weights, y, scratch;
        std::unordered_map<int, memory> arguments;
    };

    dnnl::stream stream{processor()};
    std::map<Shape, std::unique_ptr<Product>> products;
    // Of each number of inputs, those that the library sums at a time (`inputs_at_once`).
    std::unordered_map<long, long> inputs;
    std::vector<char> scratch;

    Product &product(const Shape &shape) {
        auto &found = products[shape];
        if (found) return *found;
        const auto description = describe(shape);
        if (description.weights_desc() != preferred(shape.k, shape.n)) throw std::runtime_error("another order of weights");
        auto product = std::make_unique<Product>();
        product->primitive = dnnl::matmul(description);
        product->x = memory(description.src_desc(), processor(), nullptr);
        product->weights = memory(description.weights_desc(), processor(), nullptr);
        product->y = memory(description.dst_desc(), processor(), nullptr);
        product->scratch = memory(description.scratchpad_desc(), processor(), nullptr);
        product->arguments = {{DNNL_ARG_SRC, product->x},
                              {DNNL_ARG_WEIGHTS, product->weights},
                              {DNNL_ARG_DST, product->y},
                              {DNNL_ARG_SCRATCHPAD, product->scratch}};
        const size_t needed = description.scratchpad_desc().get_size() + 64;
        if (scratch.size() < needed) scratch.resize(needed);
        found = std::move(product);
        return *found;
    }

    void *aligned_scratch() {
        return reinterpret_cast<void *>((reinterpret_cast<uintptr_t>(scratch.data()) + 63) / 64 * 64);
    }
};

const char *t2_onednn_version(void) {
    static const std::string text = [] {
        const auto *version = dnnl::version();
        return std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
               std::to_string(version->patch);
    }();
    return text.c_str();
}

bool t2_onednn_is_suitable(void) {
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx512bf16")) return false;
#else
    return false;
#endif
    // Columns packed alone must be the same bytes as packed together.
    return guarded(false, [] {
        constexpr long k = 70, n = 3 * T2_PACKED_COLUMNS - 5, cut = T2_PACKED_COLUMNS;
        std::vector<uint16_t> source(k * n);
        for (size_t i = 0; i < source.size(); i++) source[i] = static_cast<uint16_t>(i);
        const size_t size = preferred(k, n).get_size();
        std::vector<char> whole(size), parts(size);
        t2_packed all{k, n, whole.data(), preferred(k, cut).get_size()}, cuts = all;
        cuts.bytes = parts.data();
        return t2_pack(&all, 0, n, source.data(), true, n, 1) && t2_pack(&cuts, 0, cut, source.data(), true, n, 1) &&
               t2_pack(&cuts, cut, n, source.data() + cut, true, n, 1) && whole == parts;
    });
}

size_t t2_packed_size(long k, long n) {
    return guarded<size_t>(0, [&] { return preferred(k, n).get_size(); });
}

t2_packed *t2_packed_new(long k, long n, void *memory) {
    return guarded<t2_packed *>(nullptr, [&] {
        return new t2_packed{k, n, static_cast<char *>(memory), preferred(k, T2_PACKED_COLUMNS).get_size()};
    });
}

void t2_packed_free(t2_packed *weights) { delete weights; }

namespace {

bool copy_packed(t2_packed *weights, long from, long to, const void *source, bool is_bfloat, long k_stride, long n_stride) {
    const long k = weights->k, n = to - from;
    return copy(memory(plain(is_bfloat ? bfloat : single, k, n, k_stride, n_stride), processor(), const_cast<void *>(source)),
                memory(preferred(k, n), processor(), weights->at(from)));
}

void pack_all_pairs(t2_packed *weights, long from, long to, const uint16_t *source, long k_stride, long n_stride) {
    for (long column = from; column < to; column += T2_PACKED_COLUMNS) {
        pack_pairs(source + (column - from) * n_stride, weights->k, std::min(to - column, long(T2_PACKED_COLUMNS)), k_stride, n_stride,
                   static_cast<uint16_t *>(weights->at(column)), weights->block / (T2_PACKED_COLUMNS * sizeof(uint16_t)));
    }
}

// Whether the library's order of the weights is that of `pack_pairs`.
bool packs_pairs() {
    static const bool result = guarded(false, [] {
        for (const long k : {96L, 70L, 33L}) {
            constexpr long n = 2 * T2_PACKED_COLUMNS - 5;
            std::vector<uint16_t> source(k * n);
            for (size_t i = 0; i < source.size(); i++) source[i] = static_cast<uint16_t>(i + 1);
            const size_t size = preferred(k, n).get_size();
            std::vector<char> theirs(size), ours(size, 1);
            for (const bool is_transposed : {false, true}) {
                const long k_stride = is_transposed ? 1 : n, n_stride = is_transposed ? k : 1;
                t2_packed packed{k, n, theirs.data(), preferred(k, T2_PACKED_COLUMNS).get_size()};
                copy_packed(&packed, 0, n, source.data(), true, k_stride, n_stride);
                packed.bytes = ours.data();
                pack_all_pairs(&packed, 0, n, source.data(), k_stride, n_stride);
                if (ours != theirs) return false;
            }
        }
        return true;
    });
    return result;
}

}  // namespace

bool t2_pack(t2_packed *weights, long from, long to, const void *source, bool is_bfloat, long k_stride, long n_stride) {
    return guarded(false, [&] {
        if (is_bfloat && packs_pairs()) {
            pack_all_pairs(weights, from, to, static_cast<const uint16_t *>(source), k_stride, n_stride);
            return true;
        }
        return copy_packed(weights, from, to, source, is_bfloat, k_stride, n_stride);
    });
}

bool t2_unpack(const t2_packed *weights, long from, long to, void *target, bool is_bfloat, long k_stride, long n_stride) {
    return guarded(false, [&] {
        const long k = weights->k, n = to - from;
        return copy(memory(preferred(k, n), processor(), weights->at(from)),
                    memory(plain(is_bfloat ? bfloat : single, k, n, k_stride, n_stride), processor(), target));
    });
}

t2_multiplier *t2_multiplier_new(void) {
    return guarded<t2_multiplier *>(nullptr, [] { return new t2_multiplier; });
}

void t2_multiplier_free(t2_multiplier *multiplier) { delete multiplier; }

namespace {

void multiply_by_library(t2_multiplier *multiplier, const t2_packed *weights, long from, long to, const uint16_t *x, long rows, float *y,
                         bool accumulates) {
    use_one_thread();
    while (rows > 0) {
        const long count = rows_at_once(rows);
        auto &product = multiplier->product({count, weights->k, to - from, accumulates});
        product.x.set_data_handle(const_cast<uint16_t *>(x));
        product.weights.set_data_handle(weights->at(from));
        product.y.set_data_handle(y);
        product.scratch.set_data_handle(multiplier->aligned_scratch());
        product.primitive.execute(multiplier->stream, product.arguments);
        x += count * weights->k;
        y += count * (to - from);
        rows -= count;
    }
    multiplier->stream.wait();
}

// The number of inputs that the library sums at a time in a product of k inputs, found by comparing bits; 0 if it sums in another way.
long inputs_at_once(t2_multiplier *multiplier, long k) {
    const auto known = multiplier->inputs.find(k);
    if (known != multiplier->inputs.end()) return known->second;
    long found = 0;
    if (packs_pairs()) {
        constexpr long n = 2 * T2_PACKED_COLUMNS;
        uint32_t random = 1;
        const auto next = [&random] {
            random = random * 1664525 + 1013904223;
            // Numbers of both signs between 2^-4 and 2^4.
            return static_cast<uint16_t>((random >> 31) << 15 | 0x3d80 + (random >> 8) % 0x400);
        };
        std::vector<uint16_t> source(k * n), x(few_rows * k);
        for (auto &value : source) value = next();
        for (auto &value : x) value = next();
        std::vector<char> bytes(preferred(k, n).get_size());
        t2_packed weights{k, n, bytes.data(), preferred(k, T2_PACKED_COLUMNS).get_size()};
        pack_all_pairs(&weights, 0, n, source.data(), n, 1);
        std::vector<float> theirs(few_rows * n), ours(few_rows * n);
        multiply_by_library(multiplier, &weights, 0, n, x.data(), few_rows, theirs.data(), false);
        for (long at_once = 64; found == 0; at_once *= 2) {
            if (multiply_few_rows(weights.bytes, weights.block, k, n, x.data(), few_rows, ours.data(), at_once) && ours == theirs) found = at_once;
            if (at_once >= k) break;
        }
    }
    multiplier->inputs[k] = found;
    return found;
}

}  // namespace

bool t2_multiply(t2_multiplier *multiplier, const t2_packed *weights, long from, long to, const uint16_t *x, long rows, float *y,
                 bool accumulates) {
    return guarded(false, [&] {
        const long at_once = rows <= few_rows && !accumulates ? inputs_at_once(multiplier, weights->k) : 0;
        if (at_once == 0 || !multiply_few_rows(weights->at(from), weights->block, weights->k, to - from, x, rows, y, at_once)) {
            multiply_by_library(multiplier, weights, from, to, x, rows, y, accumulates);
        }
        return true;
    });
}
