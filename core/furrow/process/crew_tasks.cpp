// Tasks of a crew: how they get into shared memory, and what becomes of them.
#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <system_error>

#include <fmt/format.h>

#include <furrow/error.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/futex.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/process/crew.hpp>
#include <furrow/process/crew_worker.hpp>
#include <furrow/process/task_error.hpp>

namespace furrow::process {
namespace {

constexpr std::int64_t spin_ns = 60'000;

std::exception_ptr error_of(TaskOutcome outcome, const TaskState& task, std::size_t worker,
                            std::span<const std::byte> description) {
  if (outcome == TaskOutcome::returned) return nullptr;
  const ExceptionText thrown = read_description(description);
  const std::string what = name_of(task, thrown.item);
  const auto item =
      thrown.item ? std::optional<std::size_t>(task.call.first_item + *thrown.item) : std::nullopt;
  switch (outcome) {
    case TaskOutcome::returned: break;
    case TaskOutcome::threw:
      return std::make_exception_ptr(
          mp::TaskFailed(fmt::format("{} failed in worker {}: {}", what, worker, describe(thrown)),
                         thrown.type, thrown.text, worker, item));
    case TaskOutcome::not_encoded:
      return std::make_exception_ptr(
          NotSerialisable(fmt::format("{} returned in worker {}, but its result cannot be sent: {}",
                                      what, worker, describe(thrown))));
    case TaskOutcome::not_decoded:
      return std::make_exception_ptr(NotSerialisable(fmt::format(
          "{} could not read its arguments in worker {}: {}", what, worker, describe(thrown))));
    case TaskOutcome::unknown_code:
      return std::make_exception_ptr(NotFound(
          fmt::format("{}: its code is not loaded in worker {} (load the library before the pool "
                      "is made)",
                      what, worker)));
    case TaskOutcome::no_space:
      return std::make_exception_ptr(OutOfSpace(fmt::format(
          "{} returned in worker {}, but there is no memory for its result", what, worker)));
  }
  return nullptr;
}

// Where memory has run out there may be none for the sentence either.
std::exception_ptr no_room_error(const TaskState& task, std::size_t worker,
                                 std::uint64_t bytes) noexcept {
  try {
    return std::make_exception_ptr(OutOfSpace(fmt::format(
        "{} returned in worker {}, but this process has no memory for the {} bytes of its result",
        name_of(task), worker, bytes)));
  } catch (...) {
    return std::make_exception_ptr(std::bad_alloc());
  }
}

}  // namespace

std::string name_of(const TaskState& task, std::optional<std::uint64_t> item) {
  const std::string type = readable_name(task.call.type);
  const std::uint64_t first = task.call.first_item;
  if (task.call.items == 0) return fmt::format("task {} ({})", task.number, type);
  if (item || task.call.items == 1) {
    return fmt::format("item {} (task {}, {})", first + item.value_or(0), task.number, type);
  }
  return fmt::format("items {} to {} (task {}, {})", first, first + task.call.items - 1,
                     task.number, type);
}

void Crew::check_ours() const {
  if (is_ours()) return;
  throw InvalidState(
      fmt::format("this {} belongs to another process, which forked this one", options_.noun));
}

// --- In -----------------------------------------------------------------------------------------

Task Crew::submit(Call call, const TaskLimits& limits, const Feed* feed) {
  check_ours();
  revive();
  auto task = std::make_shared<TaskState>();
  task->crew = shared_from_this();
  task->call = std::move(call);
  task->limits = limits;
  const Lock lock(mutex_);
  check_open(feed);
  task->number = numbers_++;
  ++outstanding_;
  if (free_slots_.empty()) collect();
  refill();
  if (!pending_.empty() || !post(task)) pending_.push_back(task);
  arm();
  return task;
}

// False when there is no room for it now.
bool Crew::post(const Task& task) {
  CrewControl& control = view_.control();
  while (tail_ - control.head.load(std::memory_order_acquire) >= ready_entries) {
    // Entries of tasks that were cancelled wait for a worker to pass them: pass them here.
    std::uint64_t head = control.head.load();
    const auto slot = static_cast<std::uint32_t>(view_.ready(head).load()) % task_slots;
    if (unpack_claim(view_.slot(slot).claim.load()).state == ClaimState::ready) return false;
    control.head.compare_exchange_strong(head, head + 1);
  }
  if (free_slots_.empty()) return false;
  const std::uint32_t number = free_slots_.back();
  if (!put_argument(task, number)) {
    resolve(task, std::make_exception_ptr(
                      OutOfSpace(fmt::format("{}: there is no memory for its {} bytes of arguments",
                                             name_of(*task), task->call.argument.size()))));
    bump();
    return true;
  }
  free_slots_.pop_back();
  TaskSlot& slot = view_.slot(number);
  slot.entry = task->call.entry;
  slot.limit_ns = static_cast<std::uint64_t>(task->limits.limit_ns);
  slot.started_ns.store(0, std::memory_order_relaxed);
  task->phase = TaskState::Phase::posted;
  task->slot = number;
  posted_[number] = task;
  if (task->limits.limit_ns > 0) {
    limited_.push_back(task);
    alarm_.raise();
  }
  const ClaimWord word = unpack_claim(slot.claim.load(std::memory_order_relaxed));
  slot.claim.store(pack({word.round + 1, 0, ClaimState::ready}), std::memory_order_release);
  // Pairs with a worker that is going to sleep: it sees the entry, or is seen.
  view_.ready(tail_).store(ready_entry(tail_, number), std::memory_order_seq_cst);
  ++tail_;
  wake_a_worker();
  return true;
}

// What begins at `at` in a slot's own range, with the rest of its last page, which may be a huge
// one: the ranges are long.
void Crew::release(std::uint64_t at, std::uint64_t bytes) const noexcept {
  constexpr std::uint64_t page = os::huge_page_bytes;
  os::release_part(memory_, at, at + (bytes + page - 1) / page * page);
}

bool Crew::put_argument(const Task& task, std::uint32_t number) {
  TaskSlot& slot = view_.slot(number);
  const mp::Bytes& argument = task->call.argument;
  slot.argument_bytes = argument.size();
  if (argument.size() <= inline_bytes) {
    std::memcpy(slot.bytes, argument.data(), argument.size());
  } else if (argument.size() > message_bytes_max ||
             os::write_within_limit(memory_, CrewView::argument_at(number), argument.data(),
                                    argument.size())) {
    release(CrewView::argument_at(number), argument.size());
    return false;
  }
  // Kept only where it may be wanted again.
  if (!task->limits.repeatable) task->call.argument = {};
  return true;
}

// Those that spin see the entry; one that sleeps is woken when there is more than they can take.
void Crew::wake_a_worker() {
  CrewControl& control = view_.control();
  std::uint64_t spinners = 0;
  for (std::size_t i = 0; i * 64 < options_.workers; ++i) {
    spinners += static_cast<std::uint64_t>(std::popcount(control.spinning[i].load()));
  }
  if (tail_ - control.head.load(std::memory_order_acquire) <= spinners) return;
  for (std::size_t i = 0; i * 64 < options_.workers; ++i) {
    std::uint64_t parked = control.parked[i].load(std::memory_order_seq_cst);
    while (parked != 0) {
      const auto bit = static_cast<std::size_t>(std::countr_zero(parked));
      if ((control.parked[i].fetch_and(~(1ULL << bit)) >> bit & 1) != 0) {
        SeatLayout& seat = view_.seat(i * 64 + bit);
        seat.gate.store(1, std::memory_order_release);
        os::futex_wake(seat.gate, 1);
        return;
      }
      parked &= parked - 1;
    }
  }
}

void Crew::refill() {
  while (!pending_.empty() && post(pending_.front())) pending_.pop_front();
}

// --- Out ----------------------------------------------------------------------------------------

void Crew::collect() {
  for (std::size_t w = 0; w < seats_.size(); ++w) collect_seat(w);
  refill();
}

bool Crew::uncollected() const noexcept {
  for (std::size_t w = 0; w < seats_.size(); ++w) {
    if (view_.seat(w).written.load(std::memory_order_seq_cst) != seats_[w].taken) return true;
  }
  return false;
}

void Crew::collect_seat(std::size_t w) {
  SeatLayout& seat = view_.seat(w);
  const std::uint32_t written = seat.written.load(std::memory_order_acquire);
  for (std::uint32_t& taken = seats_[w].taken; taken != written;) {
    const std::uint32_t next = taken++;  // told once, whatever comes of it
    deliver(seat.finished[next % task_slots].load(std::memory_order_relaxed) % task_slots, w);
  }
}

// Of a task that is done, once: a worker that was killed on the way has not told of it.
void Crew::deliver(std::uint32_t number, std::size_t worker) {
  const Task task = posted_[number];
  TaskSlot& slot = view_.slot(number);
  const ClaimWord word = unpack_claim(slot.claim.load(std::memory_order_acquire));
  if (task == nullptr || word.state != ClaimState::done) return;
  deaths_in_a_row_ = 0;
  std::exception_ptr error;
  segment::Lending::Held lent;
  try {
    mp::Bytes result = read_result(number);
    error = error_of(slot.outcome, *task, worker, result);
    if (error == nullptr && slot.lent_bytes <= result.size()) {
      lent = hold_named(std::span(result).last(slot.lent_bytes));
      result.resize(result.size() - slot.lent_bytes);
    }
    if (error == nullptr) task->result = std::move(result);
  } catch (const std::exception&) {
    error = no_room_error(*task, worker, slot.result_bytes);
  }
  slot.claim.store(pack({word.round, 0, ClaimState::empty}), std::memory_order_release);
  give_back(number);
  resolve(task, std::move(error));
  leaves_names_ = leaves_names_ || !lent.empty();
  task->call.held = std::move(lent);
}

mp::Bytes Crew::read_result(std::uint32_t number) const {
  const TaskSlot& slot = view_.slot(number);
  if (slot.outcome == TaskOutcome::no_space) return {};
  mp::Bytes result(slot.result_bytes);
  if (slot.result_bytes <= inline_bytes) {
    std::memcpy(result.data(), slot.bytes, result.size());
  } else {
    std::error_code error;
    os::read_at(memory_, CrewView::result_at(number), result.data(), result.size(), error);
  }
  return result;
}

// REQUIRES: the claim word says empty, so that no worker touches the slot any more.
void Crew::give_back(std::uint32_t number) {
  TaskSlot& slot = view_.slot(number);
  if (slot.argument_bytes > inline_bytes) {
    release(CrewView::argument_at(number), slot.argument_bytes);
  }
  if (slot.result_bytes > inline_bytes) {
    release(CrewView::result_at(number), slot.result_bytes);
  }
  slot.argument_bytes = 0;
  slot.result_bytes = 0;
  if (posted_[number] != nullptr && posted_[number]->limits.limit_ns > 0) {
    std::erase(limited_, posted_[number]);
  }
  posted_[number] = nullptr;
  free_slots_.push_back(number);
}

void Crew::resolve(const Task& task, std::exception_ptr error, bool cancelled) {
  task->error = std::move(error);
  task->cancelled = cancelled;
  task->phase = TaskState::Phase::resolved;
  let_go(*task);
  --outstanding_;
  static std::atomic<std::uint64_t> resolved_so_far{0};
  task->order = resolved_so_far.fetch_add(1, std::memory_order_relaxed);
  task->resolved.store(true, std::memory_order_release);
  if (!task->callbacks.empty() || !task->signals.empty()) --awaited_;
  for (const auto& signal : task->signals) signal->raise();
  task->signals.clear();
  if (!task->callbacks.empty()) enqueue(task->callbacks);
  if (finished()) alarm_.raise();
}

// --- Waiting ------------------------------------------------------------------------------------

bool Crew::wait(const mp::Deadline& deadline, const std::function<bool()>& done) {
  check_ours();
  CrewControl& control = view_.control();
  {
    const Lock lock(mutex_);
    ++attending_;
    control.watcher_wants.store(0, std::memory_order_relaxed);
  }
  struct Attendance {
    Crew& crew;
    ~Attendance() { crew.leave(); }
  };
  const Attendance attendance{*this};
  for (;;) {
    const std::uint32_t bell = control.done_bell.load(std::memory_order_acquire);
    {
      const Lock lock(mutex_);
      collect();
    }
    call_back_here();
    if (done()) return true;
    revive();
    if (deadline.passed()) return false;
    if (spin(bell, deadline)) continue;
    // Pairs with ring_done and bump: they see the sleeper, or this sees the bell.
    control.sleepers.fetch_add(1, std::memory_order_seq_cst);
    if (control.done_bell.load(std::memory_order_seq_cst) == bell) {
      os::futex_wait(control.done_bell, bell, deadline.left_ns());
    }
    control.sleepers.fetch_sub(1, std::memory_order_relaxed);
  }
}

void Crew::leave() noexcept {
  const Lock lock(mutex_);
  --attending_;
  try {
    arm();
  } catch (...) {  // no memory: the watcher collects, and has another try
    alarm_.raise();
  }
}

// True when the bell rang.
bool Crew::spin(std::uint32_t bell, const mp::Deadline& deadline) noexcept {
  const CrewControl& control = view_.control();
  if (control.cores < 2 || !gauge_.worth()) return false;
  const std::int64_t begin = os::monotonic_ns();
  const std::int64_t end = std::min(begin + spin_ns, deadline.at_ns());
  bool rang = false;
  for (std::uint32_t i = 1; !rang; ++i) {
    rang = control.done_bell.load(std::memory_order_acquire) != bell;
    os::cpu_relax();
    if (i % 64 == 0 && os::monotonic_ns() >= end) break;
  }
  gauge_.note(rang, os::monotonic_ns() - begin);
  return rang;
}

// Sees to it that somebody collects: threads that wait do; without them the watcher must, when
// tasks wait for a slot, callbacks for their task, or the end for the last of them.
void Crew::arm() {
  while (attending_ == 0 &&
         (!pending_.empty() || awaited_ != 0 || (closed_ && outstanding_ != 0))) {
    view_.control().watcher_wants.store(1, std::memory_order_seq_cst);
    // Pairs with ring_done: what was finished before that is seen here.
    if (!uncollected()) return;
    collect();
  }
}

void Crew::bump() noexcept {
  CrewControl& control = view_.control();
  control.done_bell.fetch_add(1, std::memory_order_seq_cst);
  if (control.sleepers.load(std::memory_order_seq_cst) != 0) {
    os::futex_wake(control.done_bell, os::wake_all);
  }
}

// --- Questions and orders -----------------------------------------------------------------------

bool Crew::poll(const TaskState& task) {
  if (task.resolved.load(std::memory_order_acquire)) return true;
  check_ours();
  revive();
  const Lock lock(mutex_);
  if (uncollected()) collect();
  return task.resolved.load(std::memory_order_acquire);
}

bool Crew::running(const TaskState& task) {
  if (poll(task)) return false;
  const Lock lock(mutex_);
  if (task.phase != TaskState::Phase::posted) return false;
  const ClaimState state = unpack_claim(view_.slot(task.slot).claim.load()).state;
  return state == ClaimState::claimed || state == ClaimState::killing;
}

bool Crew::cancel(TaskState& task, bool kill) {
  if (poll(task)) return task.cancelled;
  const Lock lock(mutex_);
  if (task.resolved.load()) return task.cancelled;
  const auto give_up = [&](const Task& held) {
    resolve(held,
            std::make_exception_ptr(
                Cancelled(fmt::format("{} was cancelled before it began", name_of(task)))),
            true);
    bump();
    arm();
  };
  if (task.phase == TaskState::Phase::pending) {
    const auto at = std::find_if(pending_.begin(), pending_.end(),
                                 [&](const Task& other) { return other.get() == &task; });
    if (at == pending_.end()) return false;
    const Task held = *at;
    pending_.erase(at);
    give_up(held);
    return true;
  }
  TaskSlot& slot = view_.slot(task.slot);
  std::uint64_t bits = slot.claim.load();
  const ClaimWord word = unpack_claim(bits);
  if (word.state == ClaimState::ready &&
      slot.claim.compare_exchange_strong(bits, pack({word.round, 0, ClaimState::empty}))) {
    const Task held = posted_[task.slot];
    give_back(task.slot);
    give_up(held);
    refill();
    return true;
  }
  return kill && condemn(task, TaskState::End::cancelled);
}

// Under mutex_. Kills the worker that runs the task, and no other: see crew_layout.hpp. True when
// it will not end by itself any more.
bool Crew::condemn(TaskState& task, TaskState::End end) {
  TaskSlot& slot = view_.slot(task.slot);
  std::uint64_t bits = slot.claim.load();
  const ClaimWord word = unpack_claim(bits);
  if (word.state == ClaimState::killing) return true;
  if (word.state != ClaimState::claimed ||
      !slot.claim.compare_exchange_strong(bits,
                                          pack({word.round, word.owner, ClaimState::killing}))) {
    return false;
  }
  task.condemned = end;
  if (word.owner < seats_.size() && seats_[word.owner].pid != 0) {
    seats_[word.owner].watch.kill();
  }
  // A worker that the watcher has not seen yet is killed when it does.
  alarm_.raise();
  return true;
}

}  // namespace furrow::process
