// Reductions piece by piece: the bits of the whole array, whatever the pieces.
#include <catch2/catch.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <furrow/engine/pieces.hpp>

namespace furrow {
namespace {

constexpr std::int64_t size = 1'000'003;

template <class T>
Array<T> noise(unsigned seed) {
  auto x = Array<T>::temporary({size});
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(3, 100);
  for (T& value : x.span()) value = static_cast<T>(normal(random));
  return x;
}

// Ends of pieces: multiples of the granule, a different number of them each time, and the end.
std::vector<std::int64_t> ends(std::int64_t granule, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<std::int64_t> at;
  for (std::int64_t end = 0; end < size;) {
    end += granule * static_cast<std::int64_t>(1 + random() % 3);
    at.push_back(std::min(end, size));
  }
  return at;
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

}  // namespace

TEMPLATE_TEST_CASE("statistics piece by piece have the bits of the whole", "", double, float,
                   std::int16_t, std::uint8_t) {
  Engine engine({.workers = 2});
  const Array<TestType> x = noise<TestType>(1);
  if constexpr (std::is_floating_point_v<TestType>) {
    x(7) = std::numeric_limits<TestType>::quiet_NaN();
  }
  const Statistics whole = engine.statistics(x);
  for (unsigned seed = 0; seed < 3; ++seed) {
    engine::PiecewiseStatistics all(engine);
    std::int64_t begin = 0;
    for (const std::int64_t end : ends(all.granule(x.dtype()), seed)) {
      all.add(x.rows(begin, end));
      begin = end;
    }
    const Statistics s = all.result();
    CHECK(s.count == whole.count);
    CHECK(s.nan == whole.nan);
    CHECK(same_bits(s.sum, whole.sum));
    CHECK(same_bits(s.mean, whole.mean));
    CHECK(same_bits(s.variance, whole.variance));
    CHECK(same_bits(s.min, whole.min));
    CHECK(same_bits(s.max, whole.max));
  }
}

TEST_CASE("expressions piece by piece have the bits of the whole") {
  Engine engine({.workers = 3});
  const Array<double> x = noise<double>(2);
  const Array<float> y = noise<float>(3);
  const auto whole_x = Array<double>::temporary({1}).broadcast_to({size});
  const auto whole_y = Array<float>::temporary({1}).broadcast_to({size});
  for (const char* text : {"sum(x*y)", "mean(x)", "var(x - y, ddof=1)", "max(x)", "argmax(x)",
                           "argmin(y)", "dot(x, f64(y))", "sum(x + random_normal(5))",
                           "count_nonzero(x > y)", "std(y)", "any(x > 400)", "norm(x)"}) {
    CAPTURE(text);
    const std::string right = engine.evaluate(text, {{"x", x}, {"y", y}}).text();
    const std::vector<Binding> whole = {{"x", whole_x}, {"y", whole_y}};
    engine::PiecewiseExpression all(engine, text, whole);
    std::int64_t begin = 0;
    for (const std::int64_t end : ends(all.granule(), 9)) {
      const std::vector<Binding> piece = {{"x", x.rows(begin, end)}, {"y", y.rows(begin, end)}};
      all.add(piece);
      begin = end;
    }
    CHECK(all.result().text() == right);
  }
}

TEST_CASE("a part of a larger array counts random numbers from its place") {
  Engine engine({.workers = 2});
  const auto z = Array<double>::temporary({size});
  engine.evaluate("z = random_uniform(3)", {{"z", z}});
  const auto part = Array<double>::temporary({1000});
  EvaluateOptions options;
  options.first_index = 500'000;
  engine.evaluate("part = random_uniform(3)", {{"part", part}}, options);
  const auto there = z.rows(500'000, 501'000);
  CHECK(std::equal(part.span().begin(), part.span().end(), there.data()));
}

TEST_CASE("what no pieces can be folded from is refused") {
  Engine engine({.workers = 1});
  const auto one = Array<double>::temporary({1});
  const std::vector<Binding> whole = {{"x", one.broadcast_to({100, 7})}, {"r", one}};
  CHECK_THROWS_AS(engine::PiecewiseExpression(engine, "x + 1", whole), InvalidArgument);
  CHECK_THROWS_AS(engine::PiecewiseExpression(engine, "sum(x", whole), InvalidArgument);
  CHECK_THROWS_AS(engine::PiecewiseExpression(engine, "sum(x*r)", whole), ShapeMismatch);
  engine::PiecewiseStatistics all(engine);
  const auto x = Array<double>::temporary({100});
  all.add(x);
  CHECK_THROWS_AS(all.add(x), InvalidArgument);
  CHECK(std::isnan(engine::PiecewiseStatistics(engine).result().mean));
}

}  // namespace furrow
