// furrow/montecarlo/design-inl.h
//
// Generators whose paths of one block are drawn together, better spread than independent ones.
// See design.hpp.
#if defined(FURROW_MONTECARLO_DESIGN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_MONTECARLO_DESIGN_INL_H_
#undef FURROW_MONTECARLO_DESIGN_INL_H_
#else
#define FURROW_MONTECARLO_DESIGN_INL_H_
#endif

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <furrow/montecarlo/path-inl.h>
#include <furrow/kernels/random/philox.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::montecarlo {
namespace HWY_NAMESPACE {

/// Where the shuffles of Latin hypercubes are drawn: steps of which no distribution takes one.
inline constexpr std::uint64_t shuffle_step = 0xffff0000;

/// The first draw, or every draw, has one path of the block in each of as many equal strata.
template <bool EveryDraw>
class StrataPack : public Draws, public Composed<StrataPack<EveryDraw>> {
 public:
  struct Shared : Draws::Shared {
    std::uint64_t paths;
    explicit inline Shared(const BlockCall& call) noexcept
        : Draws::Shared(call), paths(call.stride) {}
  };
  using Composed<StrataPack>::normal;
  using Composed<StrataPack>::uniform;

  inline StrataPack(const Shared& shared, std::int64_t first) noexcept
      : Draws(shared, first), paths_(shared.paths) {}

  inline Pack uniform() noexcept {
    const std::uint32_t draw = draws();
    const Pack u = Draws::uniform();
    if (!EveryDraw && draw != 0) return u;
    return (strata(draw) + u) * Pack(1.0 / static_cast<double>(paths_));
  }
  inline Pack normal() noexcept {
    if (!EveryDraw && draws() != 0) return Draws::normal();
    return ndtri(uniform());
  }

 private:
  /// The stratum of each path: its place in the block, shuffled anew for each block and draw.
  inline Pack strata(std::uint32_t draw) const noexcept {
    // Blocks are fewer than 2^43: above them is room for the draw's upper half.
    const std::uint64_t step = shuffle_step | draw % draws_per_element;
    const kernels::PhiloxWords words =
        kernels::philox_block(shared().sequence.seed, shared().sequence.stream | step << 32,
                              first() / paths_ + element_offset(draw));
    const auto mask = static_cast<std::uint32_t>(paths_ - 1);
    const unsigned half = static_cast<unsigned>(std::bit_width(mask) + 1) / 2;
    const std::uint32_t mirror = shared().mirrored ? mask : 0;
    alignas(64) double out[Pack::size];
    for (std::size_t i = 0; i < Pack::size; ++i) {
      // Each step permutes the numbers below a power of two.
      std::uint32_t x = static_cast<std::uint32_t>(first() + i) & mask;
      for (unsigned round = 0; round < 3; ++round) {
        x = (x * (words[round] | 1) + (words[3] >> 10 * round)) & mask;
        x ^= x >> half;
      }
      out[i] = x ^ mirror;
    }
    return load(out);
  }

  std::uint64_t paths_;
};

/// The normals of each of the first draws have mean 0 and variance 1 over the block.
class MatchedPack : public Draws, public Composed<MatchedPack> {
 public:
  static constexpr std::uint32_t matched_draws = 256;

  struct Shared : Draws::Shared {
    std::int64_t first;
    std::size_t paths;
    mutable std::uint32_t known = 0;  // draws whose spread the first pack of the block has found
    mutable std::array<Spread, matched_draws> spreads;

    explicit inline Shared(const BlockCall& call) noexcept
        : Draws::Shared(call), first(call.first_path), paths(call.stride) {}
  };
  using Composed<MatchedPack>::normal;
  using Composed<MatchedPack>::uniform;
  using Draws::uniform;

  inline MatchedPack(const Shared& shared, std::int64_t first) noexcept
      : Draws(shared, first), matched_(shared) {}

  inline Pack normal() noexcept {
    const std::uint32_t draw = draws();
    const Pack z = Draws::normal();
    if (draw >= matched_draws) return z;
    for (; matched_.known <= draw; ++matched_.known) {
      matched_.spreads[matched_.known] =
          spread_of_normals(matched_.sequence, static_cast<std::uint64_t>(matched_.first),
                            matched_.known, matched_.paths);
    }
    const Spread& spread = matched_.spreads[draw];
    const double mean = matched_.mirrored ? -spread.mean : spread.mean;
    return (z - Pack(mean)) * Pack(1 / spread.deviation);
  }

 private:
  const Shared& matched_;
};

template <class F>
inline void run_stratified_block(const void* closure, const BlockCall& call) {
  run_block<StrataPack<false>, F>(closure, call);
}
template <class F>
inline void run_latin_block(const void* closure, const BlockCall& call) {
  run_block<StrataPack<true>, F>(closure, call);
}
template <class F>
inline void run_matched_block(const void* closure, const BlockCall& call) {
  run_block<MatchedPack, F>(closure, call);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::montecarlo
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
