// furrow/kernels/bytes/shuffle.cpp
//
// Shuffles of 2^m bytes as a network of interleaves.
//
// 16 items of 2^m bytes are 2^m vectors of 16 lanes. Number their bytes by 4 + m bits, the vector
// above, the lane below. Interleaving vector v with vector v + half of them, lower halves first,
// moves every byte from address a to a with its bits rotated left by one. Items have the byte's m
// bits below, planes have them above: unshuffling rotates by m, shuffling by 4.
//
// Registers of 32 bytes hold two such groups side by side; wider ones are not used, for memory is
// the limit by then.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/bytes/shuffle.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <furrow/kernels/bytes/bytes.hpp>
#include <furrow/kernels/bytes/table.hpp>
#include <furrow/kernels/dispatch.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_SCALAR

std::size_t shuffle_front(std::uint8_t*, const std::uint8_t*, std::size_t, std::size_t) noexcept {
  return 0;
}
std::size_t unshuffle_front(std::uint8_t*, const std::uint8_t*, std::size_t, std::size_t) noexcept {
  return 0;
}

#else

namespace hn = hwy::HWY_NAMESPACE;

using Wide = hn::CappedTag<std::uint8_t, 32>;
using Narrow = hn::CappedTag<std::uint8_t, 16>;
using Vector = hn::Vec<Wide>;
inline constexpr std::size_t group = 16;
inline constexpr std::size_t groups = hn::MaxLanes(Wide{}) / group;

/// One rotation of the byte addresses by one bit.
template <std::size_t N>
HWY_INLINE void rotate(Vector (&v)[N]) noexcept {
  const Wide d;
  Vector turned[N];
  for (std::size_t k = 0; k < N / 2; ++k) {
    turned[2 * k] = hn::InterleaveLower(d, v[k], v[k + N / 2]);
    turned[2 * k + 1] = hn::InterleaveUpper(d, v[k], v[k + N / 2]);
  }
  for (std::size_t k = 0; k < N; ++k) v[k] = turned[k];
}

/// 16 bytes of each group, `apart` bytes from each other.
HWY_INLINE Vector load_groups(const std::uint8_t* in, [[maybe_unused]] std::size_t apart) noexcept {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
  return hn::Combine(Wide{}, hn::LoadU(Narrow{}, in + apart), hn::LoadU(Narrow{}, in));
#else
  return hn::LoadU(Wide{}, in);
#endif
}

HWY_INLINE void store_groups(Vector v, std::uint8_t* out,
                             [[maybe_unused]] std::size_t apart) noexcept {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
  hn::StoreU(hn::LowerHalf(v), Narrow{}, out);
  hn::StoreU(hn::UpperHalf(Narrow{}, v), Narrow{}, out + apart);
#else
  hn::StoreU(v, Wide{}, out);
#endif
}

template <std::size_t Item>
std::size_t shuffle_items_of(std::uint8_t* out, const std::uint8_t* in,
                             std::size_t count) noexcept {
  constexpr std::size_t step = group * groups;
  std::size_t at = 0;
  for (; at + step <= count; at += step) {
    Vector v[Item];
    for (std::size_t k = 0; k < Item; ++k) {
      v[k] = load_groups(in + at * Item + k * group, group * Item);
    }
    for (int turn = 0; turn < 4; ++turn) rotate(v);
    for (std::size_t k = 0; k < Item; ++k) hn::StoreU(v[k], Wide{}, out + k * count + at);
  }
  return at;
}

template <std::size_t Item>
std::size_t unshuffle_items_of(std::uint8_t* out, const std::uint8_t* in,
                               std::size_t count) noexcept {
  constexpr std::size_t step = group * groups;
  std::size_t at = 0;
  for (; at + step <= count; at += step) {
    Vector v[Item];
    for (std::size_t k = 0; k < Item; ++k) v[k] = hn::LoadU(Wide{}, in + k * count + at);
    for (std::size_t turn = 1; turn < Item; turn *= 2) rotate(v);
    for (std::size_t k = 0; k < Item; ++k) {
      store_groups(v[k], out + at * Item + k * group, group * Item);
    }
  }
  return at;
}

std::size_t shuffle_front(std::uint8_t* out, const std::uint8_t* in, std::size_t count,
                          std::size_t item) noexcept {
  switch (item) {
    case 2: return shuffle_items_of<2>(out, in, count);
    case 4: return shuffle_items_of<4>(out, in, count);
    case 8: return shuffle_items_of<8>(out, in, count);
    case 16: return shuffle_items_of<16>(out, in, count);
    default: return 0;
  }
}

std::size_t unshuffle_front(std::uint8_t* out, const std::uint8_t* in, std::size_t count,
                            std::size_t item) noexcept {
  switch (item) {
    case 2: return unshuffle_items_of<2>(out, in, count);
    case 4: return unshuffle_items_of<4>(out, in, count);
    case 8: return unshuffle_items_of<8>(out, in, count);
    case 16: return unshuffle_items_of<16>(out, in, count);
    default: return 0;
  }
}

#endif

}  // namespace

const detail::ShuffleTable* shuffle_table() {
  static constexpr detail::ShuffleTable table{&shuffle_front, &unshuffle_front};
  return &table;
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

using detail::ShuffleTable;
FURROW_EXPORT_TABLE(ShuffleTable, shuffle);

namespace {

using detail::raw;
constinit Dispatch<ShuffleTable> dispatch{resolve_shuffle};

void copy_from(std::span<std::byte> out, std::span<const std::byte> in, std::size_t at) noexcept {
  if (at < in.size()) std::memcpy(out.data() + at, in.data() + at, in.size() - at);
}

}  // namespace

void shuffle_bytes(std::span<std::byte> out, std::span<const std::byte> in,
                   std::size_t item) noexcept {
  const std::size_t count = item == 1 ? 0 : in.size() / item;
  const std::size_t done = dispatch.table().shuffle(raw(out), raw(in), count, item);
  detail::shuffle_items(raw(out), raw(in), count, item, done);
  copy_from(out, in, count * item);
}

void unshuffle_bytes(std::span<std::byte> out, std::span<const std::byte> in,
                     std::size_t item) noexcept {
  const std::size_t count = item == 1 ? 0 : in.size() / item;
  const std::size_t done = dispatch.table().unshuffle(raw(out), raw(in), count, item);
  detail::unshuffle_items(raw(out), raw(in), count, item, done);
  copy_from(out, in, count * item);
}

}  // namespace furrow::kernels
#endif
