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
//   elementwise   out[i] = f(in0[i], in1[i], …; parameters)        `in` may be the same memory as `out`
//   random        out[i] = f(first_index + i; parameters)          writes only
//   reduce        partial = fold of one tile; combine(partial, partial); finish -> numbers
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
};
using MapFunction = void (*)(const MapCall&) noexcept;

/// One tile for a reduction. `in[1]` is read by two-operand reductions (dot).
struct ReduceCall {
  const void* in[2];
  std::ptrdiff_t in_stride[2];
  std::size_t count;
  std::uint64_t first_index;
};

/// What every reduction ends in; which fields count is said by ReduceVariant::results.
struct ReduceResult {
  double f64[2];         // real (and imaginary) part, or a float's value
  std::int64_t i64;      // signed integers, exact
  std::uint64_t u64;     // unsigned integers, exact; counts; indices
};

/// A partial is `partial_bytes` of trivially copyable memory, 16-byte aligned.
inline constexpr std::size_t partial_bytes_max = 64;
struct ReduceFunctions {
  std::size_t partial_bytes;
  void (*tile)(const ReduceCall&, void* partial) noexcept;                       // writes *partial
  void (*combine)(const void* left, const void* right, void* out) noexcept;      // out may be left
};

/// One dtype of a kernel: the dtypes in and out, and the functions.
struct Variant {
  Dtype in[inputs_max];  // Dtype::none past the kernel's inputs
  Dtype out;
  MapFunction map;            // best on this CPU (or the forced target); null for reduce
  MapFunction map_reference;  // plain scalar C++: the specification
  ReduceFunctions reduce;            // for reduce
  ReduceFunctions reduce_reference;
};

enum class Family : std::uint8_t { elementwise, reduce, random };

struct Kernel {
  std::string_view name;      // "axpby"
  Family family;
  std::string_view summary;   // one sentence
  std::string_view formula;   // "out = a*x + b*y"
  std::string_view numpy;     // the same in NumPy
  std::string_view error;     // "1.0 ULP", "exact", "correctly rounded"
  std::size_t input_count;    // 0..inputs_max; in place, input 0 is the output
  std::span<const Parameter> parameters;
  std::span<const Variant> variants;
  /// reduce only: the empty array's answer exists, and the partial's meaning
  bool has_identity;
};

/// All kernels, in the order of the documentation.
std::span<const Kernel> all() noexcept;

/// The kernel of that name; null when there is none.
const Kernel* find(std::string_view name) noexcept;

/// The kernel's variant whose input dtypes are exactly these (random: whose out is `out`); null when none.
const Variant* find_variant(const Kernel& kernel, std::span<const Dtype> in, Dtype out) noexcept;

// --- SIMD targets -----------------------------------------------------------------------------
// The best compiled target that the CPU has is used, unless FURROW_TARGET names another or a test
// forces one. Names are Highway's ("AVX3", "AVX2", "SSE4", "SSSE3", "NEON", "EMU128", …).

/// Targets compiled in and supported by this CPU, best first.
std::span<const std::string_view> targets() noexcept;
/// The target that calls go to now.
std::string_view target() noexcept;
/// Forces one target for this process; "" gives the choice back. False when it is not in targets().
bool force_target(std::string_view name) noexcept;

}  // namespace furrow::kernels
