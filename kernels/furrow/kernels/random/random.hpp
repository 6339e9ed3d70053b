// furrow/kernels/random/random.hpp
//
// Random numbers filled into memory.       out[i] = f(seed, stream, first_index + i)
//
// Shape   one contiguous span, standing at `first_index` of a larger array or sequence
// Types   bits: u32, u64; uniform and normal: f32, f64
// Order   element i depends on (seed, stream, i) alone: any split, any worker, the same bits
//         (normals: on targets with fused multiply-add; see kernels/README.md)
// Size    f64 and u64 take half a Philox block, f32 and u32 a quarter; 2^64 blocks per stream
// Source  generator and mapping: philox.hpp, reference.hpp
#pragma once

#include <span>

#include <furrow/kernels/random/entries.hpp>
#include <furrow/kernels/random/philox.hpp>

namespace furrow::kernels {

/// Which sequence, and where in it.
struct RandomAt {
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;
  std::uint64_t first_index = 0;
};

namespace detail {

template <RandomOp O, class T>
void fill_span(std::span<T> out, const RandomAt& at, double first, double second) noexcept {
  static const MapFunction function = random_function(O, dtype_of<T>);
  MapCall call{};
  call.out = out.data();
  call.out_stride = 1;
  call.count = out.size();
  call.first_index = at.first_index;
  call.parameters[random_seed].u64 = at.seed;
  call.parameters[random_stream].u64 = at.stream;
  call.parameters[random_first_real].f64 = first;
  call.parameters[random_second_real].f64 = second;
  function(call);
}

}  // namespace detail

/// The words of std::philox4x32 (u32), or pairs of them (u64, the first word low).
template <class T>
requires(std::is_same_v<T, std::uint32_t> ||
         std::is_same_v<T, std::uint64_t>) void random_bits(std::span<T> out,
                                                            const RandomAt& at) noexcept {
  detail::fill_span<RandomOp::bits, T>(out, at, 0, 0);
}

/// low + (high - low) * u with u in the open interval (0, 1). For other bounds than 0 and 1 the
/// result is rounded, and may round to a bound.
template <class T>
requires std::is_floating_point_v<T>
void random_uniform(std::span<T> out, const RandomAt& at, double low = 0,
                    double high = 1) noexcept {
  detail::fill_span<RandomOp::uniform, T>(out, at, low, high);
}

/// mean + deviation * z with z standard normal; |z| <= 8.6 (f32: 6.8).
template <class T>
requires std::is_floating_point_v<T>
void random_normal(std::span<T> out, const RandomAt& at, double mean = 0,
                   double deviation = 1) noexcept {
  detail::fill_span<RandomOp::normal, T>(out, at, mean, deviation);
}

}  // namespace furrow::kernels
