// furrow/kernels/random/reference.hpp
//
// The specification of the random fills: element i of an array, from (seed, stream, i) alone.
//
//   u32, f32   block i/4, word i%4          u64, f64   block i/2, words 2*(i%2) and 2*(i%2) + 1
//   normal     two uniforms u, v of a block give two normals by Box and Muller (1958):
//              r cos(2 pi v) for the even element, r sin(2 pi v) for the odd one, r = sqrt(-2 ln u)
//              f64: u and v from words 0, 1 and 2, 3; f32: in f64 from words 0 and 1, then 2 and 3
//
//   integers   low + (word * width >> bits), word by the first two lines, of 32 bits for dtypes of
//              up to 4 bytes; when rejected, the same word of step 8k << 16 for k = 1, 2, …
//   others     as f64, of draws of 64 bits (reference_laws.hpp), then converted to the dtype
//
// bits, integers and uniforms: the SIMD code gives the same bits; the others agree to a few units
// of rounding, libm being the reference.
#pragma once

#include <cmath>
#include <limits>
#include <type_traits>

#include <furrow/kernels/random/entries.hpp>
#include <furrow/kernels/random/philox.hpp>
#include <furrow/kernels/random/reference_laws.hpp>
#include <furrow/kernels/random/threefry.hpp>

namespace furrow::kernels {

template <class Word>
Word reference_word(const Scalar* p, std::uint64_t index, std::uint32_t step) noexcept {
  constexpr unsigned per_block = 16 / sizeof(Word);
  const PhiloxWords words =
      philox_block(p[random_seed].u64, p[random_stream].u64, index / per_block, step);
  const auto at = static_cast<unsigned>(index % per_block);
  if constexpr (sizeof(Word) == 4) {
    return words[at];
  } else {
    return philox_u64(words, at);
  }
}

template <class T>
T reference_threefry(const Scalar* p, std::uint64_t index) noexcept {
  constexpr unsigned per_word = 8 / sizeof(T);
  const std::uint64_t word = index / per_word;
  const std::uint64_t bits =
      threefry_block(p[random_seed].u64, p[random_stream].u64, word / 4)[word % 4];
  return static_cast<T>(bits >> (8 * sizeof(T) * (index % per_word)));
}

template <class T>
T reference_integer(const Scalar* p, std::uint64_t index) noexcept {
  using Word = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  __extension__ using Double = unsigned __int128;
  constexpr unsigned bits = 8 * sizeof(Word);
  const Word low = static_cast<Word>(element_of<T>(p[random_first_real]));
  const Word span = static_cast<Word>(element_of<T>(p[random_second_real])) - low;
  const Double width = Double{span} + 1;
  const Double threshold = (Double{1} << bits) % width;
  for (std::uint32_t attempt = 0;; ++attempt) {
    const Double product = width * reference_word<Word>(p, index, random_step(attempt, 0));
    if (static_cast<Word>(product) < threshold) continue;
    return static_cast<T>(low + static_cast<Word>(product >> bits));
  }
}

template <bool open, class T>
T reference_uniform(const Scalar* p, std::uint64_t index) noexcept {
  const double first = p[random_first_real].f64;
  const T scale = static_cast<T>(p[random_second_real].f64 - first);
  if constexpr (sizeof(T) == 4) {
    const std::uint32_t word = reference_word<std::uint32_t>(p, index, 0);
    const float u = open ? open_unit_f32(word) : half_open_unit_f32(word);
    return std::fma(u, scale, static_cast<T>(first));
  } else {
    const std::uint64_t word = reference_word<std::uint64_t>(p, index, 0);
    return std::fma(open ? open_unit(word) : half_open_unit(word), scale, first);
  }
}

template <class T>
T reference_normal(const Scalar* p, std::uint64_t index) noexcept {
  double z = 0;
  if constexpr (sizeof(T) == 4) {
    const PhiloxWords words = philox_block(p[random_seed].u64, p[random_stream].u64, index / 4);
    const auto at = static_cast<unsigned>(index % 4);
    z = box_muller(open_unit_u32(words[at & 2]), open_unit_u32(words[(at & 2) + 1]), at % 2 != 0);
  } else {
    z = ElementDraws(p, index).normal(0);
  }
  return static_cast<T>(std::fma(z, p[random_second_real].f64, p[random_first_real].f64));
}

template <RandomOp O, class T>
T reference_random(const Scalar* p, std::uint64_t index) noexcept {
  if (random_refusal<O, T>(p) != nullptr) return std::numeric_limits<T>::quiet_NaN();
  if constexpr (O == RandomOp::bits) return reference_word<T>(p, index, 0);
  if constexpr (O == RandomOp::bits_threefry) return reference_threefry<T>(p, index);
  if constexpr (O == RandomOp::integers) return reference_integer<T>(p, index);
  if constexpr (O == RandomOp::uniform) return reference_uniform<true, T>(p, index);
  if constexpr (O == RandomOp::uniform_half_open) return reference_uniform<false, T>(p, index);
  if constexpr (O == RandomOp::normal) return reference_normal<T>(p, index);
  if constexpr (O > RandomOp::normal || O == RandomOp::bernoulli) {
    return static_cast<T>(reference_law<O>(ElementDraws(p, index), p[random_first_real].f64,
                                           p[random_second_real].f64));
  }
}

template <RandomOp O, class T>
void reference_random_map(const MapCall& call) noexcept {
  for (std::size_t i = 0; i < call.count; ++i) {
    static_cast<T*>(call.out)[static_cast<std::ptrdiff_t>(i) * call.out_stride] =
        reference_random<O, T>(call.parameters, call.first_index + i);
  }
}

}  // namespace furrow::kernels
