// tests/kernels/sweep.cpp
//
// The error of every f32 function of one argument over the whole range: all 2^32 bit patterns, on
// every SIMD target. No test: it runs for half an hour; what it finds is kept in f32_sweep.txt,
// where the accuracy tests look again and against MPFR.
//
//   furrow_kernels_sweep [FUNCTION …]      all functions where none is named
//   FURROW_SWEEP_STEP=17                   every 17th pattern only
//   FURROW_SWEEP_FALLBACK=1                on Highway's fallback target as well, which is slow
//
// Method  the reference is furrow's own f64 kernel of the same name on the best target. Within 2
//         ULP of f64 of the exact value (which the accuracy tests check against MPFR) it is
//         within 2^-28 ULP of f32. The worst points are confirmed by MPFR in the tests
// Output  a line for each function and target: the step (1: all patterns); the largest error in
//         ULP; where; of how many numbers the result is NaN or infinite and the reference is not,
//         or the other way round; of how many the bits are not the first target's (with fused
//         multiply-add: of none)
#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <furrow/kernels/registry.hpp>

namespace furrow::kernels::test {
namespace {

constexpr std::size_t chunk = 8192;

/// What a target has shown so far.
struct Seen {
  double worst = 0;
  std::uint32_t worst_bits = 0;
  std::uint64_t wrong = 0;  // NaN or infinite, and the reference is not, or the other way round
  std::uint32_t wrong_bits = 0;
  std::uint64_t unlike = 0;  // other bits than the first target's
};

/// |got - reference| in units of the last place of the reference in f32, as the bits of a double:
/// these order as the numbers do. All ones where one of them alone is NaN or infinite.
std::uint64_t error_bits(double reference, float got) {
  constexpr std::uint64_t exponent_mask = 0x7ff0000000000000;
  constexpr std::uint64_t least = std::uint64_t{1023 - 126} << 52;
  const std::uint64_t raw = std::bit_cast<std::uint64_t>(reference) & exponent_mask;
  const std::uint64_t exponent = raw < least ? least : raw;
  const std::uint64_t factor = (std::uint64_t{2 * 1023 + 23} << 52) - exponent;
  const double wide = static_cast<double>(got);
  const std::uint64_t error =
      std::bit_cast<std::uint64_t>(std::fabs(wide - reference) * std::bit_cast<double>(factor));
  const bool nan = (reference != reference) & (got != got);
  const bool same = nan | (static_cast<float>(reference) == got);
  // Beyond the range an infinity is as right as the greatest number.
  const bool plain = error < exponent_mask;
  return plain ? error : same ? 0 : ~std::uint64_t{0};
}

void compare(std::span<const float> x, std::span<const double> reference,
             std::span<const float> got, Seen& seen) {
  static std::array<std::uint64_t, chunk> errors;
  std::uint64_t largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    errors[i] = error_bits(reference[i], got[i]);
    largest = std::max(largest, errors[i]);
  }
  const std::uint64_t worst = std::bit_cast<std::uint64_t>(seen.worst);
  if (largest <= worst) return;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (errors[i] == ~std::uint64_t{0}) {
      if (seen.wrong++ == 0) seen.wrong_bits = std::bit_cast<std::uint32_t>(x[i]);
    } else if (std::bit_cast<double>(errors[i]) > seen.worst) {
      seen.worst = std::bit_cast<double>(errors[i]);
      seen.worst_bits = std::bit_cast<std::uint32_t>(x[i]);
    }
  }
}

template <class F>
const Variant* variant_of(const Kernel& kernel) {
  const Dtype dtype = dtype_of<F>;
  return find_variant(kernel, {&dtype, 1}, dtype);
}

template <class F>
void run(const Kernel& kernel, std::string_view target_name, std::span<const F> x,
         std::span<F> out) {
  if (!force_target(target_name)) std::abort();
  MapCall call{};
  call.out = out.data();
  call.in[0] = x.data();
  call.out_stride = call.in_stride[0] = 1;
  call.count = x.size();
  variant_of<F>(kernel)->map(call);
}

std::uint64_t unlike_bits(std::span<const float> x, std::span<const float> y) {
  if (std::memcmp(x.data(), y.data(), x.size_bytes()) == 0) return 0;
  std::uint64_t unlike = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool nan = std::isnan(x[i]) && std::isnan(y[i]);
    const bool same = std::bit_cast<std::uint32_t>(x[i]) == std::bit_cast<std::uint32_t>(y[i]);
    unlike += nan || same ? 0 : 1;
  }
  return unlike;
}

void sweep(const Kernel& kernel, std::span<const std::string_view> names, std::uint64_t step) {
  const auto began = std::chrono::steady_clock::now();
  std::vector<float> x(chunk), first(chunk), got(chunk);
  std::vector<double> wide(chunk), reference(chunk);
  std::vector<Seen> seen(names.size());
  for (std::uint64_t bits = 0; bits >> 32 == 0; bits += chunk * step) {
    for (std::size_t i = 0; i < chunk; ++i) {  // past the end the patterns begin again
      x[i] = std::bit_cast<float>(static_cast<std::uint32_t>(bits + i * step));
      wide[i] = static_cast<double>(x[i]);
    }
    run<double>(kernel, names[0], wide, reference);
    for (std::size_t t = 0; t < names.size(); ++t) {
      run<float>(kernel, names[t], x, t == 0 ? first : got);
      compare(x, reference, t == 0 ? first : got, seen[t]);
      if (t != 0) seen[t].unlike += unlike_bits(first, got);
    }
  }
  for (std::size_t t = 0; t < names.size(); ++t) {
    const Seen& at = seen[t];
    std::printf("%-7s %-6s %3llu %.4f %15a %5llu %9llu\n", kernel.name.data(), names[t].data(),
                static_cast<unsigned long long>(step), at.worst,
                static_cast<double>(std::bit_cast<float>(at.worst_bits)),
                static_cast<unsigned long long>(at.wrong),
                static_cast<unsigned long long>(at.unlike));
    if (at.wrong == 0) continue;
    std::fprintf(stderr, "%s on %s is wrong at %a\n", kernel.name.data(), names[t].data(),
                 static_cast<double>(std::bit_cast<float>(at.wrong_bits)));
  }
  std::fflush(stdout);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::fprintf(stderr, "%s took %.0f s\n", kernel.name.data(), took.count());
}

/// Functions whose error bound is a number: those that are computed, not only rounded.
bool is_function(const Kernel& kernel) {
  return kernel.input_count == 1 && kernel.parameters.empty() && kernel.error.front() >= '0' &&
         kernel.error.front() <= '9' && variant_of<float>(kernel) != nullptr &&
         variant_of<double>(kernel) != nullptr;
}

int sweep_all(std::span<char*> chosen) {
  const char* step = std::getenv("FURROW_SWEEP_STEP");
  std::vector<std::string_view> names(targets().begin(), targets().end());
  if (std::getenv("FURROW_SWEEP_FALLBACK") == nullptr && names.size() > 1) names.pop_back();
  std::size_t done = 0;
  for (const Kernel& kernel : all()) {
    const bool asked = std::any_of(chosen.begin(), chosen.end(),
                                   [&](const char* name) { return kernel.name == name; });
    if (!is_function(kernel) || (!chosen.empty() && !asked)) continue;
    sweep(kernel, names, step != nullptr ? std::strtoull(step, nullptr, 0) : 1);
    ++done;
  }
  if (done != 0) return 0;
  std::fprintf(stderr, "sweep: no function of one f32 argument has such a name\n");
  return 1;
}

}  // namespace
}  // namespace furrow::kernels::test

int main(int count, char** arguments) {
  return furrow::kernels::test::sweep_all({arguments + 1, arguments + count});
}
