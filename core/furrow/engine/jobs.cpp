#include <algorithm>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

#include <furrow/engine/coordinator.hpp>
#include <furrow/engine/fold.hpp>
#include <furrow/engine/operands.hpp>
#include <furrow/engine/strided.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/cpu.hpp>
#include <furrow/os/futex.hpp>

namespace furrow::engine {
namespace {

constexpr std::int64_t spin_ns = 30'000;
constexpr std::int64_t active_slice_ns = 1'000'000;
constexpr std::int64_t doze_ns = 50'000'000;
constexpr std::int64_t watch_ns = 50'000'000;
constexpr std::int64_t group_tiles_enough = 64;
constexpr std::int64_t groups_enough = 512;
constexpr std::size_t accumulator_bytes_max = 16 * 1024;

// A time that is `ns` after `now`, or the end of time.
std::int64_t later(std::int64_t now, std::int64_t ns) {
  return ns > INT64_MAX - now ? INT64_MAX : now + ns;
}

os::CodeName name_of(const void* code) {
  os::CodeName name;
  if (!os::name_code(code, name)) {
    throw InvalidArgument(
        "a closure cannot travel to the workers: its program or library has no "
        "build id (link with -Wl,--build-id)");
  }
  return name;
}

}  // namespace

Cut cut(std::int64_t count, std::int64_t tile_elements, std::size_t partial_bytes,
        bool is_light) noexcept {
  const std::int64_t tiles = (count + tile_elements - 1) / tile_elements;
  std::int64_t groups = groups_max;
  if (partial_bytes > 0) {
    const std::size_t stride = (partial_bytes + 15) & ~std::size_t{15};
    groups = std::min<std::int64_t>(groups, static_cast<std::int64_t>(partials_bytes / stride));
  }
  std::int64_t group_tiles = 1;
  while (is_light && group_tiles < group_tiles_enough &&
         tiles / (2 * group_tiles) >= groups_enough) {
    group_tiles *= 2;
  }
  while ((tiles + group_tiles - 1) / group_tiles > groups) group_tiles *= 2;
  return {static_cast<std::uint32_t>(group_tiles),
          static_cast<std::uint32_t>((tiles + group_tiles - 1) / group_tiles)};
}

// --- Posting ------------------------------------------------------------------------------------

// A free job slot; where none is, ends what is complete or waits for the job before.
std::size_t Coordinator::find_slot(std::unique_lock<std::mutex>& lock) {
  for (;;) {
    std::vector<Operand> let_go;
    for (std::size_t slot = 0; slot < job_slots; ++slot) {
      if (jobs_[slot] != nullptr && complete(*jobs_[slot])) end(*jobs_[slot], let_go);
      if (jobs_[slot] == nullptr) return slot;
    }
    const std::shared_ptr<JobState> other = jobs_[0];
    lock.unlock();
    wait(*other, doze_ns);
    lock.lock();
  }
}

std::shared_ptr<JobState> Coordinator::post(Job job) {
  const GatePass pass(gate_);
  if (stopping_.load()) throw InvalidArgument(fmt::format("the engine \"{}\" is stopped", name_));
  check_operands(job);
  if (job.captures.size() > captures_bytes_max || job.partial_bytes > accumulator_bytes_max) {
    throw InvalidArgument(
        "a closure may capture at most 4 KiB, and an accumulator may have at most "
        "16 KiB (keep more in a shared array)");
  }
  if (publisher_->overflow() > 0) {
    throw OutOfSpace(
        fmt::format("this process has more than {} arrays attached, more than an "
                    "engine can show to its workers",
                    attachments_max));
  }
  auto state = std::make_shared<JobState>();
  state->owner = shared_from_this();
  state->job = std::move(job);
  if (state->job.options.deadline_ns > 0) {
    state->deadline_ns = later(os::monotonic_ns(), state->job.options.deadline_ns);
  }
  if (state->job.count == 0 && !state->job.per_worker) {
    if (state->job.finish) state->job.finish(nullptr);
    state->ended.store(true);
    return state;
  }
  revive();
  if (crippled_.load()) {
    throw WorkerDied(fmt::format("the engine \"{}\" has no worker left", name_));
  }
  std::unique_lock lock(mutex_);
  const std::size_t at = find_slot(lock);
  // Again, since whoever stopped or failed all jobs meanwhile did not see this one.
  if (stopping_.load()) throw InvalidArgument(fmt::format("the engine \"{}\" is stopped", name_));
  if (crippled_.load()) {
    throw WorkerDied(fmt::format("the engine \"{}\" has no worker left", name_));
  }
  JobSlot& slot = view_.job(at);
  state->slot = at;
  state->round = ++rounds_[at];
  if ((state->round & round_mask) == 0) {
    // The words' round counter begins anew: none of the old ones may look present.
    for (auto& word : slot.groups) word.store(0, std::memory_order_relaxed);
    state->round = ++rounds_[at];
  }
  for (const Operand& operand : state->job.operands) {
    if (operand.use != Use::read) operand.array.segment()->mark_writer(view_.control().engine_id);
  }
  slot.round.store(0, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  describe(slot, *state);
  state->group_count = slot.description.group_count;
  state->job.captures = {};  // copied; the caller's closure may go
  if (state->job.per_worker) {
    for (std::uint32_t w = 0; w < state->group_count; ++w) {
      const auto there = static_cast<WorkerState>(view_.worker(w).state.load());
      if (there == WorkerState::running && may_run(w, *state)) continue;
      slot.groups[w].store(pack({state->round, 1023, GroupState::closed, 0}));
      slot.closed.fetch_add(1, std::memory_order_acq_rel);
    }
  }
  jobs_[at] = state;
  // Before the round, which lets a worker begin: settle() looks at active jobs only.
  view_.control().active_jobs.fetch_or(1U << at, std::memory_order_release);
  slot.round.store(state->round, std::memory_order_release);
  lock.unlock();
  ring(view_);
  if (state->deadline_ns != 0) alarm_.raise();
  return state;
}

void Coordinator::describe(JobSlot& slot, const JobState& state) const {
  const Job& job = state.job;
  JobDescription& d = slot.description;
  slot.stop.store(0, std::memory_order_relaxed);
  slot.failed.store(0, std::memory_order_relaxed);
  slot.closed.store(0, std::memory_order_relaxed);
  slot.waiters.store(0, std::memory_order_relaxed);
  d.flags = (job.partial_bytes > 0 ? flag_reduce : 0) | (job.per_worker ? flag_per_worker : 0) |
            (job.runs ? flag_runs : 0);
  d.count = job.count;
  d.tile_elements = job.tile_elements;
  d.operand_count = static_cast<std::uint32_t>(job.operands.size());
  d.partial_bytes = static_cast<std::uint32_t>(job.partial_bytes);
  d.captures_bytes = static_cast<std::uint32_t>(job.captures.size());
  std::copy(job.captures.begin(), job.captures.end(), reinterpret_cast<std::byte*>(slot.captures));
  std::size_t widest = 0;
  for (std::size_t i = 0; i < job.operands.size(); ++i) {
    d.operands[i] = layout_of(job.operands[i]);
    widest = std::max<std::size_t>(widest, d.operands[i].item_bytes);
  }
  if (d.tile_elements == 0) {
    d.tile_elements = tile_elements_for(widest);
    if (job.kernel != nullptr) d.tile_elements = tile_of_rows(d.operands[0], d.tile_elements);
  }
  d.protocol = choose_protocol(job, options_.exactly_once, d.flags);
  if (should_stream(job, d.protocol)) d.flags |= flag_streaming;
  if (job.per_worker) {
    d.group_tiles = 1;
    d.group_count = view_.control().slots_used.load();
    d.tile_elements = 1;
    d.count = d.group_count;
  } else {
    const bool is_light = (job.kernel != nullptr || job.is_light) && job.group_tiles == 0;
    Cut parts = cut(d.count, d.tile_elements, job.partial_bytes, is_light);
    if (job.group_tiles > parts.group_tiles) {
      const std::int64_t group = job.group_tiles * d.tile_elements;
      parts = {static_cast<std::uint32_t>(job.group_tiles),
               static_cast<std::uint32_t>((d.count + group - 1) / group)};
    }
    d.group_tiles = parts.group_tiles;
    d.group_count = parts.group_count;
  }
  d.kernel[0] = '\0';
  if (job.kernel != nullptr) {
    const std::size_t length = std::min(job.kernel->name.size(), sizeof d.kernel - 1);
    std::memcpy(d.kernel, job.kernel->name.data(), length);
    d.kernel[length] = '\0';
    d.kernel_inputs = static_cast<std::uint32_t>(job.kernel->input_count);
    std::copy(std::begin(job.variant->in), std::end(job.variant->in), d.kernel_in);
    d.kernel_out = job.variant->out;
    std::memcpy(d.parameters, job.parameters, sizeof d.parameters);
  } else {
    d.entry = name_of(reinterpret_cast<const void*>(job.entry));
    if (job.partial_bytes > 0) d.combine = name_of(reinterpret_cast<const void*>(job.combine));
  }
}

// --- Ending -------------------------------------------------------------------------------------

bool Coordinator::complete(const JobState& job) const noexcept {
  return groups_finished(view_, job.slot, job.round) >= job.group_count;
}

// True when workers closed groups only because the whole engine was told to stop.
bool Coordinator::was_cut_off(const JobState& job) const noexcept {
  if (view_.control().stop.load(std::memory_order_acquire) == 0) return false;
  const JobSlot& slot = view_.job(job.slot);
  for (std::uint32_t g = 0; g < job.group_count; ++g) {
    const GroupWord word = unpack(slot.groups[g].load(std::memory_order_acquire), job.round);
    if (word.state == GroupState::closed && word.owner < view_.slots()) return true;
  }
  return false;
}

std::exception_ptr Coordinator::error_of(const JobState& job) const {
  const JobSlot& slot = view_.job(job.slot);
  if (job.timed_out) {
    return std::make_exception_ptr(Timeout("the job's deadline passed before it was finished"));
  }
  const std::uint32_t failed = slot.failed.load(std::memory_order_acquire);
  if (failed == 1) {  // all groups are settled, so nobody is still writing
    return std::make_exception_ptr(
        KernelFailed("the job threw an exception, and the worker died before it could say which"));
  }
  if (failed == 2) {
    const Failure& failure = slot.failure;
    if (failure.kind == FailureKind::refused) {
      return std::make_exception_ptr(InvalidArgument(failure.text));
    }
    const std::string where =
        fmt::format("worker {}, elements {} to {}: {}", failure.worker, failure.first, failure.last,
                    static_cast<const char*>(failure.text));
    if (failure.kind == FailureKind::died) return std::make_exception_ptr(WorkerDied(where));
    return std::make_exception_ptr(KernelFailed(where));
  }
  if (job.cancelled || was_cut_off(job))
    return std::make_exception_ptr(Cancelled("the job was cancelled"));
  return nullptr;
}

// Combines the groups' partials in the fixed tree and hands the result to `finish`.
void Coordinator::fold(JobState& job) {
  JobSlot& slot = view_.job(job.slot);
  const std::size_t bytes = job.job.partial_bytes;
  const std::size_t stride = (bytes + 15) & ~std::size_t{15};
  if (job.job.gather) {
    for (std::uint32_t g = 0; g < job.group_count; ++g) {
      job.job.gather(slot.partials + g * stride);
    }
    return;
  }
  Fold tree(bytes);
  const auto merge = [&](void* left, void* right) {
    if (job.job.variant != nullptr) {
      job.job.variant->reduce.combine(left, right, left);
    } else {
      job.job.combine(slot.captures, left, right);
    }
  };
  for (std::uint32_t g = 0; g < job.group_count; ++g) {
    tree.push(slot.partials + g * stride, bytes, merge);
  }
  if (job.job.finish) job.job.finish(tree.result(merge));
}

void Coordinator::end(JobState& job, std::vector<Operand>& let_go) {
  if (job.ended.load()) return;
  job.error = error_of(job);
  if (job.error == nullptr) replacements_.store(0);  // workers that do their work are no storm
  if (job.error == nullptr && job.job.partial_bytes > 0) {
    try {
      fold(job);
    } catch (const std::exception& error) {  // from a closure's combine
      job.error = std::make_exception_ptr(KernelFailed(error.what()));
    } catch (...) {
      job.error = std::make_exception_ptr(KernelFailed("an exception that is no std::exception"));
    }
  }
  for (const Operand& operand : job.job.operands) {
    if (operand.use != Use::read) operand.array.segment()->bump_generation();
  }
  std::move(job.job.operands.begin(), job.job.operands.end(), std::back_inserter(let_go));
  job.job.operands.clear();
  for (AnyArray& array : job.job.keep) let_go.push_back({std::move(array), Use::read});
  job.job.keep.clear();
  JobSlot& slot = view_.job(job.slot);
  view_.control().active_jobs.fetch_and(~(1U << job.slot), std::memory_order_release);
  slot.round.store(0, std::memory_order_release);
  job.ended.store(true, std::memory_order_release);
  slot.signal.fetch_add(1, std::memory_order_acq_rel);
  if (slot.waiters.load() != 0) os::futex_wake(slot.signal, os::wake_all);
  jobs_[job.slot] = nullptr;  // last: it may be the last owner of `job`
}

// Ends what nobody waits for, so that its arrays and its slot are free again.
void Coordinator::end_forgotten() {
  std::vector<Operand> let_go;  // after the lock
  const std::lock_guard lock(mutex_);
  for (const auto& held : jobs_) {
    const std::shared_ptr<JobState> job = held;
    if (job == nullptr) continue;
    if (view_.job(job->slot).stop.load() != 0) close_free_groups(view_, job->slot, job->round);
    if (!complete(*job)) continue;
    end(*job, let_go);
  }
}

bool Coordinator::try_end(JobState& job) {
  if (job.ended.load(std::memory_order_acquire)) return true;
  if (!complete(job)) return false;
  std::shared_ptr<JobState> keep;  // outlives the lock
  std::vector<Operand> let_go;     // and so do its arrays
  const std::lock_guard lock(mutex_);
  if (job.ended.load()) return true;
  keep = jobs_[job.slot];
  end(job, let_go);
  return true;
}

// Ends a job whose rest is not going to run, unless somebody is still in the middle of a tile.
bool Coordinator::try_conclude(JobState& job) {
  if (view_.job(job.slot).stop.load(std::memory_order_seq_cst) == 0) return false;
  conclude(job);
  return try_end(job);
}

// --- Waiting ------------------------------------------------------------------------------------

// Spins until the job has ended or `until_ns`. True when it has.
bool Coordinator::spin(JobState& job, std::int64_t until_ns) {
  for (std::uint32_t i = 1;; ++i) {
    if (try_end(job)) return true;
    os::cpu_relax();
    if (i % 64 == 0 && os::monotonic_ns() >= until_ns) return false;
  }
}

// The first place is the waiting thread's, where it takes part.
bool Coordinator::may_run(std::size_t w, const JobState& job) const noexcept {
  return w >= first_worker_ || !job.job.options.workers_only;
}

void Coordinator::participate(JobState& job) {
  if (runner_ == nullptr || !may_run(0, job)) return;
  const std::unique_lock lock(participate_mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  LoadedJob loaded;
  if (load_job(view_, job.slot, loaded) != LoadResult::loaded || loaded.round != job.round) return;
  runner_->run(loaded);
}

// Parts of a job for every worker whose workers left since, or have not got the code: nobody else
// takes them.
void Coordinator::close_parts_of_absent(JobState& job) {
  if (!job.job.per_worker) return;
  const std::lock_guard lock(mutex_);
  if (job.ended.load()) return;
  JobSlot& slot = view_.job(job.slot);
  for (std::uint32_t w = 0; w < job.group_count; ++w) {
    const Worker& worker = view_.worker(w);
    const auto state = static_cast<WorkerState>(worker.state.load(std::memory_order_acquire));
    const std::uint64_t done = worker.done[job.slot].value.load(std::memory_order_acquire);
    const bool declined =
        static_cast<std::uint32_t>(done >> 32) == job.round && (done & declined_bit) != 0;
    if (!declined && state != WorkerState::empty && state != WorkerState::left) continue;
    std::uint64_t bits = slot.groups[w].load(std::memory_order_acquire);
    if (unpack(bits, job.round).state != GroupState::free) continue;
    const GroupWord closed{job.round, 1023, GroupState::closed, 0};
    if (slot.groups[w].compare_exchange_strong(bits, pack(closed), std::memory_order_acq_rel))
      slot.closed.fetch_add(1, std::memory_order_acq_rel);
  }
}

// A job that no worker has the code for would wait for ever.
void Coordinator::fail_if_declined(JobState& job) {
  std::size_t able = 0;
  std::size_t declined = 0;
  std::size_t unmapped = 0;
  const std::size_t used = view_.control().slots_used.load();
  for (std::size_t w = 0; w < used; ++w) {
    const Worker& worker = view_.worker(w);
    const auto state = static_cast<WorkerState>(worker.state.load());
    if (state == WorkerState::empty || state == WorkerState::left || !may_run(w, job)) continue;
    const std::uint64_t done = worker.done[job.slot].value.load();
    const bool no = static_cast<std::uint32_t>(done >> 32) == job.round && (done & declined_bit);
    ++(no ? declined : able);
    if (no && worker.mapping_failed.load() != 0) ++unmapped;
  }
  if (able > 0 || declined == 0) return close_parts_of_absent(job);
  const std::lock_guard lock(mutex_);
  if (job.ended.load()) return;
  record_failure(view_.job(job.slot), FailureKind::refused, 0, 0, 0,
                 unmapped > 0
                     ? "no worker can map one of this process's arrays (was it removed, or "
                       "made readable to this user alone?)"
                     : "no worker has this closure's code: they belong to another program "
                       "or another build of it");
  close_free_groups(view_, job.slot, job.round);
}

bool Coordinator::wait(JobState& job, std::int64_t timeout_ns) {
  if (try_end(job) || try_conclude(job)) return true;
  if (timeout_ns == 0) {  // a program may do nothing but ask
    fail_if_declined(job);
    revive();
    return try_end(job);
  }
  const std::int64_t now = os::monotonic_ns();
  const std::int64_t limit = timeout_ns < 0 ? INT64_MAX : later(now, timeout_ns);
  participate(job);
  if (options_.wait != WaitPolicy::passive && spin(job, std::min(limit, now + spin_ns)))
    return true;
  JobSlot& slot = view_.job(job.slot);
  for (;;) {
    const std::uint32_t signal = slot.signal.load(std::memory_order_acquire);
    if (job.ended.load(std::memory_order_acquire)) return true;
    slot.waiters.store(1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);  // pairs with Runner::announce
    if (try_end(job) || try_conclude(job)) return true;
    fail_if_declined(job);
    revive();
    const std::int64_t here = os::monotonic_ns();
    if (here >= limit) return try_end(job);
    if (options_.wait == WaitPolicy::active) {
      if (spin(job, std::min(limit, here + active_slice_ns))) return true;
    } else {
      os::futex_wait(slot.signal, signal, std::min(limit - here, doze_ns));
    }
    if (job.round == slot.round.load()) participate(job);
  }
}

void Coordinator::wait_until_idle() {
  for (;;) {
    end_forgotten();
    std::shared_ptr<JobState> job;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& each : jobs_) job = each != nullptr ? each : job;
    }
    if (job == nullptr) return;
    wait(*job, doze_ns);
  }
}

// Lets a stopped job end: nobody claims any more, so free groups are closed.
void Coordinator::conclude(JobState& job) {
  const std::lock_guard lock(mutex_);
  if (!job.ended.load()) close_free_groups(view_, job.slot, job.round);
}

void Coordinator::cancel(JobState& job) {
  const std::lock_guard lock(mutex_);
  if (job.ended.load()) return;
  if (!complete(job)) job.cancelled = true;
  JobSlot& slot = view_.job(job.slot);
  slot.stop.store(1, std::memory_order_seq_cst);
  close_free_groups(view_, job.slot, job.round);
  slot.signal.fetch_add(1, std::memory_order_acq_rel);
  os::futex_wake(slot.signal, os::wake_all);
}

double Coordinator::progress(const JobState& job) const noexcept {
  if (job.ended.load(std::memory_order_acquire) || job.group_count == 0) return 1.0;
  const double finished = groups_finished(view_, job.slot, job.round);
  return std::min(1.0, finished / job.group_count);
}

// --- What futures call --------------------------------------------------------------------------

bool job_wait(JobState& job, std::int64_t timeout_ns) {
  return job.ended.load(std::memory_order_acquire) || job.owner->wait(job, timeout_ns);
}

void job_get(JobState& job) {
  const auto& watch = job.job.options.watch;
  while (watch && !job_wait(job, watch_ns)) {
    if (watch(job_progress(job))) continue;
    job_cancel(job);
    break;
  }
  job_wait(job, -1);
  if (job.error != nullptr) std::rethrow_exception(job.error);
}

double job_progress(JobState& job) noexcept { return job.owner->progress(job); }
void job_cancel(JobState& job) { job.owner->cancel(job); }

}  // namespace furrow::engine
