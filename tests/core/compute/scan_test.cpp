// Scans of arrays on an engine: the bits of kernels::scan for any number of workers, exactly once
// under kill -9 in place, and errors before anything is written.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>

#include <furrow/compute/scan.hpp>
#include <furrow/kernels/scan/steps.hpp>

#include "faults/fault_support.hpp"
#include "torment.hpp"

namespace furrow::test {
namespace {

using kernels::ScanOp;

double value_at(std::int64_t i) {
  return std::ldexp(static_cast<double>(static_cast<std::uint64_t>(i) * 0x9E3779B97F4A7C15U >> 11),
                    -53);
}

template <class T>
void fill(const Array<T>& x) {
  for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<T>(100 * value_at(i));
}

/// Line by line with the function on spans.
template <class T>
std::vector<T> expected(const Array<T>& x, ScanOp op, std::int64_t axis, bool exclusive) {
  std::vector<T> out(static_cast<std::size_t>(x.size()));
  std::int64_t inner = 1;
  for (std::size_t k = static_cast<std::size_t>(axis) + 1; k < x.ndim(); ++k) inner *= x.extent(k);
  const std::int64_t rows = x.extent(static_cast<std::size_t>(axis));
  std::vector<T> line(static_cast<std::size_t>(rows));
  for (std::int64_t outer = 0; outer < x.size() / rows / inner; ++outer) {
    for (std::int64_t c = 0; c < inner; ++c) {
      const std::int64_t first = outer * rows * inner + c;
      for (std::int64_t i = 0; i < rows; ++i) {
        line[static_cast<std::size_t>(i)] = x.data()[first + i * inner];
      }
      kernels::scan<T, T>(op, line, line, exclusive);
      for (std::int64_t i = 0; i < rows; ++i) {
        out[static_cast<std::size_t>(first + i * inner)] = line[static_cast<std::size_t>(i)];
      }
    }
  }
  return out;
}

template <class T>
bool holds(const Array<T>& x, const std::vector<T>& values) {
  return std::memcmp(x.data(), values.data(), values.size() * sizeof(T)) == 0;
}

TEST_CASE("scans have the same bits for 1, 2, 3 and 5 workers, to an output and in place") {
  const Shape shapes[] = {{1'100'001}, {3, 20'000, 4}, {40, 30'000}, {900, 1300}, {5000, 9, 11}};
  for (const std::size_t count : {1, 2, 3, 5}) {
    Engine engine(with_workers(count));
    for (const Shape& shape : shapes) {
      const auto x = Array<double>::temporary(shape);
      const auto out = Array<double>::temporary(shape);
      fill(x);
      for (std::int64_t axis = 0; axis < static_cast<std::int64_t>(shape.ndim()); ++axis) {
        for (const bool exclusive : {false, true}) {
          INFO(count << " workers, " << to_string(shape) << ", axis " << axis);
          const std::vector<double> right = expected(x, ScanOp::sum, axis, exclusive);
          cumsum(engine, x, out, {axis, exclusive});
          CHECK(holds(out, right));
          std::memcpy(out.data(), x.data(), x.bytes());
          cumsum(engine, out, {axis, exclusive});
          CHECK(holds(out, right));
        }
      }
    }
  }
}

TEST_CASE("without an axis all elements are one line in C order, whatever their strides") {
  Engine engine(with_workers(2));
  const auto x = Array<double>::temporary({300, 400});
  fill(x);
  const auto line = Array<double>::temporary({120'000});
  for (std::int64_t i = 0; i < 400; ++i) {
    for (std::int64_t k = 0; k < 300; ++k) line(i * 300 + k) = x(k, i);
  }
  cumsum(engine, line);
  const auto out = Array<double>::temporary({400, 300});
  cumsum(engine, x.transpose(), out);
  CHECK(std::memcmp(out.data(), line.data(), out.bytes()) == 0);
  cumsum(engine, x.transpose());
  bool same = true;
  for (std::int64_t i = 0; i < 120'000; ++i) same = same && x(i % 300, i / 300) == line(i);
  CHECK(same);
}

TEST_CASE("other kinds, dtypes and wider outputs") {
  Engine engine(with_workers(2));
  const auto bytes = Array<std::int8_t>::temporary({100'000});
  fill(bytes);
  const auto wide = Array<std::int64_t>::temporary({100'000});
  cumsum(engine, bytes, wide);
  std::int64_t sum = 0;
  bool same = true;
  for (std::int64_t i = 0; i < 100'000; ++i) same = same && wide(i) == (sum += bytes(i));
  CHECK(same);
  const auto singles = Array<float>::temporary({70, 2000});
  fill(singles);
  const std::vector<float> right = expected(singles, ScanOp::max, 1, false);
  cummax(engine, singles, {.axis = -1});
  CHECK(holds(singles, right));
  const auto one = Array<double>::temporary({});
  *one.data() = 3;
  cumprod(engine, one);
  CHECK(*one.data() == 3);
  const auto none = Array<double>::temporary({0, 4});
  cummin(engine, none, {.axis = 1});
}

TEST_CASE("links of long lines have the same bits while workers are killed") {
  Engine engine(with_workers(3));
  const auto x = Array<double>::temporary({3'000'000});
  const auto out = Array<double>::temporary(x.shape());
  fill(x);
  const std::vector<double> right = expected(x, ScanOp::sum, 0, false);
  const Killer killer(engine);
  for (int rounds = 0; killer.kills() < 15 || rounds < 3; ++rounds) {
    engine.fill(out, 0.0);
    cumsum(engine, x, out);
    CHECK(holds(out, right));
  }
}

TEST_CASE("scans in place are exactly-once while workers are killed") {
  Engine engine(with_workers(3));
  const Shape shapes[] = {{2'000'000}, {400, 5000}, {5000, 400}, {2, 300'000, 3}};
  const Killer killer(engine);
  int rounds = 0;
  while (killer.kills() < 30 || rounds < 3) {
    ++rounds;
    for (const Shape& shape : shapes) {
      const auto x = Array<std::uint64_t>::temporary(shape);
      for (std::int64_t i = 0; i < x.size(); ++i) {
        x.data()[i] = static_cast<std::uint64_t>(i) * 0x9E3779B97F4A7C15U;
      }
      const std::int64_t axis = static_cast<std::int64_t>(shape.ndim()) / 2;
      const std::vector<std::uint64_t> right = expected(x, ScanOp::sum, axis, false);
      cumsum(engine, x, {axis});
      INFO(to_string(shape));
      CHECK(holds(x, right));
    }
  }
}

TEST_CASE("a worker killed after a step of a scan has written: same bits") {
  const Shape shapes[] = {{700'000}, {40, 5000}, {5000, 40}, {2, 60'000, 3}, {3, 200'000}};
  for (const Shape& shape : shapes) {
    for (const bool exclusive : {false, true}) {
      const std::int64_t axis = static_cast<std::int64_t>(shape.ndim()) / 2;
      const auto x = Array<double>::temporary(shape);
      fill(x);
      const std::vector<double> before(x.data(), x.data() + x.size());
      const std::vector<double> right = [&] {
        Engine calm(with_workers(2));
        cumsum(calm, x, {axis, exclusive});
        return std::vector<double>(x.data(), x.data() + x.size());
      }();
      for (const int nth : {1, 2, 4}) {
        std::copy(before.begin(), before.end(), x.data());
        OneFault fault("engine.tile.computed", "kill", nth);
        Engine engine(with_workers(2));
        fault.disarm_here();
        cumsum(engine, x, {axis, exclusive});
        INFO(to_string(shape) << ", exclusive " << exclusive << ", pass " << nth);
        CHECK(holds(x, right));
        CHECK(fault.fired());
      }
    }
  }
}

TEST_CASE("a scan that cannot be is refused before anything is written") {
  Engine engine(with_workers(1));
  const auto x = Array<double>::temporary({100, 4});
  const auto out = Array<double>::temporary({100, 4});
  fill(x);
  fill(out);
  const std::vector<double> before(out.data(), out.data() + out.size());
  CHECK_THROWS_AS(cumsum(engine, x, out, {.axis = 2}), InvalidArgument);
  CHECK_THROWS_AS(cumsum(engine, x, out, {.axis = -3}), InvalidArgument);
  CHECK_THROWS_AS(cumsum(engine, x, out.transpose()), ShapeMismatch);
  CHECK_THROWS_AS(cumsum(engine, x.rows(0, 50), out), ShapeMismatch);
  CHECK_THROWS_AS(cumsum(engine, out.rows(0, 99), out.rows(1, 100)), InvalidArgument);
  CHECK_THROWS_AS(cumsum(engine, x, Array<float>::temporary({100, 4})), TypeMismatch);
  CHECK_THROWS_AS(cumsum(engine, Array<c64>::temporary({3})), TypeMismatch);
  CHECK_THROWS_AS(cummin(engine, Array<bool>::temporary({3}), Array<std::int64_t>::temporary({3})),
                  TypeMismatch);
  CHECK_THROWS_AS(cumsum(engine, AnyArray(), out), InvalidArgument);
  CHECK(holds(out, before));
}

}  // namespace
}  // namespace furrow::test
