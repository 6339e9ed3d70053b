#include <furrow/process/future.hpp>

#include <condition_variable>
#include <mutex>

#include <fmt/format.h>

#include <furrow/error.hpp>

namespace furrow::process {
namespace {

// Tasks of several crews: no one bell rings for all of them, so each task's callback does.
bool wait_for_mixed(std::span<const Task> tasks, const mp::Deadline& deadline,
                    const std::function<bool()>& done) {
  struct Signal {
    std::mutex mutex;
    std::condition_variable changed;
    std::uint64_t count = 0;
  };
  const auto signal = std::make_shared<Signal>();
  for (const Task& task : tasks) {
    task->crew->add_callback(*task, [signal] {
      const std::lock_guard lock(signal->mutex);
      ++signal->count;
      signal->changed.notify_all();
    });
  }
  for (;;) {
    std::uint64_t seen = 0;
    {
      const std::lock_guard lock(signal->mutex);
      seen = signal->count;
    }
    for (const Task& task : tasks) task->crew->poll(*task);
    if (done()) return true;
    if (deadline.passed()) return false;
    std::unique_lock lock(signal->mutex);
    const auto changed = [&] { return signal->count != seen; };
    if (deadline.is_forever()) {
      signal->changed.wait(lock, changed);
    } else {
      signal->changed.wait_for(lock, std::chrono::nanoseconds(deadline.left_ns()), changed);
    }
  }
}

}  // namespace

bool wait_for_tasks(std::span<const Task> tasks, const mp::Deadline& deadline,
                    const std::function<bool()>& done) {
  if (done()) return true;
  if (tasks.empty()) return false;
  const auto same = [&](const Task& task) { return task->crew == tasks.front()->crew; };
  if (!std::all_of(tasks.begin(), tasks.end(), same)) {
    return wait_for_mixed(tasks, deadline, done);
  }
  return tasks.front()->crew->wait(deadline, done);
}

bool wait_for_task(const TaskState& task, const mp::Deadline& deadline) {
  if (task.resolved.load(std::memory_order_acquire)) return true;
  return task.crew->wait(deadline, [&] { return task.resolved.load(std::memory_order_acquire); });
}

void await_result(const TaskState& task, const mp::Deadline& deadline) {
  if (!wait_for_task(task, deadline)) {
    throw Timeout(fmt::format("task {} ({}) has not ended in the time given (it goes on)",
                              task.number, readable_name(task.call.type)));
  }
  if (task.error != nullptr) std::rethrow_exception(task.error);
}

void throw_unfinished(std::size_t unfinished, std::size_t count) {
  throw Timeout(fmt::format("{} (of {}) futures unfinished", unfinished, count));
}

void throw_no_task() { throw InvalidArgument("this future is of no task"); }

}  // namespace furrow::process
