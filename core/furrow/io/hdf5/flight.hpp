// furrow/io/hdf5/flight.hpp
//
// A step of a session that is under way: the jobs that carry it, and waiting for its answer.
//
// Answer   stands in the mailbox; the jobs may last longer, where a worker is busy elsewhere or
//          stands still. They keep what they may still touch
// Crash    a job that ended without an answer is started again while the owner lives
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5/mailbox.hpp>
#include <furrow/io/hdf5/ring.hpp>
#include <furrow/io/hdf5/work.hpp>
#include <furrow/os/process.hpp>

namespace furrow::hdf5 {

/// What all steps of a session have in common.
struct Journey {
  std::string asked;  // for messages
  std::function<bool(double)> watch;
  std::int64_t deadline_ns = 0;  // monotonic; 0: none
  os::ProcessWatch owner;
  bool lost = false;  // the owner died

  /// For the next job; 0: no deadline.
  std::int64_t time_left_ns() const;
  bool late() const;
};

struct Flight {
  Mailbox box;
  Ring ring;
  std::function<Future<void>()> start_owner;
  std::function<Future<void>()> start_helpers;  // may be empty
  Future<void> owner;
  Future<void> helpers;
  int attempts = 0;

  /// Until the owner has answered. Throws what it met, and what became of the jobs. False: somebody
  /// may still touch the ring.
  bool await(Journey& journey);
  /// Ends the jobs, answered or not. False as above.
  bool leave() noexcept;
  /// The owner has answered, well or with an error.
  bool over() const;

 private:
  void supervise(const Journey& journey);
  void again(Journey& journey);
};

/// f(worker) on every worker, and f(tile) for each tile, while `keep` stays.
template <class F>
Future<void> start_on_workers(Engine& engine, const F& f, std::vector<AnyArray> keep,
                              std::int64_t deadline_ns) {
  engine::Job job;
  job.per_worker = true;
  job.keep = std::move(keep);
  job.options = workers_only({.deadline_ns = deadline_ns});
  job.entry = &engine::ForEachWorkerEntry<F>::run;
  job.captures = engine::captures_of(f);
  return Future<void>(engine.start(std::move(job)));
}

template <class F>
Future<void> start_tiles(Engine& engine, std::int64_t count, const F& f, std::vector<AnyArray> keep,
                         std::int64_t deadline_ns) {
  engine::Job job;
  job.count = count;
  job.tile_elements = 1;
  job.keep = std::move(keep);
  job.options = workers_only({.deadline_ns = deadline_ns});
  job.entry = &engine::ForEachEntry<F>::run;
  job.captures = engine::captures_of(f);
  return Future<void>(engine.start(std::move(job)));
}

}  // namespace furrow::hdf5
