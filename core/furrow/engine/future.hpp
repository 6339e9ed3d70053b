// furrow/engine/future.hpp
//
// The result of a job that may still be running.
//
// Every future resolves: with a value, or with the error that ended the job (KernelFailed,
// WorkerDied, Cancelled, Timeout), also when its engine is stopped first.
// Threads  may be waited for from several threads at once
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace furrow {

namespace engine {
class JobState;

bool job_wait(JobState& job, std::int64_t timeout_ns);
void job_get(JobState& job);
double job_progress(JobState& job) noexcept;
void job_cancel(JobState& job);
}  // namespace engine

template <class T>
class Future {
 public:
  Future() = default;
  Future(std::shared_ptr<engine::JobState> job, std::shared_ptr<T> value)
      : job_(std::move(job)), value_(std::move(value)) {}

  /// Waits, then gives the value or throws the job's error.
  T get() {
    engine::job_get(*job_);
    return *value_;
  }
  /// True when the job has ended; false when the time ran out first. Negative: for ever.
  bool wait(std::int64_t timeout_ns = -1) { return engine::job_wait(*job_, timeout_ns); }
  bool done() { return wait(0); }
  /// Part of the tiles that are finished, 0 to 1.
  double progress() const noexcept { return engine::job_progress(*job_); }
  /// Asks the job to end at the next tile border; get() then throws Cancelled.
  void cancel() { engine::job_cancel(*job_); }

 private:
  std::shared_ptr<engine::JobState> job_;
  std::shared_ptr<T> value_;
};

template <>
class Future<void> {
 public:
  Future() = default;
  explicit Future(std::shared_ptr<engine::JobState> job) : job_(std::move(job)) {}

  void get() { engine::job_get(*job_); }
  bool wait(std::int64_t timeout_ns = -1) { return engine::job_wait(*job_, timeout_ns); }
  bool done() { return wait(0); }
  double progress() const noexcept { return engine::job_progress(*job_); }
  void cancel() { engine::job_cancel(*job_); }

 private:
  std::shared_ptr<engine::JobState> job_;
};

}  // namespace furrow
