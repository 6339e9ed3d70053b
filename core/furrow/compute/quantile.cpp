// furrow/compute/quantile.cpp
#include <furrow/compute/quantile.hpp>

#include <fmt/format.h>

#include <algorithm>

#include <furrow/compute/on_engine.hpp>
#include <furrow/kernels/sort/unique.hpp>

namespace furrow {
namespace {

Array<double> quantiles_of(Engine& engine, const AnyArray& x, const std::vector<double>& q,
                           const QuantileOptions& options, std::string_view what) {
  compute::check_sortable(x, what);
  for (const double part : q) {
    if (part >= 0 && part <= 1) continue;
    throw InvalidArgument(
        fmt::format("{}: q = {} lies outside of [0, 1]; percentile takes percents", what, part));
  }
  Shape shape = {std::ssize(q)};
  if (options.axis) {
    const std::size_t axis = compute::check_axis(x, *options.axis, what);
    // Rank 8 leaves 7 and the axis of q.
    for (const std::int64_t extent : compute::without_axis(x.shape(), axis)) {
      shape.push_back(extent);
    }
  }
  const AnyArray in = options.axis ? x : compute::packed(engine, x);
  const kernels::Lanes lanes = compute::lanes_of(in, in, options.axis, what);
  if (lanes.length == 0 && lanes.count() != 0) {
    throw InvalidArgument(fmt::format("{}: there are no elements to take it of", what));
  }
  auto out = Array<double>::temporary(shape);
  const auto wanted = Array<double>::temporary({std::max<std::int64_t>(std::ssize(q), 1)});
  std::copy(q.begin(), q.end(), wanted.data());
  kernels::quantile(compute::OnEngine{engine}, lanes,
                    {wanted.data(), std::ssize(q), options.method, options.ignore_nan, out.data()},
                    compute::Scratch{});
  return out;
}

}  // namespace

Array<double> quantile(Engine& engine, const AnyArray& x, const std::vector<double>& q,
                       const QuantileOptions& options) {
  return quantiles_of(engine, x, q, options, "quantile");
}

Array<double> percentile(Engine& engine, const AnyArray& x, const std::vector<double>& percent,
                         const QuantileOptions& options) {
  std::vector<double> q;
  for (const double part : percent) {
    if (!(part >= 0 && part <= 100)) {
      throw InvalidArgument(fmt::format("percentile: {} percent lies outside of [0, 100]", part));
    }
    q.push_back(part / 100);
  }
  return quantiles_of(engine, x, q, options, "percentile");
}

Array<double> median(Engine& engine, const AnyArray& x, const QuantileOptions& options) {
  QuantileOptions middle = options;
  middle.method = QuantileMethod::median;
  return quantiles_of(engine, x, {0.5}, middle, "median").at(0, 0);
}

Unique unique(Engine& engine, const AnyArray& x, const UniqueOptions& options) {
  compute::check_sortable(x, "unique");
  const AnyArray in = compute::packed(engine, x);
  Unique found;
  if (options.inverse) found.inverse = Array<std::int64_t>::temporary(x.shape());
  visit_dtype(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    if constexpr (kernels::is_sortable(dtype_of<T>)) {
      kernels::unique<T>(
          compute::OnEngine{engine}, static_cast<const T*>(in.data()), in.size(),
          options.inverse ? found.inverse.data() : nullptr,
          [&](std::int64_t count) {
            const auto values = Array<T>::temporary({count});
            found.values = values;
            found.counts = Array<std::int64_t>::temporary({count});
            return kernels::UniqueOut<T>{values.data(), found.counts.data()};
          },
          compute::Scratch{});
    }
  });
  return found;
}

}  // namespace furrow
