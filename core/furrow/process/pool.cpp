#include <furrow/process/pool.hpp>

#include <algorithm>
#include <atomic>

#include <furrow/error.hpp>

namespace furrow {
namespace process {

bool wait_for_all(const std::vector<TaskOf>& tasks, const mp::Deadline& deadline) {
  for (const TaskOf& of : tasks) {
    if (!wait_for_task(*of.task, deadline)) return false;
  }
  return true;
}

bool all_resolved(const std::vector<TaskOf>& tasks) {
  return std::all_of(tasks.begin(), tasks.end(),
                     [](const TaskOf& of) { return of.task->crew->poll(*of.task); });
}

std::exception_ptr first_error(const std::vector<TaskOf>& tasks) {
  for (const TaskOf& of : tasks) {
    if (of.task->error != nullptr) return of.task->error;
  }
  return nullptr;
}

void await_results(const std::vector<TaskOf>& tasks, const mp::Deadline& deadline) {
  for (const TaskOf& of : tasks) {
    if (!wait_for_task(*of.task, deadline)) await_result(*of.task, mp::Timeout::none());
  }
  if (const std::exception_ptr error = first_error(tasks)) std::rethrow_exception(error);
}

void call_when_all(const std::vector<TaskOf>& tasks, const std::function<void()>& callback) {
  const auto left = std::make_shared<std::atomic<std::size_t>>(tasks.size() + 1);
  const auto one_more = [left, callback] {
    if (left->fetch_sub(1) == 1) callback();
  };
  for (const TaskOf& of : tasks) of.task->crew->add_callback(*of.task, one_more);
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
