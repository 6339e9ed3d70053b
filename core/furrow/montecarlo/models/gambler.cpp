// A gambler who stakes 1 again and again, until all is lost or the goal is reached.
//
// Exact   with r = (1-p)/p: P(ruin) = (r^i - r^n) / (1 - r^n), 1 - i/n for p = 1/2; rounds played
//         (i - n (1 - r^i) / (1 - r^n)) / (1 - 2p), i (n - i) for p = 1/2
// Source  Feller, volume 1, XIV.2 and 3
#include <array>
#include <cmath>

#include <furrow/montecarlo/models/list.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>

namespace furrow::models {
namespace {

// (1 - r^i) / (1 - r^n), also where the powers are beyond all numbers.
double part(double r, double i, double n) {
  if (r == 1) return i / n;
  const double ln = std::log(r);
  if (r < 1) return std::expm1(i * ln) / std::expm1(n * ln);
  return std::exp((i - n) * ln) * std::expm1(-i * ln) / std::expm1(-n * ln);
}

ModelResult run(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  const std::int64_t goal = p.integer("goal");
  const std::int64_t capital = p.integer("capital");
  if (capital >= goal) {
    throw InvalidArgument("gambler: the capital is below the goal, or there is nothing to play");
  }
  const double win = p.real("win");
  const auto i = static_cast<double>(capital);
  const auto n = static_cast<double>(goal);
  const double reached = part((1 - win) / win, i, n);
  const double rounds = win == 0.5 ? i * (n - i) : (i - n * reached) / (1 - 2 * win);
  return named(monte_carlo(engine, options,
                           [capital, goal, win](furrow::Path& path) {
                             std::int64_t has = capital;
                             double played = 0;
                             for (; has != 0 && has != goal; ++played) {
                               has += path.uniform() < win ? 1 : -1;
                             }
                             return std::array{has == 0 ? 1.0 : 0.0, played};
                           }),
               {{"ruin", 1 - reached}, {"rounds", rounds}});
}

}  // namespace

Model gambler() {
  Model model{"gambler",
              "gambler's ruin: its probability, and how long it takes",
              "walks",
              {integer("capital", "at the beginning", 10, {1, 1000}),
               integer("goal", "where the gambler stops", 20, {2, 1000}),
               number("win", "the probability to win a round", "", 0.5, {0.001, 0.999})},
              &run};
  model.paths = 300'000;
  return model;
}

}  // namespace furrow::models
