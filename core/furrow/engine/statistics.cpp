#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <furrow/engine/engine.hpp>
#include <furrow/engine/pieces.hpp>

namespace furrow {
namespace {

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
};

template <class T>
double to_double(T value) {
  return static_cast<double>(value);
}

// Sixteen lanes that do not wait for each other, folded in a fixed order.
constexpr std::size_t lanes = 16;

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
    double low[lanes];
    double high[lanes];
    std::fill(std::begin(low), std::end(low), m.min);
    std::fill(std::begin(high), std::end(high), m.max);
    for (std::size_t i = 0; i < call.count; ++i) {
      const double v = to_double(x[i]);
      const std::size_t k = i % lanes;
      const bool is_nan = v != v;
      sum[k] += is_nan ? 0.0 : v;
      nan[k] += is_nan ? 1.0 : 0.0;
      low[k] = v < low[k] ? v : low[k];
      high[k] = v > high[k] ? v : high[k];
    }
    m.nan = fold(nan);
    m.count = static_cast<double>(call.count) - m.nan;
    m.sum = fold(sum);
    m.mean = m.count > 0 ? m.sum / m.count : 0;
    m.min = *std::min_element(std::begin(low), std::end(low));
    m.max = *std::max_element(std::begin(high), std::end(high));
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

Statistics finish(const void* partial) {
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
  return result;
}

}  // namespace

Statistics Engine::statistics(const AnyArray& x, const JobOptions& options) {
  Statistics result;
  engine::Job job = job_of(x, options);
  job.finish = [&result](const void* partial) { result = finish(partial); };
  Future<void>(start(std::move(job))).get();
  return result;
}

namespace engine {

void PiecewiseStatistics::add(const AnyArray& piece, const JobOptions& options) {
  fold_.add(engine_, job_of(piece, options), granule(piece.dtype()),
            [](void* left, const void* right) { merge(nullptr, left, right); });
}

Statistics PiecewiseStatistics::result() {
  return finish(fold_.partial([](void* left, const void* right) { merge(nullptr, left, right); }));
}

}  // namespace engine
}  // namespace furrow
