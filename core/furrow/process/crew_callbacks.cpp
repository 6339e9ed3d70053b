// What a crew calls when a task is resolved, and the thread that it calls it in.
#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include <furrow/os/process.hpp>
#include <furrow/process/crew.hpp>
#include <furrow/process/start.hpp>

namespace furrow::process {
namespace {

thread_local bool calling_back = false;

}  // namespace

bool Crew::in_callback() noexcept { return calling_back; }

void TaskSignal::raise() {
  const std::lock_guard lock(mutex);
  ++count;
  changed.notify_all();
}

// --- Asked for ----------------------------------------------------------------------------------

void Crew::add_callback(TaskState& task, std::function<void()> callback) {
  {
    const Lock lock(mutex_);
    if (!task.resolved.load()) {
      const bool is_first = task.callbacks.empty() && task.signals.empty();
      task.callbacks.push_back(std::move(callback));
      if (is_first) ++awaited_;
      arm();
      return;
    }
  }
  try {
    callback();
  } catch (...) {  // as Python: what a callback throws reaches nobody
  }
}

bool Crew::add_signal(TaskState& task, const std::shared_ptr<TaskSignal>& signal) {
  if (task.resolved.load()) return false;
  check_ours();
  const Lock lock(mutex_);
  if (task.resolved.load()) return false;
  const bool is_first = task.callbacks.empty() && task.signals.empty();
  task.signals.push_back(signal);
  if (is_first) ++awaited_;
  arm();
  return true;
}

void Crew::remove_signal(TaskState& task, const TaskSignal* signal) noexcept {
  const Lock lock(mutex_);
  const auto gone = std::erase_if(task.signals, [&](const auto& s) { return s.get() == signal; });
  if (gone != 0 && task.callbacks.empty() && task.signals.empty()) --awaited_;
}

// --- Called -------------------------------------------------------------------------------------

void Crew::enqueue(std::vector<std::function<void()>>& callbacks) {
  const std::lock_guard lock(callbacks_mutex_);
  for (auto& callback : callbacks) callbacks_.push_back(std::move(callback));
  callbacks.clear();
  start_caller();
  callbacks_changed_.notify_all();
}

// Under callbacks_mutex_.
void Crew::start_caller() {
  if (caller_.joinable() || no_more_callbacks_) return;
  try {
    caller_ = std::thread([self = shared_from_this()] {
      const OwnThread own;
      os::block_signals();
      self->call_back();
    });
    no_caller_.store(false);
  } catch (const std::system_error&) {
    no_caller_.store(true);
  }
}

void Crew::call_back() {
  std::unique_lock lock(callbacks_mutex_);
  for (;;) {
    callbacks_changed_.wait(
        lock, [&] { return !calling_ && (!callbacks_.empty() || no_more_callbacks_); });
    if (callbacks_.empty()) return;
    const UsersCode users;
    call_first(lock);
  }
}

// Unlocks meanwhile.
void Crew::call_first(std::unique_lock<std::mutex>& lock) {
  {
    const std::function<void()> callback = std::move(callbacks_.front());
    callbacks_.pop_front();
    calling_ = true;
    lock.unlock();
    calling_back = true;
    try {
      callback();
    } catch (...) {  // as Python: what a callback throws reaches nobody
    }
  }  // what it held goes while it still counts as the user's code
  calling_back = false;
  lock.lock();
  calling_ = false;
  callbacks_changed_.notify_all();
}

// In a thread that waits, where no other is to be had.
void Crew::call_back_here() {
  if (!no_caller_.load() || in_callback()) return;
  std::unique_lock lock(callbacks_mutex_);
  if (caller_.joinable()) return;
  while (!calling_ && !callbacks_.empty()) call_first(lock);
}

bool Crew::await_callbacks(const mp::Deadline& deadline) {
  if (in_callback()) return true;  // it would wait for itself
  call_back_here();
  const auto idle = [&] { return callbacks_.empty() && !calling_; };
  std::unique_lock lock(callbacks_mutex_);
  if (deadline.is_forever()) {
    callbacks_changed_.wait(lock, idle);
    return true;
  }
  return callbacks_changed_.wait_for(lock, std::chrono::nanoseconds(deadline.left_ns()), idle);
}

// What a task held may take locks that a child of a fork needs, which the watcher must not: it
// counts as no thread there.
void Crew::let_go(TaskState& task) {
  task.call.argument = {};
  if (task.call.held.empty()) return;
  if (std::this_thread::get_id() != watcher_id_.load()) return task.call.held.clear();
  std::vector<std::function<void()>> one;
  one.emplace_back([held = std::exchange(task.call.held, {})] {});
  enqueue(one);
}

}  // namespace furrow::process
