#include <furrow/process/crew_worker.hpp>

#include <algorithm>
#include <bit>
#include <cstring>

#include <furrow/os/clock.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/futex.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/os/memory.hpp>
#include <furrow/os/process.hpp>
#include <furrow/process/children.hpp>
#include <furrow/process/identity.hpp>
#include <furrow/process/shipping.hpp>
#include <furrow/segment/borrowing.hpp>
#include <furrow/sync/leaving.hpp>

namespace furrow::process {
namespace {

// About what a wake from the kernel costs: spinning longer than that wastes more than it saves.
constexpr std::int64_t spin_ns = 60'000;
// How long the arrays of the last task stay mapped: their memory is not free before.
constexpr std::int64_t keep_ns = 10'000'000;
constexpr std::int64_t doze_ns = 10'000'000'000;
constexpr std::size_t kept_result_bytes = 1 << 20;

// Of the task at hand, for the handler of std::exit: another thread of the task may call it.
std::atomic<bool> working{false};

// Until the parent has taken hold: what the result of a task names.
struct Owed {
  std::uint32_t slot;
  std::uint64_t done;  // the slot's claim word until then
  segment::Lending::Held held;
};

// A long argument, where it lies.
class Part {
 public:
  Part(const os::Descriptor& memory, std::uint64_t at, std::size_t bytes)
      : address_(os::map_part(memory.get(), at, bytes)), bytes_(bytes) {
    if (address_ == 0) throw OutOfSpace("no addresses are left for the arguments of a task");
  }
  ~Part() { os::unmap(address_, bytes_, false); }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;
  std::span<const std::byte> bytes() const {
    return {reinterpret_cast<const std::byte*>(address_), bytes_};
  }

 private:
  std::uintptr_t address_;
  std::size_t bytes_;
};

class Worker {
 public:
  Worker(const CrewView& view, std::size_t seat, const os::Event& alarm,
         const os::Descriptor& memory)
      : view_(view),
        control_(view.control()),
        number_(seat),
        seat_(view.seat(seat)),
        alarm_(alarm),
        memory_(memory) {}

  void serve() {
    os::fault_point("process.crew.starting");
    seat_.tasks.store(0, std::memory_order_relaxed);
    enter(SeatState::initializing);
    if (control_.has_initializer != 0 && !initialize()) return;
    seat_.initialized.store(1, std::memory_order_release);
    enter(SeatState::running);
    std::uint64_t left = control_.tasks_per_worker;
    while (control_.stop.load(std::memory_order_acquire) == 0) {
      std::uint32_t slot = 0;
      if (!owed_.empty()) settle_debts();
      if (!take(slot)) {
        wait();
        continue;
      }
      run(slot);
      if (left != 0 && --left == 0) break;
    }
    os::flush_streams();
    // The system's end of this process lets go without removing names; a destructor would.
    new std::vector<Owed>(std::move(owed_));  // NOLINT: left on purpose
  }

 private:
  void enter(SeatState state) {
    seat_.state.store(static_cast<std::uint32_t>(state), std::memory_order_release);
    control_.attention.fetch_add(1, std::memory_order_acq_rel);
    os::futex_wake(control_.attention, os::wake_all);
    alarm_.raise();
  }

  // --- Tasks ------------------------------------------------------------------------------------

  bool take(std::uint32_t& slot) {
    for (;;) {
      std::uint64_t head = control_.head.load(std::memory_order_acquire);
      const std::uint64_t entry = view_.ready(head).load(std::memory_order_seq_cst);
      if (!is_at(entry, head)) {
        if (control_.head.load(std::memory_order_acquire) == head) return false;
        continue;
      }
      slot = static_cast<std::uint32_t>(entry) % task_slots;
      std::atomic<std::uint64_t>& claim = view_.slot(slot).claim;
      std::uint64_t bits = claim.load(std::memory_order_acquire);
      const ClaimWord word = unpack_claim(bits);
      os::fault_point("process.crew.taking");
      const bool mine =
          word.state == ClaimState::ready &&
          claim.compare_exchange_strong(bits, pack({word.round, owner(), ClaimState::claimed}),
                                        std::memory_order_acq_rel);
      if (mine) claimed_ = pack({word.round, owner(), ClaimState::claimed});
      os::fault_point("process.crew.claimed");
      control_.head.compare_exchange_strong(head, head + 1, std::memory_order_acq_rel);
      if (mine) return true;
    }
  }

  std::uint32_t owner() const noexcept { return static_cast<std::uint32_t>(number_); }

  void run(std::uint32_t slot_number) {
    TaskSlot& slot = view_.slot(slot_number);
    if (slot.limit_ns != 0) {
      slot.started_ns.store(os::monotonic_ns(), std::memory_order_release);
      alarm_.raise();
    }
    result_.clear();
    lent_results().clear();  // the initializer's, if any
    working.store(true, std::memory_order_relaxed);
    slot.outcome = call(slot_number);
    segment::Borrowing::settle();
    os::flush_streams();
    working.store(false, std::memory_order_relaxed);
    slot.lent_bytes = 0;
    if (!lent_results().empty()) owe(slot_number);
    put_result(slot_number);
    os::fault_point("process.crew.finished");
    const ClaimWord word = unpack_claim(claimed_);
    std::uint64_t expected = claimed_;
    if (!slot.claim.compare_exchange_strong(expected, pack({word.round, owner(), ClaimState::done}),
                                            std::memory_order_acq_rel)) {
      for (;;) os::sleep_ns(doze_ns);  // condemned: the parent's signal is under way
    }
    os::fault_point("process.crew.delivering");
    const std::uint32_t written = seat_.written.load(std::memory_order_relaxed);
    seat_.finished[written % task_slots].store(slot_number, std::memory_order_relaxed);
    seat_.written.store(written + 1, std::memory_order_release);
    seat_.tasks.store(seat_.tasks.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    ring_done();
    if (result_.capacity() > kept_result_bytes) result_ = {};
  }

  // Pairs with the sleeper's look at the bell, and with the watcher's look at what is finished.
  void ring_done() const {
    control_.done_bell.fetch_add(1, std::memory_order_seq_cst);
    if (control_.sleepers.load(std::memory_order_seq_cst) != 0) {
      os::futex_wake(control_.done_bell, os::wake_all);
    }
    if (control_.watcher_wants.load(std::memory_order_seq_cst) != 0 &&
        control_.watcher_wants.exchange(0) != 0) {
      alarm_.raise();
    }
  }

  void owe(std::uint32_t slot_number) {
    TaskSlot& slot = view_.slot(slot_number);
    const ClaimWord word = unpack_claim(claimed_);
    if (slot.outcome == TaskOutcome::returned) {
      const std::size_t before = result_.size();
      put_names(lent_results(), result_);
      slot.lent_bytes = result_.size() - before;
      const std::uint64_t done = pack({word.round, owner(), ClaimState::done});
      owed_.push_back({slot_number, done, std::move(lent_results())});
    }
    lent_results().clear();
  }

  // Lets go of what the parent holds by now.
  void settle_debts() {
    std::erase_if(owed_, [&](const Owed& owed) {
      return view_.slot(owed.slot).claim.load(std::memory_order_acquire) != owed.done;
    });
  }

  TaskOutcome call(std::uint32_t slot_number) {
    TaskSlot& slot = view_.slot(slot_number);
    const auto entry = find(slot.entry);
    if (entry == nullptr) return TaskOutcome::unknown_code;
    try {
      if (slot.argument_bytes <= inline_bytes) {
        return entry({slot.bytes, slot.argument_bytes}, result_);
      }
      const Part part(memory_, CrewView::argument_at(slot_number), slot.argument_bytes);
      return entry(part.bytes(), result_);
    } catch (...) {
      result_.clear();
      describe_exception(result_);
      return TaskOutcome::threw;
    }
  }

  mp::Bytes read(std::uint64_t at, std::uint64_t bytes) const {
    mp::Bytes content(bytes);
    std::error_code error;
    os::read_at(memory_, at, content.data(), bytes, error);
    return content;
  }

  void put_result(std::uint32_t slot_number) {
    TaskSlot& slot = view_.slot(slot_number);
    slot.result_bytes = result_.size();
    if (result_.size() <= inline_bytes) {
      std::memcpy(slot.bytes, result_.data(), result_.size());
      return;
    }
    const bool fits = result_.size() <= message_bytes_max &&
                      !os::fault_point("process.crew.result") &&
                      !os::write_within_limit(memory_, CrewView::result_at(slot_number),
                                              result_.data(), result_.size());
    if (!fits) slot.outcome = TaskOutcome::no_space;
  }

  // Null for code that is not loaded here.
  TaskEntry find(const os::CodeName& name) {
    if (entry_ == nullptr || name.offset != name_.offset || name.build_id != name_.build_id) {
      try {
        entry_ = reinterpret_cast<TaskEntry>(code_of_name(name));
      } catch (const NotFound&) {
        entry_ = nullptr;
      }
      name_ = name;
    }
    return entry_;
  }

  bool initialize() {
    working.store(true);
    mp::Bytes failure;
    const TaskEntry entry = find(control_.initializer);
    TaskOutcome outcome = TaskOutcome::unknown_code;
    try {
      const mp::Bytes argument = read(CrewView::start_at(view_.workers()) + control_.kinship_bytes,
                                      control_.initializer_bytes);
      if (entry != nullptr) outcome = entry(argument, failure);
    } catch (...) {
      failure.clear();
      describe_exception(failure);
      outcome = TaskOutcome::threw;
    }
    os::flush_streams();
    working.store(false);
    if (outcome == TaskOutcome::returned) return true;
    std::string text = outcome == TaskOutcome::unknown_code ? "its code is not loaded in workers"
                                                            : describe(read_description(failure));
    text.resize(std::min(text.size(), sizeof control_.failure - 1));
    std::uint32_t none = 0;
    if (control_.failed.compare_exchange_strong(none, 1)) {
      text.copy(control_.failure, sizeof control_.failure - 1);
      control_.failed.store(2, std::memory_order_release);
    }
    return false;
  }

  // --- Waiting ----------------------------------------------------------------------------------

  bool anything() const noexcept {
    const std::uint64_t head = control_.head.load(std::memory_order_acquire);
    return is_at(view_.ready(head).load(std::memory_order_seq_cst), head) ||
           control_.stop.load(std::memory_order_relaxed) != 0;
  }

  void wait() {
    const std::uint64_t bit = 1ULL << (number_ % 64);
    if (spin(bit)) return;
    std::atomic<std::uint64_t>& parked = control_.parked[number_ / 64];
    // An exchange: whoever opened the gate before is read by it, and the stop that it had set.
    seat_.gate.exchange(0, std::memory_order_acq_rel);
    parked.fetch_or(bit, std::memory_order_seq_cst);
    os::fault_point("process.crew.parking");
    // Pairs with the parent's look at `parked` after an entry: one of the two sees the other's.
    if (!anything()) {
      const bool keeps = segment::Borrowing::keeps_any() || !owed_.empty();
      os::futex_wait(seat_.gate, 0, keeps ? keep_ns : doze_ns);
      if (keeps && !anything()) segment::Borrowing::drop_kept();
    }
    parked.fetch_and(~bit, std::memory_order_acq_rel);
  }

  // True when there is something to take. One core is left to the parent and its other workers.
  bool spin(std::uint64_t bit) {
    std::atomic<std::uint64_t>& spinning = control_.spinning[number_ / 64];
    spinning.fetch_or(bit, std::memory_order_acq_rel);
    bool found = false;
    if (gauge_.worth() && spinners() < control_.cores) {
      const std::int64_t begin = os::monotonic_ns();
      for (std::uint32_t i = 1;; ++i) {
        if ((found = anything())) break;
        os::cpu_relax();
        if (i % 64 == 0 && os::monotonic_ns() - begin >= spin_ns) break;
      }
      gauge_.note(found, os::monotonic_ns() - begin);
    }
    spinning.fetch_and(~bit, std::memory_order_acq_rel);
    return found;
  }

  std::uint32_t spinners() const {
    std::uint32_t count = 0;
    for (std::size_t i = 0; i * 64 < view_.workers(); ++i) {
      count += static_cast<std::uint32_t>(
          std::popcount(control_.spinning[i].load(std::memory_order_relaxed)));
    }
    return count;
  }

  CrewView view_;
  CrewControl& control_;
  std::size_t number_;
  SeatLayout& seat_;
  const os::Event& alarm_;
  const os::Descriptor& memory_;
  std::uint64_t claimed_ = 0;
  SpinGauge gauge_;
  mp::Bytes result_;
  std::vector<Owed> owed_;
  os::CodeName name_;  // of the entry called last
  TaskEntry entry_ = nullptr;
};

// std::exit would run what the parent registered before it forked, and close what is the parent's.
void leave(int code) {
  if (code == 0) mp::leave_all();
  os::flush_streams();
  os::exit_now(code);
}

// Its name, its parent, the key: as of a child that the parent made itself.
void take_kinship(const CrewView& view, std::size_t seat, const os::Descriptor& memory) {
  mp::Bytes bytes(view.control().kinship_bytes);
  std::error_code error;
  os::read_at(memory, CrewView::start_at(view.workers()), bytes.data(), bytes.size(), error);
  auto kin = mp::decode<Kinship>(bytes);
  kin.name += "-" + std::to_string(seat + 1);
  kin.ancestry.push_back(static_cast<std::uint32_t>(seat + 1));
  become(std::move(kin));
  forget_children();
}

}  // namespace

void serve_crew(const CrewView& view, std::size_t seat, const os::Event& alarm,
                const os::Descriptor& memory) {
  view.seat(seat).start.store(os::this_process().start);
  view.seat(seat).pid.store(os::this_process_id(), std::memory_order_release);
  os::call_at_exit(leave);
  take_kinship(view, seat, memory);
  os::drop_output();
  os::close_input();
  Worker(view, seat, alarm, memory).serve();
  mp::leave_all();
  view.seat(seat).state.store(static_cast<std::uint32_t>(SeatState::left),
                              std::memory_order_release);
}

segment::Lending::Held& lent_results() {
  static auto* the_held = new segment::Lending::Held;
  return *the_held;
}

void put_names(const segment::Lending::Held& held, mp::Bytes& result) {
  for (const segment::Lent& lent : held) {
    if (lent.name.empty()) continue;
    for (const std::string* part : {&lent.place.directory, &lent.place.prefix, &lent.name}) {
      append_bytes(part->c_str(), part->size() + 1, result);
    }
  }
}

segment::Lending::Held hold_named(std::span<const std::byte> names) {
  segment::Lending::Held held;
  std::string_view left(reinterpret_cast<const char*>(names.data()), names.size());
  const auto next = [&left] {
    std::string part(left.substr(0, left.find('\0')));
    left.remove_prefix(std::min(left.size(), part.size() + 1));
    return part;
  };
  while (!left.empty()) {
    AttachOptions options;
    options.access = Access::read_only;
    options.place.directory = next();
    options.place.prefix = next();
    const std::string name = next();
    try {
      held.push_back({Segment::attach(name, options), options.place, name});
    } catch (const Error&) {  // removed meanwhile: who reads the result is told
    }
  }
  return held;
}

bool in_worker() noexcept { return working.load(std::memory_order_relaxed); }

}  // namespace furrow::process
