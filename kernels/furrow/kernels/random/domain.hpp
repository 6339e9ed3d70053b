// furrow/kernels/random/domain.hpp
//
// Which parameters a distribution has an answer for. The engine refuses the others before anything
// is written; a kernel that is called with them gives NaN, or 0 where the elements have no NaN.
#pragma once

#include <algorithm>
#include <limits>

#include <furrow/kernels/packed.hpp>
#include <furrow/kernels/random/entries.hpp>

namespace furrow::kernels {

namespace domain {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

constexpr bool positive(double x) noexcept { return x > 0 && x < infinity; }
constexpr bool not_negative(double x) noexcept { return x >= 0 && x < infinity; }
constexpr bool finite(double x) noexcept { return x > -infinity && x < infinity; }
constexpr bool probability(double p) noexcept { return p >= 0 && p <= 1; }
/// Up to here doubles tell whole numbers apart, and all integer dtypes hold them.
constexpr double count_max = 0x1p52;
constexpr bool whole(double n) noexcept {
  return n >= 0 && n <= count_max && static_cast<double>(static_cast<std::int64_t>(n)) == n;
}

}  // namespace domain

/// Null when there is an answer, else what is wrong, to be read after the kernel's name.
template <RandomOp O, class T>
const char* random_refusal(const Scalar* p) noexcept {
  const double first = p[random_first_real].f64;
  const double second = p[random_second_real].f64;
  switch (O) {
    case RandomOp::integers:
      if constexpr (std::is_integral_v<T>) {
        const T low = element_of<T>(p[random_first_real]);
        const T high = element_of<T>(p[random_second_real]);
        return low <= high ? nullptr : "low must not be above high (which is included)";
      }
      return nullptr;
    case RandomOp::bernoulli: return domain::probability(first) ? nullptr : "p must be in [0, 1]";
    case RandomOp::geometric:
      return domain::probability(first) && first > 0 ? nullptr : "p must be in (0, 1]";
    case RandomOp::binomial:
      if (!domain::whole(first)) return "n must be a whole number from 0 to 2^52";
      return domain::probability(second) ? nullptr : "p must be in [0, 1]";
    case RandomOp::poisson:
      return first >= 0 && first <= domain::count_max / 2 ? nullptr : "lam must be in [0, 2^51]";
    case RandomOp::lognormal:
      if (!domain::finite(first)) return "mean must be finite";
      return domain::not_negative(second) ? nullptr : "sigma must be finite and not negative";
    case RandomOp::exponential:
    case RandomOp::rayleigh:
      return domain::not_negative(first) ? nullptr : "scale must be finite and not negative";
    case RandomOp::gamma:
      if (!domain::not_negative(first)) return "shape must be finite and not negative";
      return domain::not_negative(second) ? nullptr : "scale must be finite and not negative";
    case RandomOp::weibull:
    case RandomOp::pareto:
      if (!domain::positive(first)) return "shape must be finite and positive";
      return domain::not_negative(second) ? nullptr : "scale must be finite and not negative";
    case RandomOp::laplace:
    case RandomOp::logistic:
    case RandomOp::gumbel:
    case RandomOp::cauchy:
      if (!domain::finite(first)) return "loc must be finite";
      return domain::not_negative(second) ? nullptr : "scale must be finite and not negative";
    case RandomOp::beta:
      return domain::positive(first) && domain::positive(second)
                 ? nullptr
                 : "a and b must be finite and positive";
    case RandomOp::chisquare:
    case RandomOp::student_t:
      return domain::positive(first) ? nullptr : "df must be finite and positive";
    case RandomOp::uniform:
    case RandomOp::uniform_half_open:
      if (!domain::finite(first) || !domain::finite(second)) return "low and high must be finite";
      if constexpr (sizeof(T) == 4) {
        constexpr double most = std::numeric_limits<float>::max();
        if (std::max(first, second) > most || std::min(first, second) < -most) {
          return "low and high must be within what f32 can hold, 3.4e38";
        }
      }
      return domain::finite(second - first) ? nullptr : "high - low must be finite";
    case RandomOp::normal:
      if (!domain::finite(first)) return "mean must be finite";
      return domain::not_negative(second) ? nullptr : "std must be finite and not negative";
    default: return nullptr;  // bits have no parameters
  }
}

}  // namespace furrow::kernels
