// furrow/compute/histogram.hpp
//
// Counting by bins, on an engine's workers.
//
//   auto h = furrow::histogram(engine, x, 100);                       // from min to max
//   auto h = furrow::histogram(engine, x, 100, {{0.0, 1.0}});         // of a range
//   auto h = furrow::histogram(engine, x, edges);                     // h.counts, h.edges
//   auto s = furrow::histogram_sums(engine, x, weights, 100);         // sums of weights
//   auto n = furrow::bincount(engine, digits, 10);
//
// Bins    half-open, the last one closed; edges are f64, exactly NumPy's linspace for uniform bins
// Outside elements outside of the range or the edges, and NaN, are in no bin. Without a range min
//         and max have to be finite, as in NumPy. A range of one point is widened by 0.5 both ways
// Counts  exact. Sums: the same bits for any number of workers (kernels/sort/histogram.hpp)
// Types   x of any real dtype (bincount: integers, bool), compared as f64; weights f64
// Errors  TypeMismatch, ShapeMismatch (weights, edges), InvalidArgument (range, edges, bins,
//         negative numbers in bincount): before anything is written
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include <furrow/engine/engine.hpp>

namespace furrow {

struct Histogram {
  Array<std::int64_t> counts;
  Array<double> edges;  // one more
};

struct HistogramSums {
  Array<double> sums;
  Array<double> edges;
};

using HistogramRange = std::optional<std::pair<double, double>>;

Histogram histogram(Engine& engine, const AnyArray& x, std::int64_t bins = 10,
                    const HistogramRange& range = {});
/// `edges` never decrease, and there are two at least.
Histogram histogram(Engine& engine, const AnyArray& x, const Array<double>& edges);

HistogramSums histogram_sums(Engine& engine, const AnyArray& x, const Array<double>& weights,
                             std::int64_t bins = 10, const HistogramRange& range = {});
HistogramSums histogram_sums(Engine& engine, const AnyArray& x, const Array<double>& weights,
                             const Array<double>& edges);

/// How often each of 0, 1, … max(x) occurs; at least `length` counts, zeros at the end.
Array<std::int64_t> bincount(Engine& engine, const AnyArray& x, std::int64_t length = 0);
/// The sum of the weights of each.
Array<double> bincount_sums(Engine& engine, const AnyArray& x, const Array<double>& weights,
                            std::int64_t length = 0);

}  // namespace furrow
