// Site percolation on a square lattice: does a cluster of open sites span from top to bottom?
//
// Row by row: each run of open sites is a cluster's part; clusters of the last row are all that is
// remembered (Hoshen and Kopelman's labels, joined by union and find), so that a path takes memory
// for two rows.
// Exact      for lattices up to 4 by 4, by all 2^(n n) of their states. On large ones it tends to a
//            step at the threshold 0.592746…, where it is 1/2
// Source     Hoshen, Kopelman, Phys. Rev. B 14 (1976); Cardy, J. Phys. A 25 (1992); the threshold:
//            Jacobsen, J. Phys. A 48 (2015)
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <utility>

#include <furrow/montecarlo/models/list.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>

namespace furrow::models {
namespace {

constexpr int size_max = 1024;
constexpr double threshold = 0.592746;

class Rows {
 public:
  explicit Rows(int size) : size_(size) {}

  /// open(x) for each site of the next row, from the left. False: nothing hangs on the top any
  /// more.
  template <class Open>
  bool add(Open open) {
    // Labels: 0 closed; 1 hangs on the top; others join where rows meet.
    std::array<std::int16_t, size_max> row;
    std::array<std::int16_t, 2 * size_max + 2> parent;
    for (int i = 0; i < last_label_; ++i) parent[static_cast<std::size_t>(i)] = label(i);
    int labels = last_label_;
    std::int16_t left = 0;
    for (std::size_t x = 0; x < static_cast<std::size_t>(size_); ++x) {
      std::int16_t here = 0;
      if (open(x)) {
        const std::int16_t above = first_ ? label(1) : row_[x];
        if (left == 0 && above == 0) {
          here = label(labels);
          parent[static_cast<std::size_t>(labels++)] = here;
        } else {
          here = left == 0 ? above : left;
          if (left != 0 && above != 0) join(parent, left, above);
        }
      }
      row[x] = left = here;
    }
    return renumber(row, parent, labels);
  }

 private:
  static std::int16_t label(int i) { return static_cast<std::int16_t>(i); }
  template <class Parents>
  static std::int16_t root(const Parents& parent, std::int16_t i) {
    while (parent[static_cast<std::size_t>(i)] != i) i = parent[static_cast<std::size_t>(i)];
    return i;
  }
  /// The smaller label wins, so that 1 stays 1.
  template <class Parents>
  static void join(Parents& parent, std::int16_t a, std::int16_t b) {
    a = root(parent, a);
    b = root(parent, b);
    if (a > b) std::swap(a, b);
    parent[static_cast<std::size_t>(b)] = a;
  }
  /// New labels from 2 on for this row's clusters.
  template <class Row, class Parents>
  bool renumber(const Row& row, const Parents& parent, int labels) {
    std::array<std::int16_t, 2 * size_max + 2> now;
    std::fill_n(now.begin(), labels, std::int16_t{0});
    now[1] = 1;
    last_label_ = 2;
    bool hangs = false;
    for (std::size_t x = 0; x < static_cast<std::size_t>(size_); ++x) {
      if (row[x] == 0) {
        row_[x] = 0;
        continue;
      }
      std::int16_t& mine = now[static_cast<std::size_t>(root(parent, row[x]))];
      if (mine == 0) mine = label(last_label_++);
      row_[x] = mine;
      hangs = hangs || mine == 1;
    }
    first_ = false;
    return hangs;
  }

  int size_;
  int last_label_ = 2;
  bool first_ = true;
  std::array<std::int16_t, size_max> row_;
};

// The probability that sites, each open with p, span: by every state.
double exact(int size, double p) {
  if (size > 4) return std::nan("");
  const int sites = size * size;
  double sum = 0;
  for (std::uint32_t state = 0; state < std::uint32_t{1} << sites; ++state) {
    Rows rows(size);
    bool spans = true;
    for (int y = 0; y < size && spans; ++y) {
      spans = rows.add([&](std::size_t x) {
        return (state >> (static_cast<std::size_t>(y * size) + x) & 1) != 0;
      });
    }
    const int open = std::popcount(state);
    if (spans) sum += std::pow(p, open) * std::pow(1 - p, sites - open);
  }
  return sum;
}

ModelResult run(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  const auto size = static_cast<int>(p.integer("size"));
  const double occupation = p.real("occupation");
  MonteCarloResult result = monte_carlo(engine, options, [size, occupation](furrow::Path& path) {
    Rows rows(size);
    bool spans = true;
    for (int y = 0; y < size && spans; ++y) {
      spans = rows.add([&](std::size_t) { return path.uniform() < occupation; });
    }
    return spans ? 1.0 : 0.0;
  });
  return named(std::move(result), {{"spans", exact(size, occupation)}});
}

}  // namespace

Model percolation() {
  Model model{
      "percolation",
      "the probability that open sites of a lattice span it",
      "physics",
      {integer("size", "sites along each side", 64, {1, size_max}),
       number("occupation", "the probability that a site is open", "", threshold, probability)},
      &run};
  model.paths = 20'000;
  return model;
}

}  // namespace furrow::models
