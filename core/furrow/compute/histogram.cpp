// furrow/compute/histogram.cpp
#include <furrow/compute/histogram.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <furrow/compute/lanes.hpp>
#include <furrow/compute/on_engine.hpp>
#include <furrow/kernels/sort/histogram.hpp>

namespace furrow {
namespace {

constexpr std::int64_t bins_max = (std::int64_t{1} << 31) - 2;

void check_weights(const AnyArray& x, const Array<double>& weights, std::string_view what) {
  compute::check_valid(x, what);
  compute::check_valid(weights, what);
  if (weights.shape() == x.shape()) return;
  throw ShapeMismatch(fmt::format("{}: weights of shape {} for elements of shape {}", what,
                                  to_string(weights.shape()), to_string(x.shape())));
}

/// What min and max of any real dtype are as f64.
std::pair<double, double> extent_of(Engine& engine, const AnyArray& x) {
  const auto value = [&](const char* name) {
    const kernels::ReduceResult found = engine.reduce(name, x);
    if (is_real_float(x.dtype())) return found.f64[0];
    return is_signed_integer(x.dtype()) ? static_cast<double>(found.i64)
                                        : static_cast<double>(found.u64);
  };
  const double low = value("min");
  return {low, value("max")};
}

/// As NumPy's _get_outer_edges.
std::pair<double, double> range_of(Engine& engine, const AnyArray& x, const HistogramRange& asked) {
  std::pair<double, double> range = {0, 1};
  if (asked) {
    range = *asked;
    if (!(range.first <= range.second)) {
      throw InvalidArgument(fmt::format("histogram: the range {} to {} goes down; swap its ends",
                                        range.first, range.second));
    }
  } else if (x.size() != 0) {
    range = extent_of(engine, x);
  }
  if (!std::isfinite(range.first) || !std::isfinite(range.second) ||
      !std::isfinite(range.second - range.first)) {
    throw InvalidArgument(
        fmt::format("histogram: the range {} to {} is not finite; pass one that is", range.first,
                    range.second));
  }
  if (range.first == range.second) range = {range.first - 0.5, range.second + 0.5};
  return range;
}

/// Fills in how elements find their bins: from an estimate where that can be had, else by search.
Array<double> uniform_bins(Engine& engine, const AnyArray& x, std::int64_t bins,
                           const HistogramRange& asked, kernels::Histogram& h) {
  compute::check_sortable(x, "histogram");
  if (bins < 1 || bins > bins_max) {
    throw InvalidArgument(fmt::format("histogram: {} bins; pass 1 to {}", bins, bins_max));
  }
  const auto [low, high] = range_of(engine, x, asked);
  auto edges = Array<double>::temporary({bins + 1});
  for (std::int64_t i = 0; i <= bins; ++i) {
    edges.data()[i] = kernels::uniform_edge(low, high, bins, i);
  }
  const double step = (high - low) / static_cast<double>(bins);
  h.bins = bins;
  h.low = low;
  h.high = high;
  h.edges = edges.data();
  const bool estimate = step >= std::numeric_limits<double>::min() &&
                        std::isfinite(static_cast<double>(bins) / (high - low));
  h.binning = estimate ? kernels::Binning::uniform : kernels::Binning::edges;
  return edges;
}

Array<double> given_bins(const AnyArray& x, const Array<double>& given, kernels::Histogram& h) {
  compute::check_sortable(x, "histogram");
  compute::check_valid(given, "histogram");
  if (given.ndim() != 1 || given.size() < 2 || given.size() - 1 > bins_max) {
    throw ShapeMismatch(
        fmt::format("histogram: edges of shape {}; pass rank 1, two of them at least",
                    to_string(given.shape())));
  }
  auto edges = Array<double>::temporary(given.shape());
  for (std::int64_t i = 0; i < given.size(); ++i) {
    edges(i) = given(i);
    if (std::isnan(edges(i)) || (i > 0 && edges(i) < edges(i - 1))) {
      throw InvalidArgument(fmt::format("histogram: edge {} is {}, after {}; edges never decrease",
                                        i, edges(i), i > 0 ? edges(i - 1) : edges(i)));
    }
  }
  h.bins = given.size() - 1;
  h.edges = edges.data();
  h.binning = kernels::Binning::edges;
  return edges;
}

template <class Out>
Array<Out> run(Engine& engine, const AnyArray& x, const Array<double>* weights,
               kernels::Histogram h) {
  const AnyArray in = compute::packed(engine, x);
  AnyArray packed_weights;
  if (weights != nullptr) {
    packed_weights = compute::packed(engine, *weights);
    h.weights = static_cast<const double*>(packed_weights.data());
  }
  h.dtype = x.dtype();
  h.in = in.data();
  h.count = in.size();
  auto out = Array<Out>::temporary({h.bins});
  kernels::histogram(compute::OnEngine{engine}, h, out.data(), compute::Scratch{});
  return out;
}

/// Checks x and says how many bins its numbers need.
kernels::Histogram bins_of_indices(Engine& engine, const AnyArray& x, std::int64_t length) {
  compute::check_valid(x, "bincount");
  if (!is_integer(x.dtype()) && x.dtype() != Dtype::bool_) {
    throw TypeMismatch(
        fmt::format("bincount: elements of {}; pass integers or bool", dtype_name(x.dtype())));
  }
  const auto [low, high] = x.size() != 0 ? extent_of(engine, x) : std::pair<double, double>(0, -1);
  if (low < 0) {
    throw InvalidArgument(
        fmt::format("bincount: the least element is {}; none may be negative", low));
  }
  if (length < 0 || length > bins_max || high >= static_cast<double>(bins_max)) {
    throw InvalidArgument(fmt::format("bincount: {} counts, the greatest element {}; at most {}",
                                      length, high, bins_max));
  }
  kernels::Histogram h;
  h.binning = kernels::Binning::index;
  h.bins = std::max(length, static_cast<std::int64_t>(high) + 1);
  return h;
}

}  // namespace

Histogram histogram(Engine& engine, const AnyArray& x, std::int64_t bins,
                    const HistogramRange& range) {
  kernels::Histogram h;
  const auto edges = uniform_bins(engine, x, bins, range, h);
  return {run<std::int64_t>(engine, x, nullptr, h), edges};
}

Histogram histogram(Engine& engine, const AnyArray& x, const Array<double>& edges) {
  kernels::Histogram h;
  const auto copy = given_bins(x, edges, h);
  return {run<std::int64_t>(engine, x, nullptr, h), copy};
}

HistogramSums histogram_sums(Engine& engine, const AnyArray& x, const Array<double>& weights,
                             std::int64_t bins, const HistogramRange& range) {
  check_weights(x, weights, "histogram_sums");
  kernels::Histogram h;
  const auto edges = uniform_bins(engine, x, bins, range, h);
  return {run<double>(engine, x, &weights, h), edges};
}

HistogramSums histogram_sums(Engine& engine, const AnyArray& x, const Array<double>& weights,
                             const Array<double>& edges) {
  check_weights(x, weights, "histogram_sums");
  kernels::Histogram h;
  const auto copy = given_bins(x, edges, h);
  return {run<double>(engine, x, &weights, h), copy};
}

Array<std::int64_t> bincount(Engine& engine, const AnyArray& x, std::int64_t length) {
  const kernels::Histogram h = bins_of_indices(engine, x, length);
  if (h.bins == 0) return Array<std::int64_t>::temporary({0});
  return run<std::int64_t>(engine, x, nullptr, h);
}

Array<double> bincount_sums(Engine& engine, const AnyArray& x, const Array<double>& weights,
                            std::int64_t length) {
  check_weights(x, weights, "bincount_sums");
  const kernels::Histogram h = bins_of_indices(engine, x, length);
  if (h.bins == 0) return Array<double>::temporary({0});
  return run<double>(engine, x, &weights, h);
}

}  // namespace furrow
