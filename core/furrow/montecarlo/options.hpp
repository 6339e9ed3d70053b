// furrow/montecarlo/options.hpp
//
// What can be chosen about a simulation: how far it goes, from which numbers, what it keeps.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <furrow/montecarlo/record.hpp>

namespace furrow {

/// The running estimate of output 0, for a line on a terminal.
struct MonteCarloProgress {
  std::int64_t paths = 0;        // accepted so far
  std::int64_t paths_limit = 0;  // where the simulation ends at the latest
  double mean = 0;
  double standard_error = 0;
  double seconds = 0;
};

enum class OnInvalid {
  count,  // a path with an output that is not finite is left out and counted; as is, in a plain
          // closure, one that throws
  fail,   // it is an error: KernelFailed, with how many they are and the first
};

struct MonteCarloOptions {
  // --- where it ends: at whichever comes first. At least one of the first four must be given ---
  std::int64_t paths = 0;         // as many paths; with `antithetic`, as many pairs
  double error = 0;               // when output 0's standard error is as small (and believed:
  double relative_error = 0;      // below), or as small a part of its mean
  std::int64_t time_ns = 0;       // after so long; the bits then depend on time
  std::int64_t paths_min = 4096;  // an error is not believed before
  // A standard error is believed when its samples (blocks, of a design: design.hpp) are 64 and
  // 64 (kurtosis + 2) at least, and any after 2^20 paths.
  // For one hit would end it at once: the mean of an event of p = 1e-5 with error = 1e-4 was 2.73 p
  // over all seeds, and is 1.00 p so. What is left is at most 2 % (a sixth of such an error) where
  // p > 1e-5. A rarer event is not hit in 2^20 paths at all, more often than not from p = 6e-7 on,
  // and then the mean is 0 with no error: E = 0.64 p for p = 1e-6 and error = p / 2. Sample its
  // importance, or raise paths_min, which holds for everything.
  /// Called about ten times a second by the calling thread; false ends the simulation.
  std::function<bool(const MonteCarloProgress&)> progress{};
  /// Called by the calling thread with what is accepted after 16, 17, … 32, 34, … 64, 68, … blocks
  /// of paths: a series that depends on the paths alone, for a plot of how the estimate converges.
  std::function<void(const MonteCarloProgress&)> milestone{};

  // --- which random numbers ---
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;  // below 2^32; other streams share no draw

  // --- variance reduction ---
  /// Each sample is the mean of a path and of its mirror image: 1-u for u, -z for z.
  bool antithetic = false;
  /// The true means of the last outputs. Output 0 .. are corrected by regression on them, with
  /// coefficients from the same paths.
  std::vector<double> control_means{};

  // --- what is kept ---
  double confidence = 0.95;      // of the intervals
  montecarlo::Bins histogram{};  // of every output
  bool quantiles = false;        // of every output, by a sketch (montecarlo/sketch.hpp)
  /// Keeps every sample in an array of that name, shape (outputs, paths), which is there when the
  /// simulation has ended, and not if it fails or is killed. Needs `paths`; what is not in the
  /// estimate is NaN: not reached, ran ahead, not finite.
  std::string samples{};
  OnInvalid on_invalid = OnInvalid::count;

  // --- how ---
  /// Paths that are folded together, a power of two from 32 to 1024. The bits depend on it. Fewer
  /// for paths that take milliseconds: a block is what one worker does in one piece.
  std::int64_t block_paths = 256;
  /// A file that progress is written to every `checkpoint_ns` and at the end, and taken up from
  /// when it exists; the bits are those of an uninterrupted run. Needs furrow::hdf5.
  std::string checkpoint{};
  std::int64_t checkpoint_ns = 10'000'000'000;
  /// What the checkpoint is of, beside seed, stream and the closure's captures: one name for one
  /// closure. Without a name a checkpoint is taken up by the closure of that build of the program
  /// alone, for an edited closure looks like the one before.
  std::string model{};
  /// What the captures stand for, by name: {"strike", "110"}. They say nothing of themselves: a
  /// checkpoint with other captures is refused, and these let the refusal name what differs.
  std::map<std::string, std::string> parameters{};
};

}  // namespace furrow
