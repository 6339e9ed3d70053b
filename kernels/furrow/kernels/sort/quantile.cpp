// furrow/kernels/sort/quantile.cpp
#include <furrow/kernels/sort/quantile.hpp>

#include <algorithm>
#include <limits>

#include <furrow/kernels/sort/entries.hpp>

namespace furrow::kernels {
namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

template <class T>
double value_of(KeyOf<T> key) noexcept {
  return static_cast<double>(from_key<T>(key, false));
}

/// f(T{}) for a dtype that has an order.
template <class F>
void with_type(Dtype dtype, const F& f) noexcept {
  visit_dtype(dtype, [&](auto zero) {
    if constexpr (is_sortable(dtype_of<decltype(zero)>)) f(zero);
  });
}

/// All quantiles, from a function that gives the key of a rank.
template <class T, class KeyAt>
void write_quantiles(std::int64_t counted, const KeyAt& key_at, const Quantiles& quantiles,
                     std::int64_t lane, std::int64_t lanes) noexcept {
  for (std::int64_t k = 0; k < quantiles.count; ++k) {
    double* const out = quantiles.out + k * lanes + lane;
    if (counted == 0) {
      *out = not_a_number;
      continue;
    }
    const QuantilePlace place = quantile_place(counted, quantiles.q[k], quantiles.method);
    *out = quantile_between(value_of<T>(key_at(place.below)), value_of<T>(key_at(place.above)),
                            place.part, quantiles.method);
  }
}

}  // namespace

QuantilePlace quantile_place(std::int64_t count, double q, QuantileMethod method) noexcept {
  const std::int64_t last = count - 1;
  if (method == QuantileMethod::median) return {last / 2, count / 2, 0.5};
  const double at = static_cast<double>(last) * q;
  const auto below = std::min(last, static_cast<std::int64_t>(at));
  const double part = at - static_cast<double>(below);
  const std::int64_t above = part > 0 ? std::min(last, below + 1) : below;
  switch (method) {
    case QuantileMethod::lower: return {below, below, 0};
    case QuantileMethod::higher: return {above, above, 0};
    case QuantileMethod::nearest: {
      const bool up = part > 0.5 || (part == 0.5 && below % 2 != 0);
      return up ? QuantilePlace{above, above, 0} : QuantilePlace{below, below, 0};
    }
    case QuantileMethod::midpoint: return {below, above, part > 0 ? 0.5 : 0};
    default: return {below, above, part};
  }
}

double quantile_between(double a, double b, double part, QuantileMethod method) noexcept {
  if (a == b || part == 0) return a;
  if (method == QuantileMethod::median) {
    const double middle = (a + b) / 2;
    const bool overflow = middle - middle != 0 && a - a == 0 && b - b == 0;
    return overflow ? a / 2 + b / 2 : middle;
  }
  const double difference = b - a;
  const double step = difference * (part >= 0.5 ? 1 - part : part);
  return part >= 0.5 ? b - step : a + step;
}

void quantile_lane(Dtype dtype, const std::byte* bytes, std::int64_t count,
                   const Quantiles& quantiles, std::int64_t lane, std::int64_t lanes) noexcept {
  with_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto* const keys = reinterpret_cast<const KeyOf<T>*>(bytes);
    std::int64_t counted = count;
    if (is_real_float(dtype_of<T>)) {
      counted = std::lower_bound(keys, keys + count, nan_key<T>) - keys;
      if (!quantiles.ignore_nan && counted != count) counted = 0;
    }
    write_quantiles<T>(
        counted, [=](std::int64_t rank) { return keys[rank]; }, quantiles, lane, lanes);
  });
}

std::int64_t counted_elements(const Split& split, bool ignore_nan) noexcept {
  if (!is_real_float(split.dtype)) return split.count;
  const std::int64_t nans = split.bucket_count(split.buckets - 1);
  return nans != 0 && !ignore_nan ? 0 : split.count - nans;
}

int wanted_ranks(std::int64_t count, const Quantiles& quantiles,
                 std::int64_t (&ranks)[2 * brackets_max]) noexcept {
  if (quantiles.count > brackets_max) return 0;
  int found = 0;
  for (std::int64_t k = 0; k < quantiles.count; ++k) {
    const QuantilePlace place = quantile_place(count, quantiles.q[k], quantiles.method);
    ranks[found++] = place.below;
    ranks[found++] = place.above;
  }
  std::sort(ranks, ranks + found);
  return found;
}

void quantile_selected(const Selection& selection, const Quantiles& quantiles, std::int64_t lane,
                       std::int64_t lanes) noexcept {
  with_type(selection.lane.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto key_at = [&](std::int64_t rank) {
      return static_cast<KeyOf<T>>(selection.key_at(rank));
    };
    const std::int64_t counted = selection.nans == 0 ? selection.lane.count : 0;
    write_quantiles<T>(counted, key_at, quantiles, lane, lanes);
  });
}

WantedBuckets wanted_buckets(const Split& split, const Quantiles& quantiles,
                             std::int64_t* room) noexcept {
  WantedBuckets wanted;
  wanted.bucket = room;
  wanted.offset = room + 2 * quantiles.count;
  const std::int64_t counted = counted_elements(split, quantiles.ignore_nan);
  if (counted == 0) return wanted;
  for (std::int64_t k = 0; k < quantiles.count; ++k) {
    const QuantilePlace place = quantile_place(counted, quantiles.q[k], quantiles.method);
    room[2 * k] = bucket_of_rank(split, place.below);
    room[2 * k + 1] = bucket_of_rank(split, place.above);
  }
  std::sort(room, room + 2 * quantiles.count);
  wanted.count = std::unique(room, room + 2 * quantiles.count) - room;
  for (std::int64_t i = 0; i < wanted.count; ++i) {
    wanted.offset[i] = wanted.elements;
    // A constant bucket is known without its elements.
    if (!split.is_constant(room[i])) wanted.elements += split.bucket_count(room[i]);
  }
  return wanted;
}

void quantile_split(const Split& split, const WantedBuckets& wanted, const std::byte* bytes,
                    const Quantiles& quantiles, std::int64_t lane, std::int64_t lanes) noexcept {
  with_type(split.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto* const keys = reinterpret_cast<const KeyOf<T>*>(bytes);
    const auto key_at = [&](std::int64_t rank) {
      const std::int64_t bucket = bucket_of_rank(split, rank);
      if (split.is_constant(bucket)) return static_cast<KeyOf<T>>(least_key(split, bucket));
      const std::int64_t i =
          std::lower_bound(wanted.bucket, wanted.bucket + wanted.count, bucket) - wanted.bucket;
      return keys[wanted.offset[i] + rank - split.offsets[bucket]];
    };
    write_quantiles<T>(counted_elements(split, quantiles.ignore_nan), key_at, quantiles, lane,
                       lanes);
  });
}

}  // namespace furrow::kernels
