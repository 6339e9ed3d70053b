// tests/kernels/samples.hpp
//
// Random operands with everything that breaks kernels: both zeros, infinities, NaN, denormals,
// the largest and the smallest numbers. Every sequence comes from a seed that a failure prints.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include <furrow/kernels/packed.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::kernels::test {

/// FURROW_SEED replays a run; otherwise the seed is fixed, so that the suite is repeatable.
inline std::uint64_t base_seed() {
  const char* text = std::getenv("FURROW_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 0) : 20240229;
}

using Engine = std::mt19937_64;

enum class Mood { ordinary, wild };

template <class F>
F wild_float(Engine& engine) {
  using L = std::numeric_limits<F>;
  const F special[] = {
      F(0),           -F(0),    F(1),        -F(1),           L::infinity(),    -L::infinity(),
      L::quiet_NaN(), L::min(), -L::min(),   L::denorm_min(), -L::denorm_min(), L::max(),
      L::lowest(),    F(0.5),   L::epsilon()};
  const std::uint64_t bits = engine();
  if (bits % 3 == 0) return special[(bits >> 8) % std::size(special)];
  if (bits % 3 == 1) return static_cast<F>(std::normal_distribution<double>(0, 100)(engine));
  F any;
  std::memcpy(&any, &bits, sizeof any);
  return any;
}

template <class T>
T sample(Engine& engine, Mood mood) {
  if constexpr (std::is_same_v<T, bool>) {
    return (engine() & 1) != 0;
  } else if constexpr (std::is_integral_v<T>) {
    const std::uint64_t bits = engine();
    if (mood == Mood::ordinary) return static_cast<T>(bits % 100);
    if (bits % 4 == 0) return std::numeric_limits<T>::min();
    if (bits % 4 == 1) return std::numeric_limits<T>::max();
    return static_cast<T>(bits >> 8);
  } else if constexpr (std::is_same_v<T, f16>) {
    if (mood == Mood::wild) return f16::from_bits(static_cast<std::uint16_t>(engine()));
    return f16(std::uniform_real_distribution<double>(-10, 10)(engine));
  } else if constexpr (is_complex(dtype_of<T>)) {
    using P = typename T::value_type;
    const P real = sample<P>(engine, mood);
    return {real, sample<P>(engine, mood)};
  } else {
    if (mood == Mood::wild) return wild_float<T>(engine);
    return static_cast<T>(std::uniform_real_distribution<double>(-10, 10)(engine));
  }
}

/// Memory of one operand inside guard bands: `count` elements, `stride` apart, starting `shift`
/// elements after an aligned address.
class Operand {
 public:
  Operand(Dtype dtype, std::size_t count, std::ptrdiff_t stride, std::size_t shift)
      : dtype_(dtype), bytes_(item_bytes(dtype)), count_(count), stride_(stride) {
    const auto magnitude = static_cast<std::size_t>(stride < 0 ? -stride : stride);
    const std::size_t span = count == 0 ? 0 : (count - 1) * magnitude + 1;
    storage_.resize((span + shift) * bytes_ + 2 * guard + 64);
    for (std::size_t i = 0; i < storage_.size(); ++i) {
      storage_[i] = static_cast<unsigned char>(0xa5 ^ (i * 29));
    }
    const auto address = reinterpret_cast<std::uintptr_t>(storage_.data()) + guard;
    const std::size_t aligned = (address + 63) / 64 * 64 - (address - guard);
    first_ = aligned + shift * bytes_;
    if (stride < 0 && count != 0) first_ += (count - 1) * magnitude * bytes_;
  }

  void fill(Engine& engine, Mood mood) {
    visit_dtype(dtype_, [&](auto zero) {
      using T = decltype(zero);
      for (std::size_t i = 0; i < count_; ++i) {
        const T value = sample<T>(engine, mood);
        std::memcpy(at(i), &value, bytes_);
      }
    });
  }

  void* data() { return storage_.data() + first_; }
  const void* data() const { return storage_.data() + first_; }
  std::ptrdiff_t stride() const { return stride_; }
  unsigned char* at(std::size_t i) { return storage_.data() + offset(i); }
  const unsigned char* at(std::size_t i) const { return storage_.data() + offset(i); }

  /// The same elements of another operand, so that one can work in place on a copy.
  void copy_elements(const Operand& other) {
    for (std::size_t i = 0; i < count_; ++i) std::memcpy(at(i), other.at(i), bytes_);
  }

  /// Byte offset of the first byte changed outside of the elements; storage size if none.
  std::size_t damage() const {
    std::vector<unsigned char> ours(storage_.size(), 0);
    for (std::size_t i = 0; i < count_; ++i) std::memset(&ours[offset(i)], 1, bytes_);
    for (std::size_t i = 0; i < storage_.size(); ++i) {
      if (ours[i] == 0 && storage_[i] != static_cast<unsigned char>(0xa5 ^ (i * 29))) return i;
    }
    return storage_.size();
  }
  bool intact() const { return damage() == storage_.size(); }

 private:
  static constexpr std::size_t guard = 128;
  std::size_t offset(std::size_t i) const {
    return first_ + static_cast<std::size_t>(static_cast<std::ptrdiff_t>(i) * stride_ *
                                             static_cast<std::ptrdiff_t>(bytes_));
  }

  Dtype dtype_;
  std::size_t bytes_, count_;
  std::ptrdiff_t stride_;
  std::size_t first_ = 0;
  std::vector<unsigned char> storage_;
};

/// Values for a kernel's parameters that make its results interesting.
inline void sample_parameters(const Kernel& kernel, Dtype dtype, Engine& engine,
                              Scalar (&out)[parameters_max]) {
  for (std::size_t k = 0; k < kernel.parameters.size(); ++k) {
    const Parameter& parameter = kernel.parameters[k];
    switch (parameter.kind) {
      case Parameter::Kind::count: out[k].u64 = engine(); break;
      case Parameter::Kind::real:
        out[k].f64 =
            std::uniform_real_distribution<double>(0.5, 2)(engine) + static_cast<double>(k);
        if (parameter.name == "p") out[k].f64 = 0.2 * out[k].f64 - 0.1;
        if (parameter.name == "n") out[k].f64 = static_cast<double>(engine() % 1000);
        break;
      case Parameter::Kind::element:
        visit_dtype(dtype, [&](auto zero) {
          out[k] = scalar_of(sample<decltype(zero)>(engine, Mood::ordinary));
        });
        break;
    }
  }
}

/// The targets with a fused multiply-add: one class of bits.
inline bool is_fused(std::string_view target) {
  return target == "AVX3" || target == "AVX2" || target == "NEON";
}

}  // namespace furrow::kernels::test
