// furrow/kernels/stencil/walk.cpp
//
// A step of a stencil: for each row of the output, the rows of x that meet it. In the middle of a
// row they are read where they lie; at its ends their neighbourhood is copied, with what stands
// beyond.
#include <algorithm>
#include <type_traits>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/stencil/entries.hpp>
#include <furrow/kernels/stencil/stencil.hpp>

namespace furrow::kernels {
namespace {

constinit Dispatch<StencilTable> dispatch(&resolve_stencil);

void run(const StencilTable& table, const StencilRows<float>& call) { table.f32(call); }
void run(const StencilTable& table, const StencilRows<double>& call) { table.f64(call); }
void run(const StencilTable& table, const StencilRows<std::uint32_t>& call) { table.u32(call); }
void run(const StencilTable& table, const StencilRows<std::uint64_t>& call) { table.u64(call); }

/// The largest register holds so many elements: outputs at the ends are computed in whole ones.
constexpr std::int64_t lanes_max = 16;
constexpr std::int64_t reach_max = 512;      // from a chunk's first tap to its last
constexpr std::int64_t edge_elements = 128;  // outputs at an end, at once
constexpr std::int64_t rows_max = 32;        // of x, read where they lie
constexpr std::int64_t edge_rows_max = 16;   // of x, copied
constexpr std::int64_t edge_row = edge_elements + lanes_max + reach_max;
constexpr std::int64_t constant_row = stencil_block_elements + lanes_max + reach_max;

template <class T>
class Walk {
 public:
  explicit Walk(const StencilPlan<T>& plan) noexcept
      : plan_(plan), table_(dispatch.table()), taps_max_(1 + reach_max / plan.inner) {
    if (plan.boundary == Boundary::constant) std::fill_n(constants_, constant_row, plan.value);
  }

  void block(std::int64_t row, std::int64_t begin, std::int64_t end) noexcept {
    std::int64_t rest = row;
    out_ = plan_.out;
    for (std::size_t k = plan_.outer_count; k-- != 0;) {
      at_[k] = rest % plan_.outer[k].out;
      rest /= plan_.outer[k].out;
      out_ += at_[k] * plan_.outer[k].out_stride;
    }
    find_rows();
    // Outputs of the middle have all of their taps within x.
    const StencilAxis& last = plan_.last;
    const std::int64_t low = last.origin * plan_.inner;
    const std::int64_t high = (last.in - last.taps + 1 + last.origin) * plan_.inner;
    const std::int64_t middle = std::clamp(low, begin, end);
    const std::int64_t after = std::clamp(high, middle, end);
    ends(begin, middle);
    if (middle < after) inside(middle, after);
    ends(after, end);
  }

 private:
  /// The rows that the output's row meets, once for its middle and its ends, if they are few.
  void find_rows() noexcept {
    restart_search();
    found_count_ = 0;
    StencilRow<T> row{};
    while (search_row(row.data, row.weights)) {
      if (found_count_ == rows_max) {
        found_count_ = -1;
        return;
      }
      found_[found_count_++] = row;
    }
  }

  void restart() noexcept {
    next_ = 0;
    if (found_count_ < 0) restart_search();
  }

  /// The next row of x that there is: its line, or null when it is constant. False: none left.
  bool next_row(const T*& line, const T*& weights) noexcept {
    if (found_count_ < 0) return search_row(line, weights);
    if (next_ == found_count_) return false;
    line = found_[next_].data;
    weights = found_[next_++].weights;
    return true;
  }

  /// Starts with the first of the outer taps.
  void restart_search() noexcept {
    std::fill_n(tap_, plan_.outer_count, std::int64_t{0});
    weight_ = plan_.first_weight;
    more_ = true;
  }

  bool search_row(const T*& line, const T*& weights) noexcept {
    while (more_) {
      bool exists = true;
      line = plan_.in;
      for (std::size_t k = 0; k < plan_.outer_count; ++k) {
        const StencilAxis& axis = plan_.outer[k];
        const std::int64_t at =
            position_at(plan_.boundary, at_[k] - axis.origin + tap_[k], axis.in);
        if (at < 0) exists = false;
        if (exists) line += at * axis.in_stride;
      }
      weights = weight_;
      advance();
      if (exists) return true;
      line = nullptr;
      if (plan_.boundary == Boundary::constant) return true;
    }
    return false;
  }

  void advance() noexcept {
    weight_ += plan_.weight_step * plan_.last.taps;
    for (std::size_t k = plan_.outer_count; k-- != 0;) {
      if (++tap_[k] < plan_.outer[k].taps) return;
      tap_[k] = 0;
    }
    more_ = false;
  }

  /// Adds rows to the sums so far.
  void add(const StencilRow<T>* rows, std::int64_t row_count, std::int64_t taps,
           std::int64_t count) noexcept {
    run(table_, StencilRows<T>{rows, row_count, taps, plan_.inner, plan_.weight_step, sums_,
                               sums_ == sum_[0] ? sum_[1] : sum_[0], count});
    sums_ = sums_ == sum_[0] ? sum_[1] : sum_[0];
  }

  /// The sums go to the output.
  void store(std::int64_t begin, std::int64_t count) const noexcept {
    T* to = out_ + begin * plan_.last.out_stride;
    if (sums_ == nullptr) {
      for (std::int64_t i = 0; i < count; ++i) to[i * plan_.last.out_stride] = T{};
    } else if (plan_.last.out_stride == 1) {
      std::copy_n(sums_, count, to);
    } else {
      for (std::int64_t i = 0; i < count; ++i) to[i * plan_.last.out_stride] = sums_[i];
    }
  }

  void inside(std::int64_t begin, std::int64_t end) noexcept {
    const std::int64_t first = begin - plan_.last.origin * plan_.inner;
    StencilRow<T> rows[rows_max];
    sums_ = nullptr;
    restart();
    const T* line = nullptr;
    const T* weights = nullptr;
    std::int64_t held = 0;
    while (next_row(line, weights)) {
      // Taps that reach far are walked by themselves, from some to the next.
      for (std::int64_t t = 0; t < plan_.last.taps; t += taps_max_) {
        const T* data = line == nullptr ? constants_ : line + first + t * plan_.inner;
        rows[held++] = {data, weights + t * plan_.weight_step};
        if (plan_.last.taps <= taps_max_) break;
        add(rows, 1, std::min(taps_max_, plan_.last.taps - t), end - begin);
        held = 0;
      }
      if (held == rows_max) {
        add(rows, held, plan_.last.taps, end - begin);
        held = 0;
      }
    }
    if (held != 0 && sums_ == nullptr && plan_.last.out_stride == 1) {
      run(table_, StencilRows<T>{rows, held, plan_.last.taps, plan_.inner, plan_.weight_step,
                                 nullptr, out_ + begin, end - begin});
      return;
    }
    if (held != 0) add(rows, held, plan_.last.taps, end - begin);
    store(begin, end - begin);
  }

  void ends(std::int64_t begin, std::int64_t end) noexcept {
    const bool one_by_one = plan_.boundary == Boundary::absent && !plan_.finite;
    const std::int64_t width = one_by_one ? 1 : edge_elements;
    for (; begin < end; begin += width) {
      const std::int64_t count = std::min(width, end - begin);
      sums_ = nullptr;
      one_by_one ? end_alone(begin) : end_copied(begin, count);
      store(begin, count);
    }
  }

  void end_copied(std::int64_t begin, std::int64_t count) noexcept {
    const std::int64_t whole = (count + lanes_max - 1) / lanes_max * lanes_max;
    const std::int64_t first = begin - plan_.last.origin * plan_.inner;
    StencilRow<T> rows[edge_rows_max];
    restart();
    const T* line = nullptr;
    const T* weights = nullptr;
    std::int64_t held = 0;
    while (next_row(line, weights)) {
      for (std::int64_t t = 0; t < plan_.last.taps; t += taps_max_) {
        const std::int64_t taps = std::min(taps_max_, plan_.last.taps - t);
        const T* data = constants_;
        if (line != nullptr) {
          T* to = edge_[held];
          const std::int64_t reach = count + (taps - 1) * plan_.inner;
          PaddedLine<T>{line, plan_.last.in, plan_.inner, plan_.boundary, plan_.value}.copy(
              first + t * plan_.inner, reach, to);
          std::fill_n(to + reach, whole - count, T{});
          data = to;
        }
        rows[held++] = {data, weights + t * plan_.weight_step};
        if (taps == plan_.last.taps && held != edge_rows_max) continue;
        add(rows, held, taps, whole);
        held = 0;
      }
    }
    if (held != 0) add(rows, held, plan_.last.taps, whole);
  }

  /// One output, from the taps that it has: an infinite weight times a zero would be NaN.
  void end_alone(std::int64_t i) noexcept {
    const std::int64_t position = i / plan_.inner - plan_.last.origin;
    const std::int64_t begin = std::clamp<std::int64_t>(-position, 0, plan_.last.taps);
    const std::int64_t end = std::clamp(plan_.last.in - position, begin, plan_.last.taps);
    restart();
    StencilRow<T> row{};
    while (begin < end && next_row(row.data, row.weights)) {
      row.data += (position + begin) * plan_.inner + i % plan_.inner;
      row.weights += begin * plan_.weight_step;
      add(&row, 1, end - begin, 1);
    }
  }

  const StencilPlan<T>& plan_;
  const StencilTable& table_;
  const std::int64_t taps_max_;
  T* out_ = nullptr;                    // the output's row
  std::int64_t at_[stencil_axes_max];   // its place on the outer axes
  std::int64_t tap_[stencil_axes_max];  // on the outer axes
  const T* weight_ = nullptr;           // of that tap, first on the last axis
  bool more_ = false;
  StencilRow<T> found_[rows_max];
  std::int64_t found_count_ = 0;  // -1: too many to hold
  std::int64_t next_ = 0;
  const T* sums_ = nullptr;  // one of sum_; null: none so far
  T sum_[2][stencil_block_elements];
  T edge_[edge_rows_max][edge_row];
  T constants_[constant_row];
};

/// Integers wrap as unsigned ones.
template <class T, bool is_whole = std::is_integral_v<T>>
struct Unsigned {
  using Type = std::make_unsigned_t<T>;
};
template <class T>
struct Unsigned<T, false> {
  using Type = T;
};

template <class T, class To>
StencilPlan<To> converted(const StencilPlan<T>& plan) noexcept {
  StencilPlan<To> out{};
  out.in = reinterpret_cast<const To*>(plan.in);
  out.out = reinterpret_cast<To*>(plan.out);
  out.first_weight = reinterpret_cast<const To*>(plan.first_weight);
  out.weight_step = plan.weight_step;
  out.boundary = plan.boundary;
  out.value = static_cast<To>(plan.value);
  out.finite = plan.finite;
  out.outer_count = plan.outer_count;
  std::copy_n(plan.outer, plan.outer_count, out.outer);
  out.last = plan.last;
  out.inner = plan.inner;
  return out;
}

}  // namespace

template <class T>
void stencil_step(const StencilPlan<T>& plan, std::int64_t step) noexcept {
  using U = typename Unsigned<T>::Type;
  const StencilPlan<U> same = converted<T, U>(plan);
  Walk<U> walk(same);
  const std::int64_t row_begin = step / plan.block_groups * plan.rows_of_step;
  const std::int64_t row_end = std::min(row_begin + plan.rows_of_step, plan.rows);
  const std::int64_t block_begin = step % plan.block_groups * plan.blocks_of_step;
  const std::int64_t block_end = std::min(block_begin + plan.blocks_of_step, plan.blocks);
  const std::int64_t size = plan.last.out * plan.inner;
  for (std::int64_t block = block_begin; block < block_end; ++block) {
    const std::int64_t begin = block * stencil_block_elements;
    const std::int64_t end = std::min(begin + stencil_block_elements, size);
    for (std::int64_t row = row_begin; row < row_end; ++row) walk.block(row, begin, end);
  }
}

template void stencil_step(const StencilPlan<float>&, std::int64_t) noexcept;
template void stencil_step(const StencilPlan<double>&, std::int64_t) noexcept;
template void stencil_step(const StencilPlan<std::int32_t>&, std::int64_t) noexcept;
template void stencil_step(const StencilPlan<std::int64_t>&, std::int64_t) noexcept;
template void stencil_step(const StencilPlan<std::uint32_t>&, std::int64_t) noexcept;
template void stencil_step(const StencilPlan<std::uint64_t>&, std::int64_t) noexcept;

}  // namespace furrow::kernels
