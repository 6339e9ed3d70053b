// furrow/montecarlo/path.hpp
//
// The generator of one path, for plain closures: those whose parameter is a Path and not auto.
//
//   [](furrow::Path& path) { double x = 0; while (x < 10) x += path.exponential(); return x; }
//
// Draws   bit by bit those that a generic closure gets for the same path (draws.hpp). The first 32
//         draws are made for 64 paths at once, later ones for 16 draws of the path at once
// Closure may branch, loop and call what it likes; runs once for each path (twice if antithetic)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <furrow/montecarlo/block.hpp>
#include <furrow/montecarlo/draws.hpp>

namespace furrow {

namespace montecarlo {

/// Draws of 64 paths that stand side by side, made when the first of them asks.
class PathGroup {
 public:
  static constexpr std::size_t paths = 64;  // what the kernels make at once
  static constexpr std::uint32_t draws = 32;

  explicit PathGroup(const Sequence& sequence, bool mirrored) noexcept
      : sequence_(sequence), mirrored_(mirrored) {}
  /// The paths from `first` on, a multiple of block_paths_min.
  void move_to(std::uint64_t first) noexcept {
    first_ = first;
    have_uniforms_ = have_normals_ = 0;
  }
  double uniform(std::size_t place, std::uint32_t draw) noexcept {
    if ((have_uniforms_ >> draw & 1) == 0) make_uniforms(draw);
    return uniforms_[draw][place];
  }
  double normal(std::size_t place, std::uint32_t draw) noexcept {
    if ((have_normals_ >> draw & 1) == 0) make_normals(draw);
    return normals_[draw][place];
  }
  const Sequence& sequence() const noexcept { return sequence_; }
  bool mirrored() const noexcept { return mirrored_; }
  std::uint64_t first() const noexcept { return first_; }

 private:
  void make_uniforms(std::uint32_t draw) noexcept;
  void make_normals(std::uint32_t draw) noexcept;

  Sequence sequence_;
  bool mirrored_;
  std::uint64_t first_ = 0;
  std::uint64_t have_uniforms_ = 0;  // a bit for each draw
  std::uint64_t have_normals_ = 0;
  std::array<std::array<double, paths>, draws> uniforms_;
  std::array<std::array<double, paths>, draws> normals_;
};

}  // namespace montecarlo

class Path {
 public:
  using Real = double;
  using Mask = bool;

  Path(montecarlo::PathGroup& group, std::size_t place) noexcept : group_(group), place_(place) {}

  /// Uniform in the open interval (0, 1).
  double uniform() noexcept {
    const std::uint32_t draw = draw_++;
    return draw < montecarlo::PathGroup::draws ? group_.uniform(place_, draw) : uniform_later(draw);
  }
  double uniform(double low, double high) noexcept { return low + (high - low) * uniform(); }
  /// Standard normal.
  double normal() noexcept {
    const std::uint32_t draw = draw_++;
    return draw < montecarlo::PathGroup::draws ? group_.normal(place_, draw) : normal_later(draw);
  }
  double normal(double mean, double deviation) noexcept { return mean + deviation * normal(); }
  double normal_by_inversion() noexcept;
  double exponential() noexcept;
  double exponential(double scale) noexcept { return scale * exponential(); }
  bool bernoulli(double p) noexcept { return uniform() < p; }

  double poisson(double mean) noexcept { return law(montecarlo::Law::poisson, mean, 0); }
  double binomial(double n, double p) noexcept { return law(montecarlo::Law::binomial, n, p); }
  double gamma(double shape) noexcept { return law(montecarlo::Law::gamma, shape, 0); }
  /// From low to high, both included.
  std::int64_t integer(std::int64_t low, std::int64_t high) noexcept;

  /// The number of the path.
  std::int64_t index() const noexcept { return static_cast<std::int64_t>(group_.first() + place_); }

 private:
  static constexpr std::uint32_t ahead = 16;
  double uniform_later(std::uint32_t draw) noexcept;
  double normal_later(std::uint32_t draw) noexcept;
  double law(montecarlo::Law law, double first, double second) noexcept;

  montecarlo::PathGroup& group_;
  std::size_t place_;
  std::uint32_t draw_ = 0;
  std::uint32_t uniforms_from_ = 0;  // the draw that stands first in uniforms_; 0: none does
  std::uint32_t normals_from_ = 0;
  std::array<double, ahead> uniforms_;
  std::array<double, ahead> normals_;
};

/// The number type of a generator: double, or a pack. For closures that need to name it:
/// [](auto& path) { furrow::RealOf<decltype(path)> sum = 0; … }
template <class G>
using RealOf = typename std::remove_reference_t<G>::Real;

/// A vector of standard normals: auto z = furrow::normals<4>(path);
template <std::size_t N, class G>
std::array<RealOf<G>, N> normals(G& path) {
  std::array<RealOf<G>, N> out;
  for (std::size_t i = 0; i < N; ++i) out[i] = path.normal();
  return out;
}

}  // namespace furrow
