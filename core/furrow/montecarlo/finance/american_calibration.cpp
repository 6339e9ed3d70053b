// The exercise rule of an American option: paths, and regressions from the last date back.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include <furrow/kernels/elementwise/elementwise.hpp>
#include <furrow/kernels/random/random.hpp>
#include <furrow/montecarlo/draws.hpp>
#include <furrow/montecarlo/finance/american.hpp>
#include <furrow/montecarlo/finance/lognormal.hpp>

namespace furrow::finance {
namespace {

constexpr std::int64_t block_paths = 1024;
constexpr std::size_t degree_max = 8;
/// Of a block, for one date: Σ u^k for k = 0 … 2m, Σ u^k y for k = 0 … m, then Σ v and Σ v² of what
/// all paths hold.
constexpr std::size_t sums_max = 3 * degree_max + 4;
/// Paths in the money for each coefficient, for a fit that means something.
constexpr double paths_per_coefficient = 10;

using Sums = std::array<double, sums_max>;
using Coefficients = std::array<double, degree_max + 1>;

/// What all steps know; travels to workers as bytes.
struct Course {
  LogSteps step;
  montecarlo::Sequence sequence;
  std::int64_t paths;
  std::int64_t dates;
  std::size_t degree;
  double sign, strike, spot;
  double discount;  // of one step
  double* spots;    // of date d at spots + d * paths
  double* sums;     // of block b at sums + b * sums_max

  std::int64_t blocks() const noexcept { return (paths + block_paths - 1) / block_paths; }
  std::int64_t in_block(std::int64_t b) const noexcept {
    return std::min(block_paths, paths - b * block_paths);
  }
  double pays(double s) const noexcept { return std::max(sign * (s - strike), 0.0); }
};

/// The variable of a date's polynomial: (S/K - centre) / width.
struct Scale {
  double centre, width;
};

/// Of S/K: its mean and deviation at the date.
Scale scale_of(const Course& c, std::int64_t date) {
  const double steps = static_cast<double>(date + 1);
  const double variance = c.step.deviation * c.step.deviation * steps;
  const double mean = c.spot / c.strike * std::exp(c.step.drift * steps + variance / 2);
  return {mean, mean * std::sqrt(std::expm1(variance))};
}

void make_paths(const Course& c, std::int64_t block) {
  const auto count = static_cast<std::size_t>(c.in_block(block));
  const std::int64_t first = block * block_paths;
  std::array<double, block_paths> x{};
  std::array<double, block_paths> z;
  for (std::int64_t d = 0; d < c.dates; ++d) {
    kernels::random_normal(
        std::span(z.data(), count),
        {c.sequence.seed, montecarlo::stream_of(c.sequence, static_cast<std::uint32_t>(d)),
         static_cast<std::uint64_t>(first)});
    for (std::size_t i = 0; i < count; ++i) x[i] += c.step.drift + c.step.deviation * z[i];
    double* const out = c.spots + d * c.paths + first;
    kernels::exp<double>(std::span<const double>(x.data(), count), std::span(out, count));
    for (std::size_t i = 0; i < count; ++i) out[i] *= c.spot;
  }
}

/// What the fit at `date` needs of a block whose paths hold `value` one step later.
void add_up(const Course& c, std::int64_t block, std::int64_t date, const Scale& scale,
            const double* value) {
  const std::int64_t first = block * block_paths;
  const std::size_t m = c.degree;
  Sums sums{};
  for (std::int64_t i = 0; i < c.in_block(block); ++i) {
    const double y = c.discount * value[first + i];
    sums[3 * m + 2] += y;
    sums[3 * m + 3] += y * y;
    if (date < 0) continue;
    const double s = c.spots[date * c.paths + first + i];
    if (!(c.pays(s) > 0)) continue;
    const double u = (s / c.strike - scale.centre) / scale.width;
    double power = 1;
    for (std::size_t k = 0; k <= 2 * m; ++k, power *= u) {
      sums[k] += power;
      if (k <= m) sums[2 * m + 1 + k] += power * y;
    }
  }
  std::copy(sums.begin(), sums.end(), c.sums + static_cast<std::size_t>(block) * sums_max);
}

/// Block by block in a fixed tree: neighbours, then neighbours of those.
Sums total(const Course& c) {
  const auto blocks = static_cast<std::size_t>(c.blocks());
  for (std::size_t apart = 1; apart < blocks; apart *= 2) {
    for (std::size_t b = 0; b + apart < blocks; b += 2 * apart) {
      for (std::size_t k = 0; k < sums_max; ++k) {
        c.sums[b * sums_max + k] += c.sums[(b + apart) * sums_max + k];
      }
    }
  }
  Sums out;
  std::copy(c.sums, c.sums + sums_max, out.begin());
  return out;
}

/// The normal equations by Cholesky, their diagonal scaled to 1. False where they tell nothing.
bool solve(const Sums& sums, std::size_t m, Coefficients& fit) {
  const std::size_t n = m + 1;
  if (sums[0] < paths_per_coefficient * static_cast<double>(n)) return false;
  std::array<Coefficients, degree_max + 1> l{};
  Coefficients scale{};
  for (std::size_t i = 0; i < n; ++i) scale[i] = 1 / std::sqrt(sums[2 * i]);
  for (std::size_t i = 0; i < n; ++i) {
    double y = sums[2 * m + 1 + i] * scale[i];
    for (std::size_t j = 0; j <= i; ++j) {
      double a = sums[i + j] * scale[i] * scale[j];
      for (std::size_t k = 0; k < j; ++k) a -= l[i][k] * l[j][k];
      if (j < i) {
        l[i][j] = a / l[j][j];
        y -= l[i][j] * fit[j];
      } else {
        if (!(a > 1e-13)) return false;
        l[i][i] = std::sqrt(a);
        fit[i] = y / l[i][i];
      }
    }
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t j = i + 1; j < n; ++j) fit[i] -= l[j][i] * fit[j];
    fit[i] /= l[i][i];
  }
  for (std::size_t i = 0; i < n; ++i) fit[i] *= scale[i];
  return true;
}

double value_at(const double* fit, std::size_t m, double u) noexcept {
  double value = fit[m];
  for (std::size_t k = m; k-- > 0;) value = value * u + fit[k];
  return value;
}

/// The polynomial in (S/K - centre)/width as one in S/K - 1, and in parts of the strike.
void shift(const Scale& scale, double strike, std::size_t m, const Coefficients& fit, double* out) {
  // Horner's rule on polynomials: p = p (v + 1 - centre)/width + fit[k], with v = S/K - 1.
  std::fill(out, out + m + 1, 0.0);
  for (std::size_t k = m + 1; k-- > 0;) {
    for (std::size_t i = m + 1; i-- > 0;) {
      out[i] = (out[i] * (1 - scale.centre) + (i > 0 ? out[i - 1] : 0)) / scale.width;
    }
    out[0] += fit[k];
  }
  for (std::size_t i = 0; i <= m; ++i) out[i] /= strike;
}

/// From the last date back: what each path holds, by the rule so far, and the rule of one more
/// date.
class Backward {
 public:
  Backward(Engine& engine, const Course& course, ExerciseRule& rule)
      : engine_(engine),
        c_(course),
        rule_(rule),
        held_{Array<double>::temporary({course.paths}), Array<double>::temporary({course.paths})} {}

  void run() {
    const std::size_t n = c_.degree + 1;
    hold(c_.dates - 1, nullptr);
    for (std::int64_t date = c_.dates - 2; date >= 0; --date) {
      double* const out = rule_.coefficients.data() + static_cast<std::size_t>(date) * n;
      Coefficients fit{};
      if (solve(total(c_), c_.degree, fit)) {
        shift(scale_of(c_, date), c_.strike, c_.degree, fit, out);
      } else {
        out[0] = std::numeric_limits<double>::infinity();
      }
      hold(date, out);
    }
    const Sums sums = total(c_);
    const double paths = static_cast<double>(c_.paths);
    const double mean = sums[3 * c_.degree + 2] / paths;
    rule_.in_sample = mean;
    const double variance = sums[3 * c_.degree + 3] / paths - mean * mean;
    rule_.in_sample_error = std::sqrt(std::max(variance, 0.0) / paths);
  }

 private:
  /// What paths hold at `date`, and the sums of the date before it. Reads one array, writes
  /// another: a block may be run again.
  void hold(std::int64_t date, const double* fit) {
    const Course c = c_;
    Coefficients rule{};
    if (fit != nullptr) std::copy(fit, fit + c.degree + 1, rule.begin());
    const bool last = fit == nullptr;
    const double* const from = held_[0].data();
    double* const to = held_[1].data();
    const Scale scale = scale_of(c, date - 1);
    engine_.for_each(c.blocks(), [=](std::int64_t block) {
      const std::int64_t first = block * block_paths;
      for (std::int64_t i = first; i < first + c.in_block(block); ++i) {
        const double s = c.spots[date * c.paths + i];
        const double pays = c.pays(s);
        double waits = 0;
        if (!last) waits = c.strike * value_at(rule.data(), c.degree, s / c.strike - 1);
        to[i] = last || pays > std::max(waits, 0.0) ? pays : c.discount * from[i];
      }
      add_up(c, block, date - 1, scale, to);
    });
    std::swap(held_[0], held_[1]);
  }

  Engine& engine_;
  const Course& c_;
  ExerciseRule& rule_;
  std::array<Array<double>, 2> held_;
};

void check(const American& o) {
  check_option(o);
  check_steps("the number of dates", o.dates);
  processes::check_positive("the volatility (sigma) of an American option", o.sigma);
  processes::check_between("the degree", static_cast<double>(o.degree), 1, 8);
  processes::check_between("the number of calibration paths",
                           static_cast<double>(o.calibration_paths), 1024, 0x1p32);
  processes::check_between("dates times (degree + 1)",
                           static_cast<double>(o.dates * (o.degree + 1)), 2,
                           exercise_coefficients_max);
}

}  // namespace

ExerciseRule exercise_rule(Engine& engine, const MonteCarloOptions& options,
                           const American& option) {
  check(option);
  ExerciseRule rule;
  const Shape shape{option.dates, option.calibration_paths};
  rule.paths = option.paths.empty() ? Array<double>::temporary(shape)
                                    : Array<double>::create(option.paths, shape);
  rule.coefficients.resize(static_cast<std::size_t>(option.dates * (option.degree + 1)));
  const LogSteps step(option, option.dates);
  // Paths of their own: an exercise rule must not know those that it is tried on.
  const montecarlo::Sequence sequence{options.seed, options.stream ^ (std::uint64_t{1} << 30)};
  Course course{step,
                sequence,
                option.calibration_paths,
                option.dates,
                static_cast<std::size_t>(option.degree),
                sign_of(option.right),
                option.strike,
                option.spot,
                std::exp(-option.rate * option.maturity / static_cast<double>(option.dates)),
                rule.paths.data(),
                nullptr};
  const auto sums =
      Array<double>::temporary({course.blocks() * static_cast<std::int64_t>(sums_max)});
  course.sums = sums.data();
  const Course& c = course;
  engine.for_each(c.blocks(), [c](std::int64_t block) { make_paths(c, block); });
  Backward(engine, course, rule).run();
  return rule;
}

}  // namespace furrow::finance
