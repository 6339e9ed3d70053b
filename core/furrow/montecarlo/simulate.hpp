// furrow/montecarlo/simulate.hpp
//
// From a closure to the function that runs blocks of its paths.
//
// Generic   [](auto& path): compiled for every SIMD target into the user's program; given packs
// Plain     [](furrow::Path& path): compiled as the rest of the program; given one path at a time
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <tuple>
#include <type_traits>

#include <furrow/kernels/simd.hpp>
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/montecarlo/generators-inl.h"
#include <hwy/foreach_target.h>
// Highway after the list of targets.
#include <furrow/montecarlo/generators-inl.h>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/montecarlo/path.hpp>

namespace furrow::montecarlo {

/// Its operator() is no template.
template <class F>
concept Plain = requires {
  &F::operator();
}
|| std::is_function_v<std::remove_pointer_t<F>>;

/// The function of the target in use, of those that HWY_TARGETS lists.
#define FURROW_BLOCK_FUNCTION(name)                                           \
  [] {                                                                        \
    using ::furrow::montecarlo::BlockFunction;                                \
    static constexpr BlockFunction table[HWY_MAX_DYNAMIC_TARGETS + 2] = {     \
        nullptr, HWY_CHOOSE_TARGET_LIST(name), HWY_CHOOSE_FALLBACK(name)};    \
    const BlockFunction function = table[::furrow::kernels::dispatch_slot()]; \
    return function != nullptr ? function : &HWY_STATIC_DISPATCH(name);       \
  }()

/// A generic closure, compiled for the target in use.
template <class F>
struct Generic {
  using Result = std::invoke_result_t<const F&, HWY_STATIC_DISPATCH(PathPack)&>;
  static constexpr std::size_t outputs = HWY_STATIC_DISPATCH(Outputs)<Result>::value;
  static BlockFunction block() noexcept { return FURROW_BLOCK_FUNCTION(run_pseudo_block<F>); }
};

template <class R>
struct PlainOutputs : std::integral_constant<std::size_t, 1> {
  static_assert(std::is_arithmetic_v<R>, "a path returns a number, or an array or tuple of them");
  static void put(R x, double* out, std::size_t) noexcept { *out = static_cast<double>(x); }
};
template <class T, std::size_t N>
struct PlainOutputs<std::array<T, N>> : std::integral_constant<std::size_t, N> {
  static void put(const std::array<T, N>& x, double* out, std::size_t stride) noexcept {
    for (std::size_t i = 0; i < N; ++i) out[i * stride] = static_cast<double>(x[i]);
  }
};
template <class... T>
struct PlainOutputs<std::tuple<T...>> : std::integral_constant<std::size_t, sizeof...(T)> {
  static void put(const std::tuple<T...>& x, double* out, std::size_t stride) noexcept {
    std::apply(
        [&](const T&... each) {
          std::size_t i = 0;
          ((out[i++ * stride] = static_cast<double>(each)), ...);
        },
        x);
  }
};

/// A plain closure.
template <class F>
struct OnePath {
  using Result = std::remove_cvref_t<std::invoke_result_t<const F&, Path&>>;
  static constexpr std::size_t outputs = PlainOutputs<Result>::value;
  static BlockFunction block() noexcept { return &run; }

 private:
  static void run(const void* closure, const BlockCall& call) {
    const F& f = *static_cast<const F*>(closure);
    PathGroup group(call.sequence, call.mirrored);
    for (std::int64_t i = 0; i < call.count; ++i) {
      const std::size_t place = static_cast<std::size_t>(i) % PathGroup::paths;
      if (place == 0) group.move_to(static_cast<std::uint64_t>(call.first_path + i));
      Path path(group, place);
      if (!call.forgive) {
        PlainOutputs<Result>::put(f(path), call.out + i, call.stride);
        continue;
      }
      try {
        PlainOutputs<Result>::put(f(path), call.out + i, call.stride);
      } catch (...) {
        for (std::size_t k = 0; k < outputs; ++k) {
          call.out[k * call.stride + static_cast<std::size_t>(i)] =
              std::numeric_limits<double>::quiet_NaN();
        }
      }
    }
  }
};

/// What runs a closure: specialised for those that come with a generator of their own.
template <class F>
struct SimulationOf : std::conditional_t<Plain<F>, OnePath<F>, Generic<F>> {
  static constexpr bool grouped = false;  // true: the paths of a block depend on each other
  static constexpr const char* design = "independent paths";
};

}  // namespace furrow::montecarlo
