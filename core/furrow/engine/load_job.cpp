#include <cstddef>
#include <cstring>
#include <span>

#include <furrow/engine/runner.hpp>
#include <furrow/engine/strided.hpp>
#include <furrow/os/fault.hpp>

namespace furrow::engine {
namespace {

// Finds the code that the description names in this process.
bool resolve_code(LoadedJob& job) {
  const JobDescription& d = job.description;
  job.variant = nullptr;
  job.entry = nullptr;
  job.combine = nullptr;
  if (d.kernel[0] != '\0') {
    const kernels::Kernel* kernel = kernels::find(d.kernel);
    if (kernel == nullptr) return false;
    job.variant =
        kernels::find_variant(*kernel, std::span(d.kernel_in, d.kernel_inputs), d.kernel_out);
    return job.variant != nullptr;
  }
  job.entry = reinterpret_cast<TileEntry>(os::find_code(d.entry));
  if ((d.flags & flag_reduce) == 0) return job.entry != nullptr;
  job.combine = reinterpret_cast<CombineEntry>(os::find_code(d.combine));
  return job.entry != nullptr && job.combine != nullptr;
}

// A reduction's kernel folds packed tiles itself. One that maps, and needs no protection, gets as
// much as lies side by side: all operands may be read in any way, but outputs are written in place.
// So does a closure that asked for it, where all is packed.
bool takes_whole_groups(const LoadedJob& job) {
  const JobDescription& d = job.description;
  const bool reduces = (d.flags & flag_reduce) != 0;
  const bool closure = d.kernel[0] == '\0';
  if (closure && (reduces || (d.flags & flag_runs) == 0)) return false;
  if (!reduces && d.protocol != Protocol::direct) return false;
  for (std::size_t i = 0; i < d.operand_count; ++i) {
    const bool in_place = job.packed[i] || (!reduces && !closure && job.run[i] != 0);
    if (!in_place && (reduces || closure || d.operands[i].use != Use::read)) return false;
  }
  return true;
}

}  // namespace

LoadResult load_job(const ControlView& view, std::size_t slot, LoadedJob& job, bool resolve) {
  const JobSlot& source = view.job(slot);
  job.slot = slot;
  job.round = source.round.load(std::memory_order_acquire);
  if (job.round == 0) return LoadResult::gone;
  JobDescription& to = job.description;
  std::memcpy(static_cast<void*>(&to), &source.description, offsetof(JobDescription, operands));
  if (to.operand_count > operands_max || to.captures_bytes > captures_bytes_max) {
    return LoadResult::gone;  // torn: the slot is being written
  }
  std::memcpy(static_cast<void*>(to.operands), source.description.operands,
              to.operand_count * sizeof(OperandLayout));
  std::memcpy(job.captures, source.captures, to.captures_bytes);
  // The copy is whole when the round is still the same: it is cleared before a slot is written.
  std::atomic_thread_fence(std::memory_order_acquire);
  if (source.round.load(std::memory_order_relaxed) != job.round) return LoadResult::gone;
  for (std::size_t i = 0; i < to.operand_count; ++i) {
    OperandLayout& operand = to.operands[i];
    if (operand.is_constant != 0) operand.address = reinterpret_cast<std::uintptr_t>(operand.value);
    job.packed[i] = is_packed(operand);
    job.repeated[i] = operand.use == Use::read && is_repeated(operand);
    job.run[i] = job.packed[i] ? 0 : long_run(operand);
  }
  job.whole_groups = takes_whole_groups(job);
  if (resolve && !resolve_code(job)) return LoadResult::declined;
  return LoadResult::loaded;
}

std::uint32_t groups_finished(const ControlView& view, std::size_t slot,
                              std::uint32_t round) noexcept {
  std::uint32_t sum = view.job(slot).closed.load(std::memory_order_acquire);
  const std::uint32_t slots = view.control().slots_used.load(std::memory_order_acquire);
  for (std::uint32_t w = 0; w < slots; ++w) {
    const std::uint64_t done = view.worker(w).done[slot].value.load(std::memory_order_acquire);
    if (static_cast<std::uint32_t>(done >> 32) == round) {
      sum += static_cast<std::uint32_t>(done & (declined_bit - 1));
    }
  }
  return sum;
}

void record_failure(JobSlot& slot, FailureKind kind, std::uint32_t worker, std::int64_t first,
                    std::int64_t last, const char* text) noexcept {
  std::uint32_t none = 0;
  if (slot.failed.compare_exchange_strong(none, 1, std::memory_order_acq_rel)) {
    slot.failure.kind = kind;
    slot.failure.worker = worker;
    slot.failure.first = first;
    slot.failure.last = last;
    std::strncpy(slot.failure.text, text, sizeof slot.failure.text - 1);
    slot.failure.text[sizeof slot.failure.text - 1] = '\0';
    os::fault_point("engine.failure.recording");
    slot.failed.store(2, std::memory_order_release);
  }
  slot.stop.store(1, std::memory_order_release);
}

}  // namespace furrow::engine
