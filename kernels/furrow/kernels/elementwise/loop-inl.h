// furrow/kernels/elementwise/loop-inl.h
//
// A scalar function as a loop over packed elements, once per SIMD target: for operations whose
// result no instruction set can change, vectorised by the compiler. Operand types may differ.
#if defined(FURROW_KERNELS_LOOP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_LOOP_INL_H_
#undef FURROW_KERNELS_LOOP_INL_H_
#else
#define FURROW_KERNELS_LOOP_INL_H_
#endif

#include <hwy/highway.h>

#include <utility>

#include <furrow/kernels/packed.hpp>

// The output may be an input itself, never a shifted view of it, so iterations are independent.
#ifndef FURROW_INDEPENDENT
#if defined(__clang__)
#define FURROW_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define FURROW_INDEPENDENT _Pragma("GCC ivdep")
#else
#define FURROW_INDEPENDENT
#endif
#endif

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {

/// out[i] = Spec::of(in0[i], in1[i], …), with the types that `of` has.
/// Several loops of plain code cannot ask for stores past the caches: those go through a buffer.
template <class Spec, class Function = decltype(Spec::of)>
struct Loop;

template <class Spec, class Out, class In0>
struct Loop<Spec, Out(In0) noexcept> {
  static void run(const MapCall& call) noexcept {
    if (call.streaming) return map_streaming(call, &run, {sizeof(Out), {sizeof(In0)}});
    auto* out = static_cast<Out*>(call.out);
    const auto* x = static_cast<const In0*>(call.in[0]);
    const std::size_t count = call.count;
    FURROW_INDEPENDENT
    for (std::size_t i = 0; i < count; ++i) out[i] = Spec::of(x[i]);
  }
};

template <class Spec, class Out, class In0, class In1>
struct Loop<Spec, Out(In0, In1) noexcept> {
  static void run(const MapCall& call) noexcept {
    if (call.streaming) return map_streaming(call, &run, {sizeof(Out), {sizeof(In0), sizeof(In1)}});
    auto* out = static_cast<Out*>(call.out);
    const auto* x = static_cast<const In0*>(call.in[0]);
    const auto* y = static_cast<const In1*>(call.in[1]);
    const std::size_t count = call.count;
    FURROW_INDEPENDENT
    for (std::size_t i = 0; i < count; ++i) out[i] = Spec::of(x[i], y[i]);
  }
};

template <class Spec, class Out, class In0, class In1, class In2>
struct Loop<Spec, Out(In0, In1, In2) noexcept> {
  static void run(const MapCall& call) noexcept {
    if (call.streaming)
      return map_streaming(call, &run, {sizeof(Out), {sizeof(In0), sizeof(In1), sizeof(In2)}});
    auto* out = static_cast<Out*>(call.out);
    const auto* x = static_cast<const In0*>(call.in[0]);
    const auto* y = static_cast<const In1*>(call.in[1]);
    const auto* z = static_cast<const In2*>(call.in[2]);
    const std::size_t count = call.count;
    FURROW_INDEPENDENT
    for (std::size_t i = 0; i < count; ++i) out[i] = Spec::of(x[i], y[i], z[i]);
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
