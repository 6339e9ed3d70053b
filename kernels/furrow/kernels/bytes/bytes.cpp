// furrow/kernels/bytes/bytes.cpp
//
// Byte order, bools, bfloat16 and the checksum.
//
// The checksum's words are big-endian; here they are summed as they lie in a little-endian machine.
// Modulo 65535 a word with its bytes exchanged is the word times 256, so the sums are multiplied by
// 256 once, at the end.
//
// Lane l of L, in turn i of T:  Σ (T·L - (i·L + l)) w = Σ_l (L·B[l] - l·A[l])  with
// A[l] = Σ_i w and B[l] = Σ_i (T-i) w, which is the sum of the running A after each turn. With T at
// most 360, B fits 32 bits: 65535 · 360 · 361 / 2 < 2^32.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/bytes/bytes.cpp"
#include <hwy/foreach_target.h>
//
#include <bit>

#include <hwy/highway.h>

#include <furrow/kernels/bytes/bytes.hpp>
#include <furrow/kernels/bytes/table.hpp>
#include <furrow/kernels/dispatch.hpp>

static_assert(std::endian::native == std::endian::little, "the checksum reads words as they lie");

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_SCALAR

void swap(std::uint8_t* out, const std::uint8_t* in, std::size_t count, std::size_t item) noexcept {
  detail::swap_items(out, in, count, item);
}
void normalise(std::uint8_t* out, const std::uint8_t* in, std::size_t count) noexcept {
  detail::normalise_items(out, in, count);
}
void widen(std::uint8_t* out, const std::uint8_t* in, std::size_t count) noexcept {
  detail::widen_items(out, in, count);
}
detail::FletcherSums fletcher(const std::uint8_t* in, std::size_t bytes) noexcept {
  return detail::fletcher_words({}, in, bytes);
}

#else

namespace hn = hwy::HWY_NAMESPACE;

alignas(16) constexpr std::uint8_t orders[3][16] = {
    {1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14},
    {3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12},
    {7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8}};

void swap(std::uint8_t* out, const std::uint8_t* in, std::size_t count, std::size_t item) noexcept {
  std::size_t at = 0;
  if (item != 1) {
    const hn::ScalableTag<std::uint8_t> d;
    const std::size_t lanes = hn::Lanes(d);
    const auto order = hn::LoadDup128(d, orders[item == 2 ? 0 : item == 4 ? 1 : 2]);
    for (; at + lanes <= count * item; at += lanes) {
      hn::StoreU(hn::TableLookupBytes(hn::LoadU(d, in + at), order), d, out + at);
    }
  }
  detail::swap_items(out + at, in + at, count - at / item, item);
}

void normalise(std::uint8_t* out, const std::uint8_t* in, std::size_t count) noexcept {
  const hn::ScalableTag<std::uint8_t> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto one = hn::Set(d, 1);
  std::size_t at = 0;
  for (; at + lanes <= count; at += lanes) {
    hn::StoreU(hn::Min(hn::LoadU(d, in + at), one), d, out + at);
  }
  detail::normalise_items(out + at, in + at, count - at);
}

void widen(std::uint8_t* out, const std::uint8_t* in, std::size_t count) noexcept {
  const hn::ScalableTag<std::uint32_t> d;
  const hn::Rebind<std::uint16_t, decltype(d)> half;
  const hn::Repartition<std::uint8_t, decltype(d)> d8;
  const hn::Repartition<std::uint8_t, decltype(half)> half8;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t at = 0;
  for (; at + lanes <= count; at += lanes) {
    const auto words = hn::BitCast(half, hn::LoadU(half8, in + 2 * at));
    hn::StoreU(hn::BitCast(d8, hn::ShiftLeft<16>(hn::PromoteTo(d, words))), d8, out + 4 * at);
  }
  detail::widen_items(out + 4 * at, in + 2 * at, count - at);
}

/// Bytes are taken with their words' own order; the caller multiplies.
detail::FletcherSums fletcher_turns(detail::FletcherSums sums, const std::uint8_t* in,
                                    std::size_t turns) noexcept {
  const hn::ScalableTag<std::uint32_t> d;
  const hn::Repartition<std::uint8_t, decltype(d)> d8;
  constexpr std::size_t lanes_max = hn::MaxLanes(d);
  const std::size_t lanes = hn::Lanes(d);
  const auto low_half = hn::Set(d, 0xFFFF);
  auto even_a = hn::Zero(d);
  auto even_b = hn::Zero(d);
  auto odd_a = hn::Zero(d);
  auto odd_b = hn::Zero(d);
  for (std::size_t i = 0; i < turns; ++i) {
    const auto words = hn::BitCast(d, hn::LoadU(d8, in + i * 4 * lanes));
    even_a = hn::Add(even_a, hn::And(words, low_half));
    odd_a = hn::Add(odd_a, hn::ShiftRight<16>(words));
    even_b = hn::Add(even_b, even_a);
    odd_b = hn::Add(odd_b, odd_a);
  }
  alignas(64) std::uint32_t a[2][lanes_max];
  alignas(64) std::uint32_t b[2][lanes_max];
  hn::StoreU(even_a, d, a[0]);
  hn::StoreU(odd_a, d, a[1]);
  hn::StoreU(even_b, d, b[0]);
  hn::StoreU(odd_b, d, b[1]);
  const std::uint64_t width = 2 * lanes;
  sums.s2 += turns * width * sums.s1;
  for (std::size_t lane = 0; lane < width; ++lane) {
    const std::uint64_t in_a = a[lane % 2][lane / 2];
    sums.s1 += in_a;
    sums.s2 += width * b[lane % 2][lane / 2] - lane * in_a;
  }
  return {detail::folded(sums.s1), detail::folded(sums.s2)};
}

detail::FletcherSums fletcher(const std::uint8_t* in, std::size_t bytes) noexcept {
  const std::size_t width = hn::Lanes(hn::ScalableTag<std::uint8_t>());
  detail::FletcherSums sums;
  std::size_t at = 0;
  while (bytes - at >= width) {
    const std::size_t turns = std::min<std::size_t>((bytes - at) / width, 360);
    sums = fletcher_turns(sums, in + at, turns);
    at += turns * width;
  }
  sums = {detail::folded(sums.s1 * 256), detail::folded(sums.s2 * 256)};
  return detail::fletcher_words(sums, in + at, bytes - at);
}

#endif

}  // namespace

const detail::BytesTable* bytes_table() {
  static constexpr detail::BytesTable table{&swap, &normalise, &widen, &fletcher};
  return &table;
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

using detail::BytesTable;
FURROW_EXPORT_TABLE(BytesTable, bytes);

namespace {

using detail::raw;
constinit Dispatch<BytesTable> dispatch{resolve_bytes};

}  // namespace

void swap_bytes(std::span<std::byte> out, std::span<const std::byte> in,
                std::size_t item) noexcept {
  dispatch.table().swap(raw(out), raw(in), in.size() / item, item);
}

void normalise_bools(std::span<std::byte> out, std::span<const std::byte> in) noexcept {
  dispatch.table().normalise(raw(out), raw(in), in.size());
}

void widen_bfloat16(std::span<float> out, std::span<const std::byte> in) noexcept {
  dispatch.table().widen(raw(std::as_writable_bytes(out)), raw(in), out.size());
}

std::uint32_t fletcher32(std::span<const std::byte> in) noexcept {
  const detail::FletcherSums sums = dispatch.table().fletcher(raw(in), in.size());
  return static_cast<std::uint32_t>(sums.s2 << 16 | sums.s1);
}

}  // namespace furrow::kernels
#endif
