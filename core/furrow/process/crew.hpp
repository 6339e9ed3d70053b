// furrow/process/crew.hpp
//
// The workers under a Pool and under an Executor, as their parent knows them.
//
//   submit ── pending ── task slots in shared memory ── workers ── finished ── resolved
//
// Threads    all functions, from any thread. A crew has one thread of its own, the watcher, which
//            sleeps on the handles of its processes: it recovers deaths, keeps limits, asks for
//            replacements. Results do not wait for it: whoever waits for a task collects them; the
//            watcher does while nobody waits and somebody must (tasks that found no slot,
//            callbacks). Callbacks run in a second thread, started by the first of them: a callback
//            that blocks delays no result, and may itself end the crew. While one runs, that thread
//            counts as the user's where a fork is concerned.
// Closed     a crew that is closed takes no tasks but those of feeds that were open before; its
//            workers end when these have ended and all tasks are resolved.
// Resolves   every task: by its result, by its error, by the end of the crew. Once a cancelled or
//            timed out task is resolved, nothing of it runs any more.
// Dies       a worker, idle: replaced. In a task: the task is run again by another when it is
//            repeatable, up to three deaths; else it fails, and no other with it.
// Parent     dies: workers do, too (nursery.hpp). No name anywhere: nothing is left behind.
// Fork       a child made by the user's fork cannot use the crew; it only drops it
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <furrow/os/file.hpp>
#include <furrow/os/module.hpp>
#include <furrow/os/process.hpp>
#include <furrow/process/crew_layout.hpp>
#include <furrow/segment/borrowing.hpp>
#include <furrow/sync/message.hpp>
#include <furrow/sync/timeout.hpp>

namespace furrow::process {

class Crew;

inline constexpr unsigned deaths_per_task_max = 3;

/// A call as bytes: the function that decodes and runs it, and its argument.
struct Call {
  os::CodeName entry;
  mp::Bytes argument;
  const char* type = "";          // mangled, of the callable: for messages
  segment::Lending::Held held{};  // until it is resolved; then what its result names
  // Of a map's chunk, for messages: the first of its items, counted from 0, and how many.
  std::uint64_t first_item = 0;
  std::uint64_t items = 0;  // 0: no chunk
};

struct TaskLimits {
  bool repeatable = false;    // run again when its worker was killed
  std::int64_t limit_ns = 0;  // of running; 0: none
};

/// Told of tasks that are resolved, of whatever crews, at once and in whatever thread.
struct TaskSignal {
  std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t count = 0;

  void raise();
};

/// A task as its parent knows it. All but `crew`, `call`, `limits`, `number` and, once `resolved`
/// is true, the outcome belongs to the crew's mutex.
struct TaskState {
  enum class Phase : std::uint8_t { pending, posted, resolved };
  enum class End : std::uint8_t { none, cancelled, timed_out };

  std::shared_ptr<Crew> crew;
  Call call;
  TaskLimits limits;
  std::uint64_t number = 0;

  Phase phase = Phase::pending;
  std::uint32_t slot = 0;
  unsigned deaths = 0;
  End condemned = End::none;  // why the parent kills its worker
  std::vector<std::function<void()>> callbacks;
  std::vector<std::shared_ptr<TaskSignal>> signals;

  // The outcome.
  std::atomic<bool> resolved{false};
  std::uint64_t order = 0;  // of all tasks of this process that were resolved
  bool cancelled = false;
  std::exception_ptr error;
  mp::Bytes result;
};

/// For messages: "task 3 (f)"; of a map's chunk "items 8 to 11 (task 2, f)", or the one item of it,
/// counted within the chunk, that something happened to.
std::string name_of(const TaskState& task, std::optional<std::uint64_t> item = {});

using Task = std::shared_ptr<TaskState>;

/// A source of tasks that are submitted little by little (lazy_map.hpp). Whoever joins the crew has
/// the rest submitted.
struct Feed {
  std::timed_mutex mutex;                                // of the source; taken before the crew's
  std::function<bool(const mp::Deadline&)> submit_rest;  // under it; false when the time ran out
  std::atomic<bool> dropped{false};                      // nobody wants the rest
};

struct CrewOptions {
  std::size_t workers = 1;
  std::uint64_t tasks_per_worker = 0;  // 0: no end
  const Call* initializer = nullptr;
  std::string noun = "pool";  // for messages
};

class Crew : public std::enable_shared_from_this<Crew> {
 public:
  /// Returns when all workers run, their initializers behind them. Throws InvalidArgument where
  /// processes can be started in no way, BrokenPool when an initializer fails.
  static std::shared_ptr<Crew> start(const CrewOptions& options);
  explicit Crew(const CrewOptions& options);
  ~Crew();

  /// Throws Closed, BrokenPool.
  Task submit(Call call, const TaskLimits& limits, const Feed* feed = nullptr);
  /// Throws as submit does.
  void open_feed(const std::shared_ptr<Feed>& feed);
  void end_feed(const Feed* feed) noexcept;

  /// Until `done` is true; it is asked again whenever a task of this crew was resolved. False when
  /// the time ran out.
  bool wait(const mp::Deadline& deadline, const std::function<bool()>& done);
  bool poll(const TaskState& task);
  bool running(const TaskState& task);
  /// Called in the crew's thread for callbacks once the task is resolved, at once if it is.
  void add_callback(TaskState& task, std::function<void()> callback);
  /// Raised once the task is resolved; false when it is already.
  bool add_signal(TaskState& task, const std::shared_ptr<TaskSignal>& signal);
  void remove_signal(TaskState& task, const TaskSignal* signal) noexcept;
  /// True in a thread that runs a callback of any crew's.
  static bool in_callback() noexcept;
  /// Whoever waits looks again.
  void bump() noexcept;

  /// True when it will not run, or (kill) not to its end.
  bool cancel(TaskState& task, bool kill);

  /// No more tasks; workers end when all are resolved.
  void close();
  bool closed() const;
  void cancel_pending();
  /// Kills the workers; all tasks are resolved when it returns, and callbacks as after join.
  void terminate();
  /// Until the workers of a closed crew have ended, and its callbacks have returned; in a callback
  /// these are not waited for.
  bool join(const mp::Deadline& deadline);
  /// Ends the threads. REQUIRES: closed and joined, or terminated. In a callback, or in a forked
  /// child, only lets go.
  void release();

  std::size_t workers() const noexcept { return options_.workers; }
  std::vector<std::uint64_t> worker_pids() const;

 private:
  using Lock = std::unique_lock<std::mutex>;

  struct Seat {  // what the parent knows of a worker
    os::ProcessWatch watch;
    std::uint64_t pid = 0;
    std::uint64_t nursery_pid = 0;  // its parent, who can tell how it ended
    std::int64_t started_ns = 0;
    std::int64_t respawn_ns = 0;  // 0: no replacement is due
    std::uint32_t taken = 0;      // of what it has finished
  };

  // crew.cpp
  void start_nursery(bool execute);
  void await_workers();
  void share_start(const Call* initializer);
  bool is_ours() const noexcept;  // false in a child that was forked
  [[noreturn]] void throw_broken() const;
  bool submit_feeds(const mp::Deadline& deadline);
  void check_open(const Feed* feed) const;

  // crew_callbacks.cpp
  void call_back();
  void call_first(std::unique_lock<std::mutex>& lock);
  void call_back_here();
  bool await_callbacks(const mp::Deadline& deadline);
  void enqueue(std::vector<std::function<void()>>& callbacks);
  void let_go(TaskState& task);
  void start_caller();

  // crew_tasks.cpp; under mutex_
  bool post(const Task& task);
  bool put_argument(const Task& task, std::uint32_t slot);
  void release(std::uint64_t at, std::uint64_t bytes) const noexcept;
  void wake_a_worker();
  void collect();
  bool uncollected() const noexcept;
  void collect_seat(std::size_t worker);
  void deliver(std::uint32_t slot, std::size_t worker);
  mp::Bytes read_result(std::uint32_t slot) const;
  void give_back(std::uint32_t slot);
  void check_ours() const;
  void resolve(const Task& task, std::exception_ptr error, bool cancelled = false);
  void refill();
  void arm();
  bool condemn(TaskState& task, TaskState::End end);
  bool spin(std::uint32_t bell, const mp::Deadline& deadline) noexcept;
  void leave() noexcept;
  bool finished() const noexcept { return closed_ && outstanding_ == 0 && feeds_.empty(); }

  // crew_watch.cpp
  void watch();
  bool watch_once();
  void service();
  void service_seat(std::size_t worker);
  void service_nursery();
  void service_limits();
  void handle_death(std::size_t worker);
  bool recover_all(std::size_t worker, const std::string& cause, bool signalled);
  void recover(const Task& task, const std::string& cause, bool signalled);
  void replace(std::size_t worker, bool at_once);
  void request(std::size_t worker);
  void break_with(const std::string& reason);
  void revive();
  void end_helpers();
  void note_end_of(std::uint64_t pid);
  void sweep_what_workers_left() noexcept;
  void resolve_all();
  std::int64_t next_wake_ns();
  SeatState state_of(std::size_t worker) const noexcept;

  CrewOptions options_;
  std::uint64_t pid_;  // of the process that made it
  os::Descriptor memory_;
  std::uintptr_t address_ = 0;
  std::size_t bytes_ = 0;
  CrewView view_;
  os::Event requests_;
  os::Event alarm_;

  mutable std::mutex mutex_;
  std::deque<Task> pending_;
  std::vector<Task> posted_;  // by slot
  std::vector<std::uint32_t> free_slots_;
  std::vector<Task> limited_;  // posted, with a limit
  std::uint64_t tail_ = 1;     // position of the next ready entry
  std::uint64_t numbers_ = 0;
  std::size_t outstanding_ = 0;  // not resolved
  std::size_t awaited_ = 0;      // of those, with callbacks or signals
  std::size_t attending_ = 0;    // threads that wait, and collect
  SpinGauge gauge_;
  std::vector<std::shared_ptr<Feed>> feeds_;
  bool closed_ = false;
  bool terminated_ = false;
  std::string broken_;  // why no worker will come; empty: all is well

  // The watcher's, and of those that hold mutex_.
  std::vector<Seat> seats_;
  os::ProcessWatch nursery_;
  std::uint64_t nursery_child_ = 0;  // our child, to be collected
  std::uint64_t nursery_pid_ = 0;
  std::size_t deaths_in_a_row_ = 0;
  unsigned initializer_deaths_ = 0;
  std::vector<std::uint64_t> dead_workers_;  // their pids, where they may have left names
  bool leaves_names_ = false;  // a result named arrays, or a worker was killed with a task in hand
  std::int64_t lost_ns_ = 0;   // when the nursery was lost
  std::atomic<bool> nursery_lost_{false};
  std::atomic<bool> ended_{false};  // no helper lives any more
  bool ended_helpers_ = false;      // the watcher's own
  std::thread watcher_;
  std::atomic<std::thread::id> watcher_id_{};

  std::mutex callbacks_mutex_;
  std::condition_variable callbacks_changed_;
  std::deque<std::function<void()>> callbacks_;
  bool no_more_callbacks_ = false;
  bool calling_ = false;
  std::atomic<bool> no_caller_{false};  // no thread was to be had: whoever waits calls
  std::thread caller_;
};

}  // namespace furrow::process
