#include <furrow/montecarlo/path.hpp>

#include <furrow/kernels/elementwise/elementwise.hpp>
#include <furrow/kernels/elementwise/special.hpp>
#include <furrow/kernels/random/random.hpp>
#include <furrow/kernels/random/steps.hpp>

namespace furrow {
namespace montecarlo {

void PathGroup::make_uniforms(std::uint32_t draw) noexcept {
  const std::span<double> out(uniforms_[draw]);
  kernels::random_uniform(out, {sequence_.seed, stream_of(sequence_, draw), first_});
  if (mirrored_) {
    for (double& u : out) u = 1 - u;  // exact: uniforms are odd multiples of 2^-53
  }
  have_uniforms_ |= std::uint64_t{1} << draw;
}

void PathGroup::make_normals(std::uint32_t draw) noexcept {
  const std::span<double> out(normals_[draw]);
  kernels::random_normal(out, {sequence_.seed, stream_of(sequence_, draw), first_});
  if (mirrored_) {
    for (double& z : out) z = -z;
  }
  have_normals_ |= std::uint64_t{1} << draw;
}

}  // namespace montecarlo

namespace {

/// The draws of one path from `draw` on, as many as there is room for; windows begin with a
/// multiple of their size, so that none reaches into the next element.
template <class Make>
void look_ahead(Make make, const montecarlo::PathGroup& group, std::uint64_t index,
                std::uint32_t draw, std::span<double> out) noexcept {
  const montecarlo::Sequence& sequence = group.sequence();
  make(out, {sequence.seed, sequence.stream, index + montecarlo::element_offset(draw)},
       draw % montecarlo::draws_per_element);
}

}  // namespace

double Path::uniform_later(std::uint32_t draw) noexcept {
  const std::uint32_t from = draw - draw % ahead;
  if (uniforms_from_ != from) {
    look_ahead(kernels::uniform_steps, group_, group_.first() + place_, from, uniforms_);
    uniforms_from_ = from;
  }
  const double u = uniforms_[draw % ahead];
  return group_.mirrored() ? 1 - u : u;
}

double Path::normal_later(std::uint32_t draw) noexcept {
  const std::uint32_t from = draw - draw % ahead;
  if (normals_from_ != from) {
    look_ahead(kernels::normal_steps, group_, group_.first() + place_, from, normals_);
    normals_from_ = from;
  }
  const double z = normals_[draw % ahead];
  return group_.mirrored() ? -z : z;
}

double Path::normal_by_inversion() noexcept {
  const double u = uniform();
  double z = 0;
  kernels::ndtri<double>(std::span<const double>(&u, 1), std::span(&z, 1));
  return z;
}

double Path::exponential() noexcept {
  const double rest = 1 - uniform();
  double x = 0;
  kernels::log<double>(std::span<const double>(&rest, 1), std::span(&x, 1));
  return -x;
}

double Path::law(montecarlo::Law law, double first, double second) noexcept {
  double x = 0;
  montecarlo::draw_law(law, group_.sequence(), group_.first() + place_, draw_++, first, second, &x,
                       1);
  return x;
}

std::int64_t Path::integer(std::int64_t low, std::int64_t high) noexcept {
  std::int64_t x = 0;
  const std::uint32_t draw = draw_++;
  kernels::random_integers(std::span(&x, 1),
                           {group_.sequence().seed, montecarlo::stream_of(group_.sequence(), draw),
                            group_.first() + place_ + montecarlo::element_offset(draw)},
                           low, high);
  return x;
}

}  // namespace furrow
