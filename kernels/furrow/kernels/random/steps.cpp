// furrow/kernels/random/steps.cpp
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/random/steps.cpp"
#include <hwy/foreach_target.h>
// Highway after the list of targets.
#include <furrow/kernels/random/draws-inl.h>

#include <algorithm>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/random/steps.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {

template <class Draw>
void steps(std::span<double> out, const RandomAt& at, std::uint32_t first_step) noexcept {
  const RandomD du;
  const PhiloxSchedule key(philox_key(at.seed));
  alignas(64) std::uint64_t ascending[random_lanes];
  for (std::size_t i = 0; i < random_lanes; ++i) ascending[i] = i;
  const RandomV count = hn::Load(du, ascending);
  const RandomV stream_low = hn::Set(du, at.stream & 0xffffffff);
  const RandomV blocks[1] = {hn::Set(du, at.first_index / 2)};
  for (std::size_t i = 0; i < out.size(); i += random_lanes) {
    const RandomV step = hn::Add(hn::Set(du, std::uint64_t{first_step} + i), count);
    const RandomV upper[1] = {hn::Xor(step, hn::Set(du, at.stream >> 32))};
    const WordGroups<1> words = philox_words(blocks, upper, stream_low, key);
    const DrawPair pair = Draw::of(words.a[0], words.b[0]);
    alignas(64) double value[random_lanes];
    hn::Store(at.first_index % 2 == 0 ? pair.even : pair.odd, F64(), value);
    std::copy_n(value, std::min(random_lanes, out.size() - i), out.data() + i);
  }
}

const StepsTable* random_steps_table() {
  static constexpr StepsTable table{steps<UniformDraw>, steps<NormalDraw>};
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

FURROW_EXPORT_TABLE(StepsTable, random_steps);

namespace {
constinit Dispatch<StepsTable> dispatch(resolve_random_steps);
}

void uniform_steps(std::span<double> out, const RandomAt& at, std::uint32_t first_step) noexcept {
  dispatch.table().uniforms(out, at, first_step);
}

void normal_steps(std::span<double> out, const RandomAt& at, std::uint32_t first_step) noexcept {
  dispatch.table().normals(out, at, first_step);
}

}  // namespace furrow::kernels
#endif
