// furrow/process/future.hpp
//
// The outcome of a task that runs in another process, as Python's concurrent.futures.Future.
//
//   mp::Future<int> f = executor.submit(work, 3);
//   f.result(2s);                                      // or throws Timeout, and it goes on
//   for (mp::Future<int>& f : mp::as_completed(futures)) use(f.result());
//   auto [done, not_done] = mp::wait(futures, 1s, mp::FIRST_COMPLETED);
//
// Resolves   always: by the task's end, by the death of its worker, by the end of its executor
// Throws     result() throws what became of the task: see task_error.hpp; furrow::Timeout when the
//            time given ran out first, Cancelled. Bad timeouts: negative ones are zero.
// cancel     as in Python only what has not begun (nothing is counted as begun before a worker has
//            it); cancel_running() also stops what runs, by killing its worker and no other. Once
//            such a future is resolved, nothing of its task runs any more.
// Callbacks  in the order in which they were added, in a thread of the executor's; in the caller's,
//            at once, when the future is resolved. What they throw is swallowed. They may call
//            anything, shutdown and terminate too.
// Handles    copies mean the same task. A future may outlive its executor.
// Threads    all functions may be called from any thread
#pragma once

#include <algorithm>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <furrow/process/call.hpp>
#include <furrow/sync/timeout.hpp>

namespace furrow {
namespace process {

/// Any of the tasks may be of another crew. False when the time ran out.
bool wait_for_tasks(std::span<const Task> tasks, const mp::Deadline& deadline,
                    const std::function<bool()>& done);
bool wait_for_task(const TaskState& task, const mp::Deadline& deadline);
/// Until it is resolved; throws furrow::Timeout, or what became of the task.
void await_result(const TaskState& task, const mp::Deadline& deadline);
[[noreturn]] void throw_unfinished(std::size_t unfinished, std::size_t count);
[[noreturn]] void throw_no_task();

}  // namespace process

namespace mp {

template <class R>
class Future {
 public:
  using value_type = process::ResultOf<R>;

  Future() = default;  // of no task: valid() is false, all else throws InvalidArgument
  explicit Future(process::Task task) : task_(std::move(task)) {}

  bool valid() const noexcept { return task_ != nullptr; }

  /// What the task returned. May be called again.
  R result(Timeout timeout = {}) const {
    const process::TaskState& task = state();
    process::await_result(task, timeout);
    if constexpr (!std::is_void_v<R>)
      return process::Unpacker(task.result).template take<value_type>();
  }

  /// What the task threw, or null. Throws Cancelled, furrow::Timeout.
  std::exception_ptr exception(Timeout timeout = {}) const {
    const process::TaskState& task = state();
    if (!process::wait_for_task(task, timeout) || task.cancelled) {
      process::await_result(task, Timeout::none());
    }
    return task.error;
  }

  bool done() const { return state().crew->poll(state()); }
  bool running() const { return state().crew->running(state()); }
  bool cancelled() const { return done() && state().cancelled; }

  /// True when the task will not run.
  bool cancel() const { return state().crew->cancel(*task_, false); }
  /// True when the task will not run, or not to its end.
  bool cancel_running() const { return state().crew->cancel(*task_, true); }

  /// Calls f(*this) once the future is resolved.
  template <class F>
  void add_done_callback(F f) const {
    state().crew->add_callback(*task_, [self = *this, f]() mutable { f(self); });
  }

  const process::Task& task() const noexcept { return task_; }
  friend bool operator==(const Future& a, const Future& b) { return a.task_ == b.task_; }

 private:
  const process::TaskState& state() const {
    if (task_ == nullptr) process::throw_no_task();
    return *task_;
  }
  process::Task task_;
};

enum class ReturnWhen { first_completed, first_exception, all_completed };
inline constexpr ReturnWhen FIRST_COMPLETED = ReturnWhen::first_completed;
inline constexpr ReturnWhen FIRST_EXCEPTION = ReturnWhen::first_exception;
inline constexpr ReturnWhen ALL_COMPLETED = ReturnWhen::all_completed;

template <class R>
struct WaitResult {
  std::vector<Future<R>> done;
  std::vector<Future<R>> not_done;
};

namespace detail {

template <class R>
std::vector<process::Task> tasks_of(const std::vector<Future<R>>& futures) {
  std::vector<process::Task> tasks;
  for (const Future<R>& future : futures) {
    if (!future.valid()) process::throw_no_task();
    if (std::find(tasks.begin(), tasks.end(), future.task()) == tasks.end()) {
      tasks.push_back(future.task());
    }
  }
  return tasks;
}

}  // namespace detail

/// Until one, or one that failed, or all are resolved, or the time ran out, which is no error. Each
/// future counts once; a cancelled one is done.
template <class R>
WaitResult<R> wait(const std::vector<Future<R>>& futures, Timeout timeout = {},
                   ReturnWhen when = ALL_COMPLETED) {
  const std::vector<process::Task> tasks = detail::tasks_of(futures);
  const auto resolved = [](const process::Task& task) { return task->resolved.load(); };
  const auto failed = [](const process::Task& task) {
    return task->resolved.load() && task->error != nullptr && !task->cancelled;
  };
  process::wait_for_tasks(tasks, timeout, [&] {
    if (when == ReturnWhen::first_completed && !tasks.empty()) {
      return std::any_of(tasks.begin(), tasks.end(), resolved);
    }
    if (when == ReturnWhen::first_exception && std::any_of(tasks.begin(), tasks.end(), failed)) {
      return true;
    }
    return std::all_of(tasks.begin(), tasks.end(), resolved);
  });
  WaitResult<R> result;
  for (const process::Task& task : tasks) {
    (resolved(task) ? result.done : result.not_done).emplace_back(task);
  }
  return result;
}

/// The futures in the order in which they are resolved, those that are already first. To be walked
/// through once. The time counts from the call for all of it; when it runs out, the step throws
/// furrow::Timeout.
template <class R>
class AsCompleted {
 public:
  AsCompleted(const std::vector<Future<R>>& futures, Timeout timeout)
      : left_(detail::tasks_of(futures)), count_(left_.size()), deadline_(timeout) {}

  class iterator {
   public:
    using value_type = Future<R>;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using pointer = Future<R>*;
    using reference = Future<R>&;
    iterator() = default;
    explicit iterator(AsCompleted* owner) : owner_(owner) { ++*this; }
    Future<R>& operator*() const { return owner_->current_; }
    Future<R>* operator->() const { return &owner_->current_; }
    iterator& operator++() {
      if (!owner_->step()) owner_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& a, const iterator& b) { return a.owner_ == b.owner_; }

   private:
    AsCompleted* owner_ = nullptr;
  };
  iterator begin() { return iterator(this); }
  iterator end() { return {}; }

 private:
  bool step() {
    if (left_.empty()) return false;
    const auto resolved = [](const process::Task& task) { return task->resolved.load(); };
    const bool any = process::wait_for_tasks(
        left_, deadline_, [&] { return std::any_of(left_.begin(), left_.end(), resolved); });
    if (!any) process::throw_unfinished(left_.size(), count_);
    auto first = left_.end();
    for (auto at = left_.begin(); at != left_.end(); ++at) {
      if (resolved(*at) && (first == left_.end() || (*at)->order < (*first)->order)) first = at;
    }
    current_ = Future<R>(std::move(*first));
    left_.erase(first);
    return true;
  }

  std::vector<process::Task> left_;
  std::size_t count_;
  Deadline deadline_;
  Future<R> current_;
};

template <class R>
AsCompleted<R> as_completed(const std::vector<Future<R>>& futures, Timeout timeout = {}) {
  return AsCompleted<R>(futures, timeout);
}

}  // namespace mp
}  // namespace furrow
