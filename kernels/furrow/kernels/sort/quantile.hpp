// furrow/kernels/sort/quantile.hpp
//
// Quantiles of lanes.                quantile(x, q) = x sorted, at place q * (count - 1)
//
//   std::list<std::vector<std::byte>> rooms;
//   auto memory = [&](std::size_t bytes) { return rooms.emplace_back(bytes).data(); };
//   const double q[] = {0.25, 0.5, 0.75};
//   double quartiles[3];
//   bool done = quantile<double>(Threads{}, x, q, quartiles, {}, memory);       // np.quantile
//   done = quantile<float>(Serial{}, y, q, quartiles,
//                          {.method = QuantileMethod::nearest, .ignore_nan = true}, memory);
//
// Of lanes along an axis: `one_lane` or Lanes (lanes.hpp) with Quantiles, as at the end of this
// file. On an engine's arrays: furrow/compute/quantile.hpp.
//
// Between two elements a, b at part t of the way (NumPy's names and rounding):
//   linear    a + (b - a) t below the middle, b - (b - a) (1 - t) from it on
//   lower, higher, nearest (even on a tie)       midpoint  half way
//   median    (a + b) / 2 of the two in the middle, for q = 0.5, as np.median rounds it
//
// Types   all real dtypes, the result f64
// Memory  `memory(bytes)` as in sort.hpp, but asked several times: it must keep all of it
// NaN     a lane with a NaN has NaN quantiles, or NaNs are left out (`ignore_nan`: np.nanquantile);
//         nothing left: NaN. Equal neighbours give themselves, infinite ones too: there NumPy's
//         inf - inf makes NaN
// Steps   up to four quantiles of a long lane are selected (sort/select.hpp); else it is cut into
//         buckets, and only those with a wanted rank are sorted
// Source  Hyndman, Fan, Sample Quantiles in Statistical Packages, Am. Stat. 50 (1996): linear is 7
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include <furrow/kernels/sort/select.hpp>
#include <furrow/kernels/sort/sort.hpp>

namespace furrow::kernels {

enum class QuantileMethod : std::uint8_t { linear, lower, higher, nearest, midpoint, median };

struct Quantiles {
  const double* q = nullptr;  // in [0, 1], where the workers see them
  std::int64_t count = 0;
  QuantileMethod method = QuantileMethod::linear;
  bool ignore_nan = false;
  double* out = nullptr;  // [count][lanes]
};

/// The two ranks of a quantile and the part of the way between them.
struct QuantilePlace {
  std::int64_t below;
  std::int64_t above;
  double part;
};

/// REQUIRES: count > 0.
QuantilePlace quantile_place(std::int64_t count, double q, QuantileMethod method) noexcept;

double quantile_between(double a, double b, double part, QuantileMethod method) noexcept;

/// All quantiles of one lane from its sorted keys.
void quantile_lane(Dtype dtype, const std::byte* keys, std::int64_t count,
                   const Quantiles& quantiles, std::int64_t lane, std::int64_t lanes) noexcept;

/// Buckets that hold wanted ranks, and where each of them goes.
struct WantedBuckets {
  std::int64_t* bucket = nullptr;  // ascending
  std::int64_t* offset = nullptr;  // in elements
  std::int64_t count = 0;
  std::int64_t elements = 0;
};

/// Elements of the lane that count; 0 when the result is NaN.
std::int64_t counted_elements(const Split& split, bool ignore_nan) noexcept;

/// Lists them into `room`, which has place for 4 * quantiles.count numbers.
WantedBuckets wanted_buckets(const Split& split, const Quantiles& quantiles,
                             std::int64_t* room) noexcept;

void quantile_split(const Split& split, const WantedBuckets& wanted, const std::byte* keys,
                    const Quantiles& quantiles, std::int64_t lane, std::int64_t lanes) noexcept;

/// The ranks that quantiles of `count` elements need, ascending; 0: too many to select them singly.
int wanted_ranks(std::int64_t count, const Quantiles& quantiles,
                 std::int64_t (&ranks)[2 * brackets_max]) noexcept;

void quantile_selected(const Selection& selection, const Quantiles& quantiles, std::int64_t lane,
                       std::int64_t lanes) noexcept;

namespace detail {

/// One long lane by selection; false: nothing was written, and it has to be split.
template <class Each, class Memory>
bool select_quantiles(const Each& each, const LaneIn& lane, const Quantiles& quantiles,
                      std::int64_t at, std::int64_t lanes, Memory& memory) {
  std::int64_t ranks[2 * brackets_max];
  const int rank_count = wanted_ranks(lane.count, quantiles, ranks);
  if (rank_count == 0 || (quantiles.ignore_nan && is_real_float(lane.dtype))) return false;
  const auto numbers = static_cast<std::size_t>(selection_blocks(lane.count) * counts_of_block);
  auto* const counts = reinterpret_cast<std::int64_t*>(aligned64(memory(numbers * 8 + 64)));
  Selection selection = choose_brackets(lane, ranks, rank_count, counts);
  each(selection.blocks, [selection](std::int64_t block) { count_block(selection, block); });
  if (!settle_brackets(selection, ranks, rank_count)) return false;
  if (selection.nans == 0) {
    const auto keys = static_cast<std::size_t>(selection.keys_count()) * key_bytes(lane.dtype);
    selection.found = aligned64(memory(2 * keys + 128));
    selection.keys = aligned64(selection.found + keys);
    each(selection.blocks, [selection](std::int64_t block) { collect_block(selection, block); });
    each(selection.brackets, [selection](std::int64_t b) { sort_bracket(selection, b); });
  }
  quantile_selected(selection, quantiles, at, lanes);
  return true;
}

}  // namespace detail

/// `memory` is asked several times, and must keep all of it. lanes.out is not used.
template <class Each, class Memory>
void quantile(const Each& each, const Lanes& lanes, const Quantiles& quantiles, Memory&& memory) {
  const std::int64_t lane_count = lanes.count();
  if (lanes.length == 0 || lane_count == 0 || quantiles.count == 0) return;
  if (detail::is_whole(lanes)) {
    const LaneGroups groups(lanes);
    const auto lane_bytes = static_cast<std::size_t>(lanes.length) * key_bytes(lanes.dtype);
    std::byte* const keys =
        detail::aligned64(memory(lane_bytes * static_cast<std::size_t>(lane_count) + 64));
    each(groups.count(), [=](std::int64_t g) {
      for (std::int64_t lane = groups.first(g); lane < groups.end(g); ++lane) {
        std::byte* const here = keys + lane_bytes * static_cast<std::size_t>(lane);
        sort_lane(lanes.lane_in(lane), false, here);
        quantile_lane(lanes.dtype, here, lanes.length, quantiles, lane, lane_count);
      }
    });
    return;
  }
  std::byte* scratch = nullptr;
  auto* const room = reinterpret_cast<std::int64_t*>(
      detail::aligned64(memory(static_cast<std::size_t>(quantiles.count) * 32 + 64)));
  std::byte* keys = nullptr;
  std::int64_t keys_count = 0;
  for (std::int64_t lane = 0; lane < lane_count; ++lane) {
    const LaneIn in = lanes.lane_in(lane);
    if (detail::select_quantiles(each, in, quantiles, lane, lane_count, memory)) continue;
    if (scratch == nullptr) {
      scratch = detail::aligned64(memory(split_bytes(lanes.dtype, lanes.length, false) + 64));
    }
    Split split = make_split(in, {}, false, scratch);
    detail::split_lane(each, split);
    const WantedBuckets wanted = wanted_buckets(split, quantiles, room);
    const auto bytes = key_bytes(lanes.dtype);
    if (wanted.elements > keys_count) {
      keys_count = wanted.elements;
      keys = detail::aligned64(memory(static_cast<std::size_t>(keys_count) * bytes + 64));
    }
    each(wanted.count, [split, wanted, keys, bytes](std::int64_t i) {
      if (split.is_constant(wanted.bucket[i])) return;
      take_bucket(split, wanted.bucket[i],
                  keys + static_cast<std::size_t>(wanted.offset[i]) * bytes, true);
    });
    quantile_split(split, wanted, keys, quantiles, lane, lane_count);
  }
}

struct QuantileOptions {
  QuantileMethod method = QuantileMethod::linear;
  bool ignore_nan = false;
};

/// out[k] = the quantile q[k] of x. False, and nothing is written: x is empty, a q is not in
/// [0, 1], or out is not as long as q.
template <Element T, class Each, class Memory>
[[nodiscard]] bool quantile(const Each& each, std::span<const T> x, std::span<const double> q,
                            std::span<double> out, const QuantileOptions& options,
                            Memory&& memory) {
  const bool known = std::all_of(q.begin(), q.end(), [](double p) { return p >= 0 && p <= 1; });
  if (x.empty() || !known || out.size() != q.size()) return false;
  const Quantiles wanted{q.data(), static_cast<std::int64_t>(q.size()), options.method,
                         options.ignore_nan, out.data()};
  const auto count = static_cast<std::int64_t>(x.size());
  quantile(each, one_lane(dtype_of<T>, x.data(), nullptr, count), wanted, memory);
  return true;
}

}  // namespace furrow::kernels
