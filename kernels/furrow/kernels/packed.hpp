// furrow/kernels/packed.hpp
//
// What kernels share about memory: reading a parameter as an element, and running a kernel that
// knows only packed (stride 1) operands on strided ones, by gathering and scattering in chunks.
//
// Elementwise and random results do not depend on a tile's bounds, so chunks change no bits.
#pragma once

#include <cstring>
#include <initializer_list>

#include <furrow/kernels/registry.hpp>

namespace furrow::kernels {

/// The parameter as an element of type T. Integers wrap to the width of T.
template <class T>
T element_of(const Scalar& value) noexcept {
  if constexpr (std::is_same_v<T, bool>) {
    return value.u64 != 0;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(value.u64);  // two's complement: also right for i64
  } else if constexpr (std::is_same_v<T, c64> || std::is_same_v<T, c128>) {
    using Part = typename T::value_type;
    return {static_cast<Part>(value.c128[0]), static_cast<Part>(value.c128[1])};
  } else {
    return static_cast<T>(value.f64);
  }
}

/// The inverse: a parameter that holds the element.
template <class T>
Scalar scalar_of(T value) noexcept {
  Scalar scalar{};
  if constexpr (std::is_same_v<T, c64> || std::is_same_v<T, c128>) {
    scalar.c128[0] = value.real();
    scalar.c128[1] = value.imag();
  } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
    scalar.i64 = value;
  } else if constexpr (std::is_integral_v<T>) {
    scalar.u64 = value;
  } else {
    scalar.f64 = static_cast<double>(value);
  }
  return scalar;
}

/// True when the output and the first `input_count` inputs are contiguous.
inline bool is_packed(const MapCall& call, std::size_t input_count) noexcept {
  bool packed = call.out_stride == 1;
  for (std::size_t k = 0; k < input_count; ++k) packed = packed && call.in_stride[k] == 1;
  return packed || call.count == 0;
}

/// Bytes of one element of each operand.
struct MapBytes {
  std::size_t out;
  std::size_t in[inputs_max] = {};
  std::size_t input_count;

  constexpr MapBytes(std::size_t out_, std::size_t each, std::size_t inputs) noexcept
      : out(out_), in{each, each, each}, input_count(inputs) {}
  constexpr MapBytes(std::size_t out_, std::initializer_list<std::size_t> inputs) noexcept
      : out(out_), input_count(inputs.size()) {
    std::size_t k = 0;
    for (const std::size_t bytes : inputs) in[k++] = bytes;
  }
};

/// Runs `packed` on operands of any stride.
void map_strided(const MapCall& call, MapFunction packed, const MapBytes& bytes) noexcept;

/// Runs `packed` on operands of any stride, directly where they are packed.
inline void map_any(const MapCall& call, MapFunction packed, const MapBytes& bytes) noexcept {
  if (is_packed(call, bytes.input_count)) return packed(call);
  map_strided(call, packed, bytes);
}

/// Runs `packed`, which knows nothing of streaming, on packed operands: chunks of the output are
/// computed in the first-level cache and written past the caches from there. The caller fences.
void map_streaming(const MapCall& call, MapFunction packed, const MapBytes& bytes) noexcept;

/// Copies `count` elements, `stride` elements apart, to contiguous memory, and back.
void gather(void* packed, const void* strided, std::ptrdiff_t stride, std::size_t count,
            std::size_t item_bytes) noexcept;
void scatter(void* strided, const void* packed, std::ptrdiff_t stride, std::size_t count,
             std::size_t item_bytes) noexcept;

}  // namespace furrow::kernels
