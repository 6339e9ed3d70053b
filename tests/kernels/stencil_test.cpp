// tests/kernels/stencil_test.cpp
//
// Stencils against the order that the header states, written out in plain C++: any shape, strides,
// boundary and size of weights, to the bit, on every target. Moving averages against sums in long
// double, and against themselves elsewhere.
#include <catch2/catch.hpp>

#include <cmath>

#include <furrow/kernels/registry.hpp>
#include <furrow/kernels/stencil/moving.hpp>
#include <furrow/kernels/stencil/stencil.hpp>

#include "compare.hpp"
#include "samples.hpp"

namespace furrow::kernels::test {
namespace {

using Numbers = std::vector<std::int64_t>;

constexpr Boundary boundaries[] = {Boundary::constant, Boundary::nearest, Boundary::wrap,
                                   Boundary::reflect,  Boundary::mirror,  Boundary::absent};

/// As SciPy's and NumPy's documentation draws them, by walking there step by step.
std::int64_t position_by_steps(Boundary boundary, std::int64_t i, std::int64_t n) {
  while (i < 0 || i >= n) {
    switch (boundary) {
      case Boundary::nearest: return i < 0 ? 0 : n - 1;
      case Boundary::wrap: i += i < 0 ? n : -n; break;
      case Boundary::reflect: i = i < 0 ? -1 - i : 2 * n - 1 - i; break;
      case Boundary::mirror:
        if (n == 1) return 0;
        i = i < 0 ? -i : 2 * n - 2 - i;
        break;
      default: return -1;
    }
  }
  return i;
}

template <class T>
T multiply_add(T a, T b, T sum) {
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<U>(a) * static_cast<U>(b) + static_cast<U>(sum));
  } else {
    return is_fused(target()) ? std::fma(a, b, sum) : a * b + sum;
  }
}

struct Case {
  Numbers in, out, weights, origin;
  Boundary boundary;
  bool backwards = false;
  std::int64_t inner_stride = 1;  // of the output
};

std::int64_t product(const Numbers& shape) {
  std::int64_t size = 1;
  for (const std::int64_t extent : shape) size *= extent;
  return size;
}

Numbers strides_of(const Numbers& shape, std::int64_t inner) {
  Numbers strides(shape.size());
  for (std::size_t k = shape.size(); k-- != 0;) {
    strides[k] = inner;
    inner *= shape[k];
  }
  return strides;
}

Numbers place_of(std::int64_t index, const Numbers& shape) {
  Numbers place(shape.size());
  for (std::size_t k = shape.size(); k-- != 0;) {
    place[k] = index % shape[k];
    index /= shape[k];
  }
  return place;
}

/// The header, word for word.
template <class T>
std::vector<T> reference(const Case& c, const std::vector<T>& x, const std::vector<T>& weights,
                         T value) {
  const Numbers strides = strides_of(c.in, 1);
  std::vector<T> out;
  for (std::int64_t i = 0; i < product(c.out); ++i) {
    const Numbers at = place_of(i, c.out);
    T sum{};
    for (std::int64_t t = 0; t < product(c.weights); ++t) {
      const Numbers tap = place_of(t, c.weights);
      std::int64_t offset = 0;
      bool outside = false;
      for (std::size_t k = 0; k < at.size(); ++k) {
        const std::int64_t p = position_by_steps(c.boundary, at[k] - c.origin[k] + tap[k], c.in[k]);
        outside = outside || p < 0;
        offset += p * strides[k];
      }
      if (outside && c.boundary == Boundary::absent) continue;
      const auto w = static_cast<std::size_t>(c.backwards ? product(c.weights) - 1 - t : t);
      sum = multiply_add(weights[w], outside ? value : x[static_cast<std::size_t>(offset)], sum);
    }
    out.push_back(sum);
  }
  return out;
}

template <class T>
std::vector<T> samples(std::int64_t count, Mood mood, std::uint64_t more = 0) {
  Engine engine(base_seed() + more);
  std::vector<T> x(static_cast<std::size_t>(count));
  for (auto&& value : x) value = sample<T>(engine, mood);
  return x;
}

template <class T, class Each>
std::vector<T> computed(Each each, const Case& c, const std::vector<T>& x,
                        const std::vector<T>& weights, T value) {
  const Numbers in_strides = strides_of(c.in, 1);
  const Numbers out_strides = strides_of(c.out, c.inner_stride);
  std::vector<T> wide(static_cast<std::size_t>(product(c.out) * c.inner_stride), T(77));
  stencil(each, plan_stencil(StencilArrays<T>{x.data(), wide.data(), weights.data(), c.in,
                                              in_strides, c.out, out_strides, c.weights, c.origin,
                                              c.boundary, value, c.backwards}));
  std::vector<T> out;
  for (std::size_t i = 0; i < wide.size(); ++i) {
    if (static_cast<std::int64_t>(i) % c.inner_stride == 0) {
      out.push_back(wide[i]);
    } else {
      REQUIRE(wide[i] == T(77));
    }
  }
  return out;
}

template <class F>
void on_every_target(F f) {
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    REQUIRE(target() == name);
    INFO(name);
    f();
  }
  force_target("");
}

template <class T>
void check(const Case& c, Mood mood, bool finite_weights = true) {
  const std::vector<T> x = samples<T>(product(c.in), mood);
  const std::vector<T> weights =
      samples<T>(product(c.weights), finite_weights ? Mood::ordinary : mood, 5);
  const std::vector<T> expected = reference(c, x, weights, T(3));
  const std::vector<T> out = computed(Serial{}, c, x, weights, T(3));
  const std::vector<T> threads = computed(Threads{3}, c, x, weights, T(3));
  // A zero's sign may differ where absent neighbours are counted as zeros.
  const auto same = [&](T a, T b) {
    return same_bits(a, b) || (c.boundary == Boundary::absent && a == T(0) && b == T(0));
  };
  INFO("axes " << c.in.size() << ", in " << c.in[0] << " … " << c.in.back() << ", weights "
               << c.weights[0] << " … " << c.weights.back() << ", boundary "
               << static_cast<int>(c.boundary) << ", backwards " << c.backwards);
  CHECK(std::equal(out.begin(), out.end(), expected.begin(), expected.end(), same));
  CHECK(std::equal(out.begin(), out.end(), threads.begin(), threads.end(), same_bits<T>));
}

/// Output as the input, weights centred.
Case centred(const Numbers& in, Numbers weights, Boundary boundary, bool backwards = false) {
  Numbers origin;
  for (const std::int64_t taps : weights) origin.push_back(taps / 2);
  return {in, in, std::move(weights), std::move(origin), boundary, backwards};
}

}  // namespace

TEST_CASE("positions beyond the ends of an axis are those of the drawings") {
  for (const Boundary boundary : boundaries) {
    for (std::int64_t n = 1; n < 6; ++n) {
      for (std::int64_t i = -20; i < 20; ++i) {
        CHECK(position_at(boundary, i, n) == position_by_steps(boundary, i, n));
      }
    }
  }
}

TEST_CASE("lines of every length meet weights of every length, on every target") {
  on_every_target([] {
    for (const Boundary boundary : boundaries) {
      for (const std::int64_t n : {1, 2, 3, 7, 8, 15, 16, 17, 31, 64, 65, 129, 300}) {
        for (const std::int64_t taps : {1, 2, 3, 5, 16, 33}) {
          check<double>(centred({n}, {taps}, boundary, taps % 2 == 0), Mood::ordinary);
          check<float>(centred({n}, {taps}, boundary), Mood::wild);
        }
      }
      check<double>(centred({5000}, {7}, boundary), Mood::wild);
      check<float>(centred({4500}, {700}, boundary), Mood::ordinary);
      check<double>(centred({40}, {1200}, boundary, true), Mood::ordinary);
    }
  });
}

TEST_CASE("overlaps are NumPy's, and leave out what is not there") {
  on_every_target([] {
    for (const Overlap mode : {Overlap::full, Overlap::same, Overlap::valid}) {
      for (const bool backwards : {false, true}) {
        for (const auto& [n, taps] : {std::pair{100, 7}, {100, 8}, {8, 8}, {3000, 601}, {5, 1}}) {
          const Case c = {{n},
                          {overlap_size(mode, n, taps)},
                          {taps},
                          {overlap_origin(mode, taps)},
                          Boundary::absent,
                          backwards};
          check<double>(c, Mood::ordinary);
          check<float>(c, Mood::wild, false);  // infinite weights: zeros instead would be NaN
          check<std::int32_t>(c, Mood::wild, false);
        }
      }
    }
  });
  const std::vector<double> x = {1, 2, 3};
  const std::vector<double> w = {0, 1, 0.5};
  std::vector<double> out(5);
  convolve<double>(Serial{}, x, w, out, Overlap::full);
  CHECK(out == std::vector<double>{0, 1, 2.5, 4, 1.5});
  correlate<double>(Serial{}, x, w, out, Overlap::full);
  CHECK(out == std::vector<double>{0.5, 2, 3.5, 3, 0});
}

TEST_CASE("planes, volumes and single axes of arrays, on every target") {
  on_every_target([] {
    for (const Boundary boundary : boundaries) {
      for (const bool backwards : {false, true}) {
        check<double>(centred({20, 70}, {3, 3}, boundary, backwards), Mood::wild);
        check<float>(centred({9, 40}, {5, 4}, boundary, backwards), Mood::ordinary);
        check<float>(centred({6, 7, 35}, {3, 2, 3}, boundary, backwards), Mood::wild);
        check<double>(centred({3, 2, 5}, {5, 5, 7}, boundary, backwards), Mood::ordinary);
        check<double>(centred({300, 3}, {6, 1}, boundary, backwards), Mood::wild);
        check<double>(centred({12, 30, 3}, {3, 3, 1}, boundary, backwards), Mood::wild);
        check<double>(centred({30, 4, 50}, {4, 1, 1}, boundary, backwards), Mood::wild);
        check<double>(centred({2, 60, 2, 3}, {1, 9, 1, 1}, boundary, backwards), Mood::wild);
        check<std::int64_t>(centred({10, 33}, {2, 3}, boundary, backwards), Mood::wild, false);
        check<std::uint32_t>(centred({5, 6, 7}, {3, 1, 3}, boundary, backwards), Mood::wild, false);
      }
      check<float>(centred({5, 4, 30}, {5, 3, 9}, boundary), Mood::ordinary);
      check<double>(centred({3, 2500}, {3, 3}, boundary), Mood::wild);
      check<double>(centred({2, 3, 2, 2, 3, 2, 2, 4}, {1, 2, 1, 1, 3, 1, 1, 2}, boundary),
                    Mood::wild);
      Case apart = centred({20, 40}, {3, 3}, boundary);
      apart.inner_stride = 3;
      check<double>(apart, Mood::wild);
    }
    check<double>(centred({40, 50}, {7, 7}, Boundary::mirror), Mood::ordinary);
  });
}

TEST_CASE("fused targets have the same bits of a stencil") {
  std::vector<float> first;
  const Case c = centred({50, 333}, {5, 5}, Boundary::reflect);
  const auto x = samples<float>(product(c.in), Mood::ordinary);
  const auto weights = samples<float>(25, Mood::ordinary, 1);
  on_every_target([&] {
    if (!is_fused(target())) return;
    const std::vector<float> out = computed(Serial{}, c, x, weights, 0.0F);
    if (first.empty()) first = out;
    CHECK(out == first);
  });
}

namespace {

template <class T>
std::vector<T> average(const std::vector<T>& x, std::int64_t lines, std::int64_t inner,
                       std::int64_t window, Boundary boundary, bool whole_only, bool threads) {
  const auto n = static_cast<std::int64_t>(x.size()) / lines / inner;
  const std::int64_t out_n = whole_only ? n - window + 1 : n;
  std::vector<T> out(static_cast<std::size_t>(lines * out_n * inner));
  std::vector<double> scratch(
      static_cast<std::size_t>(moving_scratch(lines, out_n * inner, window, inner)));
  const MovingArrays<T> arrays = {x.data(), out.data(), lines,  n,
                                  out_n,    inner,      window, whole_only ? 0 : window / 2,
                                  boundary, T(3)};
  if (threads) {
    moving_average(Threads{3}, arrays, scratch.data());
  } else {
    moving_average(Serial{}, arrays, scratch.data());
  }
  return out;
}

template <class T>
void check_average(std::int64_t lines, std::int64_t n, std::int64_t inner, std::int64_t window,
                   Boundary boundary, bool whole_only) {
  const auto x = samples<T>(lines * n * inner, Mood::ordinary);
  const auto out = average(x, lines, inner, window, boundary, whole_only, false);
  const std::int64_t out_n = whole_only ? n - window + 1 : n;
  const std::int64_t origin = whole_only ? 0 : window / 2;
  double worst = 0;
  // Not all of them where windows are long.
  const std::int64_t step = window > 1000 ? 97 : 1;
  for (std::int64_t i = 0; i < lines * out_n * inner; i += step) {
    const std::int64_t line = i / (out_n * inner);
    const std::int64_t at = i / inner % out_n;
    long double sum = 0;
    long double size = 0;
    for (std::int64_t t = 0; t < window; ++t) {
      const std::int64_t p = position_by_steps(boundary, at - origin + t, n);
      const T value =
          p < 0 ? T(3) : x[static_cast<std::size_t>((line * n + p) * inner + i % inner)];
      sum += value;
      size += std::fabs(value);
    }
    const auto mean = static_cast<double>(sum / static_cast<long double>(window));
    double error = std::fabs(static_cast<double>(out[static_cast<std::size_t>(i)]) - mean);
    if (std::is_same_v<T, float>) {
      error = std::max(0.0, error - std::ldexp(std::fabs(mean), -24));
    }
    const double bound = (2 * std::log2(static_cast<double>(window)) + 2) * std::ldexp(1.0, -53) *
                         static_cast<double>(size / static_cast<long double>(window));
    worst = std::max(worst, error / bound);
  }
  INFO("lines " << lines << " n " << n << " inner " << inner << " window " << window << " boundary "
                << static_cast<int>(boundary) << " whole " << whole_only);
  CHECK(worst <= 1.01);
  CHECK(average(x, lines, inner, window, boundary, whole_only, true) == out);
}

}  // namespace

TEST_CASE("moving averages keep their bound, whatever the window, the axis and the target") {
  on_every_target([] {
    for (const std::int64_t window : {1, 2, 3, 7, 8, 100, 1000, 1023, 1024}) {
      check_average<double>(1, 5000, 1, window, Boundary::constant, true);
      check_average<float>(2, 1500, 3, window, Boundary::constant, true);
    }
    for (const Boundary boundary : boundaries) {
      if (boundary == Boundary::absent) continue;
      check_average<double>(3, 50, 1, 5, boundary, false);
      check_average<double>(2, 20, 7, 30, boundary, false);
      check_average<float>(1, 40, 600, 9, boundary, false);
      check_average<double>(1, 3, 2, 1500, boundary, false);
    }
    check_average<double>(2, 9000, 1, 1025, Boundary::constant, true);
    check_average<double>(1, 5000, 3, 2048, Boundary::constant, true);
    check_average<float>(1, 9001, 1, 5001, Boundary::wrap, false);
  });
  check_average<double>(1, 1'250'000, 1, 1'200'001, Boundary::constant, true);
}

TEST_CASE("a moving average does not drift, and forgets what has left the window") {
  on_every_target([] {
    for (const std::int64_t window : {5, 1000, 3000}) {
      std::vector<double> x(20'000, 0.1);
      x[100] = 1e300;
      x[5000] = std::numeric_limits<double>::infinity();
      x[10'000] = std::numeric_limits<double>::quiet_NaN();
      const auto out = average(x, 1, 1, window, Boundary::constant, true, false);
      const double usual = out.back();
      CHECK(std::fabs(usual - 0.1) <= 1e-15);
      bool same = true;
      for (std::int64_t i = 0; i < static_cast<std::int64_t>(out.size()); ++i) {
        const auto has = [&](std::int64_t at) { return at >= i && at < i + window; };
        const double mean = out[static_cast<std::size_t>(i)];
        if (has(10'000)) {
          same = same && std::isnan(mean);
        } else if (has(5000)) {
          same = same && std::isinf(mean);
        } else if (!has(100)) {
          same = same && mean == usual;
        }
      }
      CHECK(same);
    }
  });
}

}  // namespace furrow::kernels::test
