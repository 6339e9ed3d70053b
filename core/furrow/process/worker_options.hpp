// furrow/process/worker_options.hpp
//
// What Pool and Executor are told: about their workers, and about single tasks.
//
// Numbers   0 workers, chunks of 0 items and the like are InvalidArgument; left empty they are what
//           the machine grants, or what Python computes
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <furrow/process/crew.hpp>
#include <furrow/sync/timeout.hpp>

namespace furrow {
namespace mp {

/// Of one task.
struct TaskOptions {
  /// The longest it may run, from when a worker begins it; then that worker is killed, and the
  /// task's future throws furrow::Timeout.
  Timeout deadline{};
  /// It may be run again from its start when its worker was killed (at most three workers). Without
  /// it such a task fails with WorkerDied, since part of it may have been done.
  bool repeatable = false;
};

/// Of the tasks that a map is cut into. A function that is mapped is taken to be repeatable: it
/// computes a result from an item. Say so where it does more.
struct MapOptions {
  std::optional<std::int64_t> chunk_size{};
  Timeout deadline{};  // of one chunk
  bool repeatable = true;
};

}  // namespace mp

namespace process {

/// Throws InvalidArgument for numbers below one, and for more workers than there can be.
CrewOptions crew_options(const std::string& noun, std::optional<std::int64_t> workers,
                         std::optional<std::int64_t> tasks_per_worker);
TaskLimits limits_of(const mp::Timeout& deadline, bool repeatable);
std::size_t checked_chunk(std::int64_t items);
/// Python's: a quarter of a worker's share.
std::size_t chunk_for(std::size_t items, std::size_t workers);

}  // namespace process
}  // namespace furrow
