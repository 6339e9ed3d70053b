// furrow/kernels/packed.cpp
#include <furrow/kernels/packed.hpp>

#include <algorithm>

#include <furrow/kernels/tile_copy.hpp>

namespace furrow::kernels {
namespace {

// 4 operands of 256 elements of at most 16 bytes: 16 KiB of stack, half of a small L1 cache.
constexpr std::size_t chunk_elements = 256;

template <std::size_t Bytes>
void gather_items(std::byte* packed, const std::byte* strided, std::ptrdiff_t step,
                  std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(packed + i * Bytes, strided + static_cast<std::ptrdiff_t>(i) * step, Bytes);
  }
}

template <std::size_t Bytes>
void scatter_items(std::byte* strided, const std::byte* packed, std::ptrdiff_t step,
                   std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(strided + static_cast<std::ptrdiff_t>(i) * step, packed + i * Bytes, Bytes);
  }
}

}  // namespace

void gather(void* packed, const void* strided, std::ptrdiff_t stride, std::size_t count,
            std::size_t item_bytes) noexcept {
  auto* to = static_cast<std::byte*>(packed);
  const auto* from = static_cast<const std::byte*>(strided);
  const std::ptrdiff_t step = stride * static_cast<std::ptrdiff_t>(item_bytes);
  switch (item_bytes) {
    case 1: return gather_items<1>(to, from, step, count);
    case 2: return gather_items<2>(to, from, step, count);
    case 4: return gather_items<4>(to, from, step, count);
    case 8: return gather_items<8>(to, from, step, count);
    default: return gather_items<16>(to, from, step, count);
  }
}

void scatter(void* strided, const void* packed, std::ptrdiff_t stride, std::size_t count,
             std::size_t item_bytes) noexcept {
  auto* to = static_cast<std::byte*>(strided);
  const auto* from = static_cast<const std::byte*>(packed);
  const std::ptrdiff_t step = stride * static_cast<std::ptrdiff_t>(item_bytes);
  switch (item_bytes) {
    case 1: return scatter_items<1>(to, from, step, count);
    case 2: return scatter_items<2>(to, from, step, count);
    case 4: return scatter_items<4>(to, from, step, count);
    case 8: return scatter_items<8>(to, from, step, count);
    default: return scatter_items<16>(to, from, step, count);
  }
}

void map_strided(const MapCall& call, MapFunction packed, const MapBytes& bytes) noexcept {
  alignas(64) std::byte out[chunk_elements * 16];
  alignas(64) std::byte in[inputs_max][chunk_elements * 16];
  MapCall chunk = call;
  chunk.streaming = false;
  const bool scattered = call.out_stride != 1;
  if (scattered) {
    chunk.out = out;
    chunk.out_stride = 1;
  }
  for (std::size_t begin = 0; begin < call.count; begin += chunk_elements) {
    chunk.count = std::min(chunk_elements, call.count - begin);
    chunk.first_index = call.first_index + begin;
    const auto at = static_cast<std::ptrdiff_t>(begin);
    for (std::size_t k = 0; k < bytes.input_count; ++k) {
      const auto offset = at * call.in_stride[k] * static_cast<std::ptrdiff_t>(bytes.in[k]);
      const auto* from = static_cast<const std::byte*>(call.in[k]) + offset;
      chunk.in_stride[k] = 1;
      if (call.in_stride[k] == 1) {
        chunk.in[k] = from;
      } else if (call.in_stride[k] != 0 || begin == 0) {  // a repeated element stays gathered
        chunk.in[k] = in[k];
        gather(in[k], from, call.in_stride[k], chunk.count, bytes.in[k]);
      }
    }
    const auto offset = at * call.out_stride * static_cast<std::ptrdiff_t>(bytes.out);
    auto* to = static_cast<std::byte*>(call.out) + offset;
    if (!scattered) chunk.out = to;
    packed(chunk);
    if (scattered) scatter(to, out, call.out_stride, chunk.count, bytes.out);
  }
}

void map_streaming(const MapCall& call, MapFunction packed, const MapBytes& bytes) noexcept {
  // Small chunks: the memory's read ahead stops while one is written.
  constexpr std::size_t chunk_bytes = 2048;
  alignas(64) std::byte out[chunk_bytes];
  MapCall chunk = call;
  chunk.streaming = false;
  chunk.out = out;
  const std::size_t step = chunk_bytes / bytes.out;
  for (std::size_t begin = 0; begin < call.count; begin += step) {
    chunk.count = std::min(step, call.count - begin);
    chunk.first_index = call.first_index + begin;
    for (std::size_t k = 0; k < bytes.input_count; ++k) {
      chunk.in[k] = static_cast<const std::byte*>(call.in[k]) + begin * bytes.in[k];
    }
    packed(chunk);
    stream_tile(static_cast<std::byte*>(call.out) + begin * bytes.out, out,
                chunk.count * bytes.out);
  }
}

}  // namespace furrow::kernels
