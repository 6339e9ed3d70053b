// furrow/montecarlo/quasi-inl.h
//
// Generators whose draws are the coordinates of quasi-random points. See quasi.hpp.
#if defined(FURROW_MONTECARLO_QUASI_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_MONTECARLO_QUASI_INL_H_
#undef FURROW_MONTECARLO_QUASI_INL_H_
#else
#define FURROW_MONTECARLO_QUASI_INL_H_
#endif

#include <array>
#include <cstddef>
#include <cstdint>

#include <furrow/kernels/quasi/halton-inl.h>
#include <furrow/kernels/quasi/sobol-inl.h>
#include <furrow/montecarlo/path-inl.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::montecarlo {
namespace HWY_NAMESPACE {

/// Two registers of points in order as those of even and of odd paths, which packs have.
inline void set_interleaved(V first, V second, V& even, V& odd) noexcept {
#if HWY_TARGET == HWY_SCALAR
  even = first;
  odd = second;
#else
  even = hn::InterleaveLower(D(), first, second);
  odd = hn::InterleaveUpper(D(), first, second);
#endif
}

/// What one dimension of a randomisation needs, found once for the first dimensions of a block.
struct SobolDimension {
  const kernels::SobolDirections* directions;
  kernels::QuasiKey key;
};

class SobolPoints {
 public:
  static constexpr std::uint32_t dimensions = kernels::sobol_dimensions;
  static constexpr std::uint32_t kept = 512;  // prepared dimensions, as many as the cache takes
  using Prepared = SobolDimension;

  static inline Prepared prepare(const kernels::QuasiKey& root, kernels::Scrambling,
                                 std::uint32_t dimension) noexcept {
    return {&kernels::sobol_directions(dimension), kernels::dimension_key(root, dimension)};
  }

  /// u of the points from `first` on, a multiple of the pack's size or of 16.
  static inline Pack uniform(const Prepared& at, kernels::Scrambling scrambling,
                             std::uint64_t first, RandomV flip) noexcept {
    const RandomD d;
    const math::ScrambleLanes<RandomD> by(d, scrambling, at.key);
    V u[4];
    std::uint64_t base = 0;
    for (std::size_t r = 0; r < 4; ++r) {
      const std::uint64_t point = first + r * math::random_lanes;
      if (r == 0 || point % 16 == 0) base = kernels::sobol_sixteen(*at.directions, point / 16);
      const RandomV digits = math::sobol_lanes(d, *at.directions, base, point % 16);
      u[r] = math::quasi_unit(d, hn::Xor(math::scramble_lanes(d, digits, by), flip));
    }
    Pack out;
    V even, odd;
    set_interleaved(u[0], u[1], even, odd);
    out.a = even, out.b = odd;
    set_interleaved(u[2], u[3], even, odd);
    out.c = even, out.d = odd;
    return out;
  }
};

class HaltonPoints {
 public:
  static constexpr std::uint32_t dimensions = kernels::halton_dimensions;
  static constexpr std::uint32_t kept = 32;
  using Prepared = kernels::HaltonDimension;

  static inline Prepared prepare(const kernels::QuasiKey& root, kernels::Scrambling scrambling,
                                 std::uint32_t dimension) noexcept {
    return kernels::halton_dimension(dimension, scrambling,
                                     kernels::dimension_key(root, dimension));
  }

  static inline Pack uniform(const Prepared& at, kernels::Scrambling, std::uint64_t first,
                             RandomV flip) noexcept {
    const D d;
    const V one = hn::Set(d, 1.0);
    const auto mirrored = hn::MaskFromVec(hn::BitCast(d, flip));
    V u[4];
    for (std::size_t r = 0; r < 4; ++r) {
      const V points = hn::Iota(d, static_cast<double>(first + r * math::random_lanes));
      const V plain = math::halton(d, points, at);
      u[r] = hn::IfThenElse(mirrored, hn::Sub(one, plain), plain);
    }
    Pack out;
    V even, odd;
    set_interleaved(u[0], u[1], even, odd);
    out.a = even, out.b = odd;
    set_interleaved(u[2], u[3], even, odd);
    out.c = even, out.d = odd;
    return out;
  }
};

template <class Points>
class QuasiPack : public Draws, public Composed<QuasiPack<Points>> {
 public:
  struct Shared : Draws::Shared {
    std::uint64_t first_point;
    kernels::QuasiKey root;
    kernels::Scrambling scrambling;
    mutable std::uint32_t known = 0;
    mutable std::array<typename Points::Prepared, Points::kept> prepared;

    template <class Plan>
    inline Shared(const BlockCall& call, const Plan& plan) noexcept
        : Draws::Shared(call),
          first_point(plan.first_point),
          root(kernels::quasi_root(plan.randomisation)),
          scrambling(plan.scrambling) {}
  };
  using Composed<QuasiPack>::normal;
  using Composed<QuasiPack>::uniform;

  /// What is random besides is numbered by the point, as the point's own coordinates are.
  inline QuasiPack(const Shared& shared, std::int64_t first) noexcept
      : Draws(shared, first + static_cast<std::int64_t>(shared.first_point)), points_(shared) {}

  inline Pack uniform() noexcept {
    const std::uint32_t dimension = dimension_++;
    if (dimension >= Points::dimensions) return Draws::uniform();
    if (dimension >= Points::kept) {
      const auto at = Points::prepare(points_.root, points_.scrambling, dimension);
      return Points::uniform(at, points_.scrambling, first(), points_.flip);
    }
    for (; points_.known <= dimension; ++points_.known) {
      points_.prepared[points_.known] =
          Points::prepare(points_.root, points_.scrambling, points_.known);
    }
    return Points::uniform(points_.prepared[dimension], points_.scrambling, first(), points_.flip);
  }
  inline Pack normal() noexcept { return ndtri(uniform()); }

 private:
  const Shared& points_;
  std::uint32_t dimension_ = 0;
};

/// As run_block, with the plan that the closure brings.
template <class Generator, class F>
FURROW_FLATTEN void run_planned_block(const void* closure, const BlockCall& call) {
  const F& f = *static_cast<const F*>(closure);
  const typename Generator::Shared shared(call, f.plan);
  for (std::int64_t i = 0; i < call.count; i += static_cast<std::int64_t>(Pack::size)) {
    Generator path(shared, call.first_path + i);
    double* out = call.out + i;
    put(f(path), out, call.stride);
  }
}

template <class F>
inline void run_sobol_block(const void* closure, const BlockCall& call) {
  run_planned_block<QuasiPack<SobolPoints>, F>(closure, call);
}
template <class F>
inline void run_halton_block(const void* closure, const BlockCall& call) {
  run_planned_block<QuasiPack<HaltonPoints>, F>(closure, call);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::montecarlo
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
