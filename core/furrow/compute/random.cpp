// furrow/compute/random.cpp
#include <furrow/compute/random.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include <furrow/compute/lanes.hpp>
#include <furrow/compute/on_engine.hpp>
#include <furrow/engine/writing.hpp>
#include <furrow/error.hpp>
#include <furrow/kernels/random/shuffle.hpp>

namespace furrow {
namespace {

using compute::OnEngine;

Array<std::int64_t> counts_for(std::int64_t n) {
  return Array<std::int64_t>::temporary({kernels::shuffle_counts(n)});
}

/// Elements are only moved: any type of their size will do.
template <class T>
void shuffle_elements(Engine& engine, const AnyArray& x, std::uint64_t seed, std::uint64_t stream) {
  const std::int64_t n = x.size();
  const auto scratch = Array<std::uint8_t>::temporary({n * static_cast<std::int64_t>(sizeof(T))});
  const auto counts = counts_for(n);
  const auto size = static_cast<std::size_t>(n);
  kernels::shuffle(OnEngine{engine}, std::span<T>(static_cast<T*>(x.data()), size),
                   std::span<T>(reinterpret_cast<T*>(scratch.data()), size), counts.span(), seed,
                   stream);
}

/// A row of an array: where its elements lie, and copying it to packed memory and back.
struct Rows {
  std::byte* data;
  std::ptrdiff_t row_stride;  // bytes
  std::size_t item;
  Shape shape;  // of a row
  Strides strides;
  bool contiguous;

  explicit Rows(const AnyArray& x)
      : data(static_cast<std::byte*>(x.data())),
        row_stride(x.strides()[0] * static_cast<std::ptrdiff_t>(item_bytes(x.dtype()))),
        item(item_bytes(x.dtype())),
        shape(x.at(0, 0).shape()),
        strides(x.at(0, 0).strides()),
        contiguous(is_contiguous(shape, strides)) {}

  std::size_t bytes() const noexcept { return static_cast<std::size_t>(size_of(shape)) * item; }

  /// f(element in the row, element in packed memory), in C order.
  template <class F>
  void each_element(std::int64_t row, std::byte* packed, F f) const noexcept {
    std::array<std::int64_t, 8> at{};
    const std::int64_t count = size_of(shape);
    for (std::int64_t i = 0; i < count; ++i, packed += item) {
      std::int64_t offset = 0;
      for (std::size_t axis = 0; axis < shape.ndim(); ++axis) offset += at[axis] * strides[axis];
      f(data + row * row_stride + offset * static_cast<std::ptrdiff_t>(item), packed);
      for (std::size_t axis = shape.ndim(); axis-- > 0;) {
        if (++at[axis] < shape[axis]) break;
        at[axis] = 0;
      }
    }
  }
  void load(std::int64_t row, std::byte* packed) const noexcept {
    if (contiguous) {
      std::memcpy(packed, data + row * row_stride, bytes());
    } else {
      each_element(row, packed, [size = item](const std::byte* element, std::byte* to) {
        std::memcpy(to, element, size);
      });
    }
  }
  void store(std::int64_t row, std::byte* packed) const noexcept {
    if (contiguous) {
      std::memcpy(data + row * row_stride, packed, bytes());
    } else {
      each_element(row, packed, [size = item](std::byte* element, const std::byte* from) {
        std::memcpy(element, from, size);
      });
    }
  }
};

void shuffle_rows(Engine& engine, const AnyArray& x, std::uint64_t seed, std::uint64_t stream) {
  const Rows rows(x);
  const std::int64_t n = x.extent(0);
  const auto bytes = static_cast<std::int64_t>(rows.bytes());
  const auto scratch = Array<std::uint8_t>::temporary({n * bytes});
  const auto order = permutation(engine, n, seed, stream);
  auto* const packed = reinterpret_cast<std::byte*>(scratch.data());
  const std::int64_t* const from = order.data();
  // About 64 KiB at a time, and no more than 4096 blocks.
  const std::int64_t block =
      std::max({std::int64_t{1}, (std::int64_t{1} << 16) / bytes, (n + 4095) / 4096});
  const std::int64_t blocks = (n + block - 1) / block;
  OnEngine{engine}(blocks, [=](std::int64_t b) {
    for (std::int64_t i = b * block; i < std::min(n, (b + 1) * block); ++i) {
      rows.load(from[i], packed + i * bytes);
    }
  });
  OnEngine{engine}(blocks, [=](std::int64_t b) {
    for (std::int64_t i = b * block; i < std::min(n, (b + 1) * block); ++i) {
      rows.store(i, packed + i * bytes);
    }
  });
}

}  // namespace

void shuffle(Engine& engine, const AnyArray& x, std::uint64_t seed, std::uint64_t stream) {
  compute::check_valid(x, "shuffle");
  if (x.ndim() == 0) {
    throw InvalidArgument(fmt::format(
        "shuffle: {} is one element and has no rows; pass one with an axis", x.label()));
  }
  compute::check_output(x, x, "shuffle");
  if (x.size() == 0) return;
  const engine::Writing writing(engine, x);
  if (x.ndim() != 1 || !x.is_contiguous()) return shuffle_rows(engine, x, seed, stream);
  switch (item_bytes(x.dtype())) {
    case 1: return shuffle_elements<std::uint8_t>(engine, x, seed, stream);
    case 2: return shuffle_elements<std::uint16_t>(engine, x, seed, stream);
    case 4: return shuffle_elements<std::uint32_t>(engine, x, seed, stream);
    case 8: return shuffle_elements<std::uint64_t>(engine, x, seed, stream);
    default: return shuffle_elements<std::array<std::uint64_t, 2>>(engine, x, seed, stream);
  }
}

Array<std::int64_t> permutation(Engine& engine, std::int64_t n, std::uint64_t seed,
                                std::uint64_t stream) {
  if (n < 0) {
    throw InvalidArgument(fmt::format("permutation: of {} numbers; pass 0 or more", n));
  }
  auto out = Array<std::int64_t>::temporary({n});
  const auto scratch = Array<std::int64_t>::temporary({n});
  const auto counts = counts_for(n);
  kernels::permutation(OnEngine{engine}, out.span(), scratch.span(), counts.span(), seed, stream);
  return out;
}

Array<std::int64_t> choice(Engine& engine, std::int64_t n, std::int64_t k, std::uint64_t seed,
                           std::uint64_t stream) {
  if (k < 0 || k > n) {
    throw InvalidArgument(
        fmt::format("choice: {} different ones of {} numbers; pass 0 to {}", k, n, n));
  }
  return permutation(engine, n, seed, stream).rows(0, k).as<std::int64_t>();
}

}  // namespace furrow
