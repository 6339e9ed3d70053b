#include <furrow/montecarlo/processes/numbers.hpp>

#include <fmt/format.h>

#include <furrow/error.hpp>

namespace furrow::processes {

void check_finite(std::string_view name, double value) {
  if (!std::isfinite(value)) {
    throw InvalidArgument(fmt::format("{} is {}: give a finite number", name, value));
  }
}

void check_positive(std::string_view name, double value) {
  if (!(value > 0 && std::isfinite(value))) {
    throw InvalidArgument(fmt::format("{} is {}: give a number above 0", name, value));
  }
}

void check_not_negative(std::string_view name, double value) {
  if (!(value >= 0 && std::isfinite(value))) {
    throw InvalidArgument(fmt::format("{} is {}: give 0 or a number above", name, value));
  }
}

void check_between(std::string_view name, double value, double low, double high) {
  if (!(value >= low && value <= high)) {
    throw InvalidArgument(
        fmt::format("{} is {}: give a number from {} to {}", name, value, low, high));
  }
}

}  // namespace furrow::processes
