#include <furrow/process/pool.hpp>

#include <algorithm>
#include <atomic>

#include <furrow/error.hpp>

namespace furrow {
namespace process {

namespace {

// In a callback they are not waited for: it would wait for itself.
bool callbacks_returned(const ResultState& state) noexcept {
  return state.callbacks.load() == 0 || Crew::in_callback();
}

bool await_callbacks(const ResultState& state, const mp::Deadline& deadline) {
  if (callbacks_returned(state) || state.tasks.empty()) return true;
  return state.tasks.front().task->crew->wait(deadline, [&] { return callbacks_returned(state); });
}

}  // namespace

bool wait_for_all(const ResultState& state, const mp::Deadline& deadline) {
  for (const TaskOf& of : state.tasks) {
    if (!wait_for_task(*of.task, deadline)) return false;
  }
  return await_callbacks(state, deadline);
}

bool is_ready(const ResultState& state) {
  return std::all_of(state.tasks.begin(), state.tasks.end(),
                     [](const TaskOf& of) { return of.task->crew->poll(*of.task); }) &&
         callbacks_returned(state);
}

std::exception_ptr first_error(const std::vector<TaskOf>& tasks) {
  for (const TaskOf& of : tasks) {
    if (of.task->error != nullptr) return of.task->error;
  }
  return nullptr;
}

void await_results(const ResultState& state, const mp::Deadline& deadline) {
  for (const TaskOf& of : state.tasks) {
    if (!wait_for_task(*of.task, deadline)) await_result(*of.task, mp::Timeout::none());
  }
  if (!await_callbacks(state, deadline)) {
    throw Timeout("the callbacks of this result have not returned in the time given (they go on)");
  }
  if (const std::exception_ptr error = first_error(state.tasks)) std::rethrow_exception(error);
}

void call_when_all(const std::shared_ptr<ResultState>& state,
                   const std::function<void()>& callback) {
  struct Due {
    std::atomic<std::size_t> left;
    std::shared_ptr<ResultState> state;
    // Also where it is never called: nobody waits for it then.
    ~Due() {
      state->callbacks.fetch_sub(1);
      if (!state->tasks.empty()) state->tasks.front().task->crew->bump();
    }
  };
  state->callbacks.fetch_add(1);
  const std::shared_ptr<Due> due(new Due{{state->tasks.size() + 1}, state});
  const auto one_more = [due, callback] {
    if (due->left.fetch_sub(1) == 1) callback();
  };
  for (const TaskOf& of : state->tasks) of.task->crew->add_callback(*of.task, one_more);
  try {
    one_more();
  } catch (...) {  // as Python: what a callback throws reaches nobody
  }
}

void throw_not_ready() { throw InvalidState("the result is not ready"); }

}  // namespace process

bool mp::Pool::join(Timeout timeout) {
  if (!crew_->closed()) throw InvalidState("the pool is still running (close or terminate it)");
  return crew_->join(timeout);
}

}  // namespace furrow
