#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/tile_copy.cpp"
#include <hwy/foreach_target.h>
//
#include <cstring>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/tile_copy.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

void copy_bytes(void* to, const void* from, std::size_t bytes) noexcept {
  const hn::ScalableTag<std::uint8_t> d;
  constexpr std::size_t line = 64;
  constexpr std::size_t lanes = hn::MaxLanes(d);
  constexpr std::size_t step = lanes > line ? lanes : line;
  auto* const out = static_cast<std::uint8_t*>(to);
  const auto* const in = static_cast<const std::uint8_t*>(from);
  std::size_t at = 0;
  for (; at + step <= bytes; at += step) {
    __builtin_prefetch(out + bytes + at, 1);
    for (std::size_t k = 0; k < step; k += lanes) {
      hn::StoreU(hn::LoadU(d, in + at + k), d, out + at + k);
    }
  }
  std::memcpy(out + at, in + at, bytes - at);
}

void stream_bytes(void* to, const void* from, std::size_t bytes) noexcept {
  const hn::ScalableTag<std::uint8_t> d;
  constexpr std::size_t lanes = hn::MaxLanes(d);
  auto* const out = static_cast<std::uint8_t*>(to);
  const auto* const in = static_cast<const std::uint8_t*>(from);
  const std::size_t past = reinterpret_cast<std::uintptr_t>(to) % lanes;
  std::size_t at = past == 0 ? 0 : lanes - past;
  if (at > bytes) at = bytes;
  std::memcpy(out, in, at);
  for (; at + lanes <= bytes; at += lanes) hn::Stream(hn::LoadU(d, in + at), d, out + at);
  std::memcpy(out + at, in + at, bytes - at);
}

void fence() noexcept { hwy::FlushStream(); }

}  // namespace

const detail::TileCopyTable* tile_copy_table() {
  static constexpr detail::TileCopyTable table{&copy_bytes, &stream_bytes, &fence};
  return &table;
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

HWY_EXPORT(tile_copy_table);

namespace {

const detail::TileCopyTable* resolve(std::size_t slot) noexcept {
  return FURROW_DISPATCH(tile_copy_table, slot);
}

constinit Dispatch<detail::TileCopyTable> dispatch{resolve};

}  // namespace

void copy_tile(void* to, const void* from, std::size_t bytes) noexcept {
  dispatch.table().copy(to, from, bytes);
}

void stream_tile(void* to, const void* from, std::size_t bytes) noexcept {
  dispatch.table().stream(to, from, bytes);
}

void stream_fence() noexcept { dispatch.table().fence(); }

}  // namespace furrow::kernels
#endif
