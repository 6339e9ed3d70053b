// furrow/montecarlo/plot.hpp
//
// A simulation drawn: how the estimate converges, with its error band, and a histogram of the
// paths' outputs. One SVG file of two charts, legible on light and on dark.
//
//   furrow::montecarlo::write_plot("pi.svg", plot);
//
// Convergence  the running estimate over the number of paths, on a logarithmic axis; the band is
//              1.96 standard errors to either side; a dashed line where the exact value is known
// Histogram    part of the paths in each bin; those outside of the bins are told above it. Of a
//              value that many paths have, such as the 0 of an option that is worth nothing, a stem
//              that says how many: a bar of that height would leave nothing of the others
// Errors       IoError when the file cannot be written
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <furrow/montecarlo/record.hpp>

namespace furrow::montecarlo {

struct ConvergencePoint {
  std::int64_t paths = 0;
  double mean = 0;
  double standard_error = 0;
};

/// A vertical line with a word to it.
struct Marker {
  double at = 0;
  std::string label;
};

/// A value that part of the paths have exactly.
struct Atom {
  double at = 0;
  std::int64_t count = 0;  // none: no stem
};

struct Plot {
  std::string title;
  std::string quantity;  // what is estimated: the first chart's vertical axis
  std::vector<ConvergencePoint> points;
  double exact = std::numeric_limits<double>::quiet_NaN();
  Bins bins{};                       // none: no second chart
  std::vector<std::int64_t> counts;  // below, of each bin, above
  Atom atom{};                       // that the counts leave out
  std::string sample;                // what is counted: the second chart's horizontal axis
  std::vector<Marker> markers;
};

std::string svg(const Plot& plot);
void write_plot(const std::string& file, const Plot& plot);

/// About `wanted` numbers 1, 2 or 5 times a power of ten apart, inside of low to high.
std::vector<double> round_ticks(double low, double high, int wanted);
/// As short as tells ticks that are `step` apart from each other.
std::string tick_text(double value, double step);

}  // namespace furrow::montecarlo
