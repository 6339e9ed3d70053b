// furrow/kernels/random/random.hpp
//
// Random numbers filled into memory.       out[i] = f(seed, stream, first_index + i)
//
// Shape   one contiguous span, standing at `first_index` of a larger array or sequence
// Types   floats: f32, f64 · bits: u32, u64 · counts: i64, u64, f64 · integers: their own dtype
// Order   element i depends on (seed, stream, i) alone: any split, any worker, the same bits
//         (what is computed from bits: on targets with fused multiply-add; see kernels/README.md)
// Domain  parameters without an answer (a negative scale, p = 2) give NaN, or 0 for integers;
//         domain.hpp lists them
// Size    f64 and u64 take half a Philox block, f32 and u32 a quarter; 2^64 blocks per stream
// Streams below 2^48 share no draws; draws of one stream are shared by all distributions: give each
//         purpose its own
// Source  generator and mapping: philox.hpp, reference.hpp, reference_laws.hpp
#pragma once

#include <concepts>
#include <span>
#include <type_traits>

#include <furrow/kernels/packed.hpp>
#include <furrow/kernels/random/entries.hpp>
#include <furrow/kernels/random/philox.hpp>

namespace furrow::kernels {

/// Which sequence, and where in it.
struct RandomAt {
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;
  std::uint64_t first_index = 0;
};

/// What counts are given as.
template <class T>
concept RandomCount = std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::uint64_t> ||
    std::is_same_v<T, double>;
template <class T>
concept RandomWord = std::is_same_v<T, std::uint32_t> || std::is_same_v<T, std::uint64_t>;

namespace detail {

template <RandomOp O, class T>
void fill_span(std::span<T> out, const RandomAt& at, Scalar first, Scalar second = {}) noexcept {
  static const MapFunction function = random_function(O, dtype_of<T>);
  MapCall call{};
  call.out = out.data();
  call.out_stride = 1;
  call.count = out.size();
  call.first_index = at.first_index;
  call.parameters[random_seed].u64 = at.seed;
  call.parameters[random_stream].u64 = at.stream;
  call.parameters[random_first_real] = first;
  call.parameters[random_second_real] = second;
  function(call);
}

}  // namespace detail

// --- bits and integers ---

/// The words of std::philox4x32 (u32), or pairs of them (u64, the first word low).
template <RandomWord T>
void random_bits(std::span<T> out, const RandomAt& at) noexcept {
  detail::fill_span<RandomOp::bits, T>(out, at, {});
}

/// The words of Threefry4x64-20 (u64), or their halves (u32, the lower first).
template <RandomWord T>
void random_bits_threefry(std::span<T> out, const RandomAt& at) noexcept {
  detail::fill_span<RandomOp::bits_threefry, T>(out, at, {});
}

/// From low to high, both included, each as likely as any other.
template <class T>
requires(std::is_integral_v<T> &&
         !std::is_same_v<T, bool>) void random_integers(std::span<T> out, const RandomAt& at,
                                                        std::type_identity_t<T> low,
                                                        std::type_identity_t<T> high) noexcept {
  detail::fill_span<RandomOp::integers, T>(out, at, scalar_of(low), scalar_of(high));
}

/// True with probability p.
inline void random_bernoulli(std::span<bool> out, const RandomAt& at, double p) noexcept {
  detail::fill_span<RandomOp::bernoulli, bool>(out, at, {p});
}

// --- continuous: x[i] by inversion of uniform i, where not said otherwise ---

/// low + (high - low) * u with u in the open interval (0, 1). For other bounds than 0 and 1 the
/// result is rounded, and may round to a bound.
template <std::floating_point T>
void random_uniform(std::span<T> out, const RandomAt& at, double low = 0,
                    double high = 1) noexcept {
  detail::fill_span<RandomOp::uniform, T>(out, at, {low}, {high});
}

/// The same with u in [0, 1), as NumPy has it; one more bit.
template <std::floating_point T>
void random_uniform_half_open(std::span<T> out, const RandomAt& at, double low = 0,
                              double high = 1) noexcept {
  detail::fill_span<RandomOp::uniform_half_open, T>(out, at, {low}, {high});
}

/// mean + deviation * z with z standard normal; |z| <= 8.6 (f32: 6.8). Box and Muller.
template <std::floating_point T>
void random_normal(std::span<T> out, const RandomAt& at, double mean = 0,
                   double deviation = 1) noexcept {
  detail::fill_span<RandomOp::normal, T>(out, at, {mean}, {deviation});
}

/// e^(mean + sigma * z), z as in random_normal.
template <std::floating_point T>
void random_lognormal(std::span<T> out, const RandomAt& at, double mean = 0,
                      double sigma = 1) noexcept {
  detail::fill_span<RandomOp::lognormal, T>(out, at, {mean}, {sigma});
}

/// Density e^(-x/scale) / scale.
template <std::floating_point T>
void random_exponential(std::span<T> out, const RandomAt& at, double scale = 1) noexcept {
  detail::fill_span<RandomOp::exponential, T>(out, at, {scale});
}

/// P(X > x) = e^-(x/scale)^shape.
template <std::floating_point T>
void random_weibull(std::span<T> out, const RandomAt& at, double shape, double scale = 1) noexcept {
  detail::fill_span<RandomOp::weibull, T>(out, at, {shape}, {scale});
}

/// P(X > x) = e^-(x/scale)^2/2.
template <std::floating_point T>
void random_rayleigh(std::span<T> out, const RandomAt& at, double scale = 1) noexcept {
  detail::fill_span<RandomOp::rayleigh, T>(out, at, {scale});
}

/// P(X > x) = (scale/x)^shape from scale on.
template <std::floating_point T>
void random_pareto(std::span<T> out, const RandomAt& at, double shape, double scale = 1) noexcept {
  detail::fill_span<RandomOp::pareto, T>(out, at, {shape}, {scale});
}

template <std::floating_point T>
void random_laplace(std::span<T> out, const RandomAt& at, double loc = 0,
                    double scale = 1) noexcept {
  detail::fill_span<RandomOp::laplace, T>(out, at, {loc}, {scale});
}

template <std::floating_point T>
void random_logistic(std::span<T> out, const RandomAt& at, double loc = 0,
                     double scale = 1) noexcept {
  detail::fill_span<RandomOp::logistic, T>(out, at, {loc}, {scale});
}

template <std::floating_point T>
void random_gumbel(std::span<T> out, const RandomAt& at, double loc = 0,
                   double scale = 1) noexcept {
  detail::fill_span<RandomOp::gumbel, T>(out, at, {loc}, {scale});
}

template <std::floating_point T>
void random_cauchy(std::span<T> out, const RandomAt& at, double loc = 0,
                   double scale = 1) noexcept {
  detail::fill_span<RandomOp::cauchy, T>(out, at, {loc}, {scale});
}

/// Density proportional to x^(shape-1) e^(-x/scale); rejection. Shape 0 gives 0.
template <std::floating_point T>
void random_gamma(std::span<T> out, const RandomAt& at, double shape, double scale = 1) noexcept {
  detail::fill_span<RandomOp::gamma, T>(out, at, {shape}, {scale});
}

/// Gamma of df/2 and scale 2.
template <std::floating_point T>
void random_chisquare(std::span<T> out, const RandomAt& at, double df) noexcept {
  detail::fill_span<RandomOp::chisquare, T>(out, at, {df});
}

/// Density proportional to x^(a-1) (1-x)^(b-1); two gammas.
template <std::floating_point T>
void random_beta(std::span<T> out, const RandomAt& at, double a, double b) noexcept {
  detail::fill_span<RandomOp::beta, T>(out, at, {a}, {b});
}

/// Normal by the root of chisquare(df)/df.
template <std::floating_point T>
void random_student_t(std::span<T> out, const RandomAt& at, double df) noexcept {
  detail::fill_span<RandomOp::student_t, T>(out, at, {df});
}

// --- counts ---

/// Trials up to the first success, at least 1; inversion. At most 2^62.
template <RandomCount T>
void random_geometric(std::span<T> out, const RandomAt& at, double p) noexcept {
  detail::fill_span<RandomOp::geometric, T>(out, at, {p});
}

/// Inversion for lam < 32, else rejection.
template <RandomCount T>
void random_poisson(std::span<T> out, const RandomAt& at, double lam) noexcept {
  detail::fill_span<RandomOp::poisson, T>(out, at, {lam});
}

/// Successes in n trials; inversion for n*min(p, 1-p) < 32, else rejection.
template <RandomCount T>
void random_binomial(std::span<T> out, const RandomAt& at, double n, double p) noexcept {
  detail::fill_span<RandomOp::binomial, T>(out, at, {n}, {p});
}

}  // namespace furrow::kernels
