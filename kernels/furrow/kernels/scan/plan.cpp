// furrow/kernels/scan/plan.cpp
//
// How an array is cut into panels, and what happens between tiles: scalar code, compiled once.
#include <algorithm>
#include <bit>
#include <limits>

#include <furrow/kernels/scan/entries.hpp>
#include <furrow/kernels/scan/scan.hpp>

namespace furrow::kernels {

namespace {

/// Packed outputs from here on are written around the cache: the other half of a last-level cache
/// is left to what is read twice.
constexpr std::int64_t stream_bytes_min = std::int64_t{16} << 20;
/// A line shorter than this is not worth a call of its own.
constexpr std::int64_t line_elements_min = 32;

struct Axis {
  std::int64_t extent;
  std::int64_t in;
  std::int64_t out;
};

bool is_bool_or_integer(Dtype d) noexcept { return d == Dtype::bool_ || is_integer(d); }

ScanState state_of(double high, double low) noexcept {
  return {std::bit_cast<std::uint64_t>(high), std::bit_cast<std::uint64_t>(low)};
}

double as_double(std::uint64_t bits) noexcept { return std::bit_cast<double>(bits); }

/// high + low is the sum of both; -0 is the zero that changes no other zero.
ScanState add_total(ScanState state, double total) noexcept {
  const double high = as_double(state.high);
  const double step = as_double(state.low) + total;
  const double sum = high + step;
  const double part = sum - high;
  const double rest = (high - (sum - part)) + (step - part);
  return state_of(sum, rest - rest == 0 && rest != 0 ? rest : -0.0);
}

template <class T>
std::uint64_t fold(ScanOp op, std::uint64_t left, std::uint64_t right) noexcept {
  const T x = std::bit_cast<T>(left);
  const T y = std::bit_cast<T>(right);
  if (op == ScanOp::min) return x < y || x != x ? left : right;
  return y < x || x != x ? left : right;
}

}  // namespace

ScanAccumulator scan_accumulator(ScanOp op, Dtype in) noexcept {
  if (is_real_float(in)) return ScanAccumulator::f64;
  if (op == ScanOp::sum || op == ScanOp::product) return ScanAccumulator::u64;
  return is_signed_integer(in) ? ScanAccumulator::i64 : ScanAccumulator::u64;
}

bool scan_takes(ScanOp op, Dtype in, Dtype out) noexcept {
  if (is_complex(in) || in == Dtype::none) return false;
  const bool adds = op == ScanOp::sum || op == ScanOp::product;
  if (in == out) return !(adds && in == Dtype::bool_);
  if (!adds) return false;
  if (is_real_float(in)) return out == Dtype::f64;
  return is_bool_or_integer(in) && (out == Dtype::i64 || out == Dtype::u64);
}

ScanPlan plan_scan(const ScanArrays& arrays, ScanOp op, bool exclusive) noexcept {
  ScanPlan plan{};
  plan.in = arrays.in;
  plan.out = arrays.out;
  plan.in_dtype = arrays.in_dtype;
  plan.out_dtype = arrays.out_dtype;
  plan.op = op;
  plan.exclusive = exclusive;
  plan.rows = arrays.shape[arrays.axis];
  plan.in_row = arrays.in_strides[arrays.axis];
  plan.out_row = arrays.out_strides[arrays.axis];
  Axis axes[8] = {};
  std::size_t count = 0;
  std::int64_t size = plan.rows;
  for (std::size_t k = 0; k < arrays.shape.size(); ++k) {
    if (k == arrays.axis || arrays.shape[k] == 1) continue;
    const Axis next = {arrays.shape[k], arrays.in_strides[k], arrays.out_strides[k]};
    size *= next.extent;
    const bool joins = count != 0 && axes[count - 1].in == next.extent * next.in &&
                       axes[count - 1].out == next.extent * next.out;
    if (joins) {
      axes[count - 1] = {axes[count - 1].extent * next.extent, next.in, next.out};
    } else {
      axes[count++] = next;
    }
  }
  if (count == 0) axes[count++] = {1, 0, 0};
  // Side by side are the lines of the axis with the least stride, at best 1.
  std::size_t side = count - 1;
  for (std::size_t k = 0; k < count; ++k) {
    const auto step = [&](std::size_t a) {
      return std::max(std::abs(axes[a].in), std::abs(axes[a].out));
    };
    if (axes[k].extent > 1 && step(k) < step(side)) side = k;
  }
  plan.columns = axes[side].extent;
  plan.in_column = axes[side].in;
  plan.out_column = axes[side].out;
  for (std::size_t k = 0; k < count; ++k) {
    if (k == side) continue;
    plan.outer[plan.outer_count] = axes[k].extent;
    plan.in_outer[plan.outer_count] = axes[k].in;
    plan.out_outer[plan.outer_count++] = axes[k].out;
  }
  const bool packed_columns = plan.in_column == 1 && plan.out_column == 1 && plan.columns >= 8;
  const bool packed_rows = plan.in_row == 1 && plan.out_row == 1;
  const bool is_short = plan.rows < line_elements_min && plan.columns > 1;
  plan.by_columns = is_short || (packed_columns && !packed_rows);
  // In place, panels go through scratch: narrow ones, so that enough of them fit the cache.
  const std::int64_t widest = arrays.in == arrays.out ? scan_columns_max / 2 : scan_columns_max;
  plan.width = plan.by_columns ? std::min(plan.columns, widest) : 1;
  plan.panels = size / plan.rows / plan.columns * ((plan.columns + plan.width - 1) / plan.width);
  plan.tiles = (plan.rows + scan_tile_elements - 1) / scan_tile_elements;
  plan.stream = (plan.by_columns ? packed_columns : packed_rows) && arrays.in != arrays.out &&
                arrays.out_dtype == Dtype::f64 && size * 8 >= stream_bytes_min;
  return plan;
}

std::int64_t scan_width(const ScanPlan& plan, std::int64_t panel) noexcept {
  const std::int64_t across = (plan.columns + plan.width - 1) / plan.width;
  return std::min(plan.width, plan.columns - panel % across * plan.width);
}

ScanPanel find_panel(const ScanPlan& plan, std::int64_t panel) noexcept {
  const std::int64_t across = (plan.columns + plan.width - 1) / plan.width;
  const std::int64_t first = panel % across * plan.width;
  ScanPanel found = {first * plan.in_column, first * plan.out_column, scan_width(plan, panel)};
  std::int64_t index = panel / across;
  for (std::size_t k = plan.outer_count; k-- != 0;) {
    found.in += index % plan.outer[k] * plan.in_outer[k];
    found.out += index % plan.outer[k] * plan.out_outer[k];
    index /= plan.outer[k];
  }
  return found;
}

ScanState start_scan(const ScanPlan& plan) noexcept {
  using Limits = std::numeric_limits<double>;
  const bool is_min = plan.op == ScanOp::min;
  const bool is_max = plan.op == ScanOp::max;
  switch (scan_accumulator(plan.op, plan.in_dtype)) {
    case ScanAccumulator::f64:
      if (is_min) return state_of(Limits::infinity(), 0);
      if (is_max) return state_of(-Limits::infinity(), 0);
      return plan.op == ScanOp::product ? state_of(1, 0) : state_of(-0.0, -0.0);
    case ScanAccumulator::i64:
    case ScanAccumulator::u64: break;
  }
  if (is_min || is_max) return {extreme_of(plan.in_dtype, is_min), 0};
  return {plan.op == ScanOp::product ? 1U : 0U, 0};
}

std::uint64_t extreme_of(Dtype dtype, bool greatest) noexcept {
  return visit_dtype(dtype, [greatest](auto zero) -> std::uint64_t {
    using T = decltype(zero);
    if constexpr (std::is_integral_v<T>) {
      const T value = greatest ? std::numeric_limits<T>::max() : std::numeric_limits<T>::min();
      return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
    } else {
      return 0;
    }
  });
}

ScanState advance_scan(const ScanPlan& plan, ScanState state, std::uint64_t total) noexcept {
  const ScanAccumulator accumulator = scan_accumulator(plan.op, plan.in_dtype);
  if (accumulator == ScanAccumulator::f64) {
    if (plan.op == ScanOp::sum) return add_total(state, as_double(total));
    if (plan.op == ScanOp::product) {
      return state_of(as_double(state.high) * as_double(total), 0);
    }
    return {fold<double>(plan.op, state.high, total), 0};
  }
  if (plan.op == ScanOp::sum) return {state.high + total, 0};
  if (plan.op == ScanOp::product) return {state.high * total, 0};
  const bool is_signed = accumulator == ScanAccumulator::i64;
  return {is_signed ? fold<std::int64_t>(plan.op, state.high, total)
                    : fold<std::uint64_t>(plan.op, state.high, total),
          0};
}

}  // namespace furrow::kernels
