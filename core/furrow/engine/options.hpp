// furrow/engine/options.hpp
//
// What can be chosen about an engine and about one job. The defaults are meant to be right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include <furrow/segment/place.hpp>

namespace furrow {

/// How workers come to life.
enum class StartMethod {
  automatic,  // fork while that is safe, else execute
  fork,       // throws when the process has other threads, which a fork would cut off mid-step
  execute,    // runs this program again; main must begin with furrow::initialize(argc, argv)
};

/// How idle workers and a waiting coordinator pass the time.
enum class WaitPolicy {
  adaptive,  // spin briefly while cores are free, then sleep in the kernel
  active,    // spin for ever: lowest latency, one core each
  passive,   // sleep at once
};

struct EngineOptions {
  std::size_t workers = 0;  // 0: as many as the cores that affinity and cgroup quota grant
  std::string name{};       // for `furrow worker --engine NAME`; empty: chosen
  StartMethod start = StartMethod::automatic;
  WaitPolicy wait = WaitPolicy::adaptive;
  bool participate = false;  // the coordinator's waiting thread computes tiles too, except of jobs
                             // that are for workers only (JobOptions), as those on files are
  bool exactly_once =
      true;          // off: a crash in an in-place job fails the job instead of costing nothing
  bool pin = false;  // worker i on the i-th granted core
  std::size_t replacements_max = 1000;  // workers replaced since a job succeeded; then it gives up
  Place place = Place::default_place();
};

struct JobOptions {
  std::int64_t deadline_ns = 0;  // 0: none. After it the job is cancelled, and a worker that does
                                 // not come to a tile border within grace_ns is killed
  std::int64_t grace_ns = 200'000'000;
  // The waiting thread takes no part, also where EngineOptions::participate says so: for what may
  // crash or stall its process. All jobs that read or write files are of this kind.
  bool workers_only = false;
  // Called about twenty times a second by the thread that waits in get(), with the part of the job
  // that is done, 0 to 1; false cancels the job. For progress bars, and for programs that are told
  // to stop (by a signal, a window that closes, …).
  std::function<bool(double)> watch{};
};

/// A tile that kills this many workers fails its job.
inline constexpr unsigned deaths_per_tile_max = 3;

}  // namespace furrow
