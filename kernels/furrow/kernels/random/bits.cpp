// furrow/kernels/random/bits.cpp
//
// Fills with the words of Threefry4x64-20 (one counter per 64-bit lane, its four words in four
// registers) and with integers of a range. A tile may begin and end at any index.
//
// Range   Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019): word times
//         width, the upper half; words whose lower half is below 2^bits mod width are rejected, and
//         the element takes its word of step 8k for attempt k: no bias, and of a 32-bit word at
//         most one in two is rejected, of most widths next to none
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/random/bits.cpp"
#include <hwy/foreach_target.h>
//
#include <algorithm>
#include <cstring>

#include <furrow/kernels/random/draws-inl.h>
#include <furrow/kernels/random/domain.hpp>
#include <furrow/kernels/random/threefry.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<std::uint64_t>;
using V = hn::Vec<D>;
constexpr std::size_t lanes = hn::MaxLanes(D());
/// Groups of counters in flight: a round is a chain of three operations.
constexpr std::size_t groups = 2;

template <int bits>
HWY_INLINE V rotate_left(V x) noexcept {
  return hn::RotateRight<64 - bits>(x);
}

/// Words `a`, `b`, and `c`, `d` of every group mixed by one round.
template <int first, int second>
HWY_INLINE void mix(V (&a)[groups], V (&b)[groups], V (&c)[groups], V (&d)[groups]) noexcept {
  for (std::size_t g = 0; g < groups; ++g) {
    a[g] = hn::Add(a[g], b[g]);
    b[g] = hn::Xor(rotate_left<first>(b[g]), a[g]);
    c[g] = hn::Add(c[g], d[g]);
    d[g] = hn::Xor(rotate_left<second>(d[g]), c[g]);
  }
}

struct Key {
  std::uint64_t schedule[5];
};

struct Block {
  V x[4][groups];
};

HWY_INLINE void add_key(Block& block, const Key& key, std::size_t turn) noexcept {
  const D d;
  for (std::size_t word = 0; word < 4; ++word) {
    const std::uint64_t part = key.schedule[(turn + word) % 5] + (word == 3 ? turn : 0);
    for (std::size_t g = 0; g < groups; ++g) {
      block.x[word][g] = hn::Add(block.x[word][g], hn::Set(d, part));
    }
  }
}

template <int round>
HWY_INLINE void four_rounds(Block& block) noexcept {
  constexpr const auto& r = threefry_rotation;
  auto& x = block.x;
  mix<r[round % 8][0], r[round % 8][1]>(x[0], x[1], x[2], x[3]);
  mix<r[round % 8 + 1][0], r[round % 8 + 1][1]>(x[0], x[3], x[2], x[1]);
  mix<r[round % 8 + 2][0], r[round % 8 + 2][1]>(x[0], x[1], x[2], x[3]);
  mix<r[round % 8 + 3][0], r[round % 8 + 3][1]>(x[0], x[3], x[2], x[1]);
}

/// groups * lanes blocks from `first` on: 4 words each, in order, to `out`.
HWY_INLINE void generate(std::uint64_t first, const Key& key, std::uint64_t* out) noexcept {
  const D d;
  Block block;
  for (std::size_t g = 0; g < groups; ++g) {
    block.x[0][g] = hn::Iota(d, first + g * lanes);
    for (std::size_t word = 1; word < 4; ++word) block.x[word][g] = hn::Zero(d);
  }
  add_key(block, key, 0);
  four_rounds<0>(block);
  add_key(block, key, 1);
  four_rounds<4>(block);
  add_key(block, key, 2);
  four_rounds<8>(block);
  add_key(block, key, 3);
  four_rounds<12>(block);
  add_key(block, key, 4);
  four_rounds<16>(block);
  add_key(block, key, 5);
  for (std::size_t g = 0; g < groups; ++g) {
    std::uint64_t* const to = out + g * lanes * 4;
#if HWY_TARGET == HWY_SCALAR
    for (std::size_t word = 0; word < 4; ++word) hn::StoreU(block.x[word][g], d, to + word);
#else
    hn::StoreInterleaved4(block.x[0][g], block.x[1][g], block.x[2][g], block.x[3][g], d, to);
#endif
  }
}

/// Words of 64 bits, seen as elements of type T (the lower half of a word first).
template <class T>
void fill_threefry(const MapCall& call) noexcept {
  constexpr std::size_t per_block = 32 / sizeof(T);
  constexpr std::size_t blocks = groups * lanes;
  constexpr std::size_t elements = blocks * per_block;
  const std::uint64_t seed = call.parameters[random_seed].u64;
  const std::uint64_t stream = call.parameters[random_stream].u64;
  const Key key{{seed, stream, 0, 0, threefry_parity ^ seed ^ stream}};
  auto* out = static_cast<T*>(call.out);
  std::uint64_t block = call.first_index / per_block;
  std::size_t skip = call.first_index % per_block;  // elements of the first block before the tile
  for (std::size_t left = call.count; left != 0;) {
    alignas(64) std::uint64_t buffer[blocks * 4];
    generate(block, key, buffer);
    const std::size_t count = std::min(left, elements - skip);
    std::memcpy(out, reinterpret_cast<const T*>(buffer) + skip, count * sizeof(T));
    out += count;
    left -= count;
    skip = 0;
    block += blocks;
  }
}

/// Word `index` of width 32 or 64 at a step.
template <class Word>
Word word_at(const Scalar* p, std::uint64_t index, std::uint32_t step) noexcept {
  const PhiloxWords words =
      philox_block(p[random_seed].u64, p[random_stream].u64, index / (16 / sizeof(Word)), step);
  if constexpr (sizeof(Word) == 4) {
    return words[index % 4];
  } else {
    return philox_u64(words, static_cast<unsigned>(index % 2));
  }
}

/// `width` numbers from `low` on; 0 is all of them. Double has twice the bits of Word.
template <class Word, class Double>
struct Range {
  Double width;
  Word threshold;

  explicit Range(std::uint64_t numbers) noexcept
      : width(numbers == 0 ? Double{1} << (8 * sizeof(Word)) : Double{numbers}),
        threshold(static_cast<Word>((Double{1} << (8 * sizeof(Word))) % width)) {}
  HWY_INLINE Word of(Word word) const noexcept {
    return static_cast<Word>((width * word) >> (8 * sizeof(Word)));
  }
  HWY_INLINE bool rejects(Word word) const noexcept {
    return static_cast<Word>(width * word) < threshold;
  }
  /// Attempts after the first.
  Word again(const Scalar* p, std::uint64_t index) const noexcept {
    Word word = 0;
    for (std::uint32_t attempt = 1; attempt < random_attempts_max; ++attempt) {
      word = word_at<Word>(p, index, random_step(attempt, 0));
      if (!rejects(word)) break;
    }
    return of(word);
  }
};

template <class T, class Word, class Double>
void fill_integers(const MapCall& call) noexcept {
  constexpr std::size_t per_block = 16 / sizeof(Word);
  constexpr std::size_t chunk = draw_chunk / 2 * per_block;
  auto* out = static_cast<T*>(call.out);
  const Scalar* const p = call.parameters;
  const T low = element_of<T>(p[random_first_real]);
  const T high = element_of<T>(p[random_second_real]);
  if (low > high) return std::fill(out, out + call.count, T(0));
  const Range<Word, Double> range(static_cast<std::uint64_t>(high) -
                                  static_cast<std::uint64_t>(low) + 1);
  const DrawSource source(p);
  std::uint64_t index = call.first_index;
  for (std::size_t left = call.count; left != 0;) {
    alignas(64) std::uint64_t words[draw_chunk];
    const std::size_t skip = index % per_block;
    const std::size_t count = std::min(left, chunk - skip);
    const std::size_t blocks = (skip + count + per_block - 1) / per_block;
    for (std::size_t at = 0; at < blocks; at += draw_unit / 2) {
      const RandomWords w =
          philox_vectors(index / per_block + at, source.offsets, source.stream, source.key);
      for (std::size_t g = 0; g < random_groups; ++g) {
        store_interleaved(RandomD(), w.a[g], w.b[g], words + 2 * at + g * 2 * random_lanes);
      }
    }
    Word from[chunk];
    std::memcpy(from, reinterpret_cast<const Word*>(words) + skip, count * sizeof(Word));
    bool rejected = false;
    for (std::size_t j = 0; j < count; ++j) {
      out[j] = static_cast<T>(static_cast<Word>(low) + range.of(from[j]));
      rejected |= range.rejects(from[j]);
    }
    for (std::size_t j = 0; rejected && j < count; ++j) {
      if (!range.rejects(from[j])) continue;
      out[j] = static_cast<T>(static_cast<Word>(low) + range.again(p, index + j));
    }
    out += count;
    left -= count;
    index += count;
  }
}

template <class T>
constexpr MapFunction integers_function() noexcept {
  if constexpr (sizeof(T) == 8) {
    __extension__ using Double = unsigned __int128;
    return &fill_integers<T, std::uint64_t, Double>;
  } else {
    return &fill_integers<T, std::uint32_t, std::uint64_t>;
  }
}

constexpr RandomTable make_random_bits() noexcept {
  RandomTable table;
  table.at(RandomOp::bits_threefry, Dtype::u32) = &fill_threefry<std::uint32_t>;
  table.at(RandomOp::bits_threefry, Dtype::u64) = &fill_threefry<std::uint64_t>;
  table.at(RandomOp::integers, Dtype::i8) = integers_function<std::int8_t>();
  table.at(RandomOp::integers, Dtype::i16) = integers_function<std::int16_t>();
  table.at(RandomOp::integers, Dtype::i32) = integers_function<std::int32_t>();
  table.at(RandomOp::integers, Dtype::i64) = integers_function<std::int64_t>();
  table.at(RandomOp::integers, Dtype::u8) = integers_function<std::uint8_t>();
  table.at(RandomOp::integers, Dtype::u16) = integers_function<std::uint16_t>();
  table.at(RandomOp::integers, Dtype::u32) = integers_function<std::uint32_t>();
  table.at(RandomOp::integers, Dtype::u64) = integers_function<std::uint64_t>();
  return table;
}

// Not noexcept: HWY_EXPORT of Highway 1.0.3 takes none.
const RandomTable* random_bits_table() {
  static constexpr RandomTable table = make_random_bits();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

HWY_EXPORT(random_bits_table);

const RandomTable* resolve_random_bits(std::size_t slot) noexcept {
  return FURROW_DISPATCH(random_bits_table, slot);
}

}  // namespace furrow::kernels
#endif
