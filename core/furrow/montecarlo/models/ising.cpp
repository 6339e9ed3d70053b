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
// Error   by the autocorrelation time τ of the sweeps (series.hpp), which the notes say
// Paths   sweeps, after those to warm up. They end at options.paths, or when the energy's error is
//         small enough, by an upper bound of its τ, after 512, 640, 768, 896, 1024, 1280, … of
//         them, and after 200 times the upper bounds of energy's and magnetisation's τ; or after a
//         time
// Warm-up as many sweeps as asked for; unless asked, 500, and on in doublings to 20 τ of their
// later
//         half, or as many as are to count
// Exact   the energy of this very lattice (ising_exact.hpp); below the critical temperature the
//         magnetisation of the infinite one, where this is larger than 20 correlation lengths
// Source  Metropolis et al., J. Chem. Phys. 21 (1953)
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include <furrow/array/array.hpp>
#include <furrow/error.hpp>
#include <furrow/kernels/random/random.hpp>
#include <furrow/montecarlo/models/ising_exact.hpp>
#include <furrow/montecarlo/models/list.hpp>
#include <furrow/montecarlo/models/series.hpp>
#include <furrow/os/clock.hpp>

namespace furrow::models {
namespace {

constexpr std::int64_t size_max = 8192;
constexpr std::size_t half_max = size_max / 2;
constexpr double warmup_taus = 20;
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
        warmup_given_(p.given("warmup")),
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
    const std::int64_t limit =
        options_.paths != 0 ? std::min(options_.paths, sweeps_max) : sweeps_max;
    warm_up(limit);
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
    const SeriesEstimate energy = series_estimate(energy_, options_.confidence);
    const SeriesEstimate magnetisation = series_estimate(magnetisation_, options_.confidence);
    simulation.outputs = {energy.estimate, magnetisation.estimate};
    put_record(simulation, energy_, magnetisation_);
    result.outputs = {{"energy", simulation.outputs[0]}, {"magnetisation", simulation.outputs[1]}};
    result.notes.push_back(
        fmt::format("autocorrelation times: {:.3g} sweeps of the energy, {:.3g} of the "
                    "magnetisation, which the "
                    "errors allow for; {} sweeps to warm up",
                    energy.tau, magnetisation.tau, warmup_));
    const double tau = std::max(energy.tau, magnetisation.tau);
    if (!(static_cast<double>(simulation.paths) >= series_taus * tau)) {
      result.notes.push_back(
          fmt::format("{} sweeps are few for such times: the errors are hardly known before {:.2g}",
                      simulation.paths, series_taus * tau));
    }
    if (static_cast<double>(warmup_) < warmup_taus / 2 * tau) {
      result.notes.push_back(
          fmt::format("{} sweeps to warm up are few for such times: {:.2g} would do", warmup_,
                      warmup_taus * tau));
    }
    return result;
  }

 private:
  void warm_up(std::int64_t limit) {
    std::int64_t done = 0;
    for (;;) {
      for (; done < warmup_; ++done) {
        if (!goes_on()) return;
        sweep();
      }
      if (warmup_given_ || static_cast<double>(done) >= warmup_taus * tau_of_later_half() ||
          done >= limit) {
        return;
      }
      warmup_ = std::min(2 * warmup_, std::max(limit, warmup_));
    }
  }

  double tau_of_later_half() const {
    const auto later = [](const std::vector<double>& x) {
      const auto half = static_cast<std::ptrdiff_t>(x.size() / 2);
      return series_estimate({x.begin() + half, x.end()}, 0.95).tau;
    };
    return std::max(later(energy_), later(magnetisation_));
  }

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
    if (!options_.progress(running(series_estimate(energy_, options_.confidence).estimate)))
      stop_ = Stop::cancelled;
    return stop_ == Stop::paths;
  }

  MonteCarloProgress running(const Estimate& e) const {
    return {static_cast<std::int64_t>(energy_.size()), options_.paths, e.mean, e.standard_error,
            static_cast<double>(os::monotonic_ns() - began_ns_) * 1e-9};
  }

  bool at_stop() const {
    const bool by_error = options_.error > 0 || options_.relative_error > 0;
    if (!by_error && !options_.milestone) return false;
    const SeriesEstimate energy = series_estimate(energy_, options_.confidence);
    if (options_.milestone) options_.milestone(running(energy.estimate));
    if (!by_error) return false;
    const double target =
        std::max(options_.error, options_.relative_error * std::abs(energy.estimate.mean));
    return is_accurate(energy, energy_.size(), target) &&
           is_long(series_estimate(magnetisation_, options_.confidence), energy_.size());
  }

  Engine& engine_;
  const MonteCarloOptions& options_;
  std::int64_t size_;
  std::int64_t warmup_;
  bool warmup_given_;
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
  const bool other_end = options.error > 0 || options.relative_error > 0 || options.time_ns > 0;
  if (options.paths > sweeps_max && !other_end) {
    throw InvalidArgument(
        fmt::format("ising: {} sweeps were asked for, at most 1e8 are done", options.paths));
  }
  ModelResult result = Lattice(engine, options, p).run();
  const double temperature = p.real("temperature");
  result.outputs[0].exact = ising_torus_energy(size, temperature);
  if (temperature < ising_critical_temperature()) {
    if (static_cast<double>(size) > 20 * ising_correlation_length(temperature)) {
      result.outputs[1].exact = ising_infinite_magnetisation(temperature);
    } else {
      result.notes.emplace_back(
          "the lattice is not much larger than the correlation length: the magnetisation of the "
          "infinite one would not do");
    }
  }
  return result;
}

}  // namespace

Model ising() {
  Model model{
      "ising",
      "energy and magnetisation of the Ising model on a square lattice; paths are sweeps",
      "physics",
      {integer("size", "sites along each side, even", 256, {4, size_max}),
       number("temperature", "in units of the coupling", "", 2.0, {0.1, 100}),
       integer("warmup", "sweeps before the first that counts; more where needed, unless given",
               500, {0, 1e7})},
      &run};
  model.paths = 5000;
  return model;
}

}  // namespace furrow::models
