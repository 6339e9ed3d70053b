// furrow/engine/coordinator.hpp
//
// The coordinator's side of an engine: starts the helpers, posts jobs, watches, recovers. Engine is
// a thin front of it.
//
// Locking  `mutex_` guards jobs and recovery. A closure's `combine` runs under it, when a
//          reduction ends: nobody else posts or ends a job meanwhile
// Watcher  one thread sleeps on the kernel's handles of nursery and workers; it recovers deaths,
//          keeps deadlines and asks for replacements. Results do not wait for it.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/engine/gate.hpp>
#include <furrow/engine/helpers.hpp>
#include <furrow/engine/mirror.hpp>
#include <furrow/engine/recovery.hpp>
#include <furrow/engine/runner.hpp>
#include <furrow/os/process.hpp>
#include <furrow/process/start.hpp>

namespace furrow::engine {

class Coordinator;

/// One job as its coordinator knows it.
class JobState {
 public:
  std::shared_ptr<Coordinator> owner;  // cleared by nobody: keeps the mapping alive
  std::atomic<bool> ended{false};
  std::exception_ptr error;  // valid once ended
  std::uint32_t group_count = 0;
  std::size_t slot = 0;
  std::uint32_t round = 0;
  Job job;                       // keeps the arrays attached until the job has ended
  std::int64_t deadline_ns = 0;  // monotonic; 0: none
  bool killing = false;          // the deadline's grace is over
  bool timed_out = false;
  bool cancelled = false;
  std::map<std::int64_t, unsigned> deaths;  // tile -> workers it killed
};

class Coordinator : public std::enable_shared_from_this<Coordinator> {
 public:
  explicit Coordinator(const EngineOptions& options);
  ~Coordinator();
  void start_helpers();
  void stop();

  void load_plugin(const std::string& path);

  std::shared_ptr<JobState> post(Job job);
  bool wait(JobState& job, std::int64_t timeout_ns);
  void cancel(JobState& job);
  double progress(const JobState& job) const noexcept;
  Gate& gate() noexcept { return gate_; }
  /// Until all jobs have ended. REQUIRES: the gate is closed by this thread.
  void wait_until_idle();

  const std::string& name() const noexcept { return name_; }
  const EngineOptions& options() const noexcept { return options_; }
  const ControlView& view() const noexcept { return view_; }
  std::size_t workers_alive() const noexcept;

 private:
  // coordinator.cpp: helpers
  void start_nursery();
  void await_workers();
  void await_end_of_workers();
  void end_nursery(std::uint64_t pid, const os::ProcessWatch& watch);
  void request(std::size_t worker);

  // jobs.cpp
  std::size_t find_slot(std::unique_lock<std::mutex>& lock);
  void describe(JobSlot& slot, const JobState& state) const;
  bool complete(const JobState& job) const noexcept;
  bool try_end(JobState& job);
  bool try_conclude(JobState& job);
  void end_forgotten();
  void end(JobState& job, std::vector<Operand>& let_go);  // under mutex_
  void conclude(JobState& job);
  bool was_cut_off(const JobState& job) const noexcept;
  std::exception_ptr error_of(const JobState& job) const;
  void fold(JobState& job);
  void fail_if_declined(JobState& job);
  void close_parts_of_absent(JobState& job);
  bool spin(JobState& job, std::int64_t until_ns);
  bool may_run(std::size_t worker, const JobState& job) const noexcept;
  void participate(JobState& job);

  // watcher.cpp
  void watch();
  void service();
  void service_worker(std::size_t worker);
  void service_nursery();
  void service_deadlines();
  void handle_death(std::size_t worker);
  /// True when the worker had something of the job in hand.
  bool recover_job(JobState& job, std::size_t worker, const std::string& cause);
  void replace(std::size_t worker, bool in_a_tile);
  bool any_worker_to_come() const;
  void fail_all(const char* text);
  void revive();
  std::int64_t next_wake_ns() const;

  struct Seat {  // what the coordinator knows of a worker slot
    os::ProcessWatch watch;
    std::uint64_t pid = 0;
    std::uint64_t nursery_pid = 0;  // its parent, who can tell how it ended
    std::int64_t started_ns = 0;
    std::int64_t respawn_ns = 0;  // 0: no replacement is due
    unsigned quick_deaths = 0;
  };

  EngineOptions options_;
  std::string name_;
  std::uint64_t pid_;  // of the process that made it: a forked child must not end it
  std::shared_ptr<Segment> segment_;
  ControlView view_;
  std::unique_ptr<Publisher> publisher_;
  os::Event requests_;
  os::Event alarm_;
  std::uint64_t nursery_child_ = 0;  // our child, to be collected
  os::ProcessWatch nursery_;
  std::uint64_t nursery_pid_ = 0;
  std::atomic<bool> nursery_lost_{false};
  std::size_t worker_count_ = 0;
  std::size_t first_worker_ = 0;  // slot 0 is the coordinator's own when it takes part

  Gate gate_;
  mutable std::mutex mutex_;
  std::shared_ptr<JobState> jobs_[job_slots];
  std::uint32_t rounds_[job_slots] = {};
  std::vector<Seat> seats_;
  std::atomic<std::size_t> replacements_{0};  // since a job succeeded
  std::atomic<bool> stopping_{false};
  std::atomic<bool> crippled_{false};  // no worker lives and none will come

  std::mutex revive_mutex_;
  std::mutex participate_mutex_;
  std::unique_ptr<Runner> runner_;
  std::thread watcher_;
};

}  // namespace furrow::engine
