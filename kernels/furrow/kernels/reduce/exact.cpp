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

/// Integers of a tile (at most 8192 bytes) of 1 or 2 bytes sum up in 32 bits.
template <class T>
using TileSum = std::conditional_t<sizeof(T) <= 2, std::uint32_t, std::uint64_t>;

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
  TileSum<T> total = 0;
  for (std::size_t i = 0; i < call.count; ++i) total += static_cast<TileSum<T>>(x[i]);
  using Signed = std::make_signed_t<TileSum<T>>;
  store(std::is_signed_v<T> ? widen(static_cast<Signed>(total)) : total, partial);
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

/// Counts in 64 bytes of counters as wide as the elements, one for each place in the bytes: a tile
/// is 128 times as long, so that 8 bits do not overflow.
template <class T, class Test>
std::uint64_t count_if(const T* x, std::size_t count, Test test) noexcept {
  using Counter = std::conditional_t<
      sizeof(T) == 1, std::uint8_t,
      std::conditional_t<sizeof(T) == 2, std::uint16_t,
                         std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;
  constexpr std::size_t group = 64 / sizeof(T);
  Counter counter[group] = {};
  std::size_t i = 0;
  for (; i + group <= count; i += group) {
    for (std::size_t k = 0; k < group; ++k) {
      counter[k] = static_cast<Counter>(counter[k] + (test(x[i + k]) ? 1 : 0));
    }
  }
  std::uint64_t total = 0;
  for (std::size_t k = 0; k < group; ++k) total += counter[k];
  for (; i < count; ++i) total += test(x[i]) ? 1 : 0;
  return total;
}

template <class T>
void count(const ReduceCall& call, void* partial) noexcept {
  const T* x = static_cast<const T*>(call.in[0]);
  store(count_if(x, call.count, [](T v) HWY_ATTR { return v != T(0); }), partial);
}

/// From the count of what is not zero.
template <TileFunction Count>
void any_of(const ReduceCall& call, void* partial) noexcept {
  Count(call, partial);
  UnsignedPartial& p = *static_cast<UnsignedPartial*>(partial);
  p.value = p.value != 0 ? 1 : 0;
}
template <TileFunction Count>
void all_of(const ReduceCall& call, void* partial) noexcept {
  Count(call, partial);
  UnsignedPartial& p = *static_cast<UnsignedPartial*>(partial);
  p.value = p.value == call.count ? 1 : 0;
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
  store(count_if(x, call.count, [](T v) HWY_ATTR { return v != v; }), partial);
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
    table.at(ReduceOp::max, dtype_of<Ts>) = &max<Ts>),
   ...);
}

template <TileFunction Count>
constexpr void put_counts(ReduceTable& table, Dtype dtype) noexcept {
  table.at(ReduceOp::count, dtype) = Count;
  table.at(ReduceOp::any, dtype) = &any_of<Count>;
  table.at(ReduceOp::all, dtype) = &all_of<Count>;
}
template <class... Ts>
constexpr void put_counts_of(ReduceTable& table) noexcept {
  (put_counts<&count<Ts>>(table, dtype_of<Ts>), ...);
}

constexpr ReduceTable make_exact() noexcept {
  ReduceTable table;
  put_integers<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
               std::uint32_t, std::uint64_t>(table);
  // A bool is a byte that holds 0 or 1.
  table.at(ReduceOp::sum, Dtype::bool_) = &sum<std::uint8_t>;
  table.at(ReduceOp::min, Dtype::bool_) = &min<std::uint8_t>;
  table.at(ReduceOp::max, Dtype::bool_) = &max<std::uint8_t>;
  put_counts_of<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
                std::uint32_t, std::uint64_t, float, double>(table);
  put_counts<&count<std::uint8_t>>(table, Dtype::bool_);
  put_counts<&count_f16>(table, Dtype::f16);
  put_counts<&count_complex<float>>(table, Dtype::c64);
  put_counts<&count_complex<double>>(table, Dtype::c128);
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
