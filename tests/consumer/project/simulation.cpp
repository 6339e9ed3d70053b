// A simulation as a user's program writes it: a closure of its own, and a model that is ready made.
#include <cmath>

#include <furrow/montecarlo/models/models.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>
#include <furrow/process/initialize.hpp>

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  furrow::Engine engine;
  const auto third = furrow::monte_carlo(engine, {.paths = 100'000}, [](auto& path) {
    const auto x = path.uniform();
    return x * x;
  });
  const auto pi = furrow::models::run(engine, "pi", {.paths = 100'000});
  const bool right = std::abs(third.mean() - 1.0 / 3) < 0.01 &&
                     std::abs(pi.outputs.at(0).estimate.mean - pi.outputs.at(0).exact) < 0.05;
  return right ? 0 : 1;
}
