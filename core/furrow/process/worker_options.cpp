#include <furrow/process/worker_options.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <furrow/error.hpp>
#include <furrow/os/cpu.hpp>

namespace furrow::process {

CrewOptions crew_options(const std::string& noun, std::optional<std::int64_t> workers,
                         std::optional<std::int64_t> tasks_per_worker) {
  const std::int64_t count =
      workers.value_or(static_cast<std::int64_t>(std::min(os::granted_cores(), crew_workers_max)));
  if (count < 1 || count > static_cast<std::int64_t>(crew_workers_max)) {
    throw InvalidArgument(
        fmt::format("{} workers asked for; it takes 1 to {}", count, crew_workers_max));
  }
  if (tasks_per_worker.value_or(1) < 1) {
    throw InvalidArgument(
        fmt::format("max_tasks_per_child is {}; a worker runs at least 1 task", *tasks_per_worker));
  }
  CrewOptions options;
  options.noun = noun;
  options.workers = static_cast<std::size_t>(count);
  options.tasks_per_worker = static_cast<std::uint64_t>(tasks_per_worker.value_or(0));
  return options;
}

TaskLimits limits_of(const mp::Timeout& deadline, bool repeatable) {
  TaskLimits limits;
  limits.repeatable = repeatable;
  if (!deadline.is_forever()) limits.limit_ns = std::max<std::int64_t>(deadline.ns(), 1);
  return limits;
}

std::size_t checked_chunk(std::int64_t items) {
  if (items < 1) {
    throw InvalidArgument(fmt::format("a chunk size of {}; it takes at least 1 item", items));
  }
  return static_cast<std::size_t>(items);
}

std::size_t chunk_for(std::size_t items, std::size_t workers) {
  return std::max<std::size_t>((items + 4 * workers - 1) / (4 * workers), 1);
}

}  // namespace furrow::process
