// furrow/kernels/reduce/axes_result.cpp
#include <furrow/kernels/reduce/axes_result.hpp>

#include <cmath>

#include <furrow/kernels/reduce/partials.hpp>

namespace furrow::kernels {
namespace {

double mean_of(const ReduceResult& r, ResultKind kind, double count, int part) noexcept {
  return kind == ResultKind::moments ? r.f64[0] : r.f64[part] / count;
}

double real_result(const AxesCall& call, const ReduceResult& r, ResultKind kind,
                   double count) noexcept {
  if (call.result == AxesResult::value) return r.f64[0];
  if (call.result == AxesResult::mean) return mean_of(r, kind, count, 0);
  // As NumPy: no negative number of degrees of freedom, and of none NaN or infinity.
  const double freedom = static_cast<double>(r.u64) - call.ddof;
  const double variance = r.f64[1] / (freedom > 0 ? freedom : 0);
  return call.result == AxesResult::deviation ? std::sqrt(variance) : variance;
}

template <class T>
T result_as(const AxesCall& call, const ReduceResult& r, ResultKind kind, double count) noexcept {
  if constexpr (std::is_same_v<T, bool>) {
    return r.u64 != 0;
  } else if constexpr (std::is_integral_v<T>) {
    return kind == ResultKind::signed_integer ? static_cast<T>(r.i64) : static_cast<T>(r.u64);
  } else if constexpr (is_complex(dtype_of<T>)) {
    using P = typename T::value_type;
    if (call.result == AxesResult::value) {
      return {static_cast<P>(r.f64[0]), static_cast<P>(r.f64[1])};
    }
    return {static_cast<P>(mean_of(r, kind, count, 0)), static_cast<P>(mean_of(r, kind, count, 1))};
  } else {
    return static_cast<T>(real_result(call, r, kind, count));
  }
}

/// Results of many outputs of `count` elements each, whose partials lie side by side.
template <class Partial, class Finish>
void write_partials(const AxesPlan& plan, ResultKind kind, const std::byte* partials,
                    const Walk::Run& run, std::int64_t count, Finish finish) noexcept {
  const auto* const partial = reinterpret_cast<const Partial*>(partials);
  const AxesCall& call = plan.call;
  visit_dtype(call.out_dtype, [&]<class T>(T) {
    T* const out = static_cast<T*>(call.out) + run.place.out;
    const auto divisor = static_cast<double>(count);
    if constexpr (std::is_same_v<Partial, RealPartial>) {
      if constexpr (std::is_same_v<T, double>) {
        if (call.result == AxesResult::value && run.step.out_stride == 1) {
          for (std::int64_t j = 0; j < run.count; ++j) out[j] = partial[j].value;
          return;
        }
      }
    }
    for (std::int64_t j = 0; j < run.count; ++j) {
      ReduceResult result{};
      finish(partial[j], result);
      out[j * run.step.out_stride] = result_as<T>(call, result, kind, divisor);
    }
  });
}

}  // namespace

void write_result(const AxesPlan& plan, const ReduceFunctions& f, Slot& slot,
                  std::int64_t out) noexcept {
  if (slot.count == 0 && f.identity != nullptr) f.identity(slot.partial);
  ReduceResult result;
  f.finish(slot.partial, &result);
  visit_dtype(plan.call.out_dtype, [&]<class T>(T) {
    static_cast<T*>(plan.call.out)[out] =
        result_as<T>(plan.call, result, f.result, static_cast<double>(slot.count));
  });
}

/// The partials that columns have; as `finish` of their kernels.
void write_columns(const AxesPlan& plan, ResultKind kind, const std::byte* partials,
                   const Walk::Run& run, std::int64_t count) noexcept {
  const ReduceFunctions* const f = reduce_functions(plan.call.op, plan.call.dtype);
  const auto finish = [f](const auto& p, ReduceResult& r) { f->finish(&p, &r); };
  switch (plan.call.op) {
    case ReduceOp::norm2:
      return write_partials<NormPartial>(plan, kind, partials, run, count, finish);
    case ReduceOp::nanmean_variance:
      return write_partials<MomentsPartial>(plan, kind, partials, run, count, finish);
    case ReduceOp::argmin:
    case ReduceOp::argmax:  // whatever the type of the values is, which have 8 bytes
      return write_partials<PlacePartial<std::uint64_t>>(plan, kind, partials, run, count, finish);
    default: break;
  }
  switch (kind) {
    case ResultKind::real:
      return write_partials<RealPartial>(
          plan, kind, partials, run, count,
          [](const RealPartial& p, ReduceResult& r) { r.f64[0] = p.value; });
    case ResultKind::moments:
      return write_partials<MomentsPartial>(plan, kind, partials, run, count,
                                            [](const MomentsPartial& p, ReduceResult& r) {
                                              r.f64[0] = p.mean;
                                              r.f64[1] = p.m2;
                                              r.u64 = p.count;
                                            });
    default:
      return write_partials<UnsignedPartial>(plan, kind, partials, run, count,
                                             [](const UnsignedPartial& p, ReduceResult& r) {
                                               r.u64 = p.value;
                                               r.i64 = static_cast<std::int64_t>(p.value);
                                             });
  }
}

}  // namespace furrow::kernels
