// Bootstrap: how far a statistic of data may be off, from resamples of them.
//
// A path draws as many of the data as there are, with replacement, and computes the statistic. The
// first output is the statistic itself, with the resamples' standard deviation as its error.
//
// Intervals  percentile: quantiles of the resamples. BCa: those quantiles moved by the resamples'
//            bias (how many lie below the statistic) and by the acceleration, which the jackknife
//            gives. Quantiles are the sketch's, of the distance from the statistic: within 1/64 of
//            that distance, and nearer where resamples are many
//            options.confidence is that of the estimates, as in all models; the parameter's
//            intervals come beside these
// Samples    are resamples, one each: antithetic pairs and controls are refused
// Data       a named array, or FILE.h5:/dataset; a column of it, or all of one axis
// Source     Efron, J. Am. Stat. Assoc. 82 (1987); Efron, Tibshirani, An Introduction to the
//            Bootstrap (1993), chapter 14
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <furrow/array/array.hpp>
#include <furrow/error.hpp>
#include <furrow/montecarlo/models/list.hpp>
#include <furrow/montecarlo/models/resample.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>
#ifdef FURROW_WITH_HDF5
#include <furrow/io/hdf5.hpp>
#endif

namespace furrow::models {
namespace {

constexpr std::int64_t count_max = 65535;  // times a value is drawn fit into 16 bits
const std::vector<std::string> names{"mean", "median", "std", "quantile", "correlation"};

AnyArray attach(Engine& engine, const std::string& data) {
  const std::size_t at = data.find(":/");
  if (at == std::string::npos) return AnyArray::attach(data, {.access = Access::read_only});
#ifdef FURROW_WITH_HDF5
  hdf5::LoadOptions options;
  options.dtype = Dtype::f64;
  options.create.lifetime = Lifetime::owned;
  return hdf5::load(engine, data.substr(0, at), data.substr(at + 1),
                    fmt::format("{}.data", engine.name()), options);
#else
  throw InvalidArgument(fmt::format("{} needs HDF5, and this furrow was built without", data));
#endif
}

// One column as doubles that workers see.
Array<double> column(const AnyArray& data, std::int64_t index) {
  const Shape& shape = data.shape();
  if (shape.ndim() < 1 || shape.ndim() > 2 || (shape.ndim() == 1 && index != 0) ||
      (shape.ndim() == 2 && index >= shape[1])) {
    throw ShapeMismatch(fmt::format(
        "bootstrap: there is no column {} in data of shape {}: a table has its columns, one axis "
        "is column 0",
        index, to_string(shape)));
  }
  const AnyArray one = shape.ndim() == 2 ? data.at(1, index) : data;
  if (one.size() < 2 || one.size() > count_max) {
    throw ShapeMismatch(
        fmt::format("bootstrap: {} values, and 2 to {} can be resampled", one.size(), count_max));
  }
  auto values = Array<double>::temporary({one.size()});
  if (one.dtype() != Dtype::f64) {
    throw TypeMismatch(fmt::format(
        "bootstrap: the array is of {}, and f64 is resampled (datasets of files are converted)",
        dtype_name(one.dtype())));
  }
  const View<const double> from = one.as<double>().cview();
  for (std::int64_t i = 0; i < one.size(); ++i) values.data()[i] = from(i);
  const auto bad = std::count_if(values.data(), values.data() + values.size(),
                                 [](double v) { return !std::isfinite(v); });
  if (bad != 0) {
    throw WrongData(
        fmt::format("bootstrap: {} of the {} values in column {} are not finite (remove them)", bad,
                    values.size(), index));
  }
  return values;
}

double acceleration(const std::vector<double>& values) {
  double mean = 0;
  for (const double v : values) mean += v / static_cast<double>(values.size());
  double squares = 0;
  double cubes = 0;
  for (const double v : values) {
    const double off = mean - v;
    squares += off * off;
    cubes += off * off * off;
  }
  return squares > 0 ? cubes / (6 * squares * std::sqrt(squares)) : 0;
}

double normal_quantile(double p) {
  // Newton's steps on the distribution function; p is between 1e-6 and 1 - 1e-6.
  double z = 0;
  for (int i = 0; i < 60; ++i) {
    const double off = std::erfc(-z / std::sqrt(2.0)) / 2 - p;
    z -= std::clamp(off * std::sqrt(2 * 3.14159265358979323846) * std::exp(z * z / 2), -0.5, 0.5);
  }
  return z;
}

/// The part of resamples below which BCa's end lies.
double moved(double bias, double a, double p) {
  const double z = bias + normal_quantile(p);
  return std::erfc(-(bias + z / (1 - a * z)) / std::sqrt(2.0)) / 2;
}

ModelResult intervals(MonteCarloResult result, const Resampled& data, const std::string& name,
                      double value, double usual, double asked) {
  Output percentile{name, result.outputs[0]};
  percentile.estimate.mean = value;
  percentile.estimate.standard_error = std::sqrt(result.outputs[0].variance);
  Output bca = percentile;
  bca.name = name + " (BCa)";
  std::vector<std::string> notes{
      fmt::format("MEAN is the statistic of the data; its bias by the resamples is {:.3g} ± {:.2g}",
                  result.outputs[1].mean, result.outputs[1].standard_error)};
  if (result.paths > 0) {
    const auto end = [&](double q) { return value + result.quantile(std::clamp(q, 0.0, 1.0), 1); };
    const double below = std::clamp(result.outputs[2].mean, 1e-6, 1 - 1e-6);
    const double bias = normal_quantile(below);
    const double a = acceleration(left_one_out(data));
    for (const double confidence : {usual, asked}) {
      const double tail = (1 - confidence) / 2;
      percentile.intervals.push_back({confidence, end(tail), end(1 - tail)});
      bca.intervals.push_back(
          {confidence, end(moved(bias, a, tail)), end(moved(bias, a, 1 - tail))});
    }
    for (Output* each : {&percentile, &bca}) {
      each->estimate.low = each->intervals.front().low;
      each->estimate.high = each->intervals.front().high;
      each->intervals.erase(each->intervals.begin(),
                            each->intervals.begin() + (usual == asked ? 2 : 1));
    }
    notes.push_back(
        fmt::format("BCa moves the intervals by bias {:.3g} and acceleration {:.3g}", bias, a));
  }
  ModelResult out;
  out.outputs = {percentile, bca};
  out.notes = std::move(notes);
  out.simulation = std::move(result);
  return out;
}

ModelResult run(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  if (p.text("data").empty()) {
    throw InvalidArgument("bootstrap: give --data, a named array or FILE.h5:/dataset");
  }
  const auto statistic = static_cast<Statistic>(
      std::find(names.begin(), names.end(), p.choice("statistic")) - names.begin());
  const AnyArray table = attach(engine, p.text("data"));
  const Array<double> x = column(table, p.integer("column"));
  Array<double> y;
  if (statistic == Statistic::correlation) y = column(table, p.integer("other"));
  const bool in_order = statistic == Statistic::median || statistic == Statistic::quantile;
  if (in_order) std::sort(x.data(), x.data() + x.size());
  const Resampled data{statistic, statistic == Statistic::median ? 0.5 : p.real("q"), x.data(),
                       y.valid() ? y.data() : nullptr, x.size()};
  const std::vector<std::uint16_t> once(static_cast<std::size_t>(x.size()), 1);
  const double value = data.of(once.data());

  MonteCarloOptions own = options;
  own.quantiles = true;
  // A worker's piece is a block of paths: fewer, for each reads all of the data.
  own.block_paths = 32;
  if (options.antithetic || !options.control_means.empty()) {
    throw InvalidArgument(
        "bootstrap takes no antithetic pairs and no controls: its intervals and errors are those "
        "of single resamples, and the mean of a pair is none");
  }
  // Addresses differ from run to run, and a checkpoint compares what a closure captures.
  if (!options.checkpoint.empty()) {
    throw InvalidArgument("bootstrap takes no checkpoint: its data are not in it");
  }
  return intervals(monte_carlo(engine, own,
                               [data, value](furrow::Path& path) {
                                 static thread_local std::vector<std::uint16_t> times;
                                 times.assign(static_cast<std::size_t>(data.count), 0);
                                 const auto n = static_cast<double>(data.count);
                                 for (std::int64_t i = 0; i < data.count; ++i) {
                                   // Below n, for a uniform's distance from 1 is at least 2^-53.
                                   ++times[static_cast<std::size_t>(path.uniform() * n)];
                                 }
                                 const double s = data.of(times.data());
                                 const double less = s < value ? 1 : s == value ? 0.5 : 0;
                                 return std::array{s, s - value, less};
                               }),
                   data, p.choice("statistic"), value, options.confidence, p.real("confidence"));
}

}  // namespace

Model bootstrap() {
  Model model{"bootstrap",
              "confidence intervals of a statistic of data, by resampling",
              "statistics",
              {text("data", "a named array, or FILE.h5:/dataset", ""),
               choice("statistic",
                      {{"mean", "the column's mean"},
                       {"median", "the column's median"},
                       {"std", "the column's standard deviation"},
                       {"quantile", "the column's quantile --q"},
                       {"correlation", "the column's correlation with --other"}},
                      "the statistic whose interval is wanted"),
               integer("column", "of a table", 0, not_negative),
               integer("other", "column, of a correlation", 1, not_negative),
               number("q", "which quantile", "", 0.9, {0, 1}),
               number("confidence", "of the intervals", "", 0.95, {0.5, 0.9999})},
              &run};
  model.paths = 20'000;
  return model;
}

}  // namespace furrow::models
