// furrow/kernels/registry.hpp
//
// The list of kernels: what each is called, what it takes, and how to run it on one tile.
// Everything that works on "any kernel" (the engine, the command, tests, benchmarks, docs) reads
// this list; a kernel is added by a folder and one line in registry.cpp.
//
// A kernel is a pure function on the caller's memory: no threads, no allocation, no I/O, no
// exceptions, no libm. Its result for element i depends on the inputs' element i, the parameters
// and i alone: not on the tile's bounds, not on its neighbours, not on the number of workers.
//
// Three families, by the shape of the function:
//   elementwise   out[i] = f(in0[i], in1[i], …; parameters)        `in` may be the same memory as
//   `out` random        out[i] = f(first_index + i; parameters)          writes only reduce partial
//   = fold of one tile; combine(partial, partial); finish -> numbers
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <furrow/kernels/dtype.hpp>

namespace furrow::kernels {

/// A parameter's value. Which member counts is said by Parameter::kind and the variant's dtype.
union Scalar {
  double f64;         // Kind::real, and Kind::element of f16, f32, f64
  std::int64_t i64;   // Kind::element of a signed integer
  std::uint64_t u64;  // Kind::count, and Kind::element of an unsigned integer or bool
  double c128[2];     // Kind::element of c64, c128: real, imaginary
};
static_assert(sizeof(Scalar) == 16);

struct Parameter {
  enum class Kind : std::uint8_t {
    element,  // one value of the operand's dtype
    real,     // a double whatever the dtype
    count,    // an unsigned integer: a seed, a stream
  };
  std::string_view name;
  Kind kind;
  bool has_default;
  double default_value;  // exact for every default in the list
};

inline constexpr std::size_t inputs_max = 3;
inline constexpr std::size_t parameters_max = 4;

/// One tile for an elementwise or random kernel. Strides are in elements and may be 0 (broadcast)
/// or negative; out may equal an input (same address and stride) but not overlap it otherwise.
struct MapCall {
  void* out;
  std::ptrdiff_t out_stride;
  const void* in[inputs_max];
  std::ptrdiff_t in_stride[inputs_max];
  std::size_t count;
  std::uint64_t first_index;  // index in the whole array of the tile's element 0
  Scalar parameters[parameters_max];
  // A hint: `out` is no input and will not be read soon, so a kernel may write past the caches. It
  // changes no bits. The caller orders the writes before later ones (stream_fence, tile_copy.hpp).
  bool streaming;
};
using MapFunction = void (*)(const MapCall&) noexcept;

/// One tile for a reduction. `in[1]` is read by two-operand reductions (dot).
struct ReduceCall {
  const void* in[2];
  std::ptrdiff_t in_stride[2];
  std::size_t count;
  std::uint64_t first_index;
  bool stream = false;  // a hint: the memory behind this tile is read next, by another call
};

/// Which fields of a ReduceResult count. f64[0] holds the value as a double in every kind.
enum class ResultKind : std::uint8_t {
  none,              // not a reduction
  real,              // f64[0]
  complex,           // f64[0] real, f64[1] imaginary
  signed_integer,    // i64, exact (f64[0] is it rounded)
  unsigned_integer,  // u64, exact (f64[0] is it rounded): unsigned sums, counts
  moments,           // u64 = count, f64[0] = mean, f64[1] = M2 = sum of (x - mean)^2:
                     // variance = M2 / count, of a sample M2 / (count - 1)
  boolean,           // u64: 0 or 1
};

/// What every reduction ends in; which fields count is said by ReduceFunctions::result.
struct ReduceResult {
  double f64[2];
  std::int64_t i64;
  std::uint64_t u64;
};

/// A partial is `partial_bytes` of trivially copyable memory, 16-byte aligned.
///
/// The bits of a reduction are fixed by this grid: cut the array into tiles of
/// reduce_tile_bytes / item_bytes(in[0]) elements, one partial each, and combine them by index in
/// the binary tree of combine_tree. A call of `tile` with more elements does just that itself, so
/// one call over a whole array and a call per tile plus combine_tree give the same bits.
inline constexpr std::size_t partial_bytes_max = 64;
inline constexpr std::size_t reduce_tile_bytes = 8192;
struct ReduceFunctions {
  std::size_t partial_bytes;
  void (*tile)(const ReduceCall&, void* partial) noexcept;                   // count >= 1
  void (*combine)(const void* left, const void* right, void* out) noexcept;  // out may be left
  void (*identity)(void* partial) noexcept;  // an empty array's partial; null when there is none
  void (*finish)(const void* partial, ReduceResult* out) noexcept;  // writes every field of *out
  ResultKind result;
};

/// Combines `count` >= 1 partials, `functions.partial_bytes` apart, into the first of them, always
/// in the same tree: neighbours first, ((p0 p1)(p2 p3))((p4 p5) p6); an odd one out waits.
/// The others are used as scratch.
void combine_tree(const ReduceFunctions& functions, void* partials, std::size_t count) noexcept;

/// One dtype of a kernel: the dtypes in and out, and the functions.
struct Variant {
  Dtype in[inputs_max];  // Dtype::none past the kernel's inputs
  Dtype out;
  MapFunction map;            // runs on target(); null for reduce
  MapFunction map_reference;  // plain scalar C++: the specification
  ReduceFunctions reduce;     // for reduce
  ReduceFunctions reduce_reference;
  /// What is wrong with these parameters, as "p must be in [0, 1]"; null, also as a function, when
  /// nothing is. The engine throws it as InvalidArgument before anything is written.
  const char* (*refusal)(const Scalar* parameters) noexcept = nullptr;
};

enum class Family : std::uint8_t { elementwise, reduce, random };

struct Kernel {
  std::string_view name;  // "axpby"
  Family family;
  std::string_view summary;  // one sentence
  std::string_view formula;  // "out = a*x + b*y"
  std::string_view numpy;    // the same in NumPy
  std::string_view error;    // "1.0 ULP", "exact", "correctly rounded"
  std::size_t input_count;   // 0..inputs_max; in place, input 0 is the output
  std::span<const Parameter> parameters;
  std::span<const Variant> variants;
  bool has_identity;  // reduce only: an empty array has an answer (sum 0; none for min)
};

/// All kernels, in the order of the documentation.
std::span<const Kernel> all() noexcept;

/// Adds a plugin's kernels to the list. They must stay where they are for the rest of the process's
/// life. False, and nothing added, when a name is taken or the list is full (256). One thread at a
/// time; readers are not disturbed.
bool add(std::span<const Kernel> kernels) noexcept;

/// The kernel of that name; null when there is none. "count" and "product", the names that
/// count_nonzero and prod once had, are still found.
const Kernel* find(std::string_view name) noexcept;

/// The kernel's variant whose input dtypes are exactly these and whose out is `out`; null when
/// there is none. Dtype::none for `out` takes the first variant of these inputs (its out decides).
/// A kernel without inputs (fill, random) is found by `out` alone. A reduction's out is that of
/// its result: f64, c128, i64, u64 or bool.
const Variant* find_variant(const Kernel& kernel, std::span<const Dtype> in, Dtype out) noexcept;

// --- SIMD targets -----------------------------------------------------------------------------
// The best compiled target that the CPU has is used, unless FURROW_TARGET names another or a test
// forces one. Names are Highway's ("AVX3", "AVX2", "SSE4", "SSSE3", "NEON", "EMU128", …).

// The choice is made at the first call and kept; a fork inherits it. An unknown FURROW_TARGET is
// ignored (target() says what runs).

/// Targets compiled in and supported by this CPU, best first.
std::span<const std::string_view> targets() noexcept;
/// The target that calls go to now.
std::string_view target() noexcept;
/// Forces one target for this process; "" gives the choice back. False when it is not in targets().
bool force_target(std::string_view name) noexcept;

}  // namespace furrow::kernels
