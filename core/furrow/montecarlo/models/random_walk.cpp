// Walks on the square lattice in 1, 2 or 3 dimensions, each step to one of the 2d neighbours.
//
// random-walk     whether it comes back to where it began within `steps`
//   Exact         u_n, the probability to be there after 2n steps, gives f_n, to be there first:
//                 u_n = Σ f_k u_{n-k}. With c_n = C(2n,n) / 4^n: u_n = c_n (d=1), c_n² (d=2),
//                 c_n b_n (d=3), 9 (n+1)² b_{n+1} = (10n² + 10n + 3) b_n - n² b_{n-1}. In three
//                 dimensions and for ever it is Pólya's 0.340537…
// first-passage   whether the walk on a line reaches `level` within `steps`
//   Exact         by reflection P(S >= level) + P(S > level) of the binomial sum S
// Source          Feller, volume 1, III and XIV; Montroll, J. SIAM 4 (1956); b_n: OEIS A002893
#include <cmath>
#include <vector>

#include <furrow/montecarlo/models/list.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>

namespace furrow::models {
namespace {

double return_probability(std::int64_t dimension, std::int64_t steps) {
  const auto count = static_cast<std::size_t>(steps / 2);
  std::vector<double> u{1};
  double c = 1;
  double b = 1;
  double before = 0;
  for (std::size_t i = 1; i <= count; ++i) {
    const auto n = static_cast<double>(i);
    c *= (2 * n - 1) / (2 * n);
    const double m = n - 1;
    const double next = ((10 * m * m + 10 * m + 3) * b - m * m * before) / (9 * n * n);
    before = b;
    b = next;
    u.push_back(dimension == 1 ? c : dimension == 2 ? c * c : c * b);
  }
  std::vector<double> first(count + 1, 0.0);
  double sum = 0;
  for (std::size_t n = 1; n <= count; ++n) {
    first[n] = u[n];
    for (std::size_t k = 1; k < n; ++k) first[n] -= first[k] * u[n - k];
    sum += first[n];
  }
  return sum;
}

double passage_probability(std::int64_t level, std::int64_t steps) {
  const auto n = static_cast<double>(steps);
  double sum = 0;
  // S = steps - 2 k after k steps downwards.
  for (std::int64_t k = 0; steps - 2 * k >= level; ++k) {
    const auto down = static_cast<double>(k);
    const double p = std::exp(std::lgamma(n + 1) - std::lgamma(down + 1) -
                              std::lgamma(n - down + 1) - n * std::log(2.0));
    sum += steps - 2 * k > level ? 2 * p : p;
  }
  return sum;
}

ModelResult run_return(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  const std::int64_t dimension = p.integer("dimension");
  const std::int64_t steps = p.integer("steps");
  return named(monte_carlo(engine, options,
                           [dimension, steps](furrow::Path& path) {
                             const auto ways = static_cast<double>(2 * dimension);
                             std::int64_t place[3] = {};
                             std::int64_t far = 0;  // steps to the origin
                             for (std::int64_t i = 0; i < steps && far <= steps - i; ++i) {
                               const auto way = static_cast<int>(path.uniform() * ways);
                               std::int64_t& x = place[way / 2];
                               far -= x < 0 ? -x : x;
                               x += way % 2 != 0 ? 1 : -1;
                               far += x < 0 ? -x : x;
                               if (far == 0) return 1.0;
                             }
                             return 0.0;
                           }),
               {{"returned", return_probability(dimension, steps)}});
}

ModelResult run_passage(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  const std::int64_t level = p.integer("level");
  const std::int64_t steps = p.integer("steps");
  return named(monte_carlo(engine, options,
                           [level, steps](furrow::Path& path) {
                             std::int64_t left = level;
                             for (std::int64_t i = 0; i < steps && left <= steps - i; ++i) {
                               left += path.uniform() < 0.5 ? 1 : -1;
                               if (left == 0) return 1.0;
                             }
                             return 0.0;
                           }),
               {{"passed", passage_probability(level, steps)}});
}

}  // namespace

Model random_walk() {
  Model model{"random-walk",
              "the probability that a walk on a lattice comes back to its origin",
              "walks",
              {integer("dimension", "of the lattice", 3, {1, 3}),
               integer("steps", "how many it takes at most", 200, {1, 10000})},
              &run_return};
  model.paths = 300'000;
  return model;
}

Model first_passage() {
  return {"first-passage",
          "the probability that a walk on a line reaches a level in time",
          "walks",
          {integer("level", "steps to it", 10, {1, 10000}),
           integer("steps", "how many it takes at most", 100, {1, 100000})},
          &run_passage};
}

}  // namespace furrow::models
