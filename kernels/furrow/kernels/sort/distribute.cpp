// furrow/kernels/sort/distribute.cpp
//
// Elements to keys and back, and one block into its buckets. Plain loops, compiled once per SIMD
// target and vectorised by the compiler where it can.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/sort/distribute.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <algorithm>
#include <limits>

#include <furrow/kernels/sort/entries.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {

template <class T, class Key>
void load_order(const T* HWY_RESTRICT in, std::int64_t stride, std::int64_t count, KeyOrder order,
                Key* HWY_RESTRICT keys) noexcept {
  if (stride == 1) {
    for (std::int64_t i = 0; i < count; ++i) keys[i] = to_key<T>(in[i], order);
  } else {
    for (std::int64_t i = 0; i < count; ++i) keys[i] = to_key<T>(in[i * stride], order);
  }
}

/// The order as a constant of the loop, which the compiler then vectorises.
template <class T, class Key>
void load_keys(const T* in, std::int64_t stride, std::int64_t count, KeyOrder order,
               Key* keys) noexcept {
  if (order.descending) {
    order.zeros_equal ? load_order<T, Key>(in, stride, count, {true, true}, keys)
                      : load_order<T, Key>(in, stride, count, {true, false}, keys);
  } else {
    order.zeros_equal ? load_order<T, Key>(in, stride, count, {false, true}, keys)
                      : load_order<T, Key>(in, stride, count, {false, false}, keys);
  }
}

template <class T>
void load(const LaneIn& lane, KeyOrder order, void* keys) {
  load_keys(static_cast<const T*>(lane.data), lane.stride, lane.count, order,
            static_cast<KeyOf<T>*>(keys));
}

template <class T>
void store_order(const KeyOf<T>* keys, std::int64_t count, bool descending, T* out,
                 std::int64_t stride) noexcept {
  if (stride == 1) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = from_key<T>(keys[i], descending);
  } else {
    for (std::int64_t i = 0; i < count; ++i) out[i * stride] = from_key<T>(keys[i], descending);
  }
}

template <class T>
void store(const void* keys, std::int64_t count, bool descending, void* out, std::int64_t stride) {
  const auto* from = static_cast<const KeyOf<T>*>(keys);
  descending ? store_order<T>(from, count, true, static_cast<T*>(out), stride)
             : store_order<T>(from, count, false, static_cast<T*>(out), stride);
}

template <class T>
PositionRange positions(const LaneIn& lane, KeyOrder order, std::uint64_t* out) {
  load_keys(static_cast<const T*>(lane.data), lane.stride, lane.count, order, out);
  std::uint64_t least = ~std::uint64_t{0};
  std::uint64_t most = 0;
  for (std::int64_t i = 0; i < lane.count; ++i) {
    least = out[i] < least ? out[i] : least;
    most = out[i] > most ? out[i] : most;
  }
  const PositionRange range = position_range(least, most, bits_of_positions(lane.count));
  if (range.position_bits == 0) {
    if (lane.count == 1) out[0] = 0;
    return range;
  }
  for (std::int64_t i = 0; i < lane.count; ++i) {
    out[i] =
        ((out[i] - least) >> range.shift) << range.position_bits | static_cast<std::uint64_t>(i);
  }
  return range;
}

inline constexpr std::int64_t chunk = 256;

/// The splitters as a tree in one array: children of j are 2j and 2j+1; what is missing is beyond
/// every key.
template <class Key>
struct Tree {
  std::uint32_t depth = 0;
  std::uint32_t buckets = 0;
  alignas(64) Key node[1024];

  explicit Tree(const Split& split) noexcept : buckets(static_cast<std::uint32_t>(split.buckets)) {
    while ((1u << depth) < buckets) ++depth;
    const std::uint32_t leaves = 1u << depth;
    for (std::uint32_t level = 0; level < depth; ++level) {
      const std::uint32_t step = leaves >> level;
      for (std::uint32_t k = 0; k < (1u << level); ++k) {
        const std::uint32_t rank = k * step + step / 2 - 1;
        node[(1u << level) + k] = rank < buckets - 1 ? static_cast<Key>(split.splitters[rank])
                                                     : std::numeric_limits<Key>::max();
      }
    }
  }

  /// REQUIRES: count is a multiple of 16.
  void find(const Key* HWY_RESTRICT keys, std::int64_t count,
            std::uint16_t* HWY_RESTRICT ids) const noexcept {
    for (std::int64_t i = 0; i < count; i += 16) {
      std::uint32_t at[16];
      for (int k = 0; k < 16; ++k) at[k] = 1;
      for (std::uint32_t level = 0; level < depth; ++level) {
        for (int k = 0; k < 16; ++k) {
          at[k] = 2 * at[k] + static_cast<std::uint32_t>(node[at[k]] <= keys[i + k]);
        }
      }
      for (int k = 0; k < 16; ++k) {
        const std::uint32_t bucket = at[k] - (1u << depth);
        // The greatest key passes the nodes beyond every key, too.
        ids[i + k] = static_cast<std::uint16_t>(bucket < buckets ? bucket : buckets - 1);
      }
    }
  }
};

/// Where the next element of each bucket goes, and what a position is there.
struct Cursor {
  std::uint32_t next[buckets_max];
  std::uint64_t least[buckets_max];
  std::uint32_t shift[buckets_max];
};

/// Counts of four interleaved passes, so that equal neighbours do not wait for each other.
void start_cursor(const Split& split, std::int64_t block, const std::uint16_t* ids,
                  std::int64_t count, Cursor& cursor) noexcept {
  std::uint32_t counts[4][buckets_max] = {};
  std::int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    ++counts[0][ids[i]];
    ++counts[1][ids[i + 1]];
    ++counts[2][ids[i + 2]];
    ++counts[3][ids[i + 3]];
  }
  for (; i < count; ++i) ++counts[0][ids[i]];
  std::uint32_t* starts = split.starts + block * (split.buckets + 1);
  std::uint32_t total = 0;
  for (std::int64_t b = 0; b < split.buckets; ++b) {
    starts[b] = cursor.next[b] = total;
    total += counts[0][b] + counts[1][b] + counts[2][b] + counts[3][b];
    if (!split.positions) continue;
    const PositionRange range =
        position_range(least_key(split, b), most_key(split, b), split.position_bits);
    cursor.least[b] = range.least;
    cursor.shift[b] = range.shift;
  }
  starts[split.buckets] = total;
}

template <class T>
void split_one(const Split& split, std::int64_t block) {
  using Key = KeyOf<T>;
  const std::int64_t first = block * split_block_elements;
  const std::int64_t count = std::min(split_block_elements, split.count - first);
  const T* const in = static_cast<const T*>(split.in) + first * split.stride;
  const Tree<Key> tree(split);
  std::uint16_t ids[split_block_elements] = {};  // zeroed for g++ 12, which cannot see it written
  alignas(64) Key keys[chunk] = {};
  for (std::int64_t i = 0; i < count; i += chunk) {
    load_keys(in + i * split.stride, split.stride, std::min(chunk, count - i), split.order, keys);
    tree.find(keys, chunk, ids + i);
  }
  Cursor cursor;
  start_cursor(split, block, ids, count, cursor);
  auto* const positions = reinterpret_cast<std::uint64_t*>(split.elements) + first;
  auto* const to = reinterpret_cast<Key*>(split.elements) + first;
  for (std::int64_t i = 0; i < count; i += chunk) {
    const std::int64_t here = std::min(chunk, count - i);
    load_keys(in + i * split.stride, split.stride, here, split.order, keys);
    if (!split.positions) {
      for (std::int64_t k = 0; k < here; ++k) to[cursor.next[ids[i + k]]++] = keys[k];
      continue;
    }
    for (std::int64_t k = 0; k < here; ++k) {
      const std::uint16_t id = ids[i + k];
      const std::uint64_t above = (keys[k] - cursor.least[id]) >> cursor.shift[id];
      positions[cursor.next[id]++] =
          above << split.position_bits | static_cast<std::uint64_t>(first + i + k);
    }
  }
}

/// f(keys, how many) for a block's keys, some at a time.
template <class T, class F>
void for_keys(const LaneIn& lane, std::int64_t block, const F& f) noexcept {
  constexpr std::int64_t step = 1024;
  alignas(64) KeyOf<T> keys[step];
  const std::int64_t end = std::min((block + 1) * split_block_elements, lane.count);
  for (std::int64_t i = block * split_block_elements; i < end; i += step) {
    const std::int64_t here = std::min(step, end - i);
    load_order(static_cast<const T*>(lane.data) + i * lane.stride, lane.stride, here, {}, keys);
    f(keys, here);
  }
}

template <class T>
void count_between(const Selection& s, std::int64_t block) {
  using Key = KeyOf<T>;
  std::int64_t below[brackets_max] = {};
  std::int64_t inside[brackets_max] = {};
  std::int64_t nans = 0;
  for_keys<T>(s.lane, block, [&](const Key* keys, std::int64_t here) {
    for (int b = 0; b < s.brackets; ++b) {
      const auto least = static_cast<Key>(s.least[b]);
      const auto range = static_cast<Key>(s.most[b] - s.least[b]);
      Key before = 0;  // 1024 fit every key
      Key within = 0;
      for (std::int64_t i = 0; i < here; ++i) {
        before = static_cast<Key>(before + (keys[i] < least));
        within = static_cast<Key>(within + (static_cast<Key>(keys[i] - least) <= range));
      }
      below[b] += before;
      inside[b] += within;
    }
    if constexpr (is_real_float(dtype_of<T>)) {
      Key found = 0;
      for (std::int64_t i = 0; i < here; ++i) {
        found = static_cast<Key>(found + (keys[i] == nan_key<T>));
      }
      nans += found;
    }
  });
  std::int64_t* const counts = s.counts + block * counts_of_block;
  for (int b = 0; b < brackets_max; ++b) {
    counts[2 * b] = below[b];
    counts[2 * b + 1] = inside[b];
  }
  counts[2 * brackets_max] = nans;
}

template <class T>
void collect(const Selection& s, std::int64_t block) {
  using Key = KeyOf<T>;
  const std::int64_t* const counts = s.counts + block * counts_of_block;
  std::int64_t next[brackets_max];
  for (int b = 0; b < s.brackets; ++b) next[b] = s.place[b] + counts[2 * b + 1];
  for_keys<T>(s.lane, block, [&](const Key* keys, std::int64_t here) {
    for (int b = 0; b < s.brackets; ++b) {
      if (s.is_constant(b)) continue;
      const auto least = static_cast<Key>(s.least[b]);
      const auto range = static_cast<Key>(s.most[b] - s.least[b]);
      Key found[1024];
      std::int64_t count = 0;
      for (std::int64_t i = 0; i < here; ++i) {
        found[count] = keys[i];
        count += static_cast<Key>(keys[i] - least) <= range;
      }
      std::copy(found, found + count, reinterpret_cast<Key*>(s.found) + next[b]);
      next[b] += count;
    }
  });
}

template <class... Ts>
constexpr SortTable make_table() noexcept {
  SortTable table;
  ((table.load[static_cast<std::size_t>(dtype_of<Ts>)] = &load<Ts>,
    table.store[static_cast<std::size_t>(dtype_of<Ts>)] = &store<Ts>,
    table.positions[static_cast<std::size_t>(dtype_of<Ts>)] = &positions<Ts>,
    table.split[static_cast<std::size_t>(dtype_of<Ts>)] = &split_one<Ts>,
    table.count[static_cast<std::size_t>(dtype_of<Ts>)] = &count_between<Ts>,
    table.collect[static_cast<std::size_t>(dtype_of<Ts>)] = &collect<Ts>),
   ...);
  return table;
}

// Not noexcept: HWY_EXPORT of Highway 1.0.3 takes none.
const SortTable* distribute_table() {
  static constexpr SortTable table =
      make_table<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                 std::uint16_t, std::uint32_t, std::uint64_t, f16, float, double>();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

HWY_EXPORT(distribute_table);

const SortTable& sort_table() noexcept {
  static constinit Dispatch<SortTable> dispatch(
      [](std::size_t slot) noexcept { return FURROW_DISPATCH(distribute_table, slot); });
  return dispatch.table();
}

}  // namespace furrow::kernels
#endif
