// furrow/kernels/random/shuffle.hpp
//
// Random order: every permutation is as likely as any other, and a function of (seed, stream, n).
//
// Method  each element draws a bucket; within a bucket Fisher and Yates (inside out, Durstenfeld).
//         Both draws are exact, so the order is uniform: Rao (1961), Sandelius (1962), and Bacher
//         et al., "MergeShuffle", 2015. Buckets fit the second-level cache: two passes over memory.
// Draws   bucket of element i: the upper bits of word i (u32) of step 0; place of position i among
//         those before it in its bucket: draw i (u64) of random_step(k, 1), rejected as in Lemire
// Steps   of the executor; each writes only what it does not read, and may be run again
// Memory  scratch of n elements, and counts of shuffle_counts(n) numbers, from the caller
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include <furrow/kernels/random/random.hpp>

namespace furrow::kernels {

/// How n elements are cut; from n alone.
struct ShufflePlan {
  std::int64_t n;
  int bucket_bits;         // 0: one bucket
  std::int64_t blocks;     // of the passes over the source
  std::int64_t per_block;  // elements, the last one fewer

  constexpr std::int64_t buckets() const noexcept { return std::int64_t{1} << bucket_bits; }
};

inline constexpr int shuffle_bucket_bits_max = 12;

constexpr ShufflePlan shuffle_plan(std::int64_t n) noexcept {
  int bits = 0;
  while (bits < shuffle_bucket_bits_max && n >> bits > 16384) ++bits;
  const std::int64_t wanted = std::min<std::int64_t>((n + 32767) / 32768, 1024);
  const std::int64_t per_block = wanted == 0 ? 1 : (n + wanted - 1) / wanted;
  return {n, bits, (n + per_block - 1) / per_block, per_block};
}

/// Numbers of the scratch `counts`.
constexpr std::int64_t shuffle_counts(std::int64_t n) noexcept {
  const ShufflePlan plan = shuffle_plan(n);
  return 2 * plan.buckets() * plan.blocks + 1;
}

namespace detail {

/// What the steps share. `counts` is by bucket, then by block: the counts, then the places.
template <class T, class Source>
struct Shuffle {
  ShufflePlan plan;
  std::uint64_t seed, stream;
  Source source;
  T* scratch;
  std::int64_t* counts;
  T* out;

  std::int64_t* places() const noexcept { return counts + plan.buckets() * plan.blocks; }

  /// f(element, bucket) for the elements of a block.
  template <class F>
  void each_in_block(std::int64_t block, F f) const noexcept {
    std::uint32_t words[2048] = {};
    const std::int64_t end = std::min(plan.n, (block + 1) * plan.per_block);
    for (std::int64_t at = block * plan.per_block; at < end;) {
      const std::int64_t count = std::min<std::int64_t>(end - at, std::ssize(words));
      if (plan.bucket_bits != 0) {
        random_bits(std::span<std::uint32_t>(words, static_cast<std::size_t>(count)),
                    {seed, stream, static_cast<std::uint64_t>(at)});
      }
      for (std::int64_t j = 0; j < count; ++j) {
        // Shifted twice: a shift by all 32 bits is not defined.
        f(at + j, static_cast<std::size_t>(words[j] >> 1 >> (31 - plan.bucket_bits)));
      }
      at += count;
    }
  }

  void count(std::int64_t block) const noexcept {
    std::int64_t seen[1 << shuffle_bucket_bits_max] = {};
    each_in_block(block, [&](std::int64_t, std::size_t bucket) { ++seen[bucket]; });
    for (std::int64_t b = 0; b < plan.buckets(); ++b) counts[b * plan.blocks + block] = seen[b];
  }
  void place() const noexcept {
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < plan.buckets() * plan.blocks; ++i) {
      places()[i] = sum;
      sum += counts[i];
    }
    places()[plan.buckets() * plan.blocks] = sum;
  }
  void scatter(std::int64_t block) const noexcept {
    std::int64_t next[1 << shuffle_bucket_bits_max];
    for (std::int64_t b = 0; b < plan.buckets(); ++b) next[b] = places()[b * plan.blocks + block];
    each_in_block(block,
                  [&](std::int64_t i, std::size_t bucket) { scratch[next[bucket]++] = source(i); });
  }

  /// One of 0 … j, for the position `at`; the first attempt's draw is given.
  std::uint64_t choose(std::uint64_t draw, std::uint64_t at, std::uint64_t j) const noexcept {
    __extension__ using Double = unsigned __int128;
    const std::uint64_t width = j + 1;
    Double product = Double{draw} * width;
    if (static_cast<std::uint64_t>(product) >= width) [[likely]] {
      return static_cast<std::uint64_t>(product >> 64);
    }
    const std::uint64_t threshold = (0 - width) % width;
    for (std::uint32_t k = 1; static_cast<std::uint64_t>(product) < threshold; ++k) {
      const PhiloxWords words = philox_block(seed, stream, at / 2, random_step(k, 1));
      product = Double{philox_u64(words, static_cast<unsigned>(at % 2))} * width;
    }
    return static_cast<std::uint64_t>(product >> 64);
  }
  void order(std::int64_t bucket) const noexcept {
    const std::int64_t begin = places()[bucket * plan.blocks];
    const std::int64_t end = places()[(bucket + 1) * plan.blocks];
    std::uint64_t draws[1024];
    for (std::int64_t at = begin; at < end;) {
      const std::int64_t count = std::min<std::int64_t>(end - at, std::ssize(draws));
      random_bits(
          std::span<std::uint64_t>(draws, static_cast<std::size_t>(count)),
          {seed, stream ^ std::uint64_t{random_step(0, 1)} << 32, static_cast<std::uint64_t>(at)});
      for (std::int64_t j = 0; j < count; ++j, ++at) {
        const auto position = static_cast<std::uint64_t>(at);
        const auto before = static_cast<std::uint64_t>(at - begin);
        const auto chosen = static_cast<std::int64_t>(choose(draws[j], position, before));
        out[at] = out[begin + chosen];
        out[begin + chosen] = scratch[at];
      }
    }
  }
};

}  // namespace detail

/// out[i] = source(p(i)) with p a permutation of 0 … n-1. Source is trivially copyable, and may
/// read `out`: it is read before `out` is written.
template <class Each, class T, class Source>
void shuffle_from(Each each, std::int64_t n, Source source, T* out, T* scratch,
                  std::int64_t* counts, std::uint64_t seed, std::uint64_t stream) {
  const ShufflePlan plan = shuffle_plan(n);
  if (n == 0) return;
  const detail::Shuffle<T, Source> work{plan, seed, stream, source, scratch, counts, out};
  each(plan.blocks, [work](std::int64_t block) { work.count(block); });
  each(1, [work](std::int64_t) { work.place(); });
  each(plan.blocks, [work](std::int64_t block) { work.scatter(block); });
  each(plan.buckets(), [work](std::int64_t bucket) { work.order(bucket); });
}

/// In place. REQUIRES: scratch.size() == x.size(), counts.size() >= shuffle_counts(x.size()).
template <class Each, class T>
void shuffle(Each each, std::span<T> x, std::span<T> scratch, std::span<std::int64_t> counts,
             std::uint64_t seed, std::uint64_t stream = 0) {
  const T* const from = x.data();
  shuffle_from(
      each, static_cast<std::int64_t>(x.size()), [from](std::int64_t i) { return from[i]; },
      x.data(), scratch.data(), counts.data(), seed, stream);
}

/// The numbers 0 … n-1 in random order; what `shuffle` does to them.
template <class Each>
void permutation(Each each, std::span<std::int64_t> out, std::span<std::int64_t> scratch,
                 std::span<std::int64_t> counts, std::uint64_t seed, std::uint64_t stream = 0) {
  shuffle_from(
      each, static_cast<std::int64_t>(out.size()), [](std::int64_t i) { return i; }, out.data(),
      scratch.data(), counts.data(), seed, stream);
}

}  // namespace furrow::kernels
