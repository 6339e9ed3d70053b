#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/expression/chain.cpp"
#include <hwy/foreach_target.h>
//
#include <cstdint>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/expression/chain.hpp>
#include <furrow/kernels/packed.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels::expression {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// `Vectors` vectors from element i on through all steps. One decision for each step and all of
/// the vectors, which stay in registers meanwhile.
template <std::size_t Vectors, class D, class T = hn::TFromD<D>>
HWY_INLINE void run_vectors(D d, const ChainCall& call, std::size_t i, bool stream) noexcept {
  using V = hn::Vec<D>;
  const std::size_t lanes = hn::Lanes(d);
  V v[Vectors];
  const auto each = [&](auto f) HWY_ATTR {
    for (std::size_t k = 0; k < Vectors; ++k) v[k] = f(v[k], k);
  };
  const T* const start = static_cast<const T*>(call.start) + i;
  each([&](V, std::size_t k) HWY_ATTR { return hn::LoadU(d, start + k * lanes); });
  for (const ChainStep& step : call.steps) {
    const auto load = [&](std::size_t k) HWY_ATTR {
      return hn::LoadU(d, static_cast<const T*>(step.operand) + i + k * lanes);
    };
    switch (step.link) {
      case Link::none: break;
      case Link::add: each([&](V x, std::size_t k) HWY_ATTR { return hn::Add(x, load(k)); }); break;
      case Link::subtract:
        each([&](V x, std::size_t k) HWY_ATTR { return hn::Sub(x, load(k)); });
        break;
      case Link::subtract_from:
        each([&](V x, std::size_t k) HWY_ATTR { return hn::Sub(load(k), x); });
        break;
      case Link::multiply:
        each([&](V x, std::size_t k) HWY_ATTR { return hn::Mul(x, load(k)); });
        break;
      case Link::divide:
        each([&](V x, std::size_t k) HWY_ATTR { return hn::Div(x, load(k)); });
        break;
      case Link::divide_into:
        each([&](V x, std::size_t k) HWY_ATTR { return hn::Div(load(k), x); });
        break;
      case Link::square: each([&](V x, std::size_t) HWY_ATTR { return hn::Mul(x, x); }); break;
      case Link::scale: {
        const V a = hn::Set(d, element_of<T>(step.parameters[0]));
        each([&](V x, std::size_t) HWY_ATTR { return hn::Mul(a, x); });
        break;
      }
      case Link::affine: {
        const V a = hn::Set(d, element_of<T>(step.parameters[0]));
        const V b = hn::Set(d, element_of<T>(step.parameters[1]));
        each([&](V x, std::size_t) HWY_ATTR { return hn::MulAdd(a, x, b); });
        break;
      }
      case Link::negate: each([&](V x, std::size_t) HWY_ATTR { return hn::Neg(x); }); break;
      case Link::abs: each([&](V x, std::size_t) HWY_ATTR { return hn::Abs(x); }); break;
      case Link::sqrt: each([&](V x, std::size_t) HWY_ATTR { return hn::Sqrt(x); }); break;
    }
  }
  T* const out = static_cast<T*>(call.out) + i;
  if (stream) {
    // Highway streams 16 bytes at least.
    if constexpr (hn::MaxLanes(D()) * sizeof(T) >= 16) {
      for (std::size_t k = 0; k < Vectors; ++k) hn::Stream(v[k], d, out + k * lanes);
    }
  } else {
    for (std::size_t k = 0; k < Vectors; ++k) hn::StoreU(v[k], d, out + k * lanes);
  }
}

/// What lies 4 KiB behind: the instructions of a chain fill the processor's window before it holds
/// loads enough to keep memory busy (measured beside other processes: 0.7 of a fused loop's speed
/// without, 1.0 with; 2 and 8 KiB fetch less well).
HWY_INLINE void fetch_ahead(const ChainCall& call, std::size_t offset, std::size_t bytes) noexcept {
  constexpr std::size_t ahead = 4096;
  for (const void* operand : call.memory) {
    const char* const line = static_cast<const char*>(operand) + offset + ahead;
    for (std::size_t k = 0; k < bytes; k += 64) hwy::Prefetch(line + k);
  }
}

template <class T>
void run_packed(const ChainCall& call) noexcept {
  constexpr std::size_t at_once = 8;
  const hn::ScalableTag<T> d;
  const hn::CappedTag<T, 1> one;
  const std::size_t lanes = hn::Lanes(d);
  constexpr bool streams = hn::MaxLanes(hn::ScalableTag<T>()) * sizeof(T) >= 16;
  const bool aligned = reinterpret_cast<std::uintptr_t>(call.out) % (lanes * sizeof(T)) == 0;
  const bool stream = streams && call.streaming && aligned;
  std::size_t i = 0;
  for (; i + at_once * lanes <= call.count; i += at_once * lanes) {
    fetch_ahead(call, i * sizeof(T), at_once * lanes * sizeof(T));
    run_vectors<at_once>(d, call, i, stream);
  }
  for (; i + lanes <= call.count; i += lanes) run_vectors<1>(d, call, i, stream);
  for (; i < call.count; ++i) run_vectors<1>(one, call, i, false);
}

void run_f32(const ChainCall& call) noexcept { run_packed<float>(call); }
void run_f64(const ChainCall& call) noexcept { run_packed<double>(call); }

}  // namespace

const detail::ChainTable* chain_table() {
  static constexpr detail::ChainTable table{&run_f32, &run_f64};
  return &table;
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels::expression
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels::expression {

FURROW_EXPORT_TABLE(detail::ChainTable, chain);

namespace {
constinit Dispatch<detail::ChainTable> dispatch{resolve_chain};
}  // namespace

Link link_of(const Kernel& kernel, const Variant& variant, std::size_t position) noexcept {
  const bool real = variant.out == Dtype::f32 || variant.out == Dtype::f64;
  if (!real || variant.map == nullptr) return Link::none;
  for (std::size_t k = 0; k < kernel.input_count; ++k) {
    if (variant.in[k] != variant.out) return Link::none;
  }
  const bool first = position == 0;
  if (kernel.name == "add") return Link::add;
  if (kernel.name == "subtract") return first ? Link::subtract : Link::subtract_from;
  if (kernel.name == "multiply") return Link::multiply;
  if (kernel.name == "divide") return first ? Link::divide : Link::divide_into;
  if (kernel.name == "scale") return Link::scale;
  if (kernel.name == "affine") return Link::affine;
  if (kernel.name == "negate") return Link::negate;
  if (kernel.name == "abs") return Link::abs;
  if (kernel.name == "sqrt") return Link::sqrt;
  return Link::none;
}

void run_chain(Dtype dtype, const ChainCall& call) noexcept {
  const detail::ChainTable& table = dispatch.table();
  (dtype == Dtype::f32 ? table.f32 : table.f64)(call);
}

}  // namespace furrow::kernels::expression
#endif
