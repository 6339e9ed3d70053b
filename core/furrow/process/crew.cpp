// A crew's beginning and end.
#include <furrow/process/crew.hpp>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <furrow/error.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/cpu.hpp>
#include <furrow/os/futex.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/os/memory.hpp>
#include <furrow/os/memory_file.hpp>
#include <furrow/process/crew_worker.hpp>
#include <furrow/process/identity.hpp>
#include <furrow/process/parcel.hpp>
#include <furrow/process/start.hpp>
#include <furrow/segment/place.hpp>

namespace furrow::process {
namespace {

constexpr std::int64_t start_timeout_ns = 60'000'000'000;
constexpr std::int64_t look_ns = 20'000'000;

bool must_execute() {
  if (fork_is_safe()) return false;
  if (can_execute()) return true;
  throw InvalidArgument(fmt::format(
      "workers cannot be forked: this process has {} threads, and a fork would cut them off in the "
      "middle of what they do (make the pool before the threads, or call "
      "furrow::initialize(argc, argv) first in main, and workers are executed)",
      os::thread_count()));
}

}  // namespace

Crew::Crew(const CrewOptions& options) : options_(options), pid_(os::this_process_id()) {
  bytes_ = CrewView::bytes_for(options_.workers);
  std::error_code error;
  memory_ = os::create_memory_file(error);
  if (!error) error = os::reserve(memory_, bytes_);
  if (!error) address_ = os::map_file(memory_.get(), bytes_, true, 0, error);
  if (error) {
    throw OutOfSpace(fmt::format("a {} needs {} bytes of shared memory: {}", options_.noun, bytes_,
                                 error.message()));
  }
  view_.base = reinterpret_cast<std::byte*>(address_);
  CrewControl& control = view_.control();
  control.workers = static_cast<std::uint32_t>(options_.workers);
  control.cores = static_cast<std::uint32_t>(os::granted_cores());
  control.parent_pid = pid_;
  control.tasks_per_worker = options_.tasks_per_worker;
  control.head.store(1);
  for (std::size_t w = 0; w < options_.workers; ++w) {
    view_.seat(w).state.store(static_cast<std::uint32_t>(SeatState::wanted));
  }
  seats_.resize(options_.workers);
  posted_.resize(task_slots);
  for (std::uint32_t slot = task_slots; slot-- > 0;) free_slots_.push_back(slot);
  share_start(std::exchange(options_.initializer, nullptr));
  control.magic = crew_magic;
}

Crew::~Crew() {
  if (watcher_.joinable()) watcher_.detach();
  if (caller_.joinable()) caller_.detach();
  if (address_ != 0) os::unmap(address_, bytes_, false);
}

// What each worker reads when it starts: who it is, as a child of this process would be told, and
// the initializer.
void Crew::share_start(const Call* initializer) {
  CrewControl& control = view_.control();
  Kinship kin = kinship();
  kin.authkey = shared_key();
  kin.parent_name = kin.name;
  kin.parent_pid = pid_;
  kin.name = options_.noun == "pool" ? "PoolWorker" : "ExecutorWorker";
  mp::Bytes bytes = mp::encode(kin);
  control.kinship_bytes = bytes.size();
  if (initializer != nullptr) {
    control.has_initializer = 1;
    control.initializer = initializer->entry;
    control.initializer_bytes = initializer->argument.size();
    append_bytes(initializer->argument.data(), initializer->argument.size(), bytes);
  }
  const std::error_code error = os::write_within_limit(
      memory_, CrewView::start_at(options_.workers), bytes.data(), bytes.size());
  if (error) {
    throw OutOfSpace(fmt::format("a {} cannot keep the {} bytes that its workers start with: {}",
                                 options_.noun, bytes.size(), error.message()));
  }
}

std::shared_ptr<Crew> Crew::start(const CrewOptions& options) {
  const bool execute = must_execute();
  auto crew = std::make_shared<Crew>(options);
  crew->requests_ = os::Event::create();
  crew->alarm_ = os::Event::create();
  if (!crew->requests_.valid() || !crew->alarm_.valid()) {
    throw Error(fmt::format("a {} needs three descriptors, and there are none left", options.noun));
  }
  os::flush_streams();  // what is held back must not be written twice
  crew->start_nursery(execute);
  try {
    crew->watcher_ = std::thread([crew] {
      const OwnThread own;
      os::block_signals();  // they are for the user's threads
      crew->watch();
    });
  } catch (const std::system_error&) {
    crew->end_helpers();
    throw Error(fmt::format("a {} needs a thread, and the system has none left", options.noun));
  }
  try {
    crew->await_workers();
  } catch (...) {
    crew->terminate();
    crew->release();
    throw;
  }
  return crew;
}

void Crew::start_nursery(bool execute) {
  const Place place = Place::default_place();
  CrewArgument argument;
  argument.parent_pid = pid_;
  argument.bytes = bytes_;
  argument.memory = memory_.get();
  argument.requests = requests_.get();
  argument.alarm = alarm_.get();
  argument.directory = place.directory;
  argument.prefix = place.prefix;
  const std::array<int, 3> inherited{memory_.get(), requests_.get(), alarm_.get()};
  view_.control().nursery_pid.store(0);
  view_.control().spare_pid.store(0);
  nursery_child_ = execute ? start_by_execution(crew_nursery_main, argument.encode(), inherited)
                           : start_by_fork(crew_nursery_main, argument.encode(), inherited);
  nursery_ = os::ProcessWatch(nursery_child_);
  nursery_pid_ = nursery_child_;
}

SeatState Crew::state_of(std::size_t worker) const noexcept {
  return static_cast<SeatState>(view_.seat(worker).state.load(std::memory_order_acquire));
}

// A seat that was filled once counts, whatever has happened to its worker since.
void Crew::await_workers() {
  const CrewControl& control = view_.control();
  const std::int64_t deadline =
      control.has_initializer != 0 ? INT64_MAX : os::monotonic_ns() + start_timeout_ns;
  std::vector<bool> filled(options_.workers, false);
  for (;;) {
    const std::uint32_t attention = control.attention.load(std::memory_order_acquire);
    for (std::size_t w = 0; w < filled.size(); ++w) {
      if (state_of(w) == SeatState::running) filled[w] = true;
    }
    {
      const Lock lock(mutex_);
      if (!broken_.empty()) throw_broken();
    }
    if (std::all_of(filled.begin(), filled.end(), std::identity())) return;
    if (os::monotonic_ns() > deadline) {
      throw furrow::Timeout(
          fmt::format("the {}'s workers have not started within 60 s", options_.noun));
    }
    os::futex_wait(control.attention, attention, look_ns);
  }
}

void Crew::throw_broken() const {
  throw BrokenPool(fmt::format("the {} is broken: {}", options_.noun, broken_));
}

// --- Ends ---------------------------------------------------------------------------------------

void Crew::close() {
  if (!is_ours()) return;
  const Lock lock(mutex_);
  closed_ = true;
  arm();
  alarm_.raise();
}

bool Crew::closed() const {
  const Lock lock(mutex_);
  return closed_;
}

void Crew::cancel_pending() {
  if (!is_ours()) return;
  const Lock lock(mutex_);
  if (closed_) feeds_.clear();
  collect();
  const std::vector<Task> posted = posted_;
  for (const Task& task : posted) {
    if (task == nullptr) continue;
    std::uint64_t bits = view_.slot(task->slot).claim.load();
    const ClaimWord word = unpack_claim(bits);
    if (word.state != ClaimState::ready ||
        !view_.slot(task->slot)
             .claim.compare_exchange_strong(bits, pack({word.round, 0, ClaimState::empty}))) {
      continue;
    }
    give_back(task->slot);
    resolve(task, std::make_exception_ptr(Cancelled("the task was cancelled before it began")),
            true);
  }
  while (!pending_.empty()) {
    const Task task = std::move(pending_.front());
    pending_.pop_front();
    resolve(task, std::make_exception_ptr(Cancelled("the task was cancelled before it began")),
            true);
  }
  bump();
}

void Crew::terminate() {
  if (!is_ours()) return;
  {
    const Lock lock(mutex_);
    closed_ = true;
    terminated_ = true;
  }
  cancel_pending();
  {
    const Lock lock(mutex_);
    view_.control().stop.store(1, std::memory_order_release);
    for (const Seat& seat : seats_) {
      if (seat.pid != 0) seat.watch.kill();
    }
  }
  requests_.raise();
  alarm_.raise();
  join(mp::Timeout());
}

bool Crew::is_ours() const noexcept { return os::this_process_id() == pid_; }

bool Crew::join(const mp::Deadline& deadline) {
  if (!is_ours()) return true;
  return submit_feeds(deadline) &&
         wait(deadline, [&] { return ended_.load(std::memory_order_acquire); }) &&
         await_callbacks(deadline);
}

// What was begun before the end is submitted whole: nobody else may come for it any more.
bool Crew::submit_feeds(const mp::Deadline& deadline) {
  for (;;) {
    std::shared_ptr<Feed> feed;
    {
      const Lock lock(mutex_);
      if (feeds_.empty()) return true;
      feed = feeds_.front();
    }
    std::unique_lock source(feed->mutex, std::defer_lock);
    if (deadline.is_forever()) {
      source.lock();
    } else if (!source.try_lock_for(std::chrono::nanoseconds(deadline.left_ns()))) {
      return false;
    }
    if (feed->submit_rest && !feed->submit_rest(deadline)) return false;
    end_feed(feed.get());
  }
}

void Crew::open_feed(const std::shared_ptr<Feed>& feed) {
  check_ours();
  const Lock lock(mutex_);
  check_open(nullptr);
  feeds_.push_back(feed);
}

void Crew::end_feed(const Feed* feed) noexcept {
  if (!is_ours()) return;
  const Lock lock(mutex_);
  std::erase_if(feeds_, [&](const auto& one) { return one.get() == feed; });
  if (finished()) alarm_.raise();
}

void Crew::check_open(const Feed* feed) const {
  if (!broken_.empty()) throw_broken();
  const auto is_it = [&](const auto& one) { return one.get() == feed; };
  if (!closed_ || std::any_of(feeds_.begin(), feeds_.end(), is_it)) return;
  throw Closed(fmt::format("no task can be given to {} {} that is closed",
                           options_.noun == "executor" ? "an" : "a", options_.noun));
}

void Crew::release() {
  if (!is_ours()) {
    if (watcher_.joinable()) watcher_.detach();
    if (caller_.joinable()) caller_.detach();
    return;
  }
  {
    const std::lock_guard lock(callbacks_mutex_);
    no_more_callbacks_ = true;
    callbacks_changed_.notify_all();
  }
  if (watcher_.joinable()) watcher_.join();
  if (!caller_.joinable()) return;
  if (caller_.get_id() == std::this_thread::get_id()) {
    caller_.detach();  // it ends after this callback, and those behind it
  } else {
    caller_.join();
  }
}

std::vector<std::uint64_t> Crew::worker_pids() const {
  std::vector<std::uint64_t> pids;
  for (std::size_t w = 0; w < options_.workers; ++w) {
    if (state_of(w) == SeatState::running) pids.push_back(view_.seat(w).pid.load());
  }
  return pids;
}

}  // namespace furrow::process
