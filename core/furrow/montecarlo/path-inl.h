// furrow/montecarlo/path-inl.h
//
// The generator that a generic closure is given, one draw for every path of a pack at a time, and
// the loop over a block of paths. The draws are those of path.hpp, path by path, bit by bit.
#if defined(FURROW_MONTECARLO_PATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_MONTECARLO_PATH_INL_H_
#undef FURROW_MONTECARLO_PATH_INL_H_
#else
#define FURROW_MONTECARLO_PATH_INL_H_
#endif

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <type_traits>

#include <furrow/montecarlo/pack-inl.h>
#include <furrow/montecarlo/block.hpp>
#include <furrow/montecarlo/draws.hpp>

// Sanitizers check every access of what is inlined: a closure inlined as a whole takes them many
// minutes. It calls its parts there, as without optimisation.
#undef FURROW_FLATTEN
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FURROW_FLATTEN __attribute__((noinline))
#else
#define FURROW_FLATTEN __attribute__((flatten, noinline))
#endif

HWY_BEFORE_NAMESPACE();
namespace furrow::montecarlo {
namespace HWY_NAMESPACE {

using math::RandomD;
using math::RandomV;

/// What generators make of their uniform() and normal().
template <class Self>
class Composed {
 public:
  using Real = Pack;
  using Mask = PackMask;

  inline Pack uniform(const Pack& low, const Pack& high) noexcept {
    return low + (high - low) * self().uniform();
  }
  inline Pack normal(const Pack& mean, const Pack& deviation) noexcept {
    return mean + deviation * self().normal();
  }
  /// A normal by inversion of a uniform: monotone in it.
  inline Pack normal_by_inversion() noexcept { return ndtri(self().uniform()); }
  inline Pack exponential() noexcept { return -log(Pack(1.0) - self().uniform()); }
  inline Pack exponential(const Pack& scale) noexcept { return scale * exponential(); }
  inline PackMask bernoulli(const Pack& p) noexcept { return self().uniform() < p; }

 private:
  inline Self& self() noexcept { return static_cast<Self&>(*this); }
};

/// Independent draws: what all generators of pseudo-random paths stand on.
class Draws {
 public:
  /// What the packs of a block share.
  struct Shared {
    math::PhiloxSchedule key;
    RandomV offsets = math::lane_offsets();
    RandomV flip;  // of the bits of uniforms, and of the sign of normals: for antithetic paths
    V sign;
    Sequence sequence;
    bool mirrored;

    explicit inline Shared(const BlockCall& call) noexcept
        : key(kernels::philox_key(call.sequence.seed)),
          flip(hn::Set(RandomD(), call.mirrored ? ~std::uint64_t{0} : 0)),
          sign(hn::BitCast(D(), hn::Set(RandomD(), call.mirrored ? std::uint64_t{1} << 63 : 0))),
          sequence(call.sequence),
          mirrored(call.mirrored) {}
  };

  /// The paths from `first` on, which is even.
  inline Draws(const Shared& shared, std::int64_t first) noexcept
      : shared_(shared), first_(static_cast<std::uint64_t>(first)) {
    const RandomD d;
    block_[0] = hn::Add(hn::Set(d, first_ / 2), shared.offsets);
    block_[1] = hn::Add(block_[0], hn::Set(d, std::uint64_t{math::random_lanes}));
  }

  /// Uniform in the open interval (0, 1).
  inline Pack uniform() noexcept {
    const auto w = words();
    const RandomV f = shared_.flip;
    return {math::unit(hn::Xor(w.a[0], f)), math::unit(hn::Xor(w.b[0], f)),
            math::unit(hn::Xor(w.a[1], f)), math::unit(hn::Xor(w.b[1], f))};
  }
  /// Standard normal.
  inline Pack normal() noexcept {
    const auto w = words();
    const math::DrawPair p = math::normals(math::unit(w.a[0]), math::unit(w.b[0]));
    const math::DrawPair q = math::normals(math::unit(w.a[1]), math::unit(w.b[1]));
    const V s = shared_.sign;
    return {hn::Xor(p.even, s), hn::Xor(p.odd, s), hn::Xor(q.even, s), hn::Xor(q.odd, s)};
  }

  inline Pack poisson(double mean) noexcept { return other(Law::poisson, mean, 0); }
  inline Pack binomial(double n, double p) noexcept { return other(Law::binomial, n, p); }
  inline Pack gamma(double shape) noexcept { return other(Law::gamma, shape, 0); }
  inline Pack poisson(const Pack& mean) noexcept { return others(Law::poisson, mean, 0.0); }
  inline Pack binomial(const Pack& n, const Pack& p) noexcept {
    return others(Law::binomial, n, p);
  }
  inline Pack gamma(const Pack& shape) noexcept { return others(Law::gamma, shape, 0.0); }
  /// From low to high, both included.
  inline Pack integer(std::int64_t low, std::int64_t high) noexcept {
    alignas(64) double value[Pack::size];
    draw_integers(shared_.sequence, first_, take(), low, high, value);
    return load(value);
  }

  /// The number of each path.
  inline Pack index() const noexcept {
    alignas(64) double value[Pack::size];
    for (std::size_t i = 0; i < Pack::size; ++i) value[i] = static_cast<double>(first_ + i);
    return load(value);
  }

 protected:
  inline const Shared& shared() const noexcept { return shared_; }
  inline std::uint64_t first() const noexcept { return first_; }
  inline std::uint32_t draws() const noexcept { return draw_; }

 private:
  inline std::uint32_t take() noexcept { return draw_++; }

  inline math::WordGroups<2> words() noexcept {
    const std::uint32_t draw = take();
    const std::uint64_t stream = stream_of(shared_.sequence, draw);
    if (draw < draws_per_element) return math::philox_of(block_, stream, shared_.key);
    const RandomV above = hn::Set(RandomD(), element_offset(draw) / 2);
    const RandomV block[2] = {hn::Add(block_[0], above), hn::Add(block_[1], above)};
    return math::philox_of(block, stream, shared_.key);
  }
  inline Pack other(Law law, double first, double second) noexcept {
    alignas(64) double value[Pack::size];
    draw_law(law, shared_.sequence, first_, take(), first, second, value);
    return load(value);
  }
  inline Pack others(Law law, const Pack& first, const Pack& second) noexcept {
    alignas(64) double value[Pack::size];
    alignas(64) double p[Pack::size];
    alignas(64) double q[Pack::size];
    store(first, p);
    store(second, q);
    draw_laws(law, shared_.sequence, first_, take(), p, q, value);
    return load(value);
  }

  const Shared& shared_;
  RandomV block_[2];
  std::uint64_t first_;
  std::uint32_t draw_ = 0;
};

class PathPack : public Draws, public Composed<PathPack> {
 public:
  using Draws::Draws;
  using Composed<PathPack>::normal;
  using Composed<PathPack>::uniform;
  using Draws::normal;
  using Draws::uniform;
};

// --- what closures return, written by output ---

inline void put(const Pack& x, double*& out, std::size_t stride) noexcept {
  store(x, out);
  out += stride;
}
inline void put(const PackMask& x, double*& out, std::size_t stride) noexcept {
  put(where(x, 1.0, 0.0), out, stride);
}
template <std::size_t N>
inline void put(const std::array<Pack, N>& x, double*& out, std::size_t stride) noexcept {
  for (std::size_t i = 0; i < N; ++i) put(x[i], out, stride);
}
template <class... T>
inline void put(const std::tuple<T...>& x, double*& out, std::size_t stride) noexcept {
  std::apply([&](const T&... each) HWY_ATTR { (put(each, out, stride), ...); }, x);
}

/// A block of paths, each pack through the closure, which is inlined here with all that it calls.
template <class Generator, class F>
FURROW_FLATTEN void run_block(const void* closure, const BlockCall& call) {
  const F& f = *static_cast<const F*>(closure);
  const typename Generator::Shared shared(call);
  for (std::int64_t i = 0; i < call.count; i += static_cast<std::int64_t>(Pack::size)) {
    Generator path(shared, call.first_path + i);
    double* out = call.out + i;
    put(f(path), out, call.stride);
  }
}

template <class F>
inline void run_pseudo_block(const void* closure, const BlockCall& call) {
  run_block<PathPack, F>(closure, call);
}

/// How many numbers a closure returns.
template <class R>
struct Outputs : std::integral_constant<std::size_t, 1> {
  static_assert(std::is_convertible_v<R, Pack> || std::is_same_v<R, PackMask>,
                "a path returns a number or condition of its generator, or an array or tuple");
};
template <std::size_t N>
struct Outputs<std::array<Pack, N>> : std::integral_constant<std::size_t, N> {};
template <class... T>
struct Outputs<std::tuple<T...>> : std::integral_constant<std::size_t, (Outputs<T>::value + ...)> {
};

}  // namespace HWY_NAMESPACE
}  // namespace furrow::montecarlo
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
