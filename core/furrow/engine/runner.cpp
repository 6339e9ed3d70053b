#include <furrow/engine/runner.hpp>

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>
#include <vector>

#include <furrow/engine/fold.hpp>
#include <furrow/engine/strided.hpp>
#include <furrow/kernels/tile_copy.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/futex.hpp>
#include <furrow/os/memory.hpp>

namespace furrow::engine {

// A reduction over more bytes than this fetches ahead of itself.
constexpr std::uint64_t stream_min = 256 * 1024;

struct Runner::Buffers {
  alignas(64) std::byte gathered[operands_max][tile_bytes];
  std::vector<std::byte> partial;  // of one tile
  std::unique_ptr<Fold> fold;
  std::size_t fold_bytes = 0;
};

Runner::Runner(const ControlView& view, std::size_t worker, const std::atomic<bool>* leave)
    : view_(view),
      worker_(worker),
      leave_(leave),
      scratch_(view.scratch(worker)),
      buffers_(std::make_unique<Buffers>()) {}

Runner::~Runner() = default;

// --- Claiming -----------------------------------------------------------------------------------

bool Runner::stopping() const noexcept {
  return slot_->stop.load(std::memory_order_relaxed) != 0 ||
         view_.control().stop.load(std::memory_order_relaxed) != 0;
}

void Runner::set_word(std::uint32_t group, GroupState state,
                      std::uint32_t position) const noexcept {
  slot_->groups[group].store(
      pack({job_->round, static_cast<std::uint32_t>(worker_), state, position}),
      std::memory_order_release);
}

bool Runner::claim(std::atomic<std::uint64_t>& word, GroupWord& claimed) const noexcept {
  std::uint64_t bits = word.load(std::memory_order_acquire);
  claimed = unpack(bits, job_->round);
  if (claimed.state != GroupState::free || stopping()) return false;
  // A process that slept while its job ended would take the words of the slot's next job for free
  // ones. After this look they cannot be: the exchange fails when the word has changed since.
  if (slot_->round.load(std::memory_order_acquire) != job_->round) return false;
  if (leave_ != nullptr && leave_->load(std::memory_order_relaxed)) return false;
  os::fault_point("engine.group.claiming");
  claimed.owner = static_cast<std::uint32_t>(worker_);
  claimed.state = GroupState::claimed;
  if (!word.compare_exchange_strong(bits, pack(claimed), std::memory_order_acq_rel)) return false;
  os::fault_point("engine.group.claimed");
  return true;
}

// Tries the groups from `begin` towards `end` (not included) in steps of +1 or -1.
std::uint32_t Runner::run_range(std::int64_t begin, std::int64_t end, std::int64_t step) {
  std::uint32_t finished = 0;
  for (std::int64_t g = begin; g != end; g += step) {
    GroupWord claimed;
    if (!claim(slot_->groups[g], claimed)) continue;
    run_group(static_cast<std::uint32_t>(g), claimed.position);
    ++finished;
  }
  return finished;
}

std::uint32_t Runner::run(const LoadedJob& job) {
  job_ = &job;
  slot_ = &view_.job(job.slot);
  std::uint32_t finished = 0;
  repeat_elements();
  os::fault_point("engine.job.entering");
  if ((job.description.flags & flag_per_worker) == 0) {
    finished = run_blocks();
  } else if (worker_ < job.description.group_count) {
    const auto me = static_cast<std::int64_t>(worker_);
    finished = run_range(me, me + 1, 1);
  }
  if (finished > 0) announce();
  return finished;
}

std::uint32_t Runner::run_blocks() {
  const auto groups = static_cast<std::int64_t>(job_->description.group_count);
  const auto me = static_cast<std::int64_t>(worker_);
  const std::int64_t workers =
      std::max<std::int64_t>(me + 1, view_.control().slots_used.load(std::memory_order_relaxed));
  const auto block = [&](std::int64_t w) { return w * groups / workers; };
  // One's own block first: the same worker touches the same pages, call after call.
  std::uint32_t finished = run_range(block(me), block(me + 1), 1);
  if (finished == groups || groups_finished(view_, job_->slot, job_->round) >= groups) {
    return finished;
  }
  // Then from the far ends of the others' blocks, whoever has most left first.
  std::vector<std::pair<std::int64_t, std::int64_t>> behind;
  for (std::int64_t w = 0; w < workers; ++w) {
    if (w == me) continue;
    const std::uint64_t done =
        view_.worker(static_cast<std::size_t>(w)).done[job_->slot].value.load();
    const auto own = static_cast<std::uint32_t>(done >> 32) == job_->round
                         ? static_cast<std::int64_t>(done & (declined_bit - 1))
                         : std::int64_t{0};
    behind.emplace_back(block(w) - block(w + 1) + own, w);
  }
  std::sort(behind.begin(), behind.end());
  for (const auto& [left, w] : behind) finished += run_range(block(w + 1) - 1, block(w) - 1, -1);
  // What a recovery freed may lie in one's own block.
  return finished + run_range(block(me), block(me + 1), 1);
}

void Runner::announce() const noexcept {
  // Pairs with the waiter, which sets `waiters` and then counts: one of the two sees the other.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (slot_->waiters.load(std::memory_order_relaxed) == 0) return;
  const bool all = groups_finished(view_, job_->slot, job_->round) >= job_->description.group_count;
  if (!all && slot_->stop.load(std::memory_order_relaxed) == 0) return;
  slot_->signal.fetch_add(1, std::memory_order_acq_rel);
  os::futex_wake(slot_->signal, os::wake_all);
}

void Runner::decline(std::size_t slot, std::uint32_t round) {
  JobSlot& job = view_.job(slot);
  std::atomic<std::uint64_t>& done = view_.worker(worker_).done[slot].value;
  // What an earlier worker of this place finished of the job still counts.
  const std::uint64_t before = done.load(std::memory_order_relaxed);
  const std::uint64_t count = (before >> 32) == round ? (before & (declined_bit - 1)) : 0;
  done.store(static_cast<std::uint64_t>(round) << 32 | declined_bit | count,
             std::memory_order_seq_cst);
  job.signal.fetch_add(1, std::memory_order_acq_rel);
  os::futex_wake(job.signal, os::wake_all);
}

// --- Running a group ----------------------------------------------------------------------------

// Enters the pages of a group's part of arrays that this worker writes for the first time into its
// page table, all at once: an exception for each page costs several times as much. Pages that
// cannot be had come, or fail, at their first touch as without this.
void Runner::populate(std::uint32_t group) const noexcept {
  const JobDescription& d = job_->description;
  const std::int64_t group_elements = d.group_tiles * d.tile_elements;
  const std::int64_t first = group * group_elements;
  const std::int64_t last = std::min(first + group_elements, d.count);
  constexpr std::uint64_t page = segment::page_bytes;
  for (std::size_t i = 0; i < d.operand_count; ++i) {
    if (!job_->untouched[i]) continue;
    const std::uint64_t item = d.operands[i].item_bytes;
    const std::uint64_t begin = d.operands[i].address + static_cast<std::uint64_t>(first) * item;
    const std::uint64_t end = d.operands[i].address + static_cast<std::uint64_t>(last) * item;
    const std::uint64_t begin_page = begin / page * page;
    os::populate(begin_page, (end + page - 1) / page * page - begin_page);
  }
}

void Runner::run_group(std::uint32_t group, std::uint32_t position) {
  const bool reduces = (job_->description.flags & flag_reduce) != 0;
  populate(group);
  const bool whole =
      reduces ? run_reduce(group) : (run_bulk(group, position) || run_tiles(group, position));
  if (whole) {
    os::fault_point("engine.group.finished");
    set_word(group, GroupState::done, 0);
  }
  os::fault_point("engine.group.done");
  Worker& me = view_.worker(worker_);
  std::atomic<std::uint64_t>& done = me.done[job_->slot].value;
  const std::uint64_t before = done.load(std::memory_order_relaxed);
  const std::uint64_t count = (before >> 32) == job_->round ? (before & (declined_bit - 1)) : 0;
  done.store(static_cast<std::uint64_t>(job_->round) << 32 | (count + 1),
             std::memory_order_release);
  // Only this process writes its counters: plain adds, no locked instructions.
  const auto add = [](std::atomic<std::uint64_t>& counter, std::uint64_t n) {
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  };
  add(me.groups, 1);
  add(me.heartbeat, 1);
  add(me.tiles, job_->description.group_tiles);
}

// A kernel that maps, or a closure that takes runs, and that nothing protects: the whole group at
// once. False when the job is not of that kind, or the closure threw.
bool Runner::run_bulk(std::uint32_t group, std::uint32_t position) {
  const JobDescription& d = job_->description;
  if (!job_->whole_groups) return false;
  const std::int64_t base = static_cast<std::int64_t>(group) * d.group_tiles;
  const std::int64_t first = (base + position) * d.tile_elements;
  const std::int64_t last = std::min(d.count, (base + d.group_tiles) * d.tile_elements);
  if (job_->variant != nullptr) {
    map_elements(first, last, {});
    return true;
  }
  if (first >= last) return true;
  TileCall call{};
  bind(call, first, static_cast<std::size_t>(last - first));
  try {
    job_->entry(job_->captures, call);
    return true;
  } catch (...) {
    return false;  // it throws again in the tile that is at fault, which is then named
  }
}

// The tiles of a group one by one. False when the job was stopped or failed on the way: the word
// is then closed.
bool Runner::run_tiles(std::uint32_t group, std::uint32_t position) {
  const std::int64_t base = static_cast<std::int64_t>(group) * job_->description.group_tiles;
  const std::int64_t end =
      std::min<std::int64_t>(base + job_->description.group_tiles, job_->tile_count());
  for (std::int64_t tile = base + position; tile < end; ++tile) {
    const auto at = static_cast<std::uint32_t>(tile - base);
    if (stopping() || !run_tile(tile, group, at)) {
      set_word(group, GroupState::closed, at);
      return false;
    }
    set_word(group, GroupState::claimed, at + 1);
  }
  return true;
}

// Lays out a tile of each element that stands for all, once for all the tiles of a job.
void Runner::repeat_elements() const noexcept {
  const JobDescription& d = job_->description;
  const auto count = static_cast<std::size_t>(std::min(d.tile_elements, d.count));
  for (std::size_t i = 0; i < d.operand_count; ++i) {
    if (job_->repeated[i]) gather(d.operands[i], 0, count, buffers_->gathered[i]);
  }
}

// Points the call at the tile: into the array where that is packed, else at a gathered copy. What a
// kernel reads from elsewhere it fetches itself (map_elements).
void Runner::bind(TileCall& call, std::int64_t first, std::size_t count) const {
  const JobDescription& d = job_->description;
  const bool maps = job_->variant != nullptr && (d.flags & flag_reduce) == 0;
  call.first = first;
  call.count = count;
  call.worker = static_cast<std::uint32_t>(worker_);
  for (std::size_t i = 0; i < d.operand_count; ++i) {
    const OperandLayout& operand = d.operands[i];
    if (d.protocol == Protocol::commit && operand.use != Use::read) {
      call.operand[i] = scratch_ + i * tile_bytes;
      if (operand.use == Use::update) gather(operand, first, count, call.operand[i]);
    } else if (job_->packed[i]) {
      call.operand[i] = packed_tile(operand, first);
    } else {
      call.operand[i] = buffers_->gathered[i];
      const bool fetched = operand.use != Use::write && !job_->repeated[i] && !maps;
      if (fetched) gather(operand, first, count, call.operand[i]);
    }
  }
}

// A kernel on the elements from `first` to before `last`: one call for each part of which every
// operand lies side by side, in its array or in a gathered tile. `bound` says where written
// operands go that are not written in place.
void Runner::map_elements(std::int64_t first, std::int64_t last, const TileCall& bound) const {
  const JobDescription& d = job_->description;
  kernels::MapCall map{};
  map.out_stride = 1;
  map.streaming = (d.flags & flag_streaming) != 0;
  std::memcpy(map.parameters, d.parameters, sizeof map.parameters);
  bool in_tiles = false;
  for (std::size_t i = 0; i < d.operand_count; ++i) {
    in_tiles = in_tiles || (!job_->packed[i] && job_->run[i] == 0);
    if (i > 0) map.in_stride[i - 1] = 1;
  }
  std::int64_t count = 0;
  for (std::int64_t at = first; at < last; at += count) {
    count = in_tiles ? std::min(last - at, d.tile_elements) : last - at;
    for (std::size_t i = 0; i < d.operand_count; ++i) {
      if (job_->run[i] != 0) count = std::min(count, job_->run[i] - at % job_->run[i]);
    }
    for (std::size_t i = 0; i < d.operand_count; ++i) {
      const OperandLayout& operand = d.operands[i];
      const bool elsewhere = operand.use != Use::read && bound.operand[i] != nullptr;
      void* place = buffers_->gathered[i];
      if (elsewhere) {
        place = static_cast<std::byte*>(bound.operand[i]) + (at - first) * operand.item_bytes;
      } else if (job_->packed[i]) {
        place = packed_tile(operand, at);
      } else if (job_->run[i] != 0) {
        place = element_at(operand, at);
      } else if (!job_->repeated[i]) {
        gather(operand, at, static_cast<std::size_t>(count), place);
      }
      if (i == 0) {
        map.out = place;
      } else {
        map.in[i - 1] = place;
      }
    }
    map.count = static_cast<std::size_t>(count);
    map.first_index = static_cast<std::uint64_t>(at);
    job_->variant->map(map);
  }
  if (map.streaming) kernels::stream_fence();
}

// Runs the closure or kernel on one tile (or, a reduction, into `partial`). May throw.
void Runner::call_code(const TileCall& call, void* partial) const {
  const std::size_t operands = job_->description.operand_count;
  if (job_->variant == nullptr) {
    if (partial == nullptr) return job_->entry(job_->captures, call);
    TileCall with_partial = call;
    with_partial.partial = partial;
    job_->combine(job_->captures, partial, nullptr);
    return job_->entry(job_->captures, with_partial);
  }
  if (partial != nullptr) {
    kernels::ReduceCall reduce{};
    for (std::size_t i = 0; i < operands; ++i) {
      reduce.in[i] = call.operand[i];
      reduce.in_stride[i] = 1;
    }
    reduce.count = call.count;
    reduce.first_index = static_cast<std::uint64_t>(call.first);
    const OperandLayout& x = job_->description.operands[0];
    reduce.stream = operands > 0 && job_->packed[0] &&
                    static_cast<std::uint64_t>(job_->description.count) * x.item_bytes > stream_min;
    return job_->variant->reduce.tile(reduce, partial);
  }
  map_elements(call.first, call.first + static_cast<std::int64_t>(call.count), call);
}

// The same; false when it threw, after the failure was recorded.
bool Runner::execute(const TileCall& call, void* partial) const {
  const auto fail = [&](const char* text) {
    record_failure(*slot_, FailureKind::threw, static_cast<std::uint32_t>(worker_), call.first,
                   call.first + static_cast<std::int64_t>(call.count), text);
    return false;
  };
  try {
    call_code(call, partial);
    return true;
  } catch (const std::exception& error) {
    return fail(error.what());
  } catch (...) {
    return fail("an exception that is no std::exception");
  }
}

namespace {

// Makes a tile part of its array. With faults armed in two halves, so that a test can cut it there.
void copy_out(const OperandLayout& operand, bool packed, std::int64_t first, std::size_t count,
              const std::byte* from) noexcept {
  if (os::detail::fault_state.load(std::memory_order_relaxed) == 1) {
    if (!packed) return scatter(operand, first, count, from);
    return kernels::copy_tile(packed_tile(operand, first), from, count * operand.item_bytes);
  }
  const std::size_t half = count / 2;
  scatter(operand, first, half, from);
  os::fault_point("engine.tile.half_copied");
  scatter(operand, first + static_cast<std::int64_t>(half), count - half,
          from + half * operand.item_bytes);
}

template <class Visit>
void for_each_written(const JobDescription& d, std::byte* scratch, Visit visit) {
  for (std::size_t i = 0; i < d.operand_count; ++i) {
    if (d.operands[i].use != Use::read) visit(d.operands[i], scratch + i * tile_bytes, i);
  }
}

}  // namespace

bool Runner::run_tile(std::int64_t tile, std::uint32_t group, std::uint32_t position) {
  const JobDescription& d = job_->description;
  const std::int64_t first = tile * d.tile_elements;
  const auto count = static_cast<std::size_t>(std::min(d.tile_elements, d.count - first));
  const auto restore = [&](const OperandLayout& operand, std::byte* saved, std::size_t) {
    scatter(operand, first, count, saved);
  };
  TileCall call{};
  bind(call, first, count);
  if (d.protocol == Protocol::undo) {
    for_each_written(d, scratch_, [&](const OperandLayout& operand, std::byte* to, std::size_t) {
      gather(operand, first, count, to);
    });
    os::fault_point("engine.tile.saved");
    set_word(group, GroupState::undoing, position);
    os::fault_point("engine.tile.undoing");
  }
  if (!execute(call, nullptr)) {
    if (d.protocol == Protocol::undo) for_each_written(d, scratch_, restore);
    return false;
  }
  os::fault_point("engine.tile.computed");
  if (d.protocol == Protocol::commit) {
    set_word(group, GroupState::committing, position);
    os::fault_point("engine.tile.committing");
    for_each_written(d, scratch_,
                     [&](const OperandLayout& operand, std::byte* from, std::size_t i) {
                       copy_out(operand, job_->packed[i], first, count, from);
                     });
    os::fault_point("engine.tile.copied");
  } else if (d.protocol == Protocol::direct) {
    for_each_written(d, scratch_, [&](const OperandLayout& operand, std::byte*, std::size_t i) {
      if (!job_->packed[i]) scatter(operand, first, count, call.operand[i]);
    });
  }
  return true;
}

// --- Reducing -----------------------------------------------------------------------------------

void Runner::combine(void* left, void* right) const {
  if (job_->variant != nullptr) {
    job_->variant->reduce.combine(left, right, left);
  } else {
    job_->combine(job_->captures, left, right);
  }
}

// Folds a group's tiles into its partial. False when the job was stopped or failed on the way: the
// word is then closed.
bool Runner::run_reduce(std::uint32_t group) {
  const JobDescription& d = job_->description;
  const std::int64_t base = static_cast<std::int64_t>(group) * d.group_tiles;
  const std::int64_t end = std::min<std::int64_t>(base + d.group_tiles, job_->tile_count());
  bool packed = job_->variant != nullptr;
  for (std::size_t i = 0; i < d.operand_count; ++i) packed = packed && job_->packed[i];

  if (buffers_->fold_bytes != d.partial_bytes) {
    buffers_->fold = std::make_unique<Fold>(d.partial_bytes);
    buffers_->fold_bytes = d.partial_bytes;
    buffers_->partial.resize(d.partial_bytes + 64);
  }
  void* partial = buffers_->partial.data();
  std::size_t space = buffers_->partial.size();
  std::align(64, d.partial_bytes, partial, space);
  const auto merge = [this](void* left, void* right) { combine(left, right); };
  const auto fail = [&](const char* text) {
    record_failure(*slot_, FailureKind::threw, static_cast<std::uint32_t>(worker_),
                   base * d.tile_elements, std::min(d.count, end * d.tile_elements), text);
  };
  // A reduction kernel folds the tiles of a packed run by itself, in this same tree.
  const std::int64_t step = packed ? end - base : 1;
  buffers_->fold->clear();
  try {
    for (std::int64_t tile = base; tile < end; tile += step) {
      const std::int64_t first = tile * d.tile_elements;
      const std::int64_t count = std::min(step * d.tile_elements, d.count - first);
      set_word(group, GroupState::claimed, static_cast<std::uint32_t>(tile - base));
      TileCall call{};
      bind(call, first, static_cast<std::size_t>(count));
      if (stopping() || !execute(call, partial)) {
        set_word(group, GroupState::closed, 0);
        return false;
      }
      buffers_->fold->push(partial, d.partial_bytes, merge);
    }
    std::memcpy(slot_->partials + group * job_->partial_stride(), buffers_->fold->result(merge),
                d.partial_bytes);
    return true;
  } catch (const std::exception& error) {  // from a closure's combine
    fail(error.what());
  } catch (...) {
    fail("an exception that is no std::exception");
  }
  set_word(group, GroupState::closed, 0);
  return false;
}

}  // namespace furrow::engine
