#include <algorithm>
#include <cstdio>

#include <furrow/compute/linalg.hpp>
#include <furrow/compute/quantile.hpp>
#include <furrow/compute/reduce.hpp>
#include <furrow/compute/scan.hpp>
#include <furrow/compute/sort.hpp>
#include <furrow/compute/stencil.hpp>
#include <furrow/process/initialize.hpp>

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  furrow::Engine engine;

  // Three assets over 250,000 steps: correlated normal returns by a Cholesky factor.
  auto correlation = furrow::Array<double>::temporary({3, 3});
  const double rows[] = {1, 0.5, 0.2, 0.5, 1, -0.3, 0.2, -0.3, 1};
  std::copy(std::begin(rows), std::end(rows), correlation.data());
  auto normals = furrow::Array<double>::temporary({250'000, 3});
  engine.apply("random_normal", normals, {2024});
  auto factor = furrow::cholesky(engine, correlation);
  auto returns = furrow::matmul(engine, normals, factor.transpose().as<double>());
  engine.evaluate("r = 0.0001 + 0.01*r", {{"r", returns}});  // in place, exactly once
  auto again = furrow::corrcoef(engine, returns, false);
  std::printf("correlation    %.15f\n", again(0, 1));

  // Prices down the columns, their spread about a moving average, the five worst steps.
  auto prices = furrow::AnyArray::temporary(furrow::Dtype::f64, returns.shape());
  engine.evaluate("p = 1 + r", {{"p", prices}, {"r", returns}});
  furrow::cumprod(engine, prices, {.axis = 0});
  auto smooth = furrow::moving_average(engine, prices, 20,
                                       {.axis = 0, .boundary = furrow::Boundary::nearest});
  auto away = engine.evaluate("abs(log(p/s))", {{"p", prices}, {"s", smooth}});
  auto widest = furrow::max(engine, away.array().as<double>(), {.axes = {0}});
  std::printf("widest spread  %.15f\n", widest(0));
  auto worst = furrow::top_k(engine, returns.column(0), 5, {.axis = 0, .largest = false});
  std::printf("worst step     %lld\n", static_cast<long long>(worst.indices(0)));

  auto tail = furrow::quantile(engine, returns, {0.01}, {.axis = 0});
  std::printf("1 %% quantiles  %.15f %.15f %.15f\n", tail(0, 0), tail(0, 1), tail(0, 2));
}
