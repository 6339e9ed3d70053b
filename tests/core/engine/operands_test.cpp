// Inputs of kernels that are no arrays of the output's shape: numbers, broadcast rows and columns,
// slices; the same answers with workers that die in the middle.
#include <cmath>

#include <furrow/engine/job.hpp>
#include <furrow/engine/strided.hpp>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;
using Catch::Matchers::Contains;

namespace {

Array<double> numbered(const std::string& name, const Shape& shape) {
  auto x = Array<double>::create(name, shape, owned());
  for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<double>(i % 1000) + 0.25;
  return x;
}

// The i-th element in C order, by the strides alone.
double element(const AnyArray& x, std::int64_t i) {
  std::int64_t offset = 0;
  for (std::size_t axis = x.ndim(); axis-- > 0; i /= x.extent(axis)) {
    offset += i % x.extent(axis) * x.strides()[axis];
  }
  return static_cast<const double*>(x.data())[offset];
}

}  // namespace

TEST_CASE("numbers stand for arrays in a kernel, at every place") {
  for (const std::size_t count : {1U, 2U, 3U}) {
    Engine engine(workers(count));
    const auto x = numbered("x", {100, 333});
    auto out = Array<double>::create("out", {100, 333}, owned());
    engine.apply_to("add", out, {x, 2.0});
    CHECK(out(7, 9) == x(7, 9) + 2);
    engine.apply_to("subtract", out, {2, x});
    CHECK(out(99, 332) == 2 - x(99, 332));
    engine.apply_to("divide", out, {1.0, 4.0});
    CHECK(out(0, 0) == 0.25);
    CHECK(engine.sum(out) == 0.25 * 33'300);
    auto flags = Array<bool>::create("flags", {100, 333}, owned());
    engine.apply_to("greater", flags, {x, 500});
    CHECK(flags(0, 0) == false);
    CHECK(flags(1, 332) == (x(1, 332) > 500));
    engine.apply_to("where", out, {flags, x, -1});
    CHECK(out(0, 0) == -1);
    CHECK(out(1, 332) == x(1, 332));
    engine.apply("multiply", out, {}, {10});
    CHECK(out(0, 0) == -10);
    engine.apply("axpby", out, {2.0, 1.0}, x);  // as the README has it: the array bare
    CHECK(out(1, 332) == 21 * x(1, 332));
    const std::vector<Input> in{x, std::complex<double>(1, 2)};
    CHECK_THROWS_AS(engine.apply_to_async("add", out, in), InvalidArgument);
    const std::vector<Input> good{3, x};
    engine.apply_to_async("maximum", out, good).get();
    CHECK(out(0, 0) == 3);
  }
}

TEST_CASE("numbers become the dtype that the kernel takes, exactly where it is an integer") {
  Engine engine(workers(1));
  auto k = Array<std::int8_t>::create("k", {5000}, owned());
  engine.fill(k, 100);
  engine.apply_to("add", k, {k, 27.0});
  CHECK(k(4999) == 127);
  CHECK_THROWS_WITH(engine.apply_to("add", k, {k, 128}), Contains("exactly as i8"));
  CHECK_THROWS_WITH(engine.apply_to("add", k, {k, 0.5}), Contains("exactly as i8"));
  auto f = Array<float>::create("f", {5000}, owned());
  engine.apply_to("add", f, {f, 0.1});
  CHECK(f(17) == 0.1F);
  auto z = Array<c64>::create("z", {5000}, owned());
  engine.apply_to("add", z, {z, std::complex<double>(1, 2)});
  CHECK(z(4999) == c64(1, 2));
  auto q = Array<double>::create("q", {5000}, owned());
  engine.apply_to("divide", q, {k, 2});  // the dtype of the array decides: i8 by i8
  CHECK(q(0) == 63.5);
  CHECK_THROWS_AS(engine.apply_to("exp", k, {2}), TypeMismatch);
  CHECK_THROWS_WITH(engine.apply_to("add", k, {q, 2}), Contains("(f64, a number) into i8"));
  CHECK_THROWS_AS(engine.apply_to("add", k, {k}), InvalidArgument);
}

TEST_CASE("inputs are broadcast to the output's shape as in NumPy") {
  Engine engine(workers(2));
  const auto x = numbered("x", {57, 401});
  const auto row = numbered("row", {401});
  const auto column = numbered("column", {57, 1});
  const auto one = numbered("one", {1});
  auto out = Array<double>::create("out", {57, 401}, owned());
  engine.apply_to("add", out, {x, row});
  CHECK(out(56, 400) == x(56, 400) + row(400));
  engine.apply_to("fma", out, {column, row, one});
  CHECK(out(31, 17) == std::fma(column(31, 0), row(17), one(0)));
  engine.apply("multiply", out, {}, {column});
  CHECK(out(3, 1) == std::fma(column(3, 0), row(1), one(0)) * column(3, 0));
  auto wrong = Array<double>::create("wrong", {56}, owned());
  CHECK_THROWS_WITH(engine.apply_to("add", out, {x, wrong}), Contains("does not broadcast"));
  CHECK_THROWS_AS(engine.apply_to("add", row, {row, x}), ShapeMismatch);
  // A row of the output itself, repeated, would be read after it is written.
  CHECK_THROWS_AS(engine.apply_to("add", out, {out, out.row(0)}), InvalidArgument);
}

TEST_CASE("slices of any shape give what the elements give") {
  Engine engine(workers(2));
  const auto x = numbered("x", {3, 40, 50});
  auto y = Array<double>::create("y", {3, 40, 50}, owned());
  const auto check = [&](const AnyArray& from, const AnyArray& into) {
    engine.fill(y, 0.0);
    engine.apply_to("add", into, {from, 1});
    for (std::int64_t i = 0; i < from.size(); ++i) {
      REQUIRE(element(into, i) == element(from, i) + 1);
    }
    CHECK(engine.count(y) == from.size());
  };
  check(x.slice(2, {0, 49, 1}), y.slice(2, {1, 50, 1}));
  check(x.slice(2, {0, 50, 2}), y.slice(2, {1, 50, 2}));
  check(x.slice(2, {49, {}, -3}), y.slice(2, {0, 50, 3}));
  check(x.slice(1, {5, 6, 1}), y.slice(1, {0, 1, 1}));
  check(x.slice(0, {0, 3, 2}), y.slice(0, {0, 2, 1}));
  check(x.slice(2, {0, 3, 1}), y.slice(2, {4, 7, 1}));
  check(x.at(1, 3).transpose(), y.at(1, 9).transpose());
}

TEST_CASE("a worker killed in a tile of a broadcast job in place changes no bit") {
  // In place with a number and a repeated row, on a strided view: the protocol commits tiles.
  const auto row = numbered("row", {300});
  auto x = numbered("x", {200, 301});
  auto expected = Array<double>::create("expected", {200, 301}, owned());
  for (std::int64_t i = 0; i < 200; ++i) {
    for (std::int64_t j = 0; j < 301; ++j) {
      expected(i, j) = j < 300 ? std::fma(x(i, j), 3.0, row(j)) : x(i, j);
    }
  }
  OneFault fault("engine.tile.half_copied", "kill", 5);
  Engine engine(workers(2));
  fault.disarm_here();
  engine.apply("fma", x.columns(0, 300), {}, {3, row});
  CHECK(fault.fired());
  CHECK(eventually([&] { return deaths(engine) == 1; }));
  for (std::int64_t i = 0; i < x.size(); ++i) REQUIRE(x.data()[i] == expected.data()[i]);
}

TEST_CASE("a worker killed while it writes past the caches changes no bit") {
  const std::int64_t n = std::int64_t{5} << 20;  // 80 MiB of x and out
  auto x = numbered("x", {n});
  auto out = Array<double>::create("out", {n}, owned());
  OneFault fault("engine.group.finished", "kill", 20);
  Engine engine(workers(2));
  fault.disarm_here();
  engine.apply_to("multiply", out, {x, 3});
  CHECK(fault.fired());
  bool right = true;
  for (std::int64_t i = 0; i < n; ++i) right = right && out.data()[i] == 3 * x.data()[i];
  CHECK(right);
}

TEST_CASE("long runs in place meet short ones, gathered ones and repeated ones") {
  constexpr std::int64_t n = 700;
  const auto a = numbered("a", {n, n});
  const auto b = numbered("b", {n, n});
  const auto row = numbered("row", {n});
  auto out = Array<double>::create("out", {n, n}, owned());
  const std::int64_t last = GENERATE(170, 260, 699);  // runs of unlike length for every operand
  const auto left = a.columns(1, last);
  const auto right = b.transpose().columns(1, last);  // fetched element by element
  OneFault fault("engine.group.finished", "kill", 2);
  Engine engine(workers(2));
  fault.disarm_here();
  for (int pass = 0; pass < 2; ++pass) {
    std::fill(out.data(), out.data() + out.size(), -1.0);
    engine.apply_to("fma", out.columns(1, last), {left, right, row.slice(0, {1, last, 1})});
    bool same = true;
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        const bool inside = j >= 1 && j < last;
        same = same && out(i, j) == (inside ? std::fma(a(i, j), b(j, i), row(j)) : -1.0);
      }
    }
    REQUIRE(same);
    CHECK(fault.fired());
  }
}

TEST_CASE("tiles are whole rows where rows are long, and groups large where elements are light") {
  const auto tile_of = [](std::int64_t row, std::int64_t apart) {
    engine::OperandLayout operand{};
    operand.item_bytes = 8;
    operand.shape = {100, row};
    operand.strides = {apart, 1};
    return engine::tile_of_rows(operand, 1024);
  };
  CHECK(tile_of(1000, 1024) == 1000);
  CHECK(tile_of(300, 1024) == 900);
  CHECK(tile_of(3000, 4096) == 1000);
  CHECK(tile_of(2049, 4096) == 683);
  CHECK(tile_of(2051, 4096) == 1024);  // a prime number
  CHECK(tile_of(10, 1024) == 1024);    // too short for calls of their own
  const auto groups = [](std::int64_t tiles, bool is_light) {
    const engine::Cut cut = engine::cut(tiles * 1024, 1024, 16, is_light);
    return std::pair(cut.group_tiles, cut.group_count);
  };
  CHECK(groups(512, true) == std::pair(1U, 512U));
  CHECK(groups(32768, true) == std::pair(64U, 512U));
  CHECK(groups(1 << 20, true) == std::pair(256U, 4096U));
  CHECK(groups(32768, false) == std::pair(8U, 4096U));
  CHECK(groups(3, false) == std::pair(1U, 3U));
}
