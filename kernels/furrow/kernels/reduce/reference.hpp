// furrow/kernels/reduce/reference.hpp
//
// The specification of the reductions of one tile: plain scalar C++, any strides. Sums and products
// follow the 16 virtual lanes, so the SIMD code gives the same bits (dot and mean_variance: on
// targets with a fused multiply-add). min and max give the same number; which zero, when both
// signs of zero occur, and which NaN, is left to the order.
#pragma once

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include <furrow/kernels/reduce/entries.hpp>
#include <furrow/kernels/reduce/partials.hpp>

namespace furrow::kernels {

template <class T>
T element_at(const ReduceCall& call, std::size_t operand, std::size_t i) noexcept {
  const auto at = static_cast<std::ptrdiff_t>(i) * call.in_stride[operand];
  return static_cast<const T*>(call.in[operand])[at];
}

/// fold over i of step(accumulator of lane i % 16, i), then the lanes in halves.
template <class Step>
double reference_sum(std::size_t count, Step step) noexcept {
  std::array<double, lanes_virtual> lane{};
  for (std::size_t i = 0; i < count; ++i)
    lane[i % lanes_virtual] = step(lane[i % lanes_virtual], i);
  return fold_sum(lane);
}

template <class T>
void reference_sum_tile(const ReduceCall& call, void* partial) noexcept {
  if constexpr (std::is_integral_v<T>) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < call.count; ++i) {
      total += static_cast<std::uint64_t>(element_at<T>(call, 0, i));
    }
    static_cast<UnsignedPartial*>(partial)->value = total;
  } else if constexpr (is_complex(dtype_of<T>)) {
    double lane[2][lanes_virtual / 2] = {};
    for (std::size_t i = 0; i < call.count; ++i) {
      const T x = element_at<T>(call, 0, i);
      lane[0][i % 8] += x.real();
      lane[1][i % 8] += x.imag();
    }
    for (std::size_t half = 4; half != 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) {
        lane[0][i] += lane[0][i + half];
        lane[1][i] += lane[1][i + half];
      }
    }
    *static_cast<ComplexPartial*>(partial) = {lane[0][0], lane[1][0]};
  } else {
    static_cast<RealPartial*>(partial)->value =
        reference_sum(call.count, [&](double sum, std::size_t i) {
          return sum + static_cast<double>(element_at<T>(call, 0, i));
        });
  }
}

template <class T>
void reference_product_tile(const ReduceCall& call, void* partial) noexcept {
  if constexpr (std::is_integral_v<T>) {
    std::uint64_t total = 1;
    for (std::size_t i = 0; i < call.count; ++i) {
      total *= static_cast<std::uint64_t>(element_at<T>(call, 0, i));
    }
    static_cast<UnsignedPartial*>(partial)->value = total;
  } else if constexpr (is_complex(dtype_of<T>)) {
    ComplexPartial lane[lanes_virtual];
    std::fill(std::begin(lane), std::end(lane), ComplexPartial{1, 0});
    for (std::size_t i = 0; i < call.count; ++i) {
      const T x = element_at<T>(call, 0, i);
      ComplexPartial& product = lane[i % lanes_virtual];
      product = combine_products(product, {x.real(), x.imag()});
    }
    double parts[2][lanes_virtual];
    for (std::size_t i = 0; i < lanes_virtual; ++i) {
      parts[0][i] = lane[i].real;
      parts[1][i] = lane[i].imaginary;
    }
    *static_cast<ComplexPartial*>(partial) = fold_complex_product(parts[0], parts[1]);
  } else {
    std::array<double, lanes_virtual> lane;
    lane.fill(1.0);
    for (std::size_t i = 0; i < call.count; ++i) {
      lane[i % lanes_virtual] *= static_cast<double>(element_at<T>(call, 0, i));
    }
    for (std::size_t half = lanes_virtual / 2; half != 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) lane[i] *= lane[i + half];
    }
    static_cast<RealPartial*>(partial)->value = lane[0];
  }
}

template <class T>
void reference_dot_tile(const ReduceCall& call, void* partial) noexcept {
  if constexpr (std::is_integral_v<T>) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < call.count; ++i) {
      total += static_cast<std::uint64_t>(element_at<T>(call, 0, i)) *
               static_cast<std::uint64_t>(element_at<T>(call, 1, i));
    }
    static_cast<UnsignedPartial*>(partial)->value = total;
  } else if constexpr (is_complex(dtype_of<T>)) {
    const auto x = [&](std::size_t i) { return c128(element_at<T>(call, 0, i)); };
    const auto y = [&](std::size_t i) { return c128(element_at<T>(call, 1, i)); };
    const double real = reference_sum(call.count, [&](double sum, std::size_t i) {
      return std::fma(-x(i).imag(), y(i).imag(), std::fma(x(i).real(), y(i).real(), sum));
    });
    const double imaginary = reference_sum(call.count, [&](double sum, std::size_t i) {
      return std::fma(x(i).imag(), y(i).real(), std::fma(x(i).real(), y(i).imag(), sum));
    });
    *static_cast<ComplexPartial*>(partial) = {real, imaginary};
  } else {
    static_cast<RealPartial*>(partial)->value =
        reference_sum(call.count, [&](double sum, std::size_t i) {
          return std::fma(static_cast<double>(element_at<T>(call, 0, i)),
                          static_cast<double>(element_at<T>(call, 1, i)), sum);
        });
  }
}

template <class T>
void reference_mean_variance_tile(const ReduceCall& call, void* partial) noexcept {
  constexpr std::size_t elements = tile_elements(sizeof(double));
  const auto combine = [](const MomentsPartial& left, const MomentsPartial& right,
                          MomentsPartial& out) { out = combine_moments(left, right); };
  TreeCounter<MomentsPartial, 8, decltype(combine)> tree(combine);
  for (std::size_t begin = 0; begin < call.count; begin += elements) {
    const std::size_t count = call.count - begin < elements ? call.count - begin : elements;
    const auto n = static_cast<double>(count);
    const auto x = [&](std::size_t i) {
      return static_cast<double>(element_at<T>(call, 0, begin + i));
    };
    const double mean = reference_sum(count, [&](double s, std::size_t i) { return s + x(i); }) / n;
    const double rest =
        reference_sum(count, [&](double s, std::size_t i) { return s + (x(i) - mean); });
    const double squares = reference_sum(
        count, [&](double s, std::size_t i) { return std::fma(x(i) - mean, x(i) - mean, s); });
    const double m2 = squares - rest * rest / n;
    tree.add(make_moments(mean, rest / n, m2 < 0 ? 0 : m2, count));
  }
  *static_cast<MomentsPartial*>(partial) = tree.total();
}

template <class T, bool Greatest>
void reference_extreme_tile(const ReduceCall& call, void* partial) noexcept {
  if constexpr (std::is_integral_v<T>) {
    T best = element_at<T>(call, 0, 0);
    for (std::size_t i = 1; i < call.count; ++i) {
      const T x = element_at<T>(call, 0, i);
      if (Greatest ? x > best : x < best) best = x;
    }
    static_cast<UnsignedPartial*>(partial)->value = static_cast<std::uint64_t>(best);
  } else {
    auto best = static_cast<double>(element_at<T>(call, 0, 0));
    for (std::size_t i = 1; i < call.count; ++i) {
      const auto x = static_cast<double>(element_at<T>(call, 0, i));
      best = Greatest ? greater(best, x) : lesser(best, x);
    }
    static_cast<RealPartial*>(partial)->value = best;
  }
}

template <class T>
bool reference_is_nan(T x) noexcept {
  if constexpr (std::is_same_v<T, f16>)
    return std::isnan(static_cast<float>(x));
  else
    return x != x;
}

template <class T, bool Nan>
void reference_count_tile(const ReduceCall& call, void* partial) noexcept {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < call.count; ++i) {
    const T x = element_at<T>(call, 0, i);
    if (Nan ? reference_is_nan(x) : !(x == T{})) ++total;
  }
  static_cast<UnsignedPartial*>(partial)->value = total;
}

template <class T, bool All>
void reference_logic_tile(const ReduceCall& call, void* partial) noexcept {
  bool result = All;
  for (std::size_t i = 0; i < call.count; ++i) {
    const bool is_zero = element_at<T>(call, 0, i) == T{};
    if (is_zero == All) result = !All;
  }
  static_cast<UnsignedPartial*>(partial)->value = result ? 1 : 0;
}

template <class T, bool Greatest>
void reference_place_tile(const ReduceCall& call, void* partial) noexcept {
  using Wide =
      std::conditional_t<is_real_float(dtype_of<T>), double,
                         std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>;
  PlacePartial<Wide> best{static_cast<Wide>(element_at<T>(call, 0, 0)), call.first_index};
  for (std::size_t i = 1; i < call.count; ++i) {
    const PlacePartial<Wide> next{static_cast<Wide>(element_at<T>(call, 0, i)),
                                  call.first_index + i};
    best = better_place<Greatest>(best, next);
  }
  *static_cast<PlacePartial<Wide>*>(partial) = best;
}

template <class T, bool Greatest>
void reference_number_place_tile(const ReduceCall& call, void* partial) noexcept {
  PlacePartial<double> best{std::numeric_limits<double>::quiet_NaN(), no_place};
  for (std::size_t i = 0; i < call.count; ++i) {
    const auto x = static_cast<double>(element_at<T>(call, 0, i));
    if (x == x) best = better_number_place<Greatest>(best, {x, call.first_index + i});
  }
  *static_cast<PlacePartial<double>*>(partial) = best;
}

template <class T, ReduceOp O>
void reference_norm_tile(const ReduceCall& call, void* partial) noexcept {
  // Of complex numbers the parts are elements.
  constexpr std::size_t parts = is_complex(dtype_of<T>) ? 2 : 1;
  constexpr bool scales = std::is_same_v<T, double> || std::is_same_v<T, c128>;
  const auto x = [&](std::size_t i) {
    const T element = element_at<T>(call, 0, i / parts);
    if constexpr (parts == 2) {
      return static_cast<double>(i % 2 == 0 ? element.real() : element.imag());
    } else {
      return static_cast<double>(element);
    }
  };
  const auto squares = [&](double factor) {
    return reference_sum(parts * call.count, [&](double sum, std::size_t i) {
      return std::fma(x(i) * factor, x(i) * factor, sum);
    });
  };
  if constexpr (O == ReduceOp::norm1) {
    static_cast<RealPartial*>(partial)->value =
        reference_sum(call.count, [&](double sum, std::size_t i) { return sum + std::fabs(x(i)); });
  } else if constexpr (O == ReduceOp::norm_inf) {
    double best = 0;
    for (std::size_t i = 0; i < call.count; ++i) best = greater(best, std::fabs(x(i)));
    static_cast<RealPartial*>(partial)->value = best;
  } else {
    NormPartial norm{squares(1), 0};
    if (scales && norm.sum < norm_least) {
      norm = {squares(norm_up), -norm_scale};
    } else if (scales && !(norm.sum <= norm_most)) {
      norm = {squares(norm_down), norm_scale};
    }
    *static_cast<NormPartial*>(partial) = norm;
  }
}

/// The reductions that leave NaN out, of a sum's or an extreme's shape.
template <class T, ReduceOp O>
void reference_ignoring_tile(const ReduceCall& call, void* partial) noexcept {
  std::array<double, lanes_virtual> lane;
  lane.fill(O == ReduceOp::nansum    ? 0
            : O == ReduceOp::nanprod ? 1
                                     : std::numeric_limits<double>::quiet_NaN());
  const auto both = [](double a, double b) {
    if constexpr (O == ReduceOp::nansum) return a + b;
    if constexpr (O == ReduceOp::nanprod) return a * b;
    return O == ReduceOp::nanmin ? lesser_number(a, b) : greater_number(a, b);
  };
  for (std::size_t i = 0; i < call.count; ++i) {
    const auto x = static_cast<double>(element_at<T>(call, 0, i));
    if (x == x) lane[i % lanes_virtual] = both(lane[i % lanes_virtual], x);
  }
  for (std::size_t half = lanes_virtual / 2; half != 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) lane[i] = both(lane[i], lane[i + half]);
  }
  static_cast<RealPartial*>(partial)->value = lane[0];
}

template <class T>
void reference_nanmean_variance_tile(const ReduceCall& call, void* partial) noexcept {
  constexpr std::size_t elements = tile_elements(sizeof(double));
  const auto combine = [](const MomentsPartial& left, const MomentsPartial& right,
                          MomentsPartial& out) { out = combine_moments(left, right); };
  TreeCounter<MomentsPartial, 8, decltype(combine)> tree(combine);
  for (std::size_t begin = 0; begin < call.count; begin += elements) {
    double numbers[elements];
    std::size_t kept = 0;
    for (std::size_t i = begin; i < call.count && i < begin + elements; ++i) {
      const auto x = static_cast<double>(element_at<T>(call, 0, i));
      if (x == x) numbers[kept++] = x;
    }
    MomentsPartial chunk{};
    const ReduceCall numbers_call = {{numbers}, {1}, kept, 0};
    if (kept != 0) reference_mean_variance_tile<double>(numbers_call, &chunk);
    tree.add(chunk);
  }
  *static_cast<MomentsPartial*>(partial) = tree.total();
}

template <ReduceOp O, class T>
void reference_tile(const ReduceCall& call, void* partial) noexcept {
  if constexpr (O == ReduceOp::sum) reference_sum_tile<T>(call, partial);
  if constexpr (O == ReduceOp::product) reference_product_tile<T>(call, partial);
  if constexpr (O == ReduceOp::mean_variance) reference_mean_variance_tile<T>(call, partial);
  if constexpr (O == ReduceOp::min) reference_extreme_tile<T, false>(call, partial);
  if constexpr (O == ReduceOp::max) reference_extreme_tile<T, true>(call, partial);
  if constexpr (O == ReduceOp::dot) reference_dot_tile<T>(call, partial);
  if constexpr (O == ReduceOp::count) reference_count_tile<T, false>(call, partial);
  if constexpr (O == ReduceOp::count_nan) reference_count_tile<T, true>(call, partial);
  if constexpr (O == ReduceOp::any) reference_logic_tile<T, false>(call, partial);
  if constexpr (O == ReduceOp::all) reference_logic_tile<T, true>(call, partial);
  if constexpr (O == ReduceOp::argmin) reference_place_tile<T, false>(call, partial);
  if constexpr (O == ReduceOp::argmax) reference_place_tile<T, true>(call, partial);
  if constexpr (O >= ReduceOp::norm1 && O <= ReduceOp::norm_inf) {
    reference_norm_tile<T, O>(call, partial);
  }
  if constexpr (O >= ReduceOp::nansum && O <= ReduceOp::nanmax) {
    reference_ignoring_tile<T, O>(call, partial);
  }
  if constexpr (O == ReduceOp::nanargmin) reference_number_place_tile<T, false>(call, partial);
  if constexpr (O == ReduceOp::nanargmax) reference_number_place_tile<T, true>(call, partial);
  if constexpr (O == ReduceOp::nanmean_variance) {
    reference_nanmean_variance_tile<T>(call, partial);
  }
}

}  // namespace furrow::kernels
