// furrow/cli/work.hpp
//
// Work on an engine as a verb does it: with a progress bar, stopped by a signal at the next tile
// border, and with a word about workers that died on the way.
#pragma once

#include <cstdint>
#include <string>

#include <furrow/cli/command.hpp>
#include <furrow/cli/progress.hpp>
#include <furrow/engine/engine.hpp>
#include <furrow/os/interrupt.hpp>

namespace furrow::cli {

class Work {
 public:
  /// Starts the engine. Throws Interrupted when a signal came first.
  Work(const Command& command, std::string label);
  ~Work();
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  Engine& engine() noexcept { return engine_; }
  /// What jobs are started with. `bytes`: what the job goes through, for the rate it shows.
  JobOptions job(std::uint64_t bytes);
  /// For work that says by itself how far it is.
  Progress& progress() noexcept { return progress_; }

 private:
  Engine engine_;
  Progress progress_;
};

/// Runs f(), which waits for jobs of a Work. Cancelled by a signal it throws Interrupted with this
/// sentence on how things stand.
template <class F>
auto interruptible(const std::string& sentence, F f) {
  try {
    return f();
  } catch (const Cancelled&) {
    if (!os::interrupted()) throw;
    throw Interrupted(sentence);
  }
}

}  // namespace furrow::cli
