#include <furrow/engine/coordinator.hpp>

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include <furrow/engine/sweep.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/cpu.hpp>
#include <furrow/os/futex.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/segment/address_space.hpp>
#include <furrow/segment/spares.hpp>

namespace furrow::engine {
namespace {

constexpr std::size_t slots_for_joiners = 16;
constexpr std::int64_t start_timeout_ns = 20'000'000'000;
constexpr std::int64_t stop_timeout_ns = 4'000'000'000;
constexpr std::int64_t joined_stop_timeout_ns = 2'000'000'000;

std::string choose_name() {
  static std::atomic<unsigned> count{0};
  return fmt::format("engine-{}-{}", os::this_process_id(), count.fetch_add(1));
}

StartMethod choose_start(StartMethod wanted) {
  if (wanted == StartMethod::execute && !process::can_execute()) {
    throw InvalidArgument(
        "workers can only be started by execution in a program whose main begins "
        "with furrow::initialize(argc, argv)");
  }
  if (wanted == StartMethod::execute) return wanted;
  if (process::fork_is_safe()) return StartMethod::fork;
  if (wanted == StartMethod::automatic && process::can_execute()) return StartMethod::execute;
  throw InvalidArgument(fmt::format(
      "workers cannot be forked: this process has {} threads, and a fork would cut them off in the "
      "middle of what they do (start the engine before the threads, or call "
      "furrow::initialize(argc, argv) first in main and use StartMethod::execute)",
      os::thread_count()));
}

}  // namespace

Coordinator::Coordinator(const EngineOptions& options)
    : options_(options),
      name_(options.name.empty() ? choose_name() : options.name),
      pid_(os::this_process_id()) {
  worker_count_ = options_.workers != 0 ? options_.workers : os::granted_cores();
  if (options_.participate && options_.workers == 0 && worker_count_ > 1) --worker_count_;
  if (worker_count_ + 1 > worker_slots_max) {
    throw InvalidArgument(fmt::format("{} workers asked for; an engine has at most {}",
                                      worker_count_, worker_slots_max - 1));
  }
  first_worker_ = options_.participate ? 1 : 0;
  options_.start = choose_start(options_.start);
  sweep(false, options_.place);

  const segment::AddressRange range = segment::address_range();
  if (range.bytes == 0) {
    throw OutOfSpace(
        "no range of addresses can be kept for shared arrays (is there a limit on the "
        "address space? ulimit -v)");
  }
  const std::size_t slots =
      std::min(first_worker_ + worker_count_ + slots_for_joiners, worker_slots_max);
  segment::Content content;
  content.kind = segment::Kind::engine;
  content.data_bytes = ControlView::bytes_for(slots);
  CreateOptions create;
  create.lifetime = Lifetime::owned;
  create.place = options_.place;
  segment_ = Segment::create(name_, content, create);
  view_.base = segment_->data();

  Control& control = view_.control();
  control.version = control_version;
  control.worker_slots = static_cast<std::uint32_t>(slots);
  control.cores = static_cast<std::uint32_t>(os::granted_cores());
  control.coordinator_pid = pid_;
  control.coordinator_start = os::this_process().start;
  control.range_base = range.base;
  control.range_bytes = range.bytes;
  control.wait_policy = static_cast<std::uint32_t>(options_.wait);
  control.pin = options_.pin ? 1 : 0;
  control.bytes = content.data_bytes;
  control.engine_id = os::random_bits() | 1;
  kernels::target().copy(control.target, sizeof control.target - 1);
  control.slots_used.store(static_cast<std::uint32_t>(first_worker_ + worker_count_));
  for (std::size_t w = first_worker_; w < first_worker_ + worker_count_; ++w) {
    view_.worker(w).state.store(static_cast<std::uint32_t>(WorkerState::wanted));
  }
  if (options_.participate) {
    view_.worker(0).state.store(static_cast<std::uint32_t>(WorkerState::running));
  }
  // Last: from now on others can join, in the places that are empty.
  std::atomic_thread_fence(std::memory_order_release);
  control.magic = control_magic;
  seats_.resize(slots);
  if (options_.participate) {
    view_.worker(0).pid.store(pid_);
    runner_ = std::make_unique<Runner>(view_, 0);
  }
  publisher_ = std::make_unique<Publisher>(view_);
}

Coordinator::~Coordinator() {
  if (os::this_process_id() == pid_) return;
  // In a forked child there is no such thread, and none to be waited for. Its list of attachments
  // still names the publisher, and whoever held the list's lock is not there to let it go.
  if (watcher_.joinable()) watcher_.detach();
  static_cast<void>(publisher_.release());
}

void Coordinator::start_helpers() {
  requests_ = os::Event::create();
  alarm_ = os::Event::create();
  segment::observe_attachments(publisher_.get());
  try {
    start_nursery();
    await_workers();
  } catch (...) {
    stop();
    throw;
  }
  watcher_ = std::thread([this] { watch(); });
}

void Coordinator::start_nursery() {
  NurseryArgument argument;
  argument.name = name_;
  argument.place = options_.place;
  argument.coordinator_pid = pid_;
  argument.range_base = view_.control().range_base;
  argument.range_bytes = view_.control().range_bytes;
  argument.requests = requests_.get();
  argument.alarm = alarm_.get();
  const std::array<int, 2> inherited{requests_.get(), alarm_.get()};
  view_.control().nursery_pid.store(0);
  nursery_child_ = options_.start == StartMethod::fork
                       ? process::start_by_fork(nursery_main, argument.encode(), inherited)
                       : process::start_by_execution(nursery_main, argument.encode(), inherited);
  nursery_ = os::ProcessWatch(nursery_child_);
  nursery_pid_ = nursery_child_;
}

// Waits until every worker that was asked for serves.
void Coordinator::await_workers() {
  Control& control = view_.control();
  const std::int64_t deadline = os::monotonic_ns() + start_timeout_ns;
  for (;;) {
    const std::uint32_t attention = control.attention.load(std::memory_order_acquire);
    if (workers_alive() >= worker_count_ + first_worker_) return;
    if (nursery_.dead()) {
      throw WorkerDied(
          fmt::format("the engine \"{}\" could not start its workers: the process that "
                      "starts them ended",
                      name_));
    }
    for (std::size_t w = first_worker_; w < first_worker_ + worker_count_; ++w) {
      const auto state = static_cast<WorkerState>(view_.worker(w).state.load());
      if (state == WorkerState::dead) {
        throw WorkerDied(
            fmt::format("the engine \"{}\" could not start worker {}: it ended at once", name_, w));
      }
    }
    if (os::monotonic_ns() > deadline) {
      throw Timeout(fmt::format("the engine \"{}\" waited 20 s for its workers to start", name_));
    }
    os::futex_wait(control.attention, attention, 20'000'000);
  }
}

std::size_t Coordinator::workers_alive() const noexcept {
  std::size_t alive = 0;
  for (std::size_t w = 0; w < view_.slots(); ++w) {
    const auto state = static_cast<WorkerState>(view_.worker(w).state.load());
    if (state == WorkerState::running) ++alive;
  }
  return alive;
}

void Coordinator::stop() {
  if (os::this_process_id() != pid_ || stopping_.exchange(true)) return;
  Control& control = view_.control();
  segment::unobserve_attachments(publisher_.get());
  control.stop.store(1, std::memory_order_release);
  ring(view_);
  requests_.raise();
  alarm_.raise();
  if (watcher_.joinable()) watcher_.join();
  end_nursery(nursery_pid_, nursery_);
  // A spare that has just taken over is not known by its handle yet.
  const std::uint64_t latest = control.nursery_pid.load(std::memory_order_acquire);
  if (latest != 0 && latest != nursery_pid_) end_nursery(latest, os::ProcessWatch(latest));
  if (nursery_child_ != 0) os::collect(nursery_child_);
  await_end_of_workers();
  segment::drop_spares();
  // A thread that takes part comes to a tile border, too.
  const std::lock_guard participant(participate_mutex_);
  // Whoever had to be killed may have left a tile half-made: make it whole, then end all jobs.
  std::vector<Operand> let_go;  // after the lock
  const std::lock_guard lock(mutex_);
  for (auto& held : jobs_) {
    const std::shared_ptr<JobState> job = held;
    if (job == nullptr) continue;
    if (!complete(*job)) job->cancelled = true;  // a recovery closes what was in hand
    for (std::size_t w = 0; w < view_.slots(); ++w) recover(view_, job->slot, w, true);
    end(*job, let_go);
  }
  try {  // now, though futures may keep the segment, and helpers that are just going may hold it
    segment::remove(name_, true, options_.place);
  } catch (const Error&) {  // somebody was faster
  }
}

void Coordinator::end_nursery(std::uint64_t pid, const os::ProcessWatch& watch) {
  if (watch.dead()) return;
  const std::array<int, 1> source{watch.get()};
  os::wait_ready(source, stop_timeout_ns);
  if (watch.dead()) return;
  os::kill_now(view_.control().spare_pid.load());
  os::kill_now(pid);  // its workers go with it
  os::wait_ready(source, stop_timeout_ns);
}

// Those of the nursery went with it, or are just going; those that joined get the same time to
// come to a tile border. None may write any more when their tiles are settled.
void Coordinator::await_end_of_workers() {
  const std::int64_t deadline = os::monotonic_ns() + joined_stop_timeout_ns;
  for (std::size_t w = first_worker_; w < view_.slots(); ++w) {
    const Worker& worker = view_.worker(w);
    const auto lives = [&] {
      const auto state = static_cast<WorkerState>(worker.state.load());
      return state == WorkerState::running || state == WorkerState::starting;
    };
    const std::uint64_t pid = worker.pid.load();
    if (!lives() || pid == 0) continue;
    const os::ProcessWatch watch(pid);
    while (lives() && !watch.dead() && os::monotonic_ns() < deadline) os::sleep_ns(200'000);
    if (!lives() || watch.dead()) continue;
    os::kill_now(pid);
    const std::array<int, 1> source{watch.get()};
    os::wait_ready(source, stop_timeout_ns);
  }
}

}  // namespace furrow::engine
