// furrow/kernels/sort/sort.hpp
//
// Sorting along lanes, for any executor (execution.hpp).
//
//   std::vector<std::byte> room;
//   auto memory = [&](std::size_t bytes) { room.resize(bytes); return room.data(); };
//   sort<double>(Threads{}, x, x, {}, memory);                       // in place
//   argsort<double>(Threads{}, x, indices, {}, memory);              // stable
//
// Shape   lanes of one length (lanes.hpp), or spans; out has the shape of in
// Types   all real dtypes. Indices are i64
// Order   keys.hpp: NaN last, ascending or descending; argsort is stable, with -0 equal to +0
// Bits    the result is a function of the elements alone
// Memory  `memory(bytes)` gives scratch that the executor's workers see, aligned to 8 bytes or
//         more, until the call ends: one key for each element of a short lane's array, or of one
//         long lane
// Crash   every step reads one place and writes another: sort may be in place
// Limits  fewer than 2^40 elements a lane
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <furrow/kernels/execution.hpp>
#include <furrow/kernels/sort/lanes.hpp>
#include <furrow/kernels/sort/split.hpp>

namespace furrow::kernels {

struct SortOptions {
  bool descending = false;
};

/// Ranks whose elements have to stand where a sort would put them.
struct Ranks {
  const std::int64_t* rank = nullptr;  // where the workers see it
  std::int64_t count = 0;

  bool any_in(std::int64_t begin, std::int64_t end) const noexcept {
    for (std::int64_t i = 0; i < count; ++i) {
      if (rank[i] >= begin && rank[i] < end) return true;
    }
    return false;
  }
};

namespace detail {

inline std::byte* aligned64(std::byte* p) noexcept {
  return p + (64 - reinterpret_cast<std::uintptr_t>(p) % 64) % 64;
}

/// Lanes that are sorted in one piece each, as there are enough of them or they are short.
inline bool is_whole(const Lanes& lanes) noexcept {
  return !is_split(lanes.length) || lanes.count() >= 64;
}

template <class Each, class Memory>
void sort_whole(const Each& each, const Lanes& lanes, bool descending, Memory& memory) {
  const LaneGroups groups(lanes);
  const auto lane_bytes = static_cast<std::size_t>(lanes.length) * key_bytes(lanes.dtype);
  const auto item = static_cast<std::int64_t>(item_bytes(lanes.dtype));
  std::byte* const keys =
      aligned64(memory(lane_bytes * static_cast<std::size_t>(groups.lanes) + 64));
  each(groups.count(), [=](std::int64_t g) {
    for (std::int64_t lane = groups.first(g); lane < groups.end(g); ++lane) {
      sort_lane(lanes.lane_in(lane), descending,
                keys + lane_bytes * static_cast<std::size_t>(lane));
    }
  });
  each(groups.count(), [=](std::int64_t g) {
    for (std::int64_t lane = groups.first(g); lane < groups.end(g); ++lane) {
      store_lane(lanes.dtype, keys + lane_bytes * static_cast<std::size_t>(lane), lanes.length,
                 descending, static_cast<std::byte*>(lanes.out) + lanes.out_offset(lane) * item,
                 lanes.out_step);
    }
  });
}

/// The steps of a split up to its buckets.
template <class Each>
void split_lane(const Each& each, Split& split) {
  choose_splitters(split);
  each(split.blocks, [split](std::int64_t block) { split_block(split, block); });
  place_buckets(split);
}

template <class Each>
void finish_values(const Each& each, const Split& split, std::byte* work, std::byte* out,
                   std::int64_t out_step, const Ranks* ranks) {
  const auto item = static_cast<std::int64_t>(item_bytes(split.dtype));
  const auto key = static_cast<std::int64_t>(key_bytes(split.dtype));
  const bool all = ranks == nullptr;
  const Ranks wanted = all ? Ranks{} : *ranks;
  each(split.buckets, [=](std::int64_t bucket) {
    const std::int64_t first = split.offsets[bucket];
    const std::int64_t end = split.offsets[bucket + 1];
    if (first == end) return;
    std::byte* const to = out + first * out_step * item;
    std::byte* const keys = work != nullptr ? work + first * key : to;
    take_bucket(split, bucket, keys, all || wanted.any_in(first, end));
    store_values(split, keys, end - first, to, out_step);
  });
}

template <class Each, class Memory>
void sort_split(const Each& each, const Lanes& lanes, bool descending, const Ranks* ranks,
                Memory& memory) {
  const std::size_t bytes = split_bytes(lanes.dtype, lanes.length, false);
  const bool direct = lanes.out_step == 1 && key_bytes(lanes.dtype) == item_bytes(lanes.dtype);
  const std::size_t work_bytes =
      direct ? 0 : static_cast<std::size_t>(lanes.length) * key_bytes(lanes.dtype);
  std::byte* const scratch = aligned64(memory(bytes + work_bytes + 64));
  std::byte* const work = direct ? nullptr : scratch + bytes;
  for (std::int64_t lane = 0; lane < lanes.count(); ++lane) {
    Split split = make_split(lanes.lane_in(lane), {descending, false}, false, scratch);
    split_lane(each, split);
    const auto item = static_cast<std::int64_t>(item_bytes(lanes.dtype));
    finish_values(each, split, work,
                  static_cast<std::byte*>(lanes.out) + lanes.out_offset(lane) * item,
                  lanes.out_step, ranks);
  }
}

/// `wanted` indices of the first ranks of every lane; lanes.out is of i64.
template <class Each, class Memory>
void argsort_whole(const Each& each, const Lanes& lanes, bool descending, std::int64_t wanted,
                   Memory& memory) {
  const LaneGroups groups(lanes);
  const std::int64_t length = lanes.length;
  auto* const room = reinterpret_cast<std::uint64_t*>(aligned64(
      memory(static_cast<std::size_t>(length * groups.lanes) * sizeof(std::uint64_t) + 64)));
  each(groups.count(), [=](std::int64_t g) {
    for (std::int64_t lane = groups.first(g); lane < groups.end(g); ++lane) {
      std::uint64_t* const indices = room + lane * length;
      argsort_lane(lanes.lane_in(lane), descending, indices);
      std::int64_t* const out = static_cast<std::int64_t*>(lanes.out) + lanes.out_offset(lane);
      for (std::int64_t i = 0; i < wanted; ++i) {
        out[i * lanes.out_step] = static_cast<std::int64_t>(indices[i]);
      }
    }
  });
}

template <class Each, class Memory>
void argsort_split(const Each& each, const Lanes& lanes, bool descending, std::int64_t wanted,
                   Memory& memory) {
  const std::size_t bytes = split_bytes(lanes.dtype, lanes.length, true);
  std::byte* const scratch = aligned64(memory(bytes + 64));
  // A bucket is sorted where it is wanted; one that is wanted in part, or not packed, elsewhere.
  std::byte* work = nullptr;
  if (lanes.out_step != 1 || wanted < lanes.length) {
    work = aligned64(memory(static_cast<std::size_t>(lanes.length) * 8 + 64));
  }
  for (std::int64_t lane = 0; lane < lanes.count(); ++lane) {
    Split split = make_split(lanes.lane_in(lane), {descending, true}, true, scratch);
    split_lane(each, split);
    std::int64_t* const out = static_cast<std::int64_t*>(lanes.out) + lanes.out_offset(lane);
    const std::int64_t step = lanes.out_step;
    const std::int64_t buckets = wanted == 0 ? 0 : bucket_of_rank(split, wanted - 1) + 1;
    each(buckets, [=](std::int64_t bucket) {
      const std::int64_t first = split.offsets[bucket];
      const std::int64_t end = split.offsets[bucket + 1];
      if (first == end) return;
      std::byte* const to =
          work != nullptr ? work + first * 8 : reinterpret_cast<std::byte*>(out + first);
      take_bucket(split, bucket, to, true);
      store_indices(split, to, (end < wanted ? end : wanted) - first, out + first * step, step);
    });
  }
}

}  // namespace detail

/// Sorts every lane of `in` into `out`, which may be the same elements.
template <class Each, class Memory>
void sort(const Each& each, const Lanes& lanes, const SortOptions& options, Memory&& memory) {
  if (lanes.length == 0 || lanes.count() == 0) return;
  if (detail::is_whole(lanes)) {
    detail::sort_whole(each, lanes, options.descending, memory);
  } else {
    detail::sort_split(each, lanes, options.descending, nullptr, memory);
  }
}

/// Puts the elements of `ranks` where a sort would, smaller ones before and larger ones after them.
template <class Each, class Memory>
void partition(const Each& each, const Lanes& lanes, const Ranks& ranks, const SortOptions& options,
               Memory&& memory) {
  if (lanes.length == 0 || lanes.count() == 0) return;
  if (detail::is_whole(lanes)) {
    detail::sort_whole(each, lanes, options.descending, memory);
  } else {
    detail::sort_split(each, lanes, options.descending, &ranks, memory);
  }
}

/// The indices that sort every lane, stable, or the first `wanted` of them; lanes.out is of i64.
/// `memory` may be asked twice, and must keep both.
template <class Each, class Memory>
void argsort(const Each& each, const Lanes& lanes, std::int64_t wanted, const SortOptions& options,
             Memory&& memory) {
  if (lanes.length == 0 || lanes.count() == 0) return;
  if (detail::is_whole(lanes)) {
    detail::argsort_whole(each, lanes, options.descending, wanted, memory);
  } else {
    detail::argsort_split(each, lanes, options.descending, wanted, memory);
  }
}

template <Element T, class Each, class Memory>
void sort(const Each& each, std::span<const T> in, std::span<T> out, const SortOptions& options,
          Memory&& memory) {
  sort(each, one_lane(dtype_of<T>, in.data(), out.data(), static_cast<std::int64_t>(in.size())),
       options, memory);
}

template <Element T, class Each, class Memory>
void argsort(const Each& each, std::span<const T> in, std::span<std::int64_t> out,
             const SortOptions& options, Memory&& memory) {
  const auto count = static_cast<std::int64_t>(in.size());
  argsort(each, one_lane(dtype_of<T>, in.data(), out.data(), count), count, options, memory);
}

}  // namespace furrow::kernels
