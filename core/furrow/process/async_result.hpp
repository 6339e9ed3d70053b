// furrow/process/async_result.hpp
//
// What Pool's functions with _async give, as Python's AsyncResult.
//
//   auto r = pool.map_async(square, items);
//   r.callback([](std::vector<int> squares) { … }).error_callback([](std::exception_ptr e) { … });
//   r.get(2s);
//
// T          the result of one call, or a vector with those of all items, in their order
// Error      of several chunks the first by position, once all have ended
// Callbacks  in a thread of the pool's, or at once in the caller's where the result is there; what
//            they throw is swallowed. As in Python, get and wait return, and ready is true, when
//            those that were given before have returned; in a callback they do not wait for that.
// Threads    all functions may be called from any thread
#pragma once

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include <furrow/process/lazy_map.hpp>

namespace furrow {
namespace process {

struct TaskOf {
  Task task;
  std::size_t items;  // 0: a call of its own, no chunk
};

struct ResultState {
  std::vector<TaskOf> tasks;
  std::atomic<std::size_t> callbacks{0};  // given, and not returned yet
};

/// Throws furrow::Timeout, or the first error; else all have returned.
void await_results(const ResultState& state, const mp::Deadline& deadline);
bool wait_for_all(const ResultState& state, const mp::Deadline& deadline);
bool is_ready(const ResultState& state);
/// Null when all have returned. REQUIRES: all are resolved.
std::exception_ptr first_error(const std::vector<TaskOf>& tasks);
/// Calls it once, when the last of them is resolved.
void call_when_all(const std::shared_ptr<ResultState>& state,
                   const std::function<void()>& callback);
[[noreturn]] void throw_not_ready();

template <class T>
struct ResultsIn {  // one call
  static T read(const std::vector<TaskOf>& tasks) {
    return Unpacker(tasks.front().task->result).template take<T>();
  }
};
template <class Result>
struct ChunkResults {
  std::vector<Result> results;
};
template <class Result>
struct ResultsIn<ChunkResults<Result>> {
  static std::vector<Result> read(const std::vector<TaskOf>& tasks) {
    std::vector<Result> results;
    for (const TaskOf& of : tasks) {
      for (Result& result : read_chunk<Result>(of.task->result, of.items)) {
        results.push_back(std::move(result));
      }
    }
    return results;
  }
};
template <>
struct ResultsIn<void> {
  static void read(const std::vector<TaskOf>&) {}
};

}  // namespace process

namespace mp {

/// T as the tasks' bytes hold it: R, void, or ChunkResults<R>.
template <class T>
class AsyncResult {
 public:
  using Value = decltype(process::ResultsIn<T>::read({}));

  explicit AsyncResult(std::vector<process::TaskOf> tasks)
      : state_(std::make_shared<process::ResultState>()) {
    state_->tasks = std::move(tasks);
  }

  /// What was returned; throws furrow::Timeout, or what the task threw.
  Value get(Timeout timeout = {}) const {
    process::await_results(*state_, timeout);
    return process::ResultsIn<T>::read(state_->tasks);
  }
  /// True when it is there.
  bool wait(Timeout timeout = {}) const { return process::wait_for_all(*state_, timeout); }
  bool ready() const { return process::is_ready(*state_); }
  /// Throws InvalidState when it is not ready.
  bool successful() const {
    if (!ready()) process::throw_not_ready();
    return process::first_error(state_->tasks) == nullptr;
  }

  /// f(result), or f() where there is none.
  template <class F>
  const AsyncResult& callback(F f) const {
    process::call_when_all(state_, [state = state_, f]() mutable {
      if (process::first_error(state->tasks) != nullptr) return;
      if constexpr (std::is_void_v<Value>) {
        f();
      } else {
        f(process::ResultsIn<T>::read(state->tasks));
      }
    });
    return *this;
  }
  /// f(std::exception_ptr).
  template <class F>
  const AsyncResult& error_callback(F f) const {
    process::call_when_all(state_, [state = state_, f]() mutable {
      if (const std::exception_ptr error = process::first_error(state->tasks)) f(error);
    });
    return *this;
  }

 private:
  std::shared_ptr<process::ResultState> state_;
};

}  // namespace mp
}  // namespace furrow
