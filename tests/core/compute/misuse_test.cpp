// What operations on arrays refuse before anything is written, and what they must not refuse:
// outputs that repeat elements, that are the input attached a second time, arrays never created.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include <furrow/compute/histogram.hpp>
#include <furrow/compute/linalg.hpp>
#include <furrow/compute/quantile.hpp>
#include <furrow/compute/random.hpp>
#include <furrow/compute/scan.hpp>
#include <furrow/compute/search.hpp>
#include <furrow/compute/sort.hpp>
#include <furrow/engine/whole_array.hpp>
#include <furrow/error.hpp>
#include <furrow/kernels/expression/reduction.hpp>
#include <furrow/kernels/registry.hpp>

#include "torment.hpp"

namespace furrow::test {
namespace {

using Doubles = Array<double>;

/// 0, -1, -2, …
Doubles falling(const Shape& shape) {
  auto x = Doubles::temporary(shape);
  for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<double>(-i);
  return x;
}

std::vector<double> values(const Doubles& x) { return {x.data(), x.data() + x.size()}; }

TEST_CASE("an output that repeats its elements is refused by every operation") {
  Engine engine(with_workers(1));
  const auto row = falling({4});
  const auto repeated = row.broadcast_to({4, 4});
  const auto square = falling({4, 4});
  const auto before = values(row);
  CHECK_THROWS_AS(matmul(engine, square, square, repeated), InvalidArgument);
  CHECK_THROWS_AS(gemm(engine, 1.0, square, square, 0.5, repeated), InvalidArgument);
  CHECK_THROWS_AS(rank_k_update(engine, 1.0, square, 0.5, repeated), InvalidArgument);
  CHECK_THROWS_AS(cumsum(engine, square, repeated, {.axis = 0}), InvalidArgument);
  CHECK_THROWS_AS(sort_to(engine, repeated, square), InvalidArgument);
  CHECK_THROWS_AS(shuffle(engine, repeated, 1), InvalidArgument);
  CHECK_THROWS_AS(engine.apply_to("negate", repeated, {square}), InvalidArgument);
  CHECK_THROWS_AS(engine.fill(repeated, 1.0), InvalidArgument);
  CHECK(values(row) == before);
  // To read it is right.
  CHECK(matmul(engine, repeated, square)(0, 0) == matmul(engine, repeated, square)(3, 0));
}

TEST_CASE("an array attached twice is one array: overlaps are seen through both") {
  Engine engine(with_workers(2));
  { auto x = Doubles::create("twice", {1000}); }
  {
    const auto x = Doubles::attach("twice");
    const auto again = Doubles::attach("twice");
    REQUIRE(x.data() != again.data());  // else the test tests nothing
    for (std::int64_t i = 0; i < 1000; ++i) x(i) = static_cast<double>(-i);
    const auto before = values(x);
    CHECK_THROWS_AS(sort_to(engine, x.rows(0, 500), again.rows(250, 750)), InvalidArgument);
    CHECK_THROWS_AS(cumsum(engine, x.rows(0, 500), again.rows(250, 750)), InvalidArgument);
    CHECK_THROWS_AS(sort_to(engine, x, again), InvalidArgument);
    CHECK(values(x) == before);
    // A scan looks for it itself: in place through either.
    cumsum(engine, x, again);
    CHECK(x(3) == -6);
  }
  segment::remove("twice", true);
  { auto x = Array<std::int64_t>::create("whole", {1000}); }
  {
    const auto x = Array<std::int64_t>::attach("whole");
    const auto again = Array<std::int64_t>::attach("whole");
    CHECK_THROWS_AS(argsort_to(engine, x, again), InvalidArgument);
  }
  segment::remove("whole", true);
}

TEST_CASE("columns beside each other do not overlap") {
  Engine engine(with_workers(1));
  const auto table = falling({100, 4});
  sort_to(engine, table.columns(0, 2), table.columns(2, 4), {.axis = 0});
  CHECK(table(0, 0) == -398);
  CHECK(table(99, 1) == -3);
  CHECK(table(0, 2) == -2);
}

TEST_CASE("an array that was never created is an error and not the end of the program") {
  Engine engine(with_workers(1));
  const Doubles none;
  const auto x = falling({4});
  const auto square = falling({4, 4});
  CHECK_THROWS_AS(sort(engine, none), InvalidArgument);
  CHECK_THROWS_AS(sort_to(engine, none, x), InvalidArgument);
  CHECK_THROWS_AS(argsort(engine, none), InvalidArgument);
  CHECK_THROWS_AS(argsort_to(engine, {}, x), InvalidArgument);
  CHECK_THROWS_AS(partition(engine, none, {0}), InvalidArgument);
  CHECK_THROWS_AS(top_k(engine, none, 1), InvalidArgument);
  CHECK_THROWS_AS(quantile(engine, none, {0.5}), InvalidArgument);
  CHECK_THROWS_AS(unique(engine, none), InvalidArgument);
  CHECK_THROWS_AS(searchsorted(engine, none, x), InvalidArgument);
  CHECK_THROWS_AS(searchsorted(engine, x, none), InvalidArgument);
  CHECK_THROWS_AS(digitize(engine, none, x), InvalidArgument);
  CHECK_THROWS_AS(histogram(engine, none), InvalidArgument);
  CHECK_THROWS_AS(histogram(engine, x, none), InvalidArgument);
  CHECK_THROWS_AS(histogram_sums(engine, x, none), InvalidArgument);
  CHECK_THROWS_AS(bincount(engine, none), InvalidArgument);
  CHECK_THROWS_AS(bincount_sums(engine, Array<int>::temporary({2}), none), InvalidArgument);
  CHECK_THROWS_AS(shuffle(engine, none, 1), InvalidArgument);
  CHECK_THROWS_AS(cumsum(engine, none), InvalidArgument);
  CHECK_THROWS_AS(matmul(engine, none, square), InvalidArgument);
  CHECK_THROWS_AS(matmul(engine, square, square, none), InvalidArgument);
  CHECK_THROWS_AS(gemm(engine, 1.0, square, square, 0.0, none), InvalidArgument);
  CHECK_THROWS_AS(rank_k_update(engine, 1.0, none, 0.0, square), InvalidArgument);
  CHECK_THROWS_AS(cov(engine, none), InvalidArgument);
  CHECK_THROWS_AS(corrcoef(engine, none), InvalidArgument);
  CHECK_THROWS_AS(cholesky(engine, none), InvalidArgument);
  CHECK_THROWS_AS(solve_triangular(engine, square, none), InvalidArgument);
  CHECK_THROWS_AS(lstsq(engine, square, none), InvalidArgument);
  CHECK_THROWS_AS(engine.apply("negate", none), InvalidArgument);
  CHECK_THROWS_AS(engine.apply_to("add", x, {x, none}), InvalidArgument);
  CHECK_THROWS_AS(engine.reduce("sum", none), InvalidArgument);
}

TEST_CASE("sizes and divisors beyond all memory are errors, or right") {
  Engine engine(with_workers(1));
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  CHECK_THROWS_AS(permutation(engine, most, 1), Error);
  CHECK_THROWS_AS(permutation(engine, most / 8, 1), Error);
  CHECK_THROWS_AS(choice(engine, most, 1, 1), Error);
  CHECK_THROWS_AS(choice(engine, 5, most, 1), InvalidArgument);
  CHECK_THROWS_AS(top_k(engine, falling({4}), most), InvalidArgument);
  CHECK_THROWS_AS(partition(engine, falling({4}), {most}), InvalidArgument);
  CHECK_THROWS_AS(partition(engine, falling({4}), {least}), InvalidArgument);
  CHECK_THROWS_AS(sort(engine, falling({4}), {.axis = most}), InvalidArgument);
  CHECK_THROWS_AS(sort(engine, falling({4}), {.axis = least}), InvalidArgument);
  CHECK_THROWS_AS(histogram(engine, falling({4}), most), InvalidArgument);
  CHECK_THROWS_AS(bincount(engine, Array<int>::temporary({2}), most), InvalidArgument);
  CHECK_THROWS_AS(cov(engine, falling({4}), {.ddof = most}), InvalidArgument);
  CHECK(cov(engine, falling({4}), {.ddof = least})(0, 0) > 0);
}

TEST_CASE("one element has no axis: the error says what to ask for") {
  Engine engine(with_workers(1));
  const auto one = falling({});
  CHECK_THROWS_WITH(sort(engine, one), Catch::Contains("without an axis"));
  sort(engine, one, {.axis = {}});
  CHECK(quantile(engine, one, {0.5})(0) == 0);
  CHECK(unique(engine, one).counts(0) == 1);
  cumsum(engine, one);
  CHECK(one() == 0);
}

TEST_CASE("messages name arrays, and say of the nameless that they are temporary") {
  Engine engine({.workers = 1});
  CreateOptions owned;
  owned.lifetime = Lifetime::owned;
  const auto named = Array<double>::create("prices", {3}, owned);
  const auto nameless = Array<double>::temporary({4});
  CHECK(named.label() == "array \"prices\"");
  CHECK(nameless.label() == "a temporary array");
  std::string message;
  try {
    static_cast<void>(engine.reduce("dot", named, nameless));
  } catch (const ShapeMismatch& error) {
    message = error.what();
  }
  CHECK(message == "array \"prices\" (3,) and a temporary array (4,) differ in shape");
}

TEST_CASE("every function of the headers is found by who looks for a kernel of its name") {
  const std::string arguments = "(Engine& engine";
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(FURROW_COMPUTE_FOLDER)) {
    if (entry.path().extension() != ".hpp") continue;
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::size_t at = text.find(arguments); at != text.npos;
         at = text.find(arguments, at + 1)) {
      const std::size_t begin = text.rfind(' ', at) + 1;
      const std::string name = text.substr(begin, at - begin);
      const bool is_variant = name.find("_to") == name.size() - 3 || name == "packed" ||
                              name.find("_sums") != std::string::npos || name == "reduce" ||
                              name == "scan" || name == "rank_k_update" ||
                              name == "name";  // a macro of reduce.hpp
      if (is_variant || kernels::find(name) != nullptr || kernels::expression::is_reduction(name)) {
        continue;
      }
      CAPTURE(name, entry.path().string());
      CHECK(engine::whole_array_hint(name).find(entry.path().filename().string()) !=
            std::string::npos);
      ++found;
    }
  }
  CHECK(found > 30);
  CHECK(engine::whole_array_hint("sine").empty());
}

}  // namespace
}  // namespace furrow::test
