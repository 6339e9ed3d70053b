// The watcher of a crew: deaths, limits, replacements, and the end of all.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <furrow/error.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/futex.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/process/crew.hpp>
#include <furrow/process/start.hpp>
#include <furrow/process/task_error.hpp>
#include <furrow/segment/segment.hpp>

namespace furrow::process {
namespace {

constexpr std::int64_t exit_report_ns = 500'000'000;  // the nursery's word on how a worker ended
constexpr std::int64_t takeover_ns = 2'000'000'000;   // the spare's time to become the nursery
constexpr std::int64_t stop_timeout_ns = 4'000'000'000;
constexpr std::int64_t quick_death_ns = 1'000'000'000;
constexpr std::int64_t breath_ns = 10'000'000;
constexpr unsigned back_off_max = 10;  // 2^10 ms
constexpr std::size_t deaths_in_a_row_max = 64;

// Of a process that is no child of ours: by now its pid may be another's, and that one is neither
// watched nor killed for it. No watch: it is dead.
os::ProcessWatch watch_of(std::uint64_t pid, std::uint64_t start) {
  os::ProcessWatch watch(pid);
  const bool is_it = start == 0 || os::start_of_process(pid) == start;
  return is_it ? std::move(watch) : os::ProcessWatch();
}

}  // namespace

void Crew::watch() {
  watcher_id_.store(std::this_thread::get_id());
  for (;;) {
    try {
      if (watch_once()) return;
    } catch (const std::exception&) {  // no memory: later there may be some
      os::sleep_ns(breath_ns);
    }
  }
}

// True when all is over.
bool Crew::watch_once() {
  if (!ended_helpers_) {
    std::vector<int> sources{alarm_.get(), nursery_lost_.load() ? -1 : nursery_.get()};
    for (const Seat& seat : seats_) {
      if (seat.watch.valid()) sources.push_back(seat.watch.get());
    }
    const std::vector<bool> ready = os::wait_ready(sources, next_wake_ns());
    if (ready[0]) alarm_.clear();
    service();
    {
      const Lock lock(mutex_);
      if (!finished() && !terminated_) return false;
    }
    end_helpers();
    ended_helpers_ = true;
  }
  resolve_all();
  return true;
}

std::int64_t Crew::next_wake_ns() {
  const Lock lock(mutex_);
  const std::int64_t now = os::monotonic_ns();
  std::int64_t wake = INT64_MAX;
  for (const Task& task : limited_) {
    const std::int64_t started = view_.slot(task->slot).started_ns.load();
    wake = std::min(wake, (started != 0 ? started : now) + task->limits.limit_ns);
  }
  for (const Seat& seat : seats_) {
    if (seat.respawn_ns != 0) wake = std::min(wake, seat.respawn_ns);
  }
  if (nursery_lost_.load() && outstanding_ != 0) wake = std::min(wake, now + takeover_ns / 2);
  return wake == INT64_MAX ? -1 : std::max<std::int64_t>(wake - now, 100'000);
}

void Crew::service() {
  service_nursery();
  for (std::size_t w = 0; w < seats_.size(); ++w) service_seat(w);
  service_limits();
  const Lock lock(mutex_);
  if (attending_ == 0 && uncollected()) collect();
  arm();
}

void Crew::service_seat(std::size_t w) {
  SeatLayout& layout = view_.seat(w);
  Seat& seat = seats_[w];
  const SeatState state = state_of(w);
  const std::uint64_t pid = layout.pid.load(std::memory_order_acquire);
  const bool lives = state == SeatState::running || state == SeatState::starting ||
                     state == SeatState::initializing;
  if (lives && pid != 0 && seat.pid != pid) {
    const Lock lock(mutex_);
    seat.watch = watch_of(pid, layout.start.load());
    seat.pid = pid;
    seat.nursery_pid = view_.control().nursery_pid.load(std::memory_order_acquire);
    seat.started_ns = os::monotonic_ns();
    if (terminated_) seat.watch.kill();
    // One that had begun, and was condemned, before its handle was here.
    for (const Task& task : posted_) {
      if (task == nullptr || task->condemned == TaskState::End::none) continue;
      const ClaimWord word = unpack_claim(view_.slot(task->slot).claim.load());
      if (word.state == ClaimState::killing && word.owner == w) seat.watch.kill();
    }
  }
  const bool watched_death = seat.pid != 0 && seat.pid == pid && seat.watch.dead();
  if (state == SeatState::dead || state == SeatState::left || (lives && watched_death)) {
    handle_death(w);
  }
  if (seat.respawn_ns != 0 && os::monotonic_ns() >= seat.respawn_ns) request(w);
}

void Crew::note_end_of(std::uint64_t pid) {
  if (pid != 0) dead_workers_.push_back(pid);
}

void Crew::request(std::size_t w) {
  Seat& seat = seats_[w];
  seat.respawn_ns = 0;
  seat.started_ns = os::monotonic_ns();  // also of a worker that dies before it is ever seen
  view_.seat(w).state.store(static_cast<std::uint32_t>(SeatState::wanted),
                            std::memory_order_release);
  requests_.raise();
}

// --- Deaths -------------------------------------------------------------------------------------

// Also of workers that left as they were told: after their last task, or with an initializer that
// failed.
void Crew::handle_death(std::size_t w) {
  SeatLayout& layout = view_.seat(w);
  Seat& seat = seats_[w];
  // The kernel tells of the death first; its parent tells how, a moment later, unless it died too.
  const std::int64_t patience = os::monotonic_ns() + exit_report_ns;
  while (layout.exit_known.load() == 0 && !nursery_.dead() &&
         seat.nursery_pid == view_.control().nursery_pid.load() && os::monotonic_ns() < patience) {
    os::sleep_ns(50'000);
  }
  os::fault_point("process.crew.burying");
  const SeatState state = state_of(w);
  const bool known = layout.exit_known.load(std::memory_order_acquire) != 0;
  const bool signalled = !known || layout.exit_signalled.load() != 0;
  const int code = static_cast<int>(layout.exit_code.load());
  const std::string how = !known      ? "for an unknown reason"
                          : signalled ? "of " + os::describe_signal(code)
                                      : fmt::format("by exit({})", code);
  const std::string cause =
      fmt::format("worker {} (process {}) died {}", w, layout.pid.load(), how);
  const std::uint64_t bit = ~(1ULL << (w % 64));
  view_.control().parked[w / 64].fetch_and(bit);
  view_.control().spinning[w / 64].fetch_and(bit);

  const Lock lock(mutex_);
  const bool at_once = recover_all(w, cause, signalled) || state == SeatState::left;
  // No process at all: the system had no room for one, which is not the initializer's fault.
  const bool initialized = layout.initialized.load() != 0 || layout.pid.load() == 0;
  note_end_of(layout.pid.load());
  seat.watch = {};
  seat.pid = 0;
  layout.exit_known.store(0);
  layout.initialized.store(0);
  layout.pid.store(0);
  layout.state.store(static_cast<std::uint32_t>(SeatState::empty), std::memory_order_release);
  const CrewControl& control = view_.control();
  if (control.failed.load(std::memory_order_acquire) == 2) {
    break_with("its initializer failed: " + std::string(control.failure));
  } else if (control.has_initializer != 0 && !initialized && !terminated_ &&
             (!signalled || ++initializer_deaths_ >= deaths_per_task_max)) {
    break_with(fmt::format("its initializer did not return: {}", cause));
  }
  if (broken_.empty() && !terminated_ && !finished()) replace(w, at_once);
  wake_a_worker();
  bump();
}

// Under mutex_. True when the worker had a task in hand.
bool Crew::recover_all(std::size_t w, const std::string& cause, bool signalled) {
  collect_seat(w);
  bool in_hand = false;
  for (std::uint32_t number = 0; number < task_slots; ++number) {
    const Task task = posted_[number];
    if (task == nullptr) continue;
    const ClaimWord word = unpack_claim(view_.slot(number).claim.load(std::memory_order_acquire));
    if (word.owner != w) continue;
    if (word.state == ClaimState::done) {
      deliver(number, w);
    } else if (word.state == ClaimState::claimed || word.state == ClaimState::killing) {
      in_hand = true;
      leaves_names_ = true;
      view_.slot(number).claim.store(pack({word.round, 0, ClaimState::empty}),
                                     std::memory_order_release);
      give_back(number);
      recover(task, cause, signalled);
    }
  }
  refill();
  return in_hand;
}

void Crew::recover(const Task& task, const std::string& cause, bool signalled) {
  const std::string what = name_of(*task);
  if (terminated_ || task->condemned == TaskState::End::cancelled) {
    const char* const why = terminated_ ? "its pool was terminated" : "it was cancelled";
    resolve(task, std::make_exception_ptr(Cancelled(fmt::format("{} was stopped: {}", what, why))),
            true);
  } else if (task->condemned == TaskState::End::timed_out) {
    resolve(task, std::make_exception_ptr(furrow::Timeout(
                      fmt::format("{} ran longer than its limit of {} s and was stopped", what,
                                  static_cast<double>(task->limits.limit_ns) / 1e9))));
  } else if (!signalled) {
    resolve(task, std::make_exception_ptr(WorkerDied(
                      fmt::format("{} ended the process that it ran in: {}", what, cause))));
  } else if (!task->limits.repeatable) {
    resolve(task, std::make_exception_ptr(WorkerDied(fmt::format(
                      "{} was cut off: {}; it is not marked repeatable, so it was not run again",
                      what, cause))));
  } else if (++task->deaths >= deaths_per_task_max || !broken_.empty()) {
    resolve(task, std::make_exception_ptr(WorkerDied(
                      fmt::format("{} was cut off: {}; it has now met the deaths of {} workers",
                                  what, cause, task->deaths))));
  } else {
    task->phase = TaskState::Phase::pending;
    pending_.push_front(task);
  }
}

// Under mutex_.
void Crew::replace(std::size_t w, bool at_once) {
  Seat& seat = seats_[w];
  const std::int64_t now = os::monotonic_ns();
  if (at_once || now - seat.started_ns >= quick_death_ns) {
    seat.respawn_ns = std::max<std::int64_t>(now, 1);
    request(w);
    return;
  }
  if (++deaths_in_a_row_ >= deaths_in_a_row_max) {
    break_with(fmt::format("{} workers died one after the other", deaths_in_a_row_));
    return;
  }
  // The first replacements come at once; after that they come later and later.
  const auto doublings = static_cast<unsigned>(
      std::min<std::size_t>(deaths_in_a_row_ / (2 * options_.workers), back_off_max));
  const std::int64_t delay = doublings == 0 ? 0 : std::int64_t{1'000'000} << (doublings - 1);
  seat.respawn_ns = std::max<std::int64_t>(now + delay, 1);
  if (delay == 0) request(w);
}

// Under mutex_. What runs may end; all else fails now.
void Crew::break_with(const std::string& reason) {
  if (!broken_.empty()) return;
  broken_ = reason;
  closed_ = true;
  feeds_.clear();
  const auto fail = [&](const Task& task) {
    resolve(task, std::make_exception_ptr(
                      BrokenPool(fmt::format("the {} is broken: {}", options_.noun, reason))));
  };
  const std::vector<Task> posted = posted_;
  for (const Task& task : posted) {
    if (task == nullptr) continue;
    std::uint64_t bits = view_.slot(task->slot).claim.load();
    const ClaimWord word = unpack_claim(bits);
    if (word.state == ClaimState::ready &&
        view_.slot(task->slot)
            .claim.compare_exchange_strong(bits, pack({word.round, 0, ClaimState::empty}))) {
      give_back(task->slot);
      fail(task);
    }
  }
  for (; !pending_.empty(); pending_.pop_front()) fail(Task(pending_.front()));
  view_.control().attention.fetch_add(1);
  os::futex_wake(view_.control().attention, os::wake_all);
  alarm_.raise();
  bump();
}

// --- The nursery --------------------------------------------------------------------------------

void Crew::service_nursery() {
  if (nursery_lost_.load()) {
    // Threads that wait for tasks start another (revive); nobody does.
    const Lock lock(mutex_);
    if (nursery_lost_.load() && outstanding_ != 0 && attending_ == 0 &&
        os::monotonic_ns() - lost_ns_ > takeover_ns) {
      break_with("the process that starts its workers was killed, and its spare with it");
    }
    return;
  }
  if (!nursery_.dead()) return;
  if (nursery_child_ != 0) os::collect(nursery_child_);
  nursery_child_ = 0;
  // Its spare takes over within a moment, unless it was killed, too.
  const std::int64_t patience = os::monotonic_ns() + takeover_ns;
  const os::ProcessWatch spare(view_.control().spare_pid.load());
  while (os::monotonic_ns() < patience) {
    const std::uint64_t pid = view_.control().nursery_pid.load(std::memory_order_acquire);
    if (pid != nursery_pid_ && pid != 0) {
      nursery_pid_ = pid;
      nursery_ = watch_of(pid, view_.control().nursery_start.load());
      if (!nursery_.dead()) return;
    }
    if (spare.dead()) break;
    os::sleep_ns(100'000);
  }
  const Lock lock(mutex_);
  if (terminated_ || finished()) return;
  if (++deaths_in_a_row_ >= deaths_in_a_row_max) {
    break_with("the process that starts its workers ends again and again");
  } else if (can_execute()) {
    try {
      start_nursery(true);
      return;
    } catch (const Error&) {  // revive tries by a fork
    }
  }
  lost_ns_ = os::monotonic_ns();
  nursery_lost_.store(true);
  bump();
}

// Called by threads that wait: a fork must come from one of the user's.
void Crew::revive() {
  if (!nursery_lost_.load() || !is_ours()) return;
  const Lock lock(mutex_);
  if (!nursery_lost_.load() || terminated_ || finished()) return;
  if (broken_.empty() && fork_is_safe()) {
    os::flush_streams();
    start_nursery(false);
    nursery_lost_.store(false);
    alarm_.raise();
    return;
  }
  break_with(
      "the process that starts its workers was killed, and its spare with it, and this process has "
      "threads that a fork would cut off (call furrow::initialize first in main, and workers are "
      "executed instead)");
}

// --- Limits -------------------------------------------------------------------------------------

void Crew::service_limits() {
  const Lock lock(mutex_);
  const std::int64_t now = os::monotonic_ns();
  for (const Task& task : limited_) {
    const std::int64_t started = view_.slot(task->slot).started_ns.load(std::memory_order_acquire);
    if (started != 0 && now - started >= task->limits.limit_ns) {
      condemn(*task, TaskState::End::timed_out);
    }
  }
}

// --- The end ------------------------------------------------------------------------------------

void Crew::end_helpers() {
  CrewControl& control = view_.control();
  control.stop.store(1, std::memory_order_seq_cst);
  for (std::size_t w = 0; w < options_.workers; ++w) {
    view_.seat(w).gate.store(1, std::memory_order_release);
    os::futex_wake(view_.seat(w).gate, os::wake_all);
  }
  requests_.raise();
  const auto end = [&](const os::ProcessWatch& watch) {
    if (watch.dead()) return;
    const std::array<int, 1> source{watch.get()};
    os::wait_ready(source, stop_timeout_ns);
    if (watch.dead()) return;
    os::kill_now(control.spare_pid.load());
    watch.kill();  // its workers go with it
    os::wait_ready(source, stop_timeout_ns);
  };
  if (!nursery_lost_.load()) {
    if (!nursery_.dead()) end(nursery_);
    // A spare that has just taken over is not known by its handle yet.
    const std::uint64_t latest = control.nursery_pid.load(std::memory_order_acquire);
    if (latest != 0 && latest != nursery_pid_) end(watch_of(latest, control.nursery_start.load()));
  }
  if (nursery_child_ != 0) os::collect(nursery_child_);
  for (std::size_t w = 0; w < options_.workers; ++w) {
    // They went with their nursery, or are just going; some were never seen.
    const SeatLayout& layout = view_.seat(w);
    os::ProcessWatch& watch = seats_[w].watch;
    const std::uint64_t pid = layout.pid.load(std::memory_order_acquire);
    note_end_of(pid);
    if (!watch.valid() && pid != 0) watch = watch_of(pid, layout.start.load());
    const std::array<int, 1> source{watch.get()};
    if (watch.valid() && !watch.dead()) os::wait_ready(source, stop_timeout_ns);
  }
}

// No worker lives: what was finished is delivered, all else will not be.
// Workers let go of the arrays in results some milliseconds after we have them, and end without
// removing names: of those that we dropped meanwhile, the names are still there, and so are those
// of arrays that a killed worker alone had. Results are held by now.
void Crew::sweep_what_workers_left() noexcept {
  if (!leaves_names_) return;
  try {
    segment::sweep_of(dead_workers_);
  } catch (const std::exception&) {  // nobody asked for it here; the next sweep says what is wrong
  }
}

void Crew::resolve_all() {
  {
    const Lock lock(mutex_);
    for (std::size_t w = 0; w < seats_.size(); ++w) {
      recover_all(w, fmt::format("worker {} was stopped", w), true);
      seats_[w].watch = {};
      seats_[w].pid = 0;
    }
    for (; !pending_.empty(); pending_.pop_front()) {
      resolve(Task(pending_.front()),
              std::make_exception_ptr(Cancelled("the task did not run: its pool was terminated")),
              true);
    }
  }
  sweep_what_workers_left();
  {
    const Lock lock(mutex_);
    ended_.store(true, std::memory_order_release);
  }
  bump();
}

}  // namespace furrow::process
