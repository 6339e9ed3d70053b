// furrow/montecarlo/draws.hpp
//
// Where the random numbers of a path come from.
//
//   draw d of path p   element p + (d / 2^16) * 2^48 of stream  stream + (d % 2^16) * 2^32
//                      of kernels/random: random_uniform, random_normal, random_gamma, …
//
// A draw depends on (seed, stream, path, number of the draw) alone: not on the closure's other
// draws, nor on who computes it. Draw 0 of all paths is the array that the kernel of that name
// fills with the same seed and stream.
// Limits  2^48 paths, 2^32 draws a path, streams below 2^32
#pragma once

#include <cstddef>
#include <cstdint>

#include <furrow/montecarlo/block.hpp>

namespace furrow::montecarlo {

inline constexpr std::uint32_t draws_per_element = 1u << 16;

constexpr std::uint64_t stream_of(const Sequence& sequence, std::uint32_t draw) noexcept {
  return sequence.stream | std::uint64_t{draw % draws_per_element} << 32;
}
constexpr std::uint64_t element_offset(std::uint32_t draw) noexcept {
  return std::uint64_t{draw / draws_per_element} << 48;
}

/// Laws whose draws are made by the kernels' own functions.
enum class Law { poisson, binomial, gamma };

/// Draw `draw` of the paths from `first` on, with one pair of parameters or a pair for each path.
/// They fill `count` numbers; parameters without an answer give NaN.
void draw_law(Law law, const Sequence& sequence, std::uint64_t first, std::uint32_t draw,
              double first_parameter, double second_parameter, double* out, std::size_t count);
void draw_integers(const Sequence& sequence, std::uint64_t first, std::uint32_t draw,
                   std::int64_t low, std::int64_t high, double* out, std::size_t count);

/// Mean and standard deviation (with n) of one draw's normals over some paths.
struct Spread {
  double mean;
  double deviation;
};
/// Of at most block_paths_max of them.
Spread spread_of_normals(const Sequence& sequence, std::uint64_t first, std::uint32_t draw,
                         std::size_t count);

template <std::size_t N>
void draw_law(Law law, const Sequence& sequence, std::uint64_t first, std::uint32_t draw, double p,
              double q, double (&out)[N]) {
  draw_law(law, sequence, first, draw, p, q, out, N);
}
template <std::size_t N>
void draw_laws(Law law, const Sequence& sequence, std::uint64_t first, std::uint32_t draw,
               const double* p, const double* q, double (&out)[N]) {
  for (std::size_t i = 0; i < N; ++i) {
    draw_law(law, sequence, first + i, draw, p[i], q[i], out + i, 1);
  }
}
template <std::size_t N>
void draw_integers(const Sequence& sequence, std::uint64_t first, std::uint32_t draw,
                   std::int64_t low, std::int64_t high, double (&out)[N]) {
  draw_integers(sequence, first, draw, low, high, out, N);
}

}  // namespace furrow::montecarlo
