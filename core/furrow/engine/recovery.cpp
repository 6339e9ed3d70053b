#include <furrow/engine/recovery.hpp>

#include <algorithm>

#include <furrow/engine/runner.hpp>
#include <furrow/engine/strided.hpp>

namespace furrow::engine {
namespace {

// Copies the dead worker's scratch over the tile: the finished tile, or the tile as it was.
void copy_scratch(const ControlView& view, const LoadedJob& job, std::size_t worker,
                  const TileInHand& tile) {
  const JobDescription& d = job.description;
  for (std::size_t i = 0; i < d.operand_count; ++i) {
    if (d.operands[i].use == Use::read) continue;
    scatter(d.operands[i], tile.first, static_cast<std::size_t>(tile.last - tile.first),
            view.scratch(worker) + i * tile_bytes);
  }
}

}  // namespace

std::vector<TileInHand> recover(const ControlView& view, std::size_t slot, std::size_t worker,
                                bool close) {
  LoadedJob job;
  if (load_job(view, slot, job, false) == LoadResult::gone) return {};
  return recover(view, job, worker, close);
}

std::vector<TileInHand> recover(const ControlView& view, const LoadedJob& job, std::size_t worker,
                                bool close) {
  std::vector<TileInHand> in_hand;
  const JobDescription& d = job.description;
  JobSlot& shared = view.job(job.slot);
  const bool reduces = (d.flags & flag_reduce) != 0;
  std::uint64_t finished = 0;
  for (std::uint32_t g = 0; g < d.group_count; ++g) {
    const GroupWord word = unpack(shared.groups[g].load(std::memory_order_acquire), job.round);
    if (word.owner != worker || word.state == GroupState::free) continue;
    if (!is_held(word.state)) {
      ++finished;
      continue;
    }
    const std::int64_t base = static_cast<std::int64_t>(g) * d.group_tiles;
    const std::int64_t tile = base + word.position;
    const std::int64_t end = job.whole_groups ? base + d.group_tiles : tile + 1;
    const TileInHand hand{g, word.state, tile, std::min(tile * d.tile_elements, d.count),
                          std::min(end * d.tile_elements, d.count)};
    GroupWord next{job.round, 1023, close ? GroupState::closed : GroupState::free, word.position};
    if (word.state != GroupState::claimed) copy_scratch(view, job, worker, hand);
    if (word.state == GroupState::committing) ++next.position;
    if (reduces) next.position = 0;  // a partial was private to the dead
    if (close) shared.closed.fetch_add(1, std::memory_order_acq_rel);
    shared.groups[g].store(pack(next), std::memory_order_release);
    // Behind the last tile there is only the word to set.
    if (tile < std::min(base + d.group_tiles, job.tile_count())) in_hand.push_back(hand);
  }
  view.worker(worker).done[job.slot].value.store(
      static_cast<std::uint64_t>(job.round) << 32 | finished, std::memory_order_release);
  return in_hand;
}

void close_free_groups(const ControlView& view, std::size_t slot, std::uint32_t round) noexcept {
  JobSlot& shared = view.job(slot);
  std::uint32_t closed = 0;
  for (std::uint32_t g = 0; g < shared.description.group_count; ++g) {
    std::uint64_t bits = shared.groups[g].load(std::memory_order_acquire);
    GroupWord word = unpack(bits, round);
    while (word.state == GroupState::free) {
      // An owner no worker has: the word counts in `closed`, not in a worker's line.
      const GroupWord next{round, 1023, GroupState::closed, word.position};
      if (shared.groups[g].compare_exchange_strong(bits, pack(next), std::memory_order_acq_rel)) {
        ++closed;
        break;
      }
      word = unpack(bits, round);
    }
  }
  if (closed > 0) shared.closed.fetch_add(closed, std::memory_order_acq_rel);
}

}  // namespace furrow::engine
