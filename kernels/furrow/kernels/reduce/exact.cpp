// furrow/kernels/reduce/exact.cpp
//
// Reductions whose result no order can change: wrapping integer sums and products, integer minima,
// counts. Plain loops, compiled once per SIMD target and vectorised by the compiler.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/reduce/exact.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <furrow/kernels/reduce/entries.hpp>
#include <furrow/kernels/reduce/partials.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

/// Sign-extended to 64 bits, where arithmetic wraps as i64 and u64 alike.
template <class T>
std::uint64_t widen(T x) noexcept {
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(x));
}

void store(std::uint64_t value, void* partial) noexcept {
  static_cast<UnsignedPartial*>(partial)->value = value;
}

template <class T>
void sum(const ReduceCall& call, void* partial) noexcept {
  const T* x = static_cast<const T*>(call.in[0]);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < call.count; ++i) total += widen(x[i]);
  store(total, partial);
}

template <class T>
void product(const ReduceCall& call, void* partial) noexcept {
  const T* x = static_cast<const T*>(call.in[0]);
  std::uint64_t total = 1;
  for (std::size_t i = 0; i < call.count; ++i) total *= widen(x[i]);
  store(total, partial);
}

template <class T>
void dot(const ReduceCall& call, void* partial) noexcept {
  const T* x = static_cast<const T*>(call.in[0]);
  const T* y = static_cast<const T*>(call.in[1]);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < call.count; ++i) total += widen(x[i]) * widen(y[i]);
  store(total, partial);
}

template <class T>
void min(const ReduceCall& call, void* partial) noexcept {
  const T* x = static_cast<const T*>(call.in[0]);
  T least = x[0];
  for (std::size_t i = 0; i < call.count; ++i) least = x[i] < least ? x[i] : least;
  store(widen(least), partial);
}

template <class T>
void max(const ReduceCall& call, void* partial) noexcept {
  const T* x = static_cast<const T*>(call.in[0]);
  T most = x[0];
  for (std::size_t i = 0; i < call.count; ++i) most = x[i] > most ? x[i] : most;
  store(widen(most), partial);
}

template <class T>
void count(const ReduceCall& call, void* partial) noexcept {
  const T* x = static_cast<const T*>(call.in[0]);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < call.count; ++i) total += x[i] != T(0) ? 1 : 0;
  store(total, partial);
}

/// By the bits of binary16: all but the sign are zero.
void count_f16(const ReduceCall& call, void* partial) noexcept {
  const auto* x = static_cast<const f16*>(call.in[0]);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < call.count; ++i) total += (x[i].bits() & 0x7fff) != 0 ? 1 : 0;
  store(total, partial);
}

template <class P>
void count_complex(const ReduceCall& call, void* partial) noexcept {
  const P* x = static_cast<const P*>(call.in[0]);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < call.count; ++i) {
    total += static_cast<std::uint64_t>((x[2 * i] != 0) | (x[2 * i + 1] != 0));
  }
  store(total, partial);
}

template <class T>
void count_nan(const ReduceCall& call, void* partial) noexcept {
  const T* x = static_cast<const T*>(call.in[0]);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < call.count; ++i) total += x[i] != x[i] ? 1 : 0;
  store(total, partial);
}

void count_nan_f16(const ReduceCall& call, void* partial) noexcept {
  const auto* x = static_cast<const f16*>(call.in[0]);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < call.count; ++i) total += (x[i].bits() & 0x7fff) > 0x7c00 ? 1 : 0;
  store(total, partial);
}

template <class P>
void count_nan_complex(const ReduceCall& call, void* partial) noexcept {
  const P* x = static_cast<const P*>(call.in[0]);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < call.count; ++i) {
    const P real = x[2 * i];
    const P imaginary = x[2 * i + 1];
    total += static_cast<std::uint64_t>((real != real) | (imaginary != imaginary));
  }
  store(total, partial);
}

template <class... Ts>
constexpr void put_integers(ReduceTable& table) noexcept {
  ((table.at(ReduceOp::sum, dtype_of<Ts>) = &sum<Ts>,
    table.at(ReduceOp::product, dtype_of<Ts>) = &product<Ts>,
    table.at(ReduceOp::dot, dtype_of<Ts>) = &dot<Ts>,
    table.at(ReduceOp::min, dtype_of<Ts>) = &min<Ts>,
    table.at(ReduceOp::max, dtype_of<Ts>) = &max<Ts>,
    table.at(ReduceOp::count, dtype_of<Ts>) = &count<Ts>),
   ...);
}

constexpr ReduceTable make_exact() noexcept {
  ReduceTable table;
  put_integers<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
               std::uint32_t, std::uint64_t>(table);
  // A bool is a byte that holds 0 or 1.
  table.at(ReduceOp::sum, Dtype::bool_) = &sum<std::uint8_t>;
  table.at(ReduceOp::count, Dtype::bool_) = &count<std::uint8_t>;
  table.at(ReduceOp::min, Dtype::bool_) = &min<std::uint8_t>;
  table.at(ReduceOp::max, Dtype::bool_) = &max<std::uint8_t>;
  table.at(ReduceOp::count, Dtype::f16) = &count_f16;
  table.at(ReduceOp::count, Dtype::f32) = &count<float>;
  table.at(ReduceOp::count, Dtype::f64) = &count<double>;
  table.at(ReduceOp::count, Dtype::c64) = &count_complex<float>;
  table.at(ReduceOp::count, Dtype::c128) = &count_complex<double>;
  table.at(ReduceOp::count_nan, Dtype::f16) = &count_nan_f16;
  table.at(ReduceOp::count_nan, Dtype::f32) = &count_nan<float>;
  table.at(ReduceOp::count_nan, Dtype::f64) = &count_nan<double>;
  table.at(ReduceOp::count_nan, Dtype::c64) = &count_nan_complex<float>;
  table.at(ReduceOp::count_nan, Dtype::c128) = &count_nan_complex<double>;
  return table;
}

// Not noexcept: HWY_EXPORT of Highway 1.0.3 takes none.
const ReduceTable* exact_table() {
  static constexpr ReduceTable table = make_exact();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

HWY_EXPORT(exact_table);

const ReduceTable* resolve_reduce_exact(std::size_t slot) noexcept {
  return FURROW_DISPATCH(exact_table, slot);
}

}  // namespace furrow::kernels
#endif
