#include <furrow/montecarlo/draws.hpp>

#include <array>
#include <cmath>
#include <span>

#include <furrow/kernels/random/random.hpp>
#include <furrow/kernels/reduce/block_moments.hpp>

namespace furrow::montecarlo {
namespace {

kernels::RandomAt at(const Sequence& sequence, std::uint64_t first, std::uint32_t draw) {
  return {sequence.seed, stream_of(sequence, draw), first + element_offset(draw)};
}

}  // namespace

void draw_law(Law law, const Sequence& sequence, std::uint64_t first, std::uint32_t draw,
              double first_parameter, double second_parameter, double* out, std::size_t count) {
  const std::span<double> values(out, count);
  switch (law) {
    case Law::poisson:
      return kernels::random_poisson(values, at(sequence, first, draw), first_parameter);
    case Law::binomial:
      return kernels::random_binomial(values, at(sequence, first, draw), first_parameter,
                                      second_parameter);
    case Law::gamma:
      return kernels::random_gamma(values, at(sequence, first, draw), first_parameter);
  }
}

void draw_integers(const Sequence& sequence, std::uint64_t first, std::uint32_t draw,
                   std::int64_t low, std::int64_t high, double* out, std::size_t count) {
  std::array<std::int64_t, 64> values;
  while (count != 0) {
    const std::size_t some = count < values.size() ? count : values.size();
    kernels::random_integers(std::span(values).first(some), at(sequence, first, draw), low, high);
    for (std::size_t i = 0; i < some; ++i) out[i] = static_cast<double>(values[i]);
    first += some;
    out += some;
    count -= some;
  }
}

Spread spread_of_normals(const Sequence& sequence, std::uint64_t first, std::uint32_t draw,
                         std::size_t count) {
  std::array<double, block_paths_max> z;
  const std::span<double> normals = std::span(z).first(count);
  kernels::random_normal(normals, at(sequence, first, draw));
  const kernels::BlockMoments moments = kernels::block_moments(z.data(), count);
  return {moments.mean, std::sqrt(moments.m2 / static_cast<double>(count))};
}

}  // namespace furrow::montecarlo
