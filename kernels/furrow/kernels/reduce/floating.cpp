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

template <class T>
void sum(const ReduceCall& call, void* partial) noexcept {
  const T* x = static_cast<const T*>(call.in[0]);
  static_cast<RealPartial*>(partial)->value = sum_lanes(x, call.count, call.stream).fold();
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
void dot(const ReduceCall& call, void* partial) noexcept {
  const T* x = static_cast<const T*>(call.in[0]);
  const T* y = static_cast<const T*>(call.in[1]);
  Lanes total(0.0);
  const auto step = [&](const T* a, const T* b) HWY_ATTR {
    for (std::size_t r = 0; r < registers; ++r) {
      const std::size_t at = r * lanes;
      total.part[r] = hn::MulAdd(load_f64(a + at), load_f64(b + at), total.part[r]);
    }
  };
  std::size_t i = 0;
  if (call.stream) {
    for (; i + lanes_virtual <= call.count; i += lanes_virtual) {
      fetch_ahead(x + i);
      fetch_ahead(y + i);
      step(x + i, y + i);
    }
  }
  for (; i + lanes_virtual <= call.count; i += lanes_virtual) step(x + i, y + i);
  if (i != call.count) {
    const Tail<T> a(x + i, call.count - i, T(0));
    const Tail<T> b(y + i, call.count - i, T(0));
    step(a.values, b.values);
  }
  static_cast<RealPartial*>(partial)->value = total.fold();
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

struct Least {
  template <class M, class A>
  static HWY_INLINE M before(A x, A y) noexcept {
    return hn::Lt(x, y);
  }
  static double fold(double x, double y) noexcept { return lesser(x, y); }
};
struct Most {
  template <class M, class A>
  static HWY_INLINE M before(A x, A y) noexcept {
    return hn::Gt(x, y);
  }
  static double fold(double x, double y) noexcept { return greater(x, y); }
};

/// Keeps the accumulator when it comes before x or is NaN, else takes x, which may be NaN: compare
/// and select, because the instructions for min and max differ between targets about NaN and -0.
/// 4 registers of AVX-512 (8, 16) hide the latency; starts and pads with the first element.
template <class Order, class T>
void extreme(const ReduceCall& call, void* partial) noexcept {
  const hn::ScalableTag<T> d;
  using A = hn::Vec<hn::ScalableTag<T>>;
  using M = hn::Mask<hn::ScalableTag<T>>;
  constexpr std::size_t width = hn::MaxLanes(hn::ScalableTag<T>());
  constexpr std::size_t group = 256 / sizeof(T);
  constexpr std::size_t parts = group / width;
  const T* x = static_cast<const T*>(call.in[0]);
  A best[parts];
  for (A& part : best) part = hn::Set(d, x[0]);
  const auto step = [&](const T* at) HWY_ATTR {
    for (std::size_t r = 0; r < parts; ++r) {
      const A y = hn::LoadU(d, at + r * width);
      const M keep = hn::Or(Order::template before<M>(best[r], y), hn::IsNaN(best[r]));
      best[r] = hn::IfThenElse(keep, best[r], y);
    }
  };
  std::size_t i = 0;
  if (call.stream) {
    for (; i + group <= call.count; i += group) {
      for (std::size_t k = 0; k < group; k += lanes_virtual) fetch_ahead(x + i + k);
      step(x + i);
    }
  }
  for (; i + group <= call.count; i += group) step(x + i);
  alignas(64) T all[group];
  if (i != call.count) {
    std::fill(std::begin(all), std::end(all), x[0]);
    std::copy(x + i, x + call.count, all);
    step(all);
  }
  for (std::size_t r = 0; r < parts; ++r) hn::StoreU(best[r], d, all + r * width);
  double result = static_cast<double>(all[0]);
  for (std::size_t k = 1; k < group; ++k) result = Order::fold(result, static_cast<double>(all[k]));
  static_cast<RealPartial*>(partial)->value = result;
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
