// tests/kernels/exact.hpp
//
// Kernels against MPFR with 200 bits: the largest error over regions of arguments, on every target.
//
// FURROW_SHOW_ULP=1 prints the errors; FURROW_ULP_SAMPLES=1000000 looks longer than the suite does.
#pragma once

#include <catch2/catch.hpp>

#include <mpfr.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include <furrow/kernels/registry.hpp>

#include "accuracy_table.hpp"
#include "compare.hpp"
#include "samples.hpp"

namespace furrow::kernels::test {

using ExactOne = int (*)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t);
using ExactTwo = int (*)(mpfr_ptr, mpfr_srcptr, mpfr_srcptr, mpfr_rnd_t);

struct Point {
  double x, y;
};

/// Where to look: the next argument; a function of one variable gets x alone.
struct Arguments {
  std::string name;
  std::function<Point(Engine&)> next;
};

class ExactValue {
 public:
  ExactValue() { mpfr_inits2(200, x_, y_, value_, difference_, nullptr); }
  ~ExactValue() { mpfr_clears(x_, y_, value_, difference_, nullptr); }
  ExactValue(const ExactValue&) = delete;
  ExactValue& operator=(const ExactValue&) = delete;

  void set(ExactOne f, double x, double) {
    mpfr_set_d(x_, x, MPFR_RNDN);
    f(value_, x_, MPFR_RNDN);
  }
  void set(ExactTwo f, double x, double y) {
    mpfr_set_d(x_, x, MPFR_RNDN);
    mpfr_set_d(y_, y, MPFR_RNDN);
    f(value_, x_, y_, MPFR_RNDN);
  }

  /// Is |got - value| within `bound`?
  template <class F>
  bool is_within(F got, double bound) {
    if (bound <= 0 || !std::isfinite(got) || mpfr_number_p(value_) == 0) return false;
    mpfr_sub_d(difference_, value_, static_cast<double>(got), MPFR_RNDN);
    return std::fabs(mpfr_get_d(difference_, MPFR_RNDA)) <= bound;
  }

  /// |got - value| in units of the last place of the value in F; 1e300 when one is NaN or
  /// infinite alone.
  template <class F>
  double error_ulp(F got) {
    using L = std::numeric_limits<F>;
    if (mpfr_nan_p(value_) != 0 || std::isnan(got)) {
      return (mpfr_nan_p(value_) != 0) == std::isnan(got) ? 0 : 1e300;
    }
    // An exact value that rounds to infinity allows the greatest number as well as infinity.
    if (std::isinf(got)) {
      const double back = mpfr_get_d(value_, MPFR_RNDN);
      return std::isinf(static_cast<F>(back)) && (back > 0) == (got > 0) ? 0 : 1e300;
    }
    mpfr_sub_d(difference_, value_, static_cast<double>(got), MPFR_RNDN);
    const long exponent = mpfr_zero_p(value_) != 0 ? L::min_exponent : mpfr_get_exp(value_);
    const long last = std::max<long>(exponent - L::digits, L::min_exponent - L::digits);
    mpfr_mul_2si(difference_, difference_, -last, MPFR_RNDN);
    return std::fabs(mpfr_get_d(difference_, MPFR_RNDN));
  }

 private:
  mpfr_t x_, y_, value_, difference_;
};

/// One element through a kernel of the registry.
template <class F>
F evaluate_at(const char* kernel, F x, F y = 0) {
  const Kernel& found = *find(kernel);
  const Dtype dtypes[] = {dtype_of<F>, dtype_of<F>};
  F out = 0;
  MapCall call{};
  call.out = &out;
  call.in[0] = &x;
  call.in[1] = &y;
  call.out_stride = call.in_stride[0] = call.in_stride[1] = 1;
  call.count = 1;
  find_variant(found, {dtypes, found.input_count}, dtype_of<F>)->map(call);
  return out;
}

inline std::size_t ulp_samples() {
  const char* text = std::getenv("FURROW_ULP_SAMPLES");
  return text != nullptr ? std::strtoull(text, nullptr, 0) : 2000;
}

/// What the sweep over all numbers of type f32 has found (sweep.cpp writes the file).
struct SweepPoint {
  std::string target;
  double ulp;
  float x;
};

inline std::vector<SweepPoint> sweep_points(const std::string& kernel) {
  std::vector<SweepPoint> points;
  std::ifstream file(FURROW_F32_SWEEP);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name, target_name, step, ulp, x;
    unsigned long long wrong = 0;
    words >> name >> target_name >> step >> ulp >> x >> wrong;
    if (name != kernel) continue;
    CHECK(wrong == 0);
    points.push_back(
        {target_name, std::strtod(ulp.c_str(), nullptr), std::strtof(x.c_str(), nullptr)});
  }
  return points;
}

/// The worst points of the sweep, against MPFR: within the bound, and as the file has them, or the
/// kernel has changed since and is to be swept again.
inline void check_sweep(const char* kernel, ExactOne exact, double bound_ulp) {
  const std::vector<SweepPoint> points = sweep_points(kernel);
  INFO(kernel << ": furrow_kernels_sweep " << kernel << " writes its lines of " FURROW_F32_SWEEP);
  CHECK(!points.empty());
  ExactValue value;
  for (const SweepPoint& point : points) {
    if (!force_target(point.target)) continue;  // not on this machine
    value.set(exact, static_cast<double>(point.x), 0);
    const double error = value.error_ulp(evaluate_at(kernel, point.x));
    INFO(point.target << ": " << error << " ULP at " << point.x);
    CHECK(error <= bound_ulp);
    CHECK(std::fabs(error - point.ulp) < 0.0002);
    AccuracyTable::instance().see(kernel, false, error);
  }
  force_target("");
}

/// The kernel's largest error stays within `bound_ulp` in every region, on every target; errors
/// within `absolute` do not count.
template <class F, class ExactFunction>
void check_errors(const char* kernel, ExactFunction exact, double bound_ulp,
                  const std::vector<Arguments>& regions, double absolute = 0) {
  if constexpr (sizeof(F) == 4 && std::is_convertible_v<ExactFunction, ExactOne>) {
    if (absolute == 0) check_sweep(kernel, exact, bound_ulp);
  }
  const Kernel& found = *find(kernel);
  const Dtype dtypes[] = {dtype_of<F>, dtype_of<F>};
  const Variant* variant = find_variant(found, {dtypes, found.input_count}, dtype_of<F>);
  const std::size_t samples = ulp_samples();
  std::vector<F> x(samples), y(samples);
  std::vector<std::vector<F>> out(targets().size(), std::vector<F>(samples));
  ExactValue value;
  for (const Arguments& region : regions) {
    Engine engine(base_seed());
    for (std::size_t i = 0; i < samples; ++i) {
      const Point at = region.next(engine);
      x[i] = static_cast<F>(at.x);
      y[i] = static_cast<F>(at.y);
    }
    for (std::size_t t = 0; t < targets().size(); ++t) {
      REQUIRE(force_target(targets()[t]));
      MapCall call{};
      call.out = out[t].data();
      call.in[0] = x.data();
      call.in[1] = y.data();
      call.out_stride = call.in_stride[0] = call.in_stride[1] = 1;
      call.count = samples;
      variant->map(call);
    }
    std::vector<double> worst(targets().size(), 0.0);
    std::vector<std::size_t> worst_at(targets().size(), 0);
    for (std::size_t i = 0; i < samples; ++i) {
      value.set(exact, static_cast<double>(x[i]), static_cast<double>(y[i]));
      for (std::size_t t = 0; t < targets().size(); ++t) {
        if (value.is_within(out[t][i], absolute)) continue;
        const double error = value.error_ulp(out[t][i]);
        if (error > worst[t]) {
          worst[t] = error;
          worst_at[t] = i;
        }
      }
    }
    for (std::size_t t = 0; t < targets().size(); ++t) {
      char text[200];
      const std::size_t i = worst_at[t];
      std::snprintf(text, sizeof text, "%s %s %s, %s: %.4f ULP at %a, %a", kernel,
                    dtype_name(dtype_of<F>).data(), targets()[t].data(), region.name.c_str(),
                    worst[t], static_cast<double>(x[i]), static_cast<double>(y[i]));
      INFO(text << ", FURROW_SEED=" << base_seed());
      CHECK(worst[t] <= bound_ulp);
      if (absolute == 0) AccuracyTable::instance().see(kernel, sizeof(F) == 8, worst[t]);
      if (std::getenv("FURROW_SHOW_ULP") != nullptr) std::fprintf(stderr, "%s\n", text);
    }
  }
  force_target("");
}

}  // namespace furrow::kernels::test
