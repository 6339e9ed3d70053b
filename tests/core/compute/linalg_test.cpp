// Matrices on an engine: NumPy's results, the same bits for any number of workers and after kills,
// clear errors before anything is written.
#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <furrow/compute/linalg.hpp>
#include <furrow/error.hpp>

#include "faults/fault_support.hpp"

namespace furrow::test {
namespace {

/// Numbers in [-1, 1) that do not depend on anything else.
template <class T>
Array<T> numbers(const Shape& shape, std::uint64_t seed) {
  const auto array = Array<T>::temporary(shape);
  std::uint64_t state = seed * 2654435761U + 1;
  for (T& value : array.span()) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    value = static_cast<T>(static_cast<double>(state >> 11) * 0x1p-52 - 1);
  }
  return array;
}

template <class T>
std::vector<T> values(const Array<T>& array) {
  return {array.data(), array.data() + array.size()};
}

/// n observations of p variables that go together.
Array<double> observations(std::int64_t n, std::int64_t p) {
  const auto x = numbers<double>({n, p}, 3);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 1; j < p; ++j) x(i, j) += 0.5 * x(i, j - 1) + double(j);
  }
  return x;
}

/// Everything of linalg.hpp on matrices of a few blocks.
std::vector<std::vector<double>> all_results(Engine& engine) {
  const auto a = numbers<double>({300, 260}, 1);
  const auto b = numbers<double>({260, 210}, 2);
  const auto x = observations(9000, 5);
  std::vector<std::vector<double>> results;
  results.push_back(values(matmul(engine, a, b)));
  const auto product = numbers<double>({300, 210}, 9);
  gemm(engine, 0.5, a, b, 2.0, product);
  results.push_back(values(product));
  const auto square = Array<double>::temporary({300, 300});
  rank_k_update(engine, 1.0, a, 0.0, square);
  for (std::int64_t i = 0; i < 300; ++i) square(i, i) += 30;
  results.push_back(values(square));
  const auto l = cholesky(engine, square);
  results.push_back(values(l));
  results.push_back(values(solve_triangular(engine, l, a)));
  results.push_back(values(cov(engine, x, {.rowvar = false})));
  results.push_back(values(corrcoef(engine, x, false)));
  const LeastSquares fit = lstsq(engine, x, x.column(2));
  results.push_back(values(fit.solution));
  results.push_back(values(fit.singular_values));
  return results;
}

TEST_CASE("matrices are the same to the last bit for any number of workers") {
  std::vector<std::vector<double>> first;
  for (const std::size_t workers : {1, 2, 3, 5}) {
    Engine engine({.workers = workers});
    const auto results = all_results(engine);
    if (first.empty()) first = results;
    INFO(workers << " workers");
    CHECK((results == first));
  }
}

TEST_CASE("matrices are the same to the last bit with workers killed all the time") {
  Engine calm({.workers = 2});
  const auto expected = all_results(calm);
  Engine engine({.workers = 3});
  std::atomic<bool> stop = false;
  std::atomic<int> kills = 0;
  std::thread killer([&] {
    for (std::size_t turn = 0; !stop && kills < 30; ++turn) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      const auto workers = engine.worker_info();
      const WorkerInfo& victim = workers[turn % workers.size()];
      if (victim.alive && ::kill(static_cast<pid_t>(victim.pid), SIGKILL) == 0) ++kills;
    }
  });
  while (kills < 8) {
    if (all_results(engine) != expected) {
      CHECK(false);
      break;
    }
  }
  stop = true;
  killer.join();
  CHECK(kills >= 8);
}

TEST_CASE("a worker killed after a step of matrices has written: same bits") {
  const auto results = [](Engine& engine) {
    auto all = all_results(engine);
    // The result in the place of an operand, and of both.
    const auto a = numbers<double>({250, 250}, 1);
    matmul(engine, a, numbers<double>({250, 250}, 2), a);
    all.push_back(values(a));
    matmul(engine, a, a.transpose(), a);
    all.push_back(values(a));
    gemm(engine, 0.5, a, a, 2.0, a);
    all.push_back(values(a));
    return all;
  };
  Engine calm(workers(2));
  const auto expected = results(calm);
  calm.stop();
  for (const int nth : {1, 2, 3, 5, 9, 17, 40, 80}) {
    OneFault fault("engine.tile.computed", "kill", nth);
    Engine engine(workers(2));
    fault.disarm_here();
    INFO("pass " << nth);
    CHECK((results(engine) == expected));
    CHECK(fault.fired());
  }
}

TEST_CASE("a worker killed after every single step of a product in several passes: same bits") {
  // Two passes (gemm.hpp: pass_depth), the second of which is of one panel.
  const auto a = numbers<double>({20, 8'392}, 3);
  const auto b = numbers<double>({8'392, 30}, 4);
  Engine calm(workers(1));
  const auto expected = values(matmul(calm, a, b));
  calm.stop();
  int steps = 0;
  for (bool fired = true; fired; ++steps) {
    OneFault fault("engine.tile.computed", "kill", steps + 1);
    Engine engine(workers(1));
    fault.disarm_here();
    INFO("step " << steps);
    CHECK((values(matmul(engine, a, b)) == expected));
    fired = fault.fired();
  }
  CHECK(steps > 6);
}

TEST_CASE("products take vectors, views and their own operands as the result") {
  Engine engine({.workers = 2});
  const auto a = numbers<double>({30, 20}, 1);
  const auto x = numbers<double>({20}, 2);
  const auto y = numbers<double>({30}, 3);
  const auto ax = matmul(engine, a, x);
  const auto ya = matmul(engine, y, a);
  REQUIRE(ax.shape() == Shape{30});
  REQUIRE(ya.shape() == Shape{20});
  for (std::int64_t i = 0; i < 30; ++i) {
    double sum = 0;
    for (std::int64_t k = 0; k < 20; ++k) sum += a(i, k) * x(k);
    CHECK(ax(i) == Approx(sum).margin(1e-14));
  }
  for (std::int64_t j = 0; j < 20; ++j) {
    double sum = 0;
    for (std::int64_t k = 0; k < 30; ++k) sum += y(k) * a(k, j);
    CHECK(ya(j) == Approx(sum).margin(1e-14));
  }
  double sum = 0;
  for (std::int64_t k = 0; k < 20; ++k) sum += x(k) * x(k);
  const auto xx = matmul(engine, x, x);
  REQUIRE(xx.shape() == Shape{});
  CHECK(*xx.data() == Approx(sum));

  const auto square = numbers<double>({40, 40}, 5);
  const auto expected = values(matmul(engine, square, square.transpose()));
  matmul(engine, square, square.transpose(), square);
  CHECK(values(square) == expected);
  const auto wide = numbers<float>({8, 16}, 6);
  const auto every_second = wide.slice(1, {0, 16, 2});
  const auto f32 = matmul(engine, every_second, every_second.transpose());
  float dot = 0;
  for (std::int64_t k = 0; k < 16; k += 2) dot += wide(2, k) * wide(3, k);
  CHECK(f32(2, 3) == Approx(dot).margin(1e-5));
  CHECK(f32(3, 2) == f32(2, 3));
  CHECK(matmul(engine, Array<double>::temporary({3, 0}), Array<double>::temporary({0, 2}))(2, 1) ==
        0);
}

TEST_CASE(
    "triangular systems: lower and upper, transposed, unit diagonal, one and several columns") {
  Engine engine({.workers = 2});
  const std::int64_t n = 200;
  const auto a = numbers<double>({n, n}, 7);
  for (std::int64_t i = 0; i < n; ++i) a(i, i) += 20;
  for (const bool lower : {true, false}) {
    for (const bool transposed : {true, false}) {
      for (const bool unit : {true, false}) {
        for (const Shape& shape : {Shape{n}, Shape{n, 3}}) {
          // Off the diagonal small, so that a unit diagonal is well-conditioned too.
          const auto t = Array<double>::temporary({n, n});
          for (std::int64_t i = 0; i < n; ++i) {
            for (std::int64_t j = 0; j < n; ++j) t(i, j) = i == j ? a(i, j) : a(i, j) / 100;
          }
          const auto b = numbers<double>(shape, 8);
          const auto x = solve_triangular(engine, t, b, {lower, transposed, unit});
          REQUIRE(x.shape() == shape);
          double worst = 0;
          for (std::int64_t i = 0; i < n; ++i) {
            double sum = 0;
            for (std::int64_t k = 0; k < n; ++k) {
              const std::int64_t row = transposed ? k : i;
              const std::int64_t column = transposed ? i : k;
              if (lower ? column > row : column < row) continue;
              const double factor = unit && row == column ? 1 : t(row, column);
              sum += factor * (shape.ndim() == 1 ? x.data()[k] : x.data()[k * 3 + 1]);
            }
            worst = std::max(
                worst, std::fabs(sum - (shape.ndim() == 1 ? b.data()[i] : b.data()[i * 3 + 1])));
          }
          INFO(lower << transposed << unit << shape.ndim());
          CHECK(worst < 1e-11);
        }
      }
    }
  }
}

TEST_CASE("correlations are within one, and of a variable that does not vary NaN") {
  Engine engine({.workers = 2});
  const auto x = observations(500, 4);
  for (std::int64_t i = 0; i < 500; ++i) x(i, 3) = 2 * x(i, 0) + 1;
  const auto r = corrcoef(engine, x, false);
  CHECK(r(0, 0) == 1);
  CHECK(r(0, 3) == Approx(1).epsilon(1e-14));
  CHECK(r(0, 3) <= 1);
  CHECK(r(1, 2) == r(2, 1));
  for (std::int64_t i = 0; i < 500; ++i) x(i, 1) = 5;
  CHECK(std::isnan(corrcoef(engine, x, false)(1, 0)));
  const auto one = cov(engine, x.column(0));
  CHECK(one.shape() == Shape{1, 1});
  CHECK(one(0, 0) == Approx(cov(engine, x.transpose())(0, 0)).epsilon(1e-13));
}

TEST_CASE("least squares: exact, over-determined, under-determined, rank deficient") {
  Engine engine({.workers = 2});
  const auto a = numbers<double>({5000, 6}, 4);
  const auto truth = numbers<double>({6, 2}, 5);
  const LeastSquares exact = lstsq(engine, a, matmul(engine, a, truth));
  CHECK(exact.rank == 6);
  for (std::int64_t i = 0; i < 12; ++i) {
    CHECK(exact.solution.data()[i] == Approx(truth.data()[i]).margin(1e-13));
  }
  CHECK(exact.residuals(1) < 1e-22);

  for (std::int64_t i = 0; i < 5000; ++i) a(i, 5) = a(i, 0) + a(i, 1);
  const LeastSquares deficient = lstsq(engine, a, a.column(5));
  CHECK(deficient.rank == 5);
  CHECK(std::isnan(deficient.residuals(0)));
  // Of least norm: (1/3, 1/3, 0, 0, 0, 2/3)
  CHECK(deficient.solution(0) == Approx(1.0 / 3));
  CHECK(deficient.solution(5) == Approx(2.0 / 3));

  const auto flat = numbers<double>({2, 5}, 6);
  const auto right = numbers<double>({2}, 7);
  const LeastSquares under = lstsq(engine, flat, right);
  CHECK(under.rank == 2);
  CHECK(under.singular_values.size() == 2);
  const auto back = matmul(engine, flat, under.solution);
  CHECK(back(0) == Approx(right(0)));
  CHECK(back(1) == Approx(right(1)));
}

TEST_CASE("least squares: numbers whose squares are no doubles") {
  Engine engine({.workers = 2});
  const auto a = numbers<double>({50, 3}, 1);
  const auto x = numbers<double>({3}, 2);
  for (const double scale : {1e-300, 1e-250, 1e-170, 1e170, 1e290}) {
    for (const double right : {1e-200, 1.0, 1e10}) {
      CAPTURE(scale, right);
      const auto small = Array<double>::temporary({50, 3});
      engine.transform(
          small, [scale](double v) { return v * scale; }, a);
      const auto exact = matmul(engine, a, x);
      const auto b = Array<double>::temporary({50});
      engine.transform(
          b, [right](double v) { return v * right; }, exact);
      const auto fit = lstsq(engine, small, b);
      CHECK(fit.rank == 3);
      for (std::int64_t i = 0; i < 3; ++i) {
        const double wanted = x(i) / scale * right;  // infinite where it is no double
        CHECK(fit.solution(i) == Approx(wanted).epsilon(1e-9));
      }
      CHECK(fit.residuals(0) <= 1e-20 * right * right);
    }
  }
}

TEST_CASE("what cannot be computed is a clear error, and nothing is written") {
  Engine engine({.workers = 2});
  const auto a = numbers<double>({4, 3}, 1);
  const auto out = Array<double>::temporary({4, 4});
  engine.fill(out, 7);
  CHECK_THROWS_AS(matmul(engine, a, a), ShapeMismatch);
  CHECK_THROWS_AS(matmul(engine, a, a.transpose(), a), ShapeMismatch);
  CHECK_THROWS_AS(gemm(engine, 1.0, a, a, 0.0, out), ShapeMismatch);
  CHECK_THROWS_AS(cholesky(engine, a), ShapeMismatch);
  CHECK_THROWS_AS(lstsq(engine, a, numbers<double>({3}, 1)), ShapeMismatch);
  CHECK_THROWS_AS(cov(engine, numbers<double>({3, 1}, 1)), InvalidArgument);
  const auto nan = numbers<double>({4, 3}, 1);
  nan(2, 1) = std::nan("");
  CHECK_THROWS_AS(lstsq(engine, nan, numbers<double>({4}, 1)), InvalidArgument);
  const auto singular = numbers<double>({4, 4}, 2);
  singular(2, 2) = 0;
  CHECK_THROWS_AS(solve_triangular(engine, singular, numbers<double>({4}, 1)), InvalidArgument);
  CHECK_NOTHROW(
      solve_triangular(engine, singular, numbers<double>({4}, 1), {.unit_diagonal = true}));
  std::string message;
  try {
    singular(0, 0) = 1;
    singular(1, 1) = -1;
    cholesky(engine, singular);
  } catch (const InvalidArgument& error) {
    message = error.what();
  }
  CHECK(message.find("leading minor of order 2") != std::string::npos);
  CHECK(values(out) == std::vector<double>(16, 7));
}

}  // namespace
}  // namespace furrow::test
