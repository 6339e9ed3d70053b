#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include <fmt/format.h>

#include <furrow/engine/engine.hpp>
#include <furrow/engine/pieces.hpp>

namespace furrow {
namespace {

// Sixteen lanes that do not wait for each other.
constexpr std::size_t lanes = 16;

// Everything at once, over one tile that lies in the first-level cache, so that two passes over it
// cost little: the mean first, then squares around it (no cancellation). Tiles are merged by
// Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
// variances" (1979).
struct Moments {
  double count = 0;
  double nan = 0;
  double sum = 0;
  double mean = 0;
  double m2 = 0;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  // Of integers of 64 bits, which a double does not hold: in an order that both kinds have.
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t greatest = 0;
};

template <class T>
constexpr bool is_wide = std::is_integral_v<T> && sizeof(T) == sizeof(std::uint64_t);

// The least signed integer becomes 0, and back.
template <class T>
std::uint64_t in_order(T value) {
  return static_cast<std::uint64_t>(value) ^ (std::is_signed_v<T> ? std::uint64_t{1} << 63U : 0);
}

// The extremes of a tile in what holds them, 16 of each.
template <class T>
struct Extremes {
  using Number = std::conditional_t<is_wide<T>, T, double>;
  Number low[lanes];
  Number high[lanes];
  Extremes() {
    constexpr bool wide = is_wide<T>;
    using Limits = std::numeric_limits<Number>;
    std::fill(std::begin(low), std::end(low), wide ? Limits::max() : Limits::infinity());
    std::fill(std::begin(high), std::end(high), wide ? Limits::lowest() : -Limits::infinity());
  }
  void add(std::size_t lane, Number value) {
    low[lane] = value < low[lane] ? value : low[lane];
    high[lane] = value > high[lane] ? value : high[lane];
  }
  void finish(Moments& m) const {
    const Number least = *std::min_element(std::begin(low), std::end(low));
    const Number greatest = *std::max_element(std::begin(high), std::end(high));
    m.min = static_cast<double>(least);
    m.max = static_cast<double>(greatest);
    if constexpr (is_wide<T>) {
      m.least = in_order(least);
      m.greatest = in_order(greatest);
    }
  }
};

template <class T>
double to_double(T value) {
  return static_cast<double>(value);
}

// In a fixed order.
double fold(const double (&lane)[lanes]) {
  double level[lanes];
  std::copy(std::begin(lane), std::end(lane), level);
  for (std::size_t width = lanes / 2; width > 0; width /= 2) {
    for (std::size_t i = 0; i < width; ++i) level[i] += level[i + width];
  }
  return level[0];
}

template <class T>
struct MomentsEntry {
  static void run(const void*, const engine::TileCall& call) {
    const T* const x = static_cast<const T*>(call.operand[0]);
    Moments& m = *static_cast<Moments*>(call.partial);
    double sum[lanes] = {};
    double nan[lanes] = {};
    Extremes<T> extremes;
    for (std::size_t i = 0; i < call.count; ++i) {
      const double v = to_double(x[i]);
      const std::size_t k = i % lanes;
      const bool is_nan = v != v;
      sum[k] += is_nan ? 0.0 : v;
      nan[k] += is_nan ? 1.0 : 0.0;
      if constexpr (is_wide<T>) {
        extremes.add(k, x[i]);
      } else {
        extremes.add(k, v);
      }
    }
    m.nan = fold(nan);
    m.count = static_cast<double>(call.count) - m.nan;
    m.sum = fold(sum);
    m.mean = m.count > 0 ? m.sum / m.count : 0;
    extremes.finish(m);
    double square[lanes] = {};
    for (std::size_t i = 0; i < call.count; ++i) {
      const double v = to_double(x[i]);
      const double d = v - m.mean;
      square[i % lanes] += v != v ? 0.0 : d * d;
    }
    m.m2 = fold(square);
  }
};

void merge(const void*, void* left, const void* right) {
  Moments& a = *static_cast<Moments*>(left);
  if (right == nullptr) {
    a = Moments{};
    return;
  }
  const Moments& b = *static_cast<const Moments*>(right);
  a.nan += b.nan;
  if (b.count == 0) return;
  const double count = a.count + b.count;
  const double delta = b.mean - a.mean;
  if (a.count == 0) {
    a.mean = b.mean;
    a.m2 = b.m2;
  } else {
    a.mean += delta * (b.count / count);
    a.m2 += b.m2 + delta * delta * (a.count * (b.count / count));
  }
  a.sum += b.sum;
  a.count = count;
  a.min = std::min(a.min, b.min);
  a.max = std::max(a.max, b.max);
  a.least = std::min(a.least, b.least);
  a.greatest = std::max(a.greatest, b.greatest);
}

engine::Job job_of(const AnyArray& x, const JobOptions& options) {
  if (is_complex(x.dtype())) {
    throw TypeMismatch(
        fmt::format("{} is {}; statistics need an order, which complex "
                    "numbers do not have",
                    x.label(), dtype_name(x.dtype())));
  }
  engine::Job job;
  job.count = x.size();
  job.options = options;
  job.operands = {{x, engine::Use::read}};
  job.entry = visit_dtype(x.dtype(), []<class T>(T) -> engine::TileEntry {
    if constexpr (is_complex(dtype_of<T>)) {
      return nullptr;
    } else {
      return &MomentsEntry<T>::run;
    }
  });
  job.combine = &merge;
  job.partial_bytes = sizeof(Moments);
  return job;
}

Value extreme_of(Dtype dtype, double value, std::uint64_t ordered) {
  if (dtype == Dtype::u64) return ordered;
  if (dtype == Dtype::i64) return static_cast<std::int64_t>(in_order<std::int64_t>(ordered));
  if (is_integer(dtype) || dtype == Dtype::bool_) return static_cast<std::int64_t>(value);
  return value;
}

Statistics finish(const void* partial, Dtype dtype) {
  Moments total;
  if (partial != nullptr) std::memcpy(&total, partial, sizeof total);
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  Statistics result;
  result.count = static_cast<std::int64_t>(total.count);
  result.nan = static_cast<std::int64_t>(total.nan);
  result.sum = total.sum;
  // Merging means subtracts them, which infinities do not bear.
  if (!std::isfinite(total.mean)) total.mean = total.sum / total.count;
  result.mean = total.count > 0 ? total.mean : nothing;
  result.variance = total.count > 1 ? total.m2 / (total.count - 1) : nothing;
  result.std = std::sqrt(result.variance);
  result.min = total.count > 0 ? total.min : nothing;
  result.max = total.count > 0 ? total.max : nothing;
  if (total.count == 0) dtype = Dtype::f64;  // there is no integer that is none
  result.least = extreme_of(dtype, result.min, total.least);
  result.greatest = extreme_of(dtype, result.max, total.greatest);
  return result;
}

}  // namespace

Statistics Engine::statistics(const AnyArray& x, const JobOptions& options) {
  Statistics result;
  engine::Job job = job_of(x, options);
  job.finish = [&](const void* partial) { result = finish(partial, x.dtype()); };
  Future<void>(start(std::move(job))).get();
  return result;
}

namespace engine {

void PiecewiseStatistics::add(const AnyArray& piece, const JobOptions& options) {
  dtype_ = piece.dtype();
  fold_.add(engine_, job_of(piece, options), granule(piece.dtype()),
            [](void* left, const void* right) { merge(nullptr, left, right); });
}

Statistics PiecewiseStatistics::result() {
  return finish(fold_.partial([](void* left, const void* right) { merge(nullptr, left, right); }),
                dtype_);
}

}  // namespace engine
}  // namespace furrow
