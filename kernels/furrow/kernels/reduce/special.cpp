// furrow/kernels/reduce/special.cpp
//
// Norms, and the reductions that leave NaN out, of one tile: 16 virtual lanes of f64 as in
// floating.cpp.
//
// Norm of order 2: the plain sum of squares where that can neither overflow nor underflow, which
// its value tells; else the tile is summed again, scaled by an exact power of two (Blue, "A
// portable Fortran program to find the Euclidean norm of a vector", ACM TOMS 4, 1978; with the
// choice made per tile instead of per element).
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/reduce/special.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <furrow/kernels/reduce/lanes-inl.h>
#include <furrow/kernels/reduce/entries.hpp>
#include <furrow/kernels/reduce/partials.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

/// Calls step(index of the register, 16/registers elements as f64) in the order of the lanes. The
/// padding of the tail is NaN or 0.
template <class T, class Step>
HWY_INLINE void for_lanes(const ReduceCall& call, double padding, Step step) noexcept {
  const T* const x = static_cast<const T*>(call.in[0]);
  const auto visit = [&](const auto* group) HWY_ATTR {
    for (std::size_t r = 0; r < registers; ++r) step(r, load_f64(group + r * lanes));
  };
  if constexpr (std::is_floating_point_v<T>) {
    for_groups(x, call.count, static_cast<T>(padding), call.stream, visit);
  } else {
    constexpr std::size_t chunk = 256;  // a multiple of the lanes: the lanes go on where they were
    alignas(64) double wide[chunk];
    for (std::size_t begin = 0; begin < call.count; begin += chunk) {
      const std::size_t count = std::min(chunk, call.count - begin);
      for (std::size_t i = 0; i < count; ++i) wide[i] = static_cast<double>(x[begin + i]);
      for_groups(wide, count, padding, false, visit);
    }
  }
}

template <class T>
void norm1(const ReduceCall& call, void* partial) noexcept {
  Lanes total(0.0);
  for_lanes<T>(call, 0.0, [&](std::size_t r, V x) HWY_ATTR {
    total.part[r] = hn::Add(total.part[r], hn::Abs(x));
  });
  static_cast<RealPartial*>(partial)->value = total.fold();
}

template <class T>
HWY_INLINE double squares(const ReduceCall& call, double factor) noexcept {
  const V scale = hn::Set(D{}, factor);
  Lanes total(0.0);
  for_lanes<T>(call, 0.0, [&](std::size_t r, V x) HWY_ATTR {
    const V scaled = hn::Mul(x, scale);
    total.part[r] = hn::MulAdd(scaled, scaled, total.part[r]);
  });
  return total.fold();
}

template <class T>
void norm2(const ReduceCall& call, void* partial) noexcept {
  NormPartial& out = *static_cast<NormPartial*>(partial);
  out = {squares<T>(call, 1.0), 0};
  if constexpr (std::is_same_v<T, double>) {
    if (out.sum >= norm_least && out.sum <= norm_most) return;
    const bool small = out.sum < norm_least;
    out.sum = squares<T>(call, small ? norm_up : norm_down);
    out.scale = small ? -norm_scale : norm_scale;
  }
}

/// Of complex numbers that of all their parts.
template <class P>
void norm2_complex(const ReduceCall& call, void* partial) noexcept {
  ReduceCall parts = call;
  parts.count *= 2;
  norm2<P>(parts, partial);
}

/// The greater of |x| and best, NaN as soon as one is NaN.
template <class T>
void norm_inf(const ReduceCall& call, void* partial) noexcept {
  Lanes best(0.0);
  for_lanes<T>(call, 0.0, [&](std::size_t r, V x) HWY_ATTR {
    const V size = hn::Abs(x);
    const auto keep = hn::Or(hn::Gt(best.part[r], size), hn::IsNaN(best.part[r]));
    best.part[r] = hn::IfThenElse(keep, best.part[r], size);
  });
  double all[lanes_virtual];
  best.fold_to<lanes_virtual>(all, Plus{});
  double result = all[0];
  for (std::size_t k = 1; k < lanes_virtual; ++k) result = greater(result, all[k]);
  static_cast<RealPartial*>(partial)->value = result;
}

template <class T>
void nansum(const ReduceCall& call, void* partial) noexcept {
  Lanes total(0.0);
  for_lanes<T>(call, 0.0, [&](std::size_t r, V x) HWY_ATTR {
    total.part[r] = hn::Add(total.part[r], hn::IfThenElse(hn::IsNaN(x), hn::Zero(D{}), x));
  });
  static_cast<RealPartial*>(partial)->value = total.fold();
}

template <class T>
void nanprod(const ReduceCall& call, void* partial) noexcept {
  const V one = hn::Set(D{}, 1.0);
  Lanes total(1.0);
  for_lanes<T>(call, 1.0, [&](std::size_t r, V x) HWY_ATTR {
    total.part[r] = hn::Mul(total.part[r], hn::IfThenElse(hn::IsNaN(x), one, x));
  });
  static_cast<RealPartial*>(partial)->value = total.fold(Times{});
}

/// Starts as NaN, which any number replaces.
template <class T, bool Greatest>
void nanextreme(const ReduceCall& call, void* partial) noexcept {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Lanes best(nan);
  for_lanes<T>(call, nan, [&](std::size_t r, V x) HWY_ATTR {
    const auto before = Greatest ? hn::Gt(best.part[r], x) : hn::Lt(best.part[r], x);
    const auto keep = hn::Or(before, hn::IsNaN(x));
    best.part[r] = hn::IfThenElse(keep, best.part[r], x);
  });
  double all[lanes_virtual];
  best.fold_to<lanes_virtual>(all, Plus{});
  double result = all[0];
  for (std::size_t k = 1; k < lanes_virtual; ++k) {
    result = Greatest ? greater_number(result, all[k]) : lesser_number(result, all[k]);
  }
  static_cast<RealPartial*>(partial)->value = result;
}

/// The numbers of each 1024 elements moved together, then their moments.
template <class T>
void nanmean_variance(const ReduceCall& call, void* partial) noexcept {
  const T* const x = static_cast<const T*>(call.in[0]);
  alignas(64) double numbers[moments_elements];
  MomentsTree tree(&combine_in_place);
  for (std::size_t begin = 0; begin < call.count; begin += moments_elements) {
    const std::size_t count = std::min(moments_elements, call.count - begin);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto value = static_cast<double>(x[begin + i]);
      numbers[kept] = value;
      kept += value == value ? 1 : 0;
    }
    tree.add(kept != 0 ? moments(numbers, kept, false) : MomentsPartial{});
  }
  *static_cast<MomentsPartial*>(partial) = tree.total();
}

/// binary16 goes through f32, which holds each of its values.
template <TileFunction Wide>
void through_f32(const ReduceCall& call, void* partial) noexcept {
  alignas(64) float wide[tile_elements(sizeof(f16))];
  const auto* x = static_cast<const f16*>(call.in[0]);
  for (std::size_t i = 0; i < call.count; ++i) wide[i] = static_cast<float>(x[i]);
  ReduceCall widened = call;
  widened.in[0] = wide;
  widened.stream = false;
  Wide(widened, partial);
}

template <class... Ts>
constexpr void put_norms(ReduceTable& table) noexcept {
  ((table.at(ReduceOp::norm1, dtype_of<Ts>) = &norm1<Ts>,
    table.at(ReduceOp::norm2, dtype_of<Ts>) = &norm2<Ts>,
    table.at(ReduceOp::norm_inf, dtype_of<Ts>) = &norm_inf<Ts>),
   ...);
}

template <class T>
constexpr void put_ignoring(ReduceTable& table) noexcept {
  table.at(ReduceOp::nansum, dtype_of<T>) = &nansum<T>;
  table.at(ReduceOp::nanprod, dtype_of<T>) = &nanprod<T>;
  table.at(ReduceOp::nanmin, dtype_of<T>) = &nanextreme<T, false>;
  table.at(ReduceOp::nanmax, dtype_of<T>) = &nanextreme<T, true>;
  table.at(ReduceOp::nanmean_variance, dtype_of<T>) = &nanmean_variance<T>;
}

constexpr ReduceTable make_special() noexcept {
  ReduceTable table;
  put_norms<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
            std::uint32_t, std::uint64_t, float, double>(table);
  put_ignoring<float>(table);
  put_ignoring<double>(table);
  table.at(ReduceOp::nansum, Dtype::f16) = &through_f32<&nansum<float>>;
  table.at(ReduceOp::nanmin, Dtype::f16) = &through_f32<&nanextreme<float, false>>;
  table.at(ReduceOp::nanmax, Dtype::f16) = &through_f32<&nanextreme<float, true>>;
  table.at(ReduceOp::norm2, Dtype::c64) = &norm2_complex<float>;
  table.at(ReduceOp::norm2, Dtype::c128) = &norm2_complex<double>;
  table.at(ReduceOp::nanmean_variance, Dtype::f16) = &nanmean_variance<f16>;
  return table;
}

// Not noexcept: HWY_EXPORT of Highway 1.0.3 takes none.
const ReduceTable* special_table() {
  static constexpr ReduceTable table = make_special();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

HWY_EXPORT(special_table);

const ReduceTable* resolve_reduce_special(std::size_t slot) noexcept {
  return FURROW_DISPATCH(special_table, slot);
}

}  // namespace furrow::kernels
#endif
