// The Ising model on a square lattice with periodic edges, by Metropolis on a checkerboard.
//
// A sweep offers every spin a flip, first those on black squares, then those on white ones: no two
// of a colour are neighbours, so bands of rows are worked on at the same time and in place.
//
//   byte of a site   bit 0: up or down · bit 1: the parity of the last sweep that was here
//   row r            its black sites, then its white ones, size/2 each
//
// Crash   the parity tells a worker that takes over a band which of its sites were offered their
//         flip already: a flip is not offered twice
// Bits    the random number of an offer is a function of (seed, stream, sweep, site) alone
// Error   from the means of 32 batches of sweeps: neighbouring sweeps are correlated
// Paths   sweeps, after those to warm up. They end at options.paths, or when the energy's error is
//         small enough after 512, 640, 768, 896, 1024, 1280, … of them, or after a time
// Exact   energy and magnetisation of the infinite lattice, where the lattice is larger than 20
//         correlation lengths. J = k = 1
// Source  Metropolis et al., J. Chem. Phys. 21 (1953); Onsager, Phys. Rev. 65 (1944); Yang, Phys.
//         Rev. 85 (1952)
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>

#include <fmt/format.h>

#include <furrow/array/array.hpp>
#include <furrow/error.hpp>
#include <furrow/kernels/random/random.hpp>
#include <furrow/montecarlo/models/list.hpp>
#include <furrow/os/clock.hpp>

namespace furrow::models {
namespace {

constexpr std::int64_t size_max = 8192;
constexpr std::size_t half_max = size_max / 2;
constexpr std::int64_t batches = 32;
constexpr std::int64_t band_sites = 16384;
constexpr std::int64_t sweeps_max = 100'000'000;

/// Offers the sites of one colour in a band of rows their flip.
struct HalfSweep {
  std::uint8_t* sites;
  std::int64_t* sums;  // of each band: the energy, then spins; the white half-sweep writes both
  std::int64_t size;
  std::int64_t band_rows;
  std::int64_t sweep;
  std::uint64_t seed;
  std::uint64_t stream;
  std::uint32_t accept[5];  // a flip, when the random word is not above, by equal neighbours
  int colour;

  std::uint8_t* half_row(std::int64_t row, int c) const {
    return sites + (2 * row + c) * (size / 2);
  }

  void operator()(std::int64_t band) const {
    const std::int64_t end = std::min(size, (band + 1) * band_rows);
    std::int64_t energy = 0;
    std::int64_t up = 0;
    for (std::int64_t row = band * band_rows; row < end; ++row) offer(row, energy, up);
    if (colour == 0) return;
    sums[2 * band] = energy;
    sums[2 * band + 1] = 2 * up - (end - band * band_rows) * size;
  }

  void offer(std::int64_t row, std::int64_t& energy, std::int64_t& up) const {
    const auto half = static_cast<std::size_t>(size / 2);
    std::array<std::uint32_t, half_max> words;
    kernels::random_bits(
        std::span(words).first(half),
        {seed, stream, static_cast<std::uint64_t>(((2 * sweep + colour) * size + row) * size / 2)});
    std::uint8_t* const own = half_row(row, colour);
    const std::uint8_t* const above = half_row((row + size - 1) % size, 1 - colour);
    const std::uint8_t* const below = half_row((row + 1) % size, 1 - colour);
    const std::uint8_t* const beside = half_row(row, 1 - colour);
    // The other neighbour in the row stands one place to the left or right, around the edge.
    std::array<std::uint8_t, half_max> aside;
    if ((row + colour) % 2 == 0) {
      aside[0] = beside[half - 1];
      std::memcpy(aside.data() + 1, beside, half - 1);
    } else {
      std::memcpy(aside.data(), beside + 1, half - 1);
      aside[half - 1] = beside[0];
    }
    const unsigned tag = static_cast<unsigned>(sweep) & 1;
    std::int32_t equal_sum = 0;
    std::int32_t up_sum = 0;
    for (std::size_t j = 0; j < half; ++j) {
      const unsigned spin = own[j] & 1U;
      const unsigned ups = (above[j] & 1U) + (below[j] & 1U) + (beside[j] & 1U) + (aside[j] & 1U);
      const unsigned equal = spin != 0 ? ups : 4 - ups;
      const unsigned offered = static_cast<unsigned>((own[j] >> 1 & 1U) == tag);
      const unsigned flip = static_cast<unsigned>(words[j] <= accept[equal]) & (1U - offered);
      const unsigned now = spin ^ flip;
      own[j] = static_cast<std::uint8_t>(now | tag << 1);
      equal_sum += static_cast<std::int32_t>(now != 0 ? ups : 4 - ups);
      up_sum += static_cast<std::int32_t>(now + (beside[j] & 1U));
    }
    // Each bond joins the two colours: -Σ s s' = -(2 equal - 4) for each white site.
    energy -= 2 * std::int64_t{equal_sum} - 4 * static_cast<std::int64_t>(half);
    up += up_sum;
  }
};

// Onsager's energy for each site.
double infinite_energy(double temperature) {
  const double k = 2 / temperature;
  const double modulus = 2 * std::sinh(k) / (std::cosh(k) * std::cosh(k));
  const double t = std::tanh(k);
  return -1 / t *
         (1 + 2 / std::numbers::pi * (2 * t * t - 1) * std::comp_ellint_1(std::min(modulus, 1.0)));
}

// Yang's magnetisation below the critical temperature.
double infinite_magnetisation(double temperature) {
  return std::pow(1 - std::pow(std::sinh(2 / temperature), -4), 0.125);
}

double correlation_length(double temperature) {
  const double k = 1 / temperature;
  return 1 / std::abs(std::log(1 / std::tanh(k)) - 2 * k);
}

// The mean of correlated values, its error by the means of batches.
Estimate batched(const std::vector<double>& x, double confidence) {
  Estimate e;
  e.mean = e.standard_error = e.low = e.high = std::nan("");
  e.variance = e.skew = e.kurtosis = std::nan("");
  if (x.empty()) return e;
  const auto count = static_cast<std::int64_t>(x.size());
  double sum = 0;
  for (const double v : x) sum += v;
  e.mean = sum / static_cast<double>(count);
  e.min = *std::min_element(x.begin(), x.end());
  e.max = *std::max_element(x.begin(), x.end());
  if (count < 2 * batches) return e;
  double squares = 0;
  for (const double v : x) squares += (v - e.mean) * (v - e.mean);
  e.variance = squares / static_cast<double>(count - 1);
  // The last ones; what does not fill the batches is left to the mean.
  const std::int64_t length = count / batches;
  double between = 0;
  for (std::int64_t b = 0; b < batches; ++b) {
    double batch = 0;
    for (std::int64_t i = 0; i < length; ++i) {
      batch += x[static_cast<std::size_t>(count - 1 - b * length - i)];
    }
    const double off = batch / static_cast<double>(length) - e.mean;
    between += off * off;
  }
  e.standard_error = std::sqrt(between / static_cast<double>(batches * (batches - 1)));
  const double reach = montecarlo::student_interval(confidence, batches - 1) * e.standard_error;
  e.low = e.mean - reach;
  e.high = e.mean + reach;
  return e;
}

/// 512, 640, 768, 896, 1024, 1280, …
bool is_stop(std::int64_t sweeps) {
  const auto n = static_cast<std::uint64_t>(sweeps);
  return sweeps >= 512 && (n & ((std::uint64_t{1} << (std::bit_width(n) - 3)) - 1)) == 0;
}

class Lattice {
 public:
  Lattice(Engine& engine, const MonteCarloOptions& options, const Parameters& p)
      : engine_(engine),
        options_(options),
        size_(p.integer("size")),
        warmup_(p.integer("warmup")),
        sites_(Array<std::uint8_t>::temporary({size_ * size_})),
        began_ns_(os::monotonic_ns()) {
    const double temperature = p.real("temperature");
    step_.size = size_;
    step_.band_rows = std::clamp<std::int64_t>(band_sites / size_, 1, size_);
    bands_ = (size_ + step_.band_rows - 1) / step_.band_rows;
    sums_ = Array<std::int64_t>::temporary({2 * bands_});
    step_.sites = sites_.data();
    step_.sums = sums_.data();
    step_.seed = options.seed;
    step_.stream = options.stream;
    for (int equal = 0; equal < 5; ++equal) {
      // A flip costs 2 (2 equal - 4).
      const double chance = std::min(std::exp(-2.0 * (2 * equal - 4) / temperature), 1.0);
      step_.accept[equal] = static_cast<std::uint32_t>(std::max(chance * 0x1p32 - 1, 0.0));
    }
    // All up, and none was offered anything in sweep 0.
    std::fill_n(sites_.data(), size_ * size_, std::uint8_t{3});
  }

  ModelResult run() {
    ModelResult result;
    MonteCarloResult& simulation = result.simulation;
    const std::int64_t limit = options_.paths != 0 ? options_.paths : sweeps_max;
    for (std::int64_t i = 0; i < warmup_ && goes_on(); ++i) sweep();
    energy_.clear();
    magnetisation_.clear();
    while (goes_on()) {
      const auto done = static_cast<std::int64_t>(energy_.size());
      if (done >= limit) break;
      if (is_stop(done) && at_stop()) {
        stop_ = Stop::error;
        break;
      }
      sweep();
    }
    simulation.stop = stop_;
    simulation.paths = static_cast<std::int64_t>(energy_.size());
    simulation.seconds = static_cast<double>(os::monotonic_ns() - began_ns_) * 1e-9;
    simulation.outputs = {batched(energy_, options_.confidence),
                          batched(magnetisation_, options_.confidence)};
    result.outputs = {{"energy", simulation.outputs[0]}, {"magnetisation", simulation.outputs[1]}};
    return result;
  }

 private:
  void sweep() {
    for (step_.colour = 0; step_.colour < 2; ++step_.colour) engine_.for_each(bands_, step_);
    ++step_.sweep;
    std::int64_t energy = 0;
    std::int64_t spins = 0;
    for (std::int64_t band = 0; band < bands_; ++band) {
      energy += sums_.data()[2 * band];
      spins += sums_.data()[2 * band + 1];
    }
    const auto sites = static_cast<double>(size_ * size_);
    energy_.push_back(static_cast<double>(energy) / sites);
    magnetisation_.push_back(std::abs(static_cast<double>(spins)) / sites);
  }

  // False at the end of the time, and when told to end.
  bool goes_on() {
    const std::int64_t now = os::monotonic_ns();
    if (options_.time_ns != 0 && now - began_ns_ >= options_.time_ns) {
      stop_ = Stop::time;
      return false;
    }
    if (!options_.progress || now < report_ns_) return stop_ == Stop::paths;
    report_ns_ = now + 100'000'000;
    if (!options_.progress(running())) stop_ = Stop::cancelled;
    return stop_ == Stop::paths;
  }

  MonteCarloProgress running() const {
    const Estimate e = batched(energy_, options_.confidence);
    return {static_cast<std::int64_t>(energy_.size()), options_.paths, e.mean, e.standard_error,
            static_cast<double>(os::monotonic_ns() - began_ns_) * 1e-9};
  }

  bool at_stop() const {
    const bool by_error = options_.error > 0 || options_.relative_error > 0;
    if (!by_error && !options_.milestone) return false;
    const MonteCarloProgress p = running();
    if (options_.milestone) options_.milestone(p);
    return by_error &&
           p.standard_error <= std::max(options_.error, options_.relative_error * std::abs(p.mean));
  }

  Engine& engine_;
  const MonteCarloOptions& options_;
  std::int64_t size_;
  std::int64_t warmup_;
  Array<std::uint8_t> sites_;
  Array<std::int64_t> sums_;
  HalfSweep step_{};
  std::int64_t bands_ = 0;
  std::int64_t began_ns_;
  std::int64_t report_ns_ = 0;
  Stop stop_ = Stop::paths;
  std::vector<double> energy_;
  std::vector<double> magnetisation_;
};

ModelResult run(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  const std::int64_t size = p.integer("size");
  if (size % 2 != 0) {
    throw InvalidArgument(
        fmt::format("ising: the size is even, for the checkerboard, not {}", size));
  }
  if (!options.checkpoint.empty() || options.antithetic || !options.samples.empty()) {
    throw InvalidArgument(
        "ising is a chain of sweeps: it takes no checkpoint, no antithetic paths, and keeps no "
        "samples");
  }
  if (options.paths > sweeps_max) {
    throw InvalidArgument(
        fmt::format("ising: {} sweeps were asked for, at most 1e8 are done", options.paths));
  }
  ModelResult result = Lattice(engine, options, p).run();
  const double temperature = p.real("temperature");
  const double critical = 2 / std::log(1 + std::numbers::sqrt2);
  if (static_cast<double>(size) > 20 * correlation_length(temperature)) {
    result.outputs[0].exact = infinite_energy(temperature);
    if (temperature < critical) result.outputs[1].exact = infinite_magnetisation(temperature);
  } else {
    result.notes.emplace_back(
        "the lattice is not much larger than the correlation length: the values of the infinite "
        "one would not do");
  }
  return result;
}

}  // namespace

Model ising() {
  Model model{"ising",
              "energy and magnetisation of the Ising model on a square lattice; paths are sweeps",
              "physics",
              {integer("size", "sites along each side, even", 256, {4, size_max}),
               number("temperature", "in units of the coupling", "", 2.0, {0.1, 100}),
               integer("warmup", "sweeps before the first that counts", 500, {0, 1e7})},
              &run};
  model.paths = 5000;
  return model;
}

}  // namespace furrow::models
