// furrow/kernels/reduce/floating.cpp
//
// Floating-point reductions of one tile: 16 virtual lanes of f64 whatever the register width, so
// every target adds in the same order; the tail is padded with elements that change nothing.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/reduce/floating.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <algorithm>

#include <furrow/kernels/reduce/lanes-inl.h>
#include <furrow/kernels/reduce/entries.hpp>
#include <furrow/kernels/reduce/partials.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files
namespace hn = hwy::HWY_NAMESPACE;

/// Whether the registers hold the accumulators of two tiles.
constexpr bool pairs = HWY_TARGET != HWY_SCALAR && lanes >= 4;

struct PlusValues {
  HWY_INLINE double operator()(double x, double y) const noexcept { return x + y; }
};

template <class T>
void sum(const ReduceCall& call, void* partial) noexcept {
  const T* const x = static_cast<const T*>(call.in[0]);
  const auto one = [&](std::size_t first, std::size_t count)
                       HWY_ATTR { return sum_lanes(x + first, count, call.stream).fold(); };
  const auto both = [&](std::size_t first, std::size_t second, double* sums) HWY_ATTR {
    Lanes a(0.0);
    Lanes b(0.0);
    for (std::size_t i = 0; i < tile_elements(sizeof(T)); i += lanes_virtual) {
      add_group(a, x + first + i);
      add_group(b, x + second + i);
    }
    sums[0] = a.fold();
    sums[1] = b.fold();
  };
  static_cast<RealPartial*>(partial)->value =
      fold_tiles<pairs, T>(call.count, one, both, PlusValues{});
}

/// Even lanes are real parts and odd ones imaginary: 8 virtual lanes of each.
template <class P>
void sum_complex(const ReduceCall& call, void* partial) noexcept {
  const P* const x = static_cast<const P*>(call.in[0]);
  double parts[2];
  const Lanes total = sum_lanes(x, 2 * call.count, call.stream);
  total.fold_to<2>(parts, Plus{});
  *static_cast<ComplexPartial*>(partial) = {parts[0], parts[1]};
}

template <class T>
void product(const ReduceCall& call, void* partial) noexcept {
  const T* x = static_cast<const T*>(call.in[0]);
  Lanes total(1.0);
  for_groups(x, call.count, T(1), call.stream, [&](const T* group) HWY_ATTR {
    for (std::size_t r = 0; r < registers; ++r) {
      total.part[r] = hn::Mul(total.part[r], load_f64(group + r * lanes));
    }
  });
  static_cast<RealPartial*>(partial)->value = total.fold(Times{});
}

template <class T>
HWY_INLINE double dot_tile(const T* x, const T* y, std::size_t count) noexcept {
  Lanes total(0.0);
  const auto step = [&](const T* a, const T* b) HWY_ATTR {
    for (std::size_t r = 0; r < registers; ++r) {
      const std::size_t at = r * lanes;
      total.part[r] = hn::MulAdd(load_f64(a + at), load_f64(b + at), total.part[r]);
    }
  };
  std::size_t i = 0;
  for (; i + lanes_virtual <= count; i += lanes_virtual) step(x + i, y + i);
  if (i != count) {
    const Tail<T> a(x + i, count - i, T(0));
    const Tail<T> b(y + i, count - i, T(0));
    step(a.values, b.values);
  }
  return total.fold();
}

/// One tile after the other, and nothing fetched ahead: these are two places in memory already.
template <class T>
void dot(const ReduceCall& call, void* partial) noexcept {
  const T* const x = static_cast<const T*>(call.in[0]);
  const T* const y = static_cast<const T*>(call.in[1]);
  const auto one = [&](std::size_t first, std::size_t count)
                       HWY_ATTR { return dot_tile(x + first, y + first, count); };
  static_cast<RealPartial*>(partial)->value =
      fold_tiles<false, T>(call.count, one, one, PlusValues{});
}

/// Narrower types have more elements in a tile: 1024 at a time as f64, combined in a tree.
template <class T>
void mean_variance(const ReduceCall& call, void* partial) noexcept {
  const T* x = static_cast<const T*>(call.in[0]);
  if constexpr (std::is_same_v<T, double>) {
    *static_cast<MomentsPartial*>(partial) = moments(x, call.count, call.stream);
  } else {
    alignas(64) double wide[moments_elements];
    MomentsTree tree(&combine_in_place);
    for (std::size_t begin = 0; begin < call.count; begin += moments_elements) {
      const std::size_t count = std::min(moments_elements, call.count - begin);
      for (std::size_t i = 0; i < count; ++i) wide[i] = static_cast<double>(x[begin + i]);
      tree.add(moments(wide, count, false));
    }
    *static_cast<MomentsPartial*>(partial) = tree.total();
  }
}

/// Keeps x when it comes before y or is NaN, else takes y, which may be NaN: compare and select,
/// because the instructions for min and max differ between targets about NaN and -0. `fast` differs
/// in taking y when x is NaN, as the one instruction of x86 does.
struct Least {
  template <class A>
  HWY_INLINE A operator()(A x, A y) const noexcept {
    return hn::IfThenElse(hn::Or(hn::Lt(x, y), hn::IsNaN(x)), x, y);
  }
  template <class A>
  static HWY_INLINE A fast(A x, A y) noexcept {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
    return hn::Min(x, y);
#else
    return hn::IfThenElse(hn::Lt(x, y), x, y);
#endif
  }
  static double of(double x, double y) noexcept { return lesser(x, y); }
};
struct Most {
  template <class A>
  HWY_INLINE A operator()(A x, A y) const noexcept {
    return hn::IfThenElse(hn::Or(hn::Gt(x, y), hn::IsNaN(x)), x, y);
  }
  template <class A>
  static HWY_INLINE A fast(A x, A y) noexcept {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
    return hn::Max(x, y);
#else
    return hn::IfThenElse(hn::Gt(x, y), x, y);
#endif
  }
  static double of(double x, double y) noexcept { return greater(x, y); }
};

/// The best of each of 256 bytes' worth of lanes, whatever the registers hold: 4 of AVX-512 (8, 16)
/// hide the latency. The sum tells whether a NaN was among them: infinities that cancel only look
/// like one.
template <class Order, class T>
struct Best {
  using DT = hn::ScalableTag<T>;
  static constexpr std::size_t width = hn::MaxLanes(DT{});
  static constexpr std::size_t group = 256 / sizeof(T);
  static constexpr std::size_t parts = group / width;
  static constexpr std::size_t sums = parts < 4 ? parts : 4;
  hn::Vec<DT> part[parts];
  hn::Vec<DT> sum[sums];

  explicit HWY_INLINE Best(T start) noexcept {
    for (auto& p : part) p = hn::Set(DT{}, start);
    for (auto& s : sum) s = hn::Zero(DT{});
  }
  HWY_INLINE void add_fast(const T* at) noexcept {
    for (std::size_t r = 0; r < parts; ++r) {
      const auto y = hn::LoadU(DT{}, at + r * width);
      part[r] = Order::fast(part[r], y);
      sum[r % sums] = hn::Add(sum[r % sums], y);
    }
  }
  HWY_INLINE bool may_hold_nan() const noexcept {
    auto all = sum[0];
    for (std::size_t r = 1; r < sums; ++r) all = hn::Add(all, sum[r]);
    return !hn::AllFalse(DT{}, hn::IsNaN(all));
  }
  HWY_INLINE void add(const T* at) noexcept {
    for (std::size_t r = 0; r < parts; ++r) {
      part[r] = Order{}(part[r], hn::LoadU(DT{}, at + r * width));
    }
  }
  /// Lanes in halves.
  HWY_INLINE double fold() const noexcept {
    hn::Vec<DT> v[parts];
    for (std::size_t r = 0; r < parts; ++r) v[r] = part[r];
    for (std::size_t count = parts / 2; count != 0; count /= 2) {
      for (std::size_t r = 0; r < count; ++r) v[r] = Order{}(v[r], v[r + count]);
    }
    T result;
    fold_register<1>(DT{}, v[0], &result, Order{});
    return static_cast<double>(result);
  }
};

/// Calls step(group) on each group of a tile, the last one padded with the first element.
template <std::size_t Group, class T, class Step>
HWY_INLINE void for_wide_groups(const T* x, std::size_t count, bool stream, Step step) noexcept {
  std::size_t i = 0;
  if (stream) {
    for (; i + Group <= count; i += Group) {
      for (std::size_t k = 0; k < Group; k += lanes_virtual) fetch_ahead(x + i + k);
      step(x + i);
    }
  }
  for (; i + Group <= count; i += Group) step(x + i);
  if (i == count) return;
  alignas(64) T all[Group];
  std::fill(std::begin(all), std::end(all), x[0]);
  std::copy(x + i, x + count, all);
  step(all);
}

template <class Order, class T>
HWY_INLINE double extreme_tile(const T* x, std::size_t count, bool stream) noexcept {
  constexpr std::size_t group = Best<Order, T>::group;
  Best<Order, T> best(x[0]);
  for_wide_groups<group>(x, count, stream, [&](const T* at) HWY_ATTR { best.add_fast(at); });
  if (HWY_LIKELY(!best.may_hold_nan())) return best.fold();
  Best<Order, T> exact(x[0]);
  for_wide_groups<group>(x, count, false, [&](const T* at) HWY_ATTR { exact.add(at); });
  return exact.fold();
}

template <class Order, class T>
void extreme(const ReduceCall& call, void* partial) noexcept {
  const T* const x = static_cast<const T*>(call.in[0]);
  const auto one = [&](std::size_t first, std::size_t count)
                       HWY_ATTR { return extreme_tile<Order>(x + first, count, call.stream); };
  static_cast<RealPartial*>(partial)->value =
      fold_tiles<false, T>(call.count, one, one, &Order::of);
}

/// binary16 goes through f32, which holds each of its values.
template <TileFunction Wide>
void through_f32(const ReduceCall& call, void* partial) noexcept {
  alignas(64) float wide[tile_elements(sizeof(f16))];
  const auto* x = static_cast<const f16*>(call.in[0]);
  for (std::size_t i = 0; i < call.count; ++i) wide[i] = static_cast<float>(x[i]);
  ReduceCall widened = call;
  widened.in[0] = wide;
  Wide(widened, partial);
}

template <class... Ts>
constexpr void put_mean_variance(ReduceTable& table) noexcept {
  ((table.at(ReduceOp::mean_variance, dtype_of<Ts>) = &mean_variance<Ts>), ...);
}

template <class T>
constexpr void put_float(ReduceTable& table) noexcept {
  table.at(ReduceOp::sum, dtype_of<T>) = &sum<T>;
  table.at(ReduceOp::product, dtype_of<T>) = &product<T>;
  table.at(ReduceOp::dot, dtype_of<T>) = &dot<T>;
  table.at(ReduceOp::min, dtype_of<T>) = &extreme<Least, T>;
  table.at(ReduceOp::max, dtype_of<T>) = &extreme<Most, T>;
}

constexpr ReduceTable make_floating() noexcept {
  ReduceTable table;
  put_float<float>(table);
  put_float<double>(table);
  put_mean_variance<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                    std::uint16_t, std::uint32_t, std::uint64_t, f16, float, double>(table);
  table.at(ReduceOp::sum, Dtype::c64) = &sum_complex<float>;
  table.at(ReduceOp::sum, Dtype::c128) = &sum_complex<double>;
  table.at(ReduceOp::sum, Dtype::f16) = &through_f32<&sum<float>>;
  table.at(ReduceOp::min, Dtype::f16) = &through_f32<&extreme<Least, float>>;
  table.at(ReduceOp::max, Dtype::f16) = &through_f32<&extreme<Most, float>>;
  return table;
}

// Not noexcept: HWY_EXPORT of Highway 1.0.3 takes none.
const ReduceTable* floating_table() {
  static constexpr ReduceTable table = make_floating();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

HWY_EXPORT(floating_table);

const ReduceTable* resolve_reduce_floating(std::size_t slot) noexcept {
  return FURROW_DISPATCH(floating_table, slot);
}

}  // namespace furrow::kernels
#endif
