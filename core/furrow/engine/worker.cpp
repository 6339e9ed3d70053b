#include <furrow/engine/worker.hpp>

#include <algorithm>
#include <bit>
#include <cstring>

#include <furrow/engine/mirror.hpp>
#include <furrow/engine/options.hpp>
#include <furrow/engine/plugin.hpp>
#include <furrow/engine/runner.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/cpu.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/futex.hpp>
#include <furrow/os/process.hpp>

namespace furrow::engine {
namespace {

// About what a wake from the kernel costs: spinning longer than that wastes more than it saves.
constexpr std::int64_t spin_ns = 60'000;
constexpr std::int64_t doze_ns = 250'000'000;

class Server {
 public:
  Server(const ControlView& view, std::size_t worker, int coordinator,
         const std::atomic<bool>* leave)
      : view_(view),
        control_(view.control()),
        worker_(worker),
        coordinator_(coordinator),
        mirror_(view),
        leave_(leave),
        runner_(view, worker, leave) {}

  void serve() {
    Worker& me = view_.worker(worker_);
    mirror_.sync();
    me.mapping_failed.store(mirror_.failures(), std::memory_order_relaxed);
    me.state.store(static_cast<std::uint32_t>(WorkerState::running), std::memory_order_release);
    control_.attention.fetch_add(1, std::memory_order_acq_rel);
    os::futex_wake(control_.attention, os::wake_all);
    while (control_.stop.load(std::memory_order_acquire) == 0 && !leaving()) {
      const std::uint32_t bell = control_.bell.load(std::memory_order_acquire);
      mirror_.sync();
      if (!work()) wait(bell);
    }
  }

 private:
  bool leaving() const { return leave_ != nullptr && leave_->load(std::memory_order_relaxed); }

  // Runs what can be claimed in any job, oldest first as near as the slots tell. True when
  // something was run.
  bool work() {
    bool any = false;
    std::uint32_t active = control_.active_jobs.load(std::memory_order_acquire);
    for (; active != 0; active &= active - 1) {
      const auto slot = static_cast<std::size_t>(std::countr_zero(active));
      Job& known = jobs_[slot];
      const std::uint32_t round = view_.job(slot).round.load(std::memory_order_acquire);
      if (round == 0 || view_.job(slot).stop.load(std::memory_order_relaxed) != 0) continue;
      if (known.round != round && !load(slot, known)) continue;
      if (known.can_run && runner_.run(known.job) > 0) any = true;
    }
    return any;
  }

  struct Job {
    std::uint32_t round = 0;
    bool can_run = false;
    LoadedJob job;
  };

  // A kernel touches its operands only; a closure may point into any array that can be mapped.
  bool has_memory(const LoadedJob& job) const {
    if (mirror_.failures() == 0) return true;
    if (job.variant == nullptr) return false;
    const JobDescription& d = job.description;
    return std::all_of(d.operands, d.operands + d.operand_count, [&](const OperandLayout& o) {
      return o.is_constant != 0 || mirror_.covers(o.address);
    });
  }

  bool load(std::size_t slot, Job& known) {
    load_published_plugins(view_, plugins_loaded_);
    os::fault_point("engine.job.loading");
    const LoadResult result = load_job(view_, slot, known.job);
    if (result == LoadResult::gone) return false;
    // What the job needs was published before it. So this comes after its description was read: the
    // job may be a later one than was seen above, with arrays where others were.
    mirror_.sync();
    known.round = known.job.round;
    known.can_run = result == LoadResult::loaded && has_memory(known.job);
    for (std::size_t i = 0; known.can_run && i < known.job.description.operand_count; ++i) {
      const OperandLayout& operand = known.job.description.operands[i];
      known.job.untouched[i] = operand.use != Use::read && known.job.packed[i] &&
                               mirror_.take_untouched(operand.address);
    }
    Worker& me = view_.worker(worker_);
    me.mapping_failed.store(mirror_.failures(), std::memory_order_relaxed);
    me.jobs.store(me.jobs.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    if (!known.can_run) runner_.decline(slot, known.round);
    return true;
  }

  void wait(std::uint32_t bell) {
    const auto policy = static_cast<WaitPolicy>(control_.wait_policy);
    if (policy != WaitPolicy::passive && spin(bell, policy == WaitPolicy::active)) return;
    std::atomic<std::uint64_t>& parked = control_.parked[worker_ / 64];
    const std::uint64_t bit = 1ULL << (worker_ % 64);
    parked.fetch_or(bit, std::memory_order_seq_cst);
    // Pairs with ring(): either it sees the bit, or this sees the bell.
    if (control_.bell.load(std::memory_order_seq_cst) == bell) {
      os::futex_wait(control_.bell, bell, doze_ns);
    }
    parked.fetch_and(~bit, std::memory_order_relaxed);
    const bool idle = control_.bell.load(std::memory_order_relaxed) == bell;
    if (idle && coordinator_died()) control_.stop.store(1, std::memory_order_release);
  }

  // Only a joined worker looks: the others die with their nursery.
  bool coordinator_died() const {
    return coordinator_ >= 0 && os::wait_ready(std::span(&coordinator_, 1), 0)[0];
  }

  // True when the bell rang. Gives up at once where that would take the last core from others.
  bool spin(std::uint32_t bell, bool for_ever) {
    std::atomic<std::uint64_t>& spinning = control_.spinning[worker_ / 64];
    const std::uint64_t bit = 1ULL << (worker_ % 64);
    spinning.fetch_or(bit, std::memory_order_acq_rel);
    bool rang = false;
    if (for_ever || spinners() < control_.cores) {
      std::int64_t end = os::monotonic_ns() + (for_ever ? doze_ns : spin_ns);
      for (std::uint32_t i = 1;; ++i) {
        if (control_.bell.load(std::memory_order_acquire) != bell) {
          rang = true;
          break;
        }
        os::cpu_relax();
        if (i % 64 != 0) continue;
        if (control_.stop.load(std::memory_order_relaxed) != 0 || leaving()) break;
        if (os::monotonic_ns() < end) continue;
        if (!for_ever || coordinator_died()) break;
        end += doze_ns;
      }
    }
    spinning.fetch_and(~bit, std::memory_order_relaxed);
    return rang;
  }

  std::uint32_t spinners() const {
    std::uint32_t count = 0;
    for (std::size_t i = 0; i * 64 < view_.slots(); ++i) {
      count += static_cast<std::uint32_t>(
          std::popcount(control_.spinning[i].load(std::memory_order_relaxed)));
    }
    return count;
  }

  ControlView view_;
  Control& control_;
  std::size_t worker_;
  int coordinator_;
  Mirror mirror_;
  const std::atomic<bool>* leave_;
  Runner runner_;
  Job jobs_[job_slots];
  std::uint32_t plugins_loaded_ = 0;
};

}  // namespace

void serve(const ControlView& view, std::size_t worker, int coordinator,
           const std::atomic<bool>* leave) {
  os::fault_point("engine.worker.starting");
  if (view.control().pin != 0) os::pin_to_core(worker);
  Server(view, worker, coordinator, leave).serve();
  view.worker(worker).state.store(static_cast<std::uint32_t>(WorkerState::left),
                                  std::memory_order_release);
}

}  // namespace furrow::engine
