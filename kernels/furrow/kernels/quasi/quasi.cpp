// furrow/kernels/quasi/quasi.cpp
//
// Runs of Sobol's and Halton's points into memory: whole vectors, ends through a buffer.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/quasi/quasi.cpp"
#include <hwy/foreach_target.h>
//
#include <algorithm>
#include <cstring>

#include <furrow/kernels/math/ndtri-inl.h>
#include <furrow/kernels/quasi/halton-inl.h>
#include <furrow/kernels/quasi/sobol-inl.h>
#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/quasi/entries.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

using Bits = hn::CappedTag<std::uint64_t, 16>;
using Real = hn::RebindToFloat<Bits>;

/// All sixteen of a run's sixteens, whole ones straight to memory.
template <class Sixteen>
HWY_INLINE void fill_sixteens(double* out, std::size_t count, std::uint64_t first,
                              const Sixteen& sixteen) noexcept {
  for (std::size_t done = 0; done < count;) {
    const std::uint64_t point = first + done;
    const std::size_t skip = point % 16;
    const std::size_t take = std::min(16 - skip, count - done);
    if (take == 16) {
      sixteen(point / 16, out + done);
    } else {
      alignas(64) double buffer[16];
      sixteen(point / 16, buffer);
      std::memcpy(out + done, buffer + skip, take * sizeof(double));
    }
    done += take;
  }
}

template <bool Normal>
void fill_sobol(double* out, std::size_t count, const SobolAt& at) noexcept {
  const Bits d;
  const SobolDirections& directions = sobol_directions(at.dimension);
  const ScrambleLanes<Bits> by(d, at.scrambling, quasi_key(at.randomisation, at.dimension));
  fill_sixteens(out, count, at.first_point, [&](std::uint64_t sixteen, double* to) HWY_ATTR {
    const std::uint64_t base = sobol_sixteen(directions, sixteen);
    for (std::size_t lane = 0; lane < 16; lane += hn::Lanes(d)) {
      auto u = quasi_unit(d, scramble_lanes(d, sobol_lanes(d, directions, base, lane), by));
      if constexpr (Normal) u = ndtri(Real(), u);
      hn::StoreU(u, Real(), to + lane);
    }
  });
}

void fill_halton(double* out, std::size_t count, const HaltonAt& at) noexcept {
  const Real d;
  const HaltonDimension dimension =
      halton_dimension(at.dimension, at.scrambling, quasi_key(at.randomisation, at.dimension));
  fill_sixteens(out, count, at.first_point, [&](std::uint64_t sixteen, double* to) HWY_ATTR {
    for (std::size_t lane = 0; lane < 16; lane += hn::Lanes(d)) {
      const auto points = hn::Iota(d, static_cast<double>(sixteen * 16 + lane));
      hn::StoreU(halton(d, points, dimension), d, to + lane);
    }
  });
}

const QuasiTable* quasi_table() {
  static constexpr QuasiTable table = {&fill_sobol<false>, &fill_sobol<true>, &fill_halton};
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

FURROW_EXPORT_TABLE(QuasiTable, quasi);

namespace {
constinit Dispatch<QuasiTable> quasi{resolve_quasi};
}  // namespace

void sobol_uniform(std::span<double> out, const SobolAt& at) noexcept {
  quasi.table().sobol_uniform(out.data(), out.size(), at);
}
void sobol_normal(std::span<double> out, const SobolAt& at) noexcept {
  quasi.table().sobol_normal(out.data(), out.size(), at);
}
void halton_uniform(std::span<double> out, const HaltonAt& at) noexcept {
  quasi.table().halton_uniform(out.data(), out.size(), at);
}

}  // namespace furrow::kernels
#endif
