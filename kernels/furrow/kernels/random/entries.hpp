// furrow/kernels/random/entries.hpp
//
// The random fills, and the tables in which each SIMD target lists its functions.
#pragma once

#include <array>
#include <cstddef>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::kernels {

enum class RandomOp : std::uint8_t { bits, uniform, normal, end_of_list };

/// Parameters, by position.
inline constexpr std::size_t random_seed = 0;
inline constexpr std::size_t random_stream = 1;
inline constexpr std::size_t random_first_real = 2;   // low, or mean
inline constexpr std::size_t random_second_real = 3;  // high, or std

struct RandomTable {
  static constexpr std::size_t dtypes = 15;
  std::array<MapFunction, static_cast<std::size_t>(RandomOp::end_of_list) * dtypes> packed{};

  constexpr MapFunction& at(RandomOp op, Dtype dtype) noexcept {
    return packed[static_cast<std::size_t>(op) * dtypes + static_cast<std::size_t>(dtype)];
  }
  constexpr MapFunction at(RandomOp op, Dtype dtype) const noexcept {
    return packed[static_cast<std::size_t>(op) * dtypes + static_cast<std::size_t>(dtype)];
  }
};

const RandomTable* resolve_random(std::size_t slot) noexcept;

/// What the registry lists: any strides, the target in use. Null when there is none.
MapFunction random_function(RandomOp op, Dtype dtype) noexcept;

}  // namespace furrow::kernels
