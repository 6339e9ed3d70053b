// furrow/montecarlo/processes/numbers.hpp
//
// The functions of a double that a pack has, so that the processes are written once for both; and
// how their parameters are checked.
//
// Errors  InvalidArgument that names the parameter, its value and what it may be; before any path
#pragma once

#include <algorithm>
#include <cmath>
#include <string_view>

#include <furrow/montecarlo/path.hpp>

namespace furrow::processes {

// Found for doubles; for packs, whose namespace has its own, by their argument.
using std::abs;
using std::exp;
using std::log;
using std::sqrt;

/// Not a number where one of them is not, as for packs.
inline double max(double x, double y) noexcept { return x < y || std::isnan(y) ? y : x; }
inline double min(double x, double y) noexcept { return y < x || std::isnan(y) ? y : x; }
inline double where(bool condition, double x, double y) noexcept { return condition ? x : y; }
inline bool any(bool condition) noexcept { return condition; }
inline bool all(bool condition) noexcept { return condition; }

void check_finite(std::string_view name, double value);
void check_positive(std::string_view name, double value);
void check_not_negative(std::string_view name, double value);
/// From low to high, both included.
void check_between(std::string_view name, double value, double low, double high);

}  // namespace furrow::processes
