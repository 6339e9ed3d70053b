// furrow/kernels/random/random.cpp
//
// Fills with random bits, uniforms and normals. Element i depends on (seed, stream, i) alone; a
// tile may begin and end at any index.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/random/random.cpp"
#include <hwy/foreach_target.h>
//
#include <algorithm>
#include <cstring>
#include <limits>

#include <furrow/kernels/math/narrow-inl.h>
#include <furrow/kernels/random/draws-inl.h>
#include <furrow/kernels/random/domain.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

/// (2k+1) * 2^-33 of a 32-bit number, as open_unit_u32.
HWY_INLINE V64 unit_of_32(RandomV bits) noexcept {
  const RandomD du;
  const F64 d;
  const auto one_to_two = hn::Or(hn::ShiftLeft<20>(bits), hn::Set(du, 0x3ff0000000000000));
  return hn::Sub(hn::BitCast(d, one_to_two), hn::Set(d, 1 - 0x1p-33));
}

// Each Emit turns a vector of words `a` and `b` into 2 * random_lanes * 8 bytes of elements.

struct EmitBits {
  explicit EmitBits(const Scalar*) noexcept {}
  HWY_INLINE void operator()(RandomV a, RandomV b, std::uint64_t* out) const noexcept {
    store_interleaved(RandomD(), a, b, out);
  }
};

/// k * 2^-53 of the upper 53 bits, as half_open_unit: 52 of them less 1, and the last one.
HWY_INLINE V64 half_open(RandomV bits) noexcept {
  const RandomD du;
  const F64 d;
  const auto one_to_two = hn::Or(hn::ShiftRight<12>(bits), hn::Set(du, 0x3ff0000000000000));
  const auto last = hn::TestBit(bits, hn::Set(du, std::uint64_t{1} << 11));
  const V64 rest = hn::IfThenElseZero(hn::RebindMask(d, last), hn::Set(d, 0x1p-53));
  return hn::Add(hn::Sub(hn::BitCast(d, one_to_two), hn::Set(d, 1.0)), rest);
}

/// The factor of each number: NaN where the parameters have no answer, which makes all of them NaN.
template <RandomOp O>
double factor_of(const Scalar* p) noexcept {
  if (random_refusal<O, double>(p) != nullptr) return std::numeric_limits<double>::quiet_NaN();
  const double second = p[random_second_real].f64;
  return O == RandomOp::normal ? second : second - p[random_first_real].f64;
}

template <bool open>
struct EmitUniform64 {
  V64 low, scale;
  explicit EmitUniform64(const Scalar* p) noexcept
      : low(hn::Set(F64(), p[random_first_real].f64)),
        scale(hn::Set(F64(), factor_of<RandomOp::uniform>(p))) {}
  HWY_INLINE void operator()(RandomV a, RandomV b, double* out) const noexcept {
    const V64 x = open ? unit(a) : half_open(a);
    const V64 y = open ? unit(b) : half_open(b);
    store_interleaved(F64(), hn::MulAdd(x, scale, low), hn::MulAdd(y, scale, low), out);
  }
};

template <bool open>
struct EmitUniform32 {
  float low, scale;
  explicit EmitUniform32(const Scalar* p) noexcept
      : low(static_cast<float>(p[random_first_real].f64)),
        scale(static_cast<float>(factor_of<RandomOp::uniform>(p))) {}
  HWY_INLINE void operator()(RandomV a, RandomV b, float* out) const noexcept {
    alignas(64) std::uint64_t words[2 * random_lanes];
    store_interleaved(RandomD(), a, b, words);
    const hn::ScalableTag<float> d;
    const hn::ScalableTag<std::uint32_t> du;
    constexpr std::size_t lanes = hn::MaxLanes(hn::ScalableTag<float>());
    for (std::size_t i = 0; i < 4 * random_lanes; i += lanes) {
      const auto bits = hn::LoadU(du, reinterpret_cast<const std::uint32_t*>(words) + i);
      auto u = hn::Zero(d);
      if constexpr (open) {
        const auto one_to_two = hn::Or(hn::ShiftRight<9>(bits), hn::Set(du, 0x3f800000u));
        u = hn::Sub(hn::BitCast(d, one_to_two), hn::Set(d, 1 - 0x1p-24f));
      } else {
        const hn::RebindToSigned<decltype(du)> di;  // 24 bits: the sign is not among them
        u = hn::ConvertTo(d, hn::BitCast(di, hn::ShiftRight<8>(bits)));
        u = hn::Mul(u, hn::Set(d, 0x1p-24f));
      }
      hn::StoreU(hn::MulAdd(u, hn::Set(d, scale), hn::Set(d, low)), d, out + i);
    }
  }
};

struct EmitNormal64 {
  V64 mean, deviation;
  explicit EmitNormal64(const Scalar* p) noexcept
      : mean(hn::Set(F64(), p[random_first_real].f64)),
        deviation(hn::Set(F64(), factor_of<RandomOp::normal>(p))) {}
  HWY_INLINE void operator()(RandomV a, RandomV b, double* out) const noexcept {
    const DrawPair z = normals(unit(a), unit(b));
    store_interleaved(F64(), hn::MulAdd(z.even, deviation, mean),
                      hn::MulAdd(z.odd, deviation, mean), out);
  }
};

struct EmitNormal32 {
  V64 mean, deviation;
  explicit EmitNormal32(const Scalar* p) noexcept
      : mean(hn::Set(F64(), p[random_first_real].f64)),
        deviation(hn::Set(F64(), factor_of<RandomOp::normal>(p))) {}

  /// The bits of the f32 nearest to each lane, in the low half.
  HWY_INLINE RandomV narrow_bits(V64 z) const noexcept {
    const hn::Rebind<float, F64> narrow;
    const hn::Rebind<std::uint32_t, F64> narrow_unsigned;
    const auto x = rounded(narrow, hn::MulAdd(z, deviation, mean));
    return hn::PromoteTo(RandomD(), hn::BitCast(narrow_unsigned, x));
  }
  /// Two normals from the two words of each lane, the even one low.
  HWY_INLINE RandomV two_normals(RandomV words) const noexcept {
    const RandomV first = hn::And(words, hn::Set(RandomD(), 0xffffffff));
    const DrawPair z = normals(unit_of_32(first), unit_of_32(hn::ShiftRight<32>(words)));
    return hn::Or(narrow_bits(z.even), hn::ShiftLeft<32>(narrow_bits(z.odd)));
  }
  HWY_INLINE void operator()(RandomV a, RandomV b, float* out) const noexcept {
    alignas(64) std::uint64_t pairs[2 * random_lanes];
    store_interleaved(RandomD(), two_normals(a), two_normals(b), pairs);
    std::memcpy(out, pairs, sizeof pairs);
  }
};

/// T is the element as Emit stores it (for bits: 64-bit words, whatever the dtype).
template <class Emit, class T, class Element = T>
void fill_random(const MapCall& call) noexcept {
  constexpr std::size_t per_block = 16 / sizeof(Element);
  constexpr std::size_t blocks = random_groups * random_lanes;
  constexpr std::size_t elements = blocks * per_block;
  constexpr std::size_t group_items = 16 * random_lanes / sizeof(T);
  const Emit emit(call.parameters);
  const PhiloxSchedule key(philox_key(call.parameters[random_seed].u64));
  const std::uint64_t stream = call.parameters[random_stream].u64;
  const RandomV offsets = lane_offsets();
  const auto generate = [&](std::uint64_t block, T* out) HWY_ATTR {
    const RandomWords words = philox_vectors(block, offsets, stream, key);
    for (std::size_t g = 0; g < random_groups; ++g) {
      emit(words.a[g], words.b[g], out + g * group_items);
    }
  };
  auto* out = static_cast<Element*>(call.out);
  std::uint64_t block = call.first_index / per_block;
  std::size_t skip = call.first_index % per_block;  // elements of the first block before the tile
  std::size_t left = call.count;
  while (left != 0) {
    if (skip == 0 && left >= elements) {
      generate(block, reinterpret_cast<T*>(out));
      out += elements;
      left -= elements;
    } else {
      alignas(64) T buffer[elements * sizeof(Element) / sizeof(T)];
      generate(block, buffer);
      const std::size_t count = std::min(left, elements - skip);
      std::memcpy(out, reinterpret_cast<const Element*>(buffer) + skip, count * sizeof(Element));
      out += count;
      left -= count;
      skip = 0;
    }
    block += blocks;
  }
}

constexpr RandomTable make_random() noexcept {
  RandomTable table;
  table.at(RandomOp::bits, Dtype::u32) = &fill_random<EmitBits, std::uint64_t, std::uint32_t>;
  table.at(RandomOp::bits, Dtype::u64) = &fill_random<EmitBits, std::uint64_t>;
  table.at(RandomOp::uniform, Dtype::f32) = &fill_random<EmitUniform32<true>, float>;
  table.at(RandomOp::uniform, Dtype::f64) = &fill_random<EmitUniform64<true>, double>;
  table.at(RandomOp::uniform_half_open, Dtype::f32) = &fill_random<EmitUniform32<false>, float>;
  table.at(RandomOp::uniform_half_open, Dtype::f64) = &fill_random<EmitUniform64<false>, double>;
  table.at(RandomOp::normal, Dtype::f32) = &fill_random<EmitNormal32, float>;
  table.at(RandomOp::normal, Dtype::f64) = &fill_random<EmitNormal64, double>;
  return table;
}

// Not noexcept: HWY_EXPORT of Highway 1.0.3 takes none.
const RandomTable* random_table() {
  static constexpr RandomTable table = make_random();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

HWY_EXPORT(random_table);

const RandomTable* resolve_random(std::size_t slot) noexcept {
  return FURROW_DISPATCH(random_table, slot);
}

}  // namespace furrow::kernels
#endif
