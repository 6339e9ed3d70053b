#include <furrow/process/future.hpp>

#include <chrono>
#include <mutex>

#include <fmt/format.h>

#include <furrow/error.hpp>

namespace furrow::process {
namespace {

// Somebody must start workers again where nobody else waits for them (Crew::revive).
constexpr std::int64_t look_again_ns = 500'000'000;

// Tasks of several crews: no one bell rings for all of them, so each task raises the signal, in
// whatever thread it is resolved. Callbacks would not do: this may be the thread that calls them.
class MixedWait {
 public:
  explicit MixedWait(std::span<const Task> tasks) : tasks_(tasks) {
    for (const Task& task : tasks_) task->crew->add_signal(*task, signal_);
  }
  ~MixedWait() {
    for (const Task& task : tasks_) task->crew->remove_signal(*task, signal_.get());
  }
  MixedWait(const MixedWait&) = delete;
  MixedWait& operator=(const MixedWait&) = delete;

  bool until(const mp::Deadline& deadline, const std::function<bool()>& done) {
    for (;;) {
      std::uint64_t seen = 0;
      {
        const std::lock_guard lock(signal_->mutex);
        seen = signal_->count;
      }
      for (const Task& task : tasks_) task->crew->poll(*task);
      if (done()) return true;
      if (deadline.passed()) return false;
      std::unique_lock lock(signal_->mutex);
      signal_->changed.wait_for(lock,
                                std::chrono::nanoseconds(deadline.left_ns_within(look_again_ns)),
                                [&] { return signal_->count != seen; });
    }
  }

 private:
  std::span<const Task> tasks_;
  std::shared_ptr<TaskSignal> signal_ = std::make_shared<TaskSignal>();
};

}  // namespace

bool wait_for_tasks(std::span<const Task> tasks, const mp::Deadline& deadline,
                    const std::function<bool()>& done) {
  if (done()) return true;
  if (tasks.empty()) return false;
  const auto same = [&](const Task& task) { return task->crew == tasks.front()->crew; };
  if (!std::all_of(tasks.begin(), tasks.end(), same)) {
    return MixedWait(tasks).until(deadline, done);
  }
  return tasks.front()->crew->wait(deadline, done);
}

bool wait_for_task(const TaskState& task, const mp::Deadline& deadline) {
  if (task.resolved.load(std::memory_order_acquire)) return true;
  return task.crew->wait(deadline, [&] { return task.resolved.load(std::memory_order_acquire); });
}

void await_result(const TaskState& task, const mp::Deadline& deadline) {
  if (!wait_for_task(task, deadline)) {
    throw Timeout(fmt::format("{} has not ended in the time given (it goes on)", name_of(task)));
  }
  if (task.error != nullptr) std::rethrow_exception(task.error);
}

void throw_unfinished(std::size_t unfinished, std::size_t count) {
  throw Timeout(fmt::format("{} (of {}) futures unfinished", unfinished, count));
}

void throw_no_task() { throw InvalidArgument("this future is of no task"); }

}  // namespace furrow::process
