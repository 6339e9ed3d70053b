#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include <furrow/engine/coordinator.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/futex.hpp>

namespace furrow::engine {
namespace {

constexpr std::int64_t tick_ns = 250'000'000;         // looks for workers that joined
constexpr std::int64_t exit_report_ns = 200'000'000;  // the nursery's word on how a worker ended
constexpr std::int64_t takeover_ns = 2'000'000'000;   // the spare's time to become the nursery
constexpr std::int64_t quick_death_ns = 1'000'000'000;
constexpr unsigned back_off_max = 10;  // 2^10 ms

WorkerState state_of(const Worker& worker) {
  return static_cast<WorkerState>(worker.state.load(std::memory_order_acquire));
}

std::string cause_of_death(const Worker& worker) {
  if (worker.exit_known.load(std::memory_order_acquire) == 0) return "for an unknown reason";
  const int code = static_cast<int>(worker.exit_code.load());
  if (worker.exit_signalled.load() != 0) return "of " + os::describe_signal(code);
  return fmt::format("by exit({})", code);
}

}  // namespace

void Coordinator::watch() {
  const process::OwnThread own;
  while (!stopping_.load(std::memory_order_acquire)) {
    std::vector<int> sources{alarm_.get()};
    {
      const std::lock_guard lock(mutex_);
      sources.push_back(nursery_lost_.load() ? -1 : nursery_.get());
    }
    for (const Seat& seat : seats_) {
      if (seat.watch.valid()) sources.push_back(seat.watch.get());
    }
    const std::vector<bool> ready = os::wait_ready(sources, next_wake_ns());
    if (ready[0]) alarm_.clear();
    if (stopping_.load(std::memory_order_acquire)) return;
    service();
  }
}

std::int64_t Coordinator::next_wake_ns() const {
  const std::int64_t now = os::monotonic_ns();
  std::int64_t wake = now + tick_ns;
  const std::lock_guard lock(mutex_);
  for (const auto& job : jobs_) {
    if (job != nullptr && job->deadline_ns != 0) wake = std::min(wake, job->deadline_ns);
  }
  for (const Seat& seat : seats_) {
    if (seat.respawn_ns != 0) wake = std::min(wake, seat.respawn_ns);
  }
  return std::max<std::int64_t>(wake - now, 100'000);
}

void Coordinator::service() {
  service_nursery();
  for (std::size_t w = first_worker_; w < seats_.size(); ++w) service_worker(w);
  service_deadlines();
  end_forgotten();
}

void Coordinator::service_worker(std::size_t w) {
  Worker& worker = view_.worker(w);
  Seat& seat = seats_[w];
  const WorkerState state = state_of(worker);
  const std::uint64_t pid = worker.pid.load(std::memory_order_acquire);
  const bool lives = state == WorkerState::running || state == WorkerState::starting;
  if (lives && pid != 0 && seat.pid != pid) {
    seat.watch = os::ProcessWatch(pid);
    seat.pid = pid;
    seat.nursery_pid = view_.control().nursery_pid.load(std::memory_order_acquire);
    seat.started_ns = os::monotonic_ns();
  }
  const bool watched_death = seat.pid != 0 && seat.pid == pid && seat.watch.dead();
  if (state == WorkerState::dead || (lives && watched_death)) {
    handle_death(w);
  } else if (state == WorkerState::left) {
    seat.watch = {};
    seat.pid = 0;
    worker.joined.store(0);
    worker.pid.store(0);
    worker.state.store(static_cast<std::uint32_t>(WorkerState::empty));
  }
  if (seat.respawn_ns != 0 && os::monotonic_ns() >= seat.respawn_ns) request(w);
}

void Coordinator::request(std::size_t w) {
  Seat& seat = seats_[w];
  seat.respawn_ns = 0;
  seat.started_ns = os::monotonic_ns();  // also of a worker that dies before it is ever seen
  auto empty = static_cast<std::uint32_t>(WorkerState::empty);
  // Somebody who joined meanwhile may have taken the place; then it is filled.
  if (view_.worker(w).state.compare_exchange_strong(
          empty, static_cast<std::uint32_t>(WorkerState::wanted), std::memory_order_acq_rel)) {
    requests_.raise();
  }
}

// --- Deaths -------------------------------------------------------------------------------------

void Coordinator::handle_death(std::size_t w) {
  Worker& worker = view_.worker(w);
  Seat& seat = seats_[w];
  // The kernel tells of the death first; its parent tells how, a moment later, unless it died too.
  const std::int64_t patience = os::monotonic_ns() + exit_report_ns;
  while (worker.joined.load() == 0 && worker.exit_known.load() == 0 && !nursery_.dead() &&
         seat.nursery_pid == view_.control().nursery_pid.load() && os::monotonic_ns() < patience) {
    os::sleep_ns(50'000);
  }
  const std::string cause =
      fmt::format("worker {} (process {}) died {}", w, worker.pid.load(), cause_of_death(worker));
  const std::uint64_t bit = ~(1ULL << (w % 64));
  view_.control().parked[w / 64].fetch_and(bit);
  view_.control().spinning[w / 64].fetch_and(bit);
  worker.deaths.fetch_add(1);
  bool in_a_tile = false;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& job : jobs_) {
      if (job != nullptr && recover_job(*job, w, cause)) in_a_tile = true;
    }
  }
  const bool was_joined = worker.joined.load() != 0;
  seat.watch = {};
  seat.pid = 0;
  worker.joined.store(0);
  worker.exit_known.store(0);
  worker.pid.store(0);
  worker.state.store(static_cast<std::uint32_t>(WorkerState::empty), std::memory_order_release);
  if (!was_joined) replace(w, in_a_tile);
  ring(view_);
}

// Under mutex_.
bool Coordinator::recover_job(JobState& job, std::size_t w, const std::string& cause) {
  JobSlot& slot = view_.job(job.slot);
  const JobDescription& d = slot.description;
  const auto fail = [&](const TileInHand& tile, const std::string& text) {
    record_failure(slot, FailureKind::died, static_cast<std::uint32_t>(w), tile.first, tile.last,
                   text.c_str());
  };
  const std::vector<TileInHand> in_hand = recover(view_, job.slot, w, false);
  for (const TileInHand& tile : in_hand) {
    const unsigned deaths = ++job.deaths[tile.tile];
    if ((d.flags & flag_torn_on_death) != 0) {
      fail(tile, cause +
                     "; the job ran in place without exactly-once, so these elements may be "
                     "half-changed");
    } else if ((d.flags & flag_per_worker) != 0) {
      fail(tile, cause);
    } else if (job.killing) {
      slot.stop.store(1);
    } else if (deaths >= deaths_per_tile_max) {
      fail(tile, fmt::format("{}; the tile has now killed {} workers, so it is left as it was",
                             cause, deaths));
    }
  }
  if ((d.flags & flag_per_worker) != 0 && w < d.group_count &&
      unpack(slot.groups[w].load(), job.round).state == GroupState::free) {
    fail({static_cast<std::uint32_t>(w), GroupState::free, 0, 0, 0}, cause);
  }
  if (slot.stop.load() != 0) close_free_groups(view_, job.slot, job.round);
  slot.signal.fetch_add(1, std::memory_order_acq_rel);
  os::futex_wake(slot.signal, os::wake_all);
  return !in_hand.empty();
}

void Coordinator::replace(std::size_t w, bool in_a_tile) {
  Seat& seat = seats_[w];
  if (stopping_.load()) return;
  if (replacements_.load() >= options_.replacements_max) {
    if (!any_worker_to_come()) {
      crippled_.store(true);
      fail_all(
          "every worker died, and as many as allowed were replaced already "
          "(EngineOptions::replacements_max)");
    }
    return;
  }
  ++replacements_;
  const std::int64_t now = os::monotonic_ns();
  // A tile kills three workers at most, and a job ends with it: no storm to hold back.
  const bool quick = now - seat.started_ns < quick_death_ns && !in_a_tile;
  seat.quick_deaths = quick ? seat.quick_deaths + 1 : 0;
  // The first replacement comes at once; a worker that keeps dying comes later and later.
  const unsigned doublings = std::min(seat.quick_deaths, back_off_max);
  const std::int64_t delay = doublings <= 1 ? 0 : (std::int64_t{1'000'000} << (doublings - 2));
  seat.respawn_ns = std::max<std::int64_t>(now + delay, 1);
  if (delay == 0) request(w);
}

// True while a worker lives, starts, or is going to be started.
bool Coordinator::any_worker_to_come() const {
  for (std::size_t w = first_worker_; w < view_.slots(); ++w) {
    const WorkerState state = state_of(view_.worker(w));
    if (state == WorkerState::wanted || state == WorkerState::starting ||
        state == WorkerState::running || seats_[w].respawn_ns != 0) {
      return true;
    }
  }
  return false;
}

void Coordinator::fail_all(const char* text) {
  const std::lock_guard lock(mutex_);
  for (const auto& job : jobs_) {
    if (job == nullptr) continue;
    JobSlot& slot = view_.job(job->slot);
    record_failure(slot, FailureKind::died, 0, 0, job->job.count, text);
    close_free_groups(view_, job->slot, job->round);
    slot.signal.fetch_add(1, std::memory_order_acq_rel);
    os::futex_wake(slot.signal, os::wake_all);
  }
}

// --- The nursery --------------------------------------------------------------------------------

void Coordinator::service_nursery() {
  if (nursery_lost_.load() || !nursery_.dead()) return;
  if (nursery_child_ != 0) os::collect(nursery_child_);
  nursery_child_ = 0;
  // Its spare takes over within a moment, unless it was killed, too.
  const std::int64_t patience = os::monotonic_ns() + takeover_ns;
  const std::uint64_t spare = view_.control().spare_pid.load();
  const os::ProcessWatch spare_watch(spare);
  while (os::monotonic_ns() < patience) {
    const std::uint64_t pid = view_.control().nursery_pid.load(std::memory_order_acquire);
    if (pid != nursery_pid_) {
      nursery_pid_ = pid;
      nursery_ = os::ProcessWatch(pid);
      if (!nursery_.dead()) return;
    }
    if (spare_watch.dead()) break;
    os::sleep_ns(100'000);
  }
  if (stopping_.load()) return;
  if (process::can_execute()) {
    options_.start = StartMethod::execute;
    try {
      start_nursery();
      return;
    } catch (const Error&) {  // said below
    }
  }
  nursery_lost_.store(true);
}

// Called by threads that need workers: after nursery and spare were killed together, a new nursery
// is forked as soon as that is safe.
void Coordinator::revive() {
  if (!nursery_lost_.load() || stopping_.load()) return;
  const std::lock_guard revive_lock(revive_mutex_);
  if (!nursery_lost_.load()) return;
  if (process::fork_is_safe()) {
    const std::lock_guard lock(mutex_);
    start_nursery();
    nursery_lost_.store(false);
    alarm_.raise();
    return;
  }
  if (workers_alive() > first_worker_) return;  // they joined, and can finish what there is
  crippled_.store(true);
  fail_all(
      "all workers died and cannot be replaced: the process that forks them and its spare were "
      "both killed, and this process has threads that a new fork would cut off (call "
      "furrow::initialize first in main, and workers are executed instead)");
}

// --- Deadlines ----------------------------------------------------------------------------------

void Coordinator::service_deadlines() {
  const std::int64_t now = os::monotonic_ns();
  std::vector<std::uint64_t> stuck;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& job : jobs_) {
      if (job == nullptr || job->deadline_ns == 0 || now < job->deadline_ns) continue;
      JobSlot& slot = view_.job(job->slot);
      if (complete(*job)) {
        job->deadline_ns = 0;
        continue;
      }
      if (!job->timed_out) {  // first: ask
        job->timed_out = true;
        job->deadline_ns = now + job->job.options.grace_ns;
        slot.stop.store(1, std::memory_order_seq_cst);
        close_free_groups(view_, job->slot, job->round);
      } else {  // then: kill those that still hold a tile of it, and no other
        job->killing = true;
        job->deadline_ns = now + job->job.options.grace_ns;
        for (std::uint32_t g = 0; g < job->group_count; ++g) {
          const GroupWord word = unpack(slot.groups[g].load(), job->round);
          if (!is_held(word.state) || word.owner >= view_.slots()) continue;
          if (word.owner < first_worker_) continue;  // the coordinator itself
          stuck.push_back(view_.worker(word.owner).pid.load());
        }
      }
      slot.signal.fetch_add(1, std::memory_order_acq_rel);
      os::futex_wake(slot.signal, os::wake_all);
    }
  }
  for (const std::uint64_t pid : stuck) os::kill_now(pid);
}

}  // namespace furrow::engine
