// Steps that a killed worker leaves half done: each step is run, what it wrote is spoilt, and it is
// run again. A step that reads what it writes gives another result then.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <random>
#include <span>
#include <vector>

#include <furrow/kernels/linalg/covariance.hpp>
#include <furrow/kernels/linalg/gemv.hpp>
#include <furrow/kernels/linalg/triangular.hpp>
#include <furrow/kernels/random/shuffle.hpp>
#include <furrow/kernels/reduce/axes.hpp>
#include <furrow/kernels/scan/steps.hpp>
#include <furrow/kernels/sort/histogram.hpp>
#include <furrow/kernels/sort/quantile.hpp>
#include <furrow/kernels/sort/unique.hpp>
#include <furrow/kernels/stencil/moving.hpp>
#include <furrow/kernels/stencil/stencil.hpp>

using namespace furrow::kernels;

namespace {

/// All memory that steps read and write, of random bytes at first.
class Arena {
 public:
  explicit Arena(std::size_t bytes) : bytes_(bytes) {
    std::mt19937 random(3);
    for (std::size_t i = 0; i + 4 <= bytes; i += 4) {
      const auto word = static_cast<std::uint32_t>(random());
      std::memcpy(&bytes_[i], &word, sizeof word);
    }
  }
  std::byte* operator()(std::size_t bytes) {
    REQUIRE(used_ + bytes + 64 <= bytes_.size());
    std::byte* const given = detail::aligned64(bytes_.data() + used_);
    used_ = static_cast<std::size_t>(given - bytes_.data()) + bytes;
    return given;
  }
  template <class T>
  std::span<T> take(std::int64_t count) {
    const auto size = static_cast<std::size_t>(count);
    return {reinterpret_cast<T*>((*this)(size * sizeof(T))), size};
  }
  std::span<std::byte> used() { return {bytes_.data(), used_}; }

 private:
  std::vector<std::byte> bytes_;
  std::size_t used_ = 0;
};

/// Runs every task, spoils the bytes that it changed, and runs it again: all memory must be as
/// after the first run. Most of it is as before, and looked at in blocks.
struct Torn {
  static constexpr std::size_t block = 4096;
  Arena* arena;

  template <class F>
  void operator()(std::int64_t tasks, F f) const {
    for (std::int64_t i = 0; i < tasks; ++i) run(f, i);
  }

 private:
  struct Changed {
    std::size_t at;
    std::vector<std::byte> after;
  };

  template <class F>
  void run(F f, std::int64_t i) const {
    const std::span<std::byte> bytes = arena->used();
    const std::vector<std::byte> before(bytes.begin(), bytes.end());
    f(i);
    std::vector<Changed> changed;
    for (std::size_t at = 0; at < bytes.size(); at += block) {
      const std::size_t size = std::min(block, bytes.size() - at);
      if (std::memcmp(&before[at], &bytes[at], size) == 0) continue;
      changed.push_back({at, std::vector<std::byte>(&bytes[at], &bytes[at] + size)});
      for (std::size_t k = at; k < at + size; ++k) {
        if (before[k] != bytes[k]) bytes[k] = static_cast<std::byte>(k * 7919 >> 3);
      }
    }
    f(i);
    bool same = true;
    auto next = changed.begin();
    for (std::size_t at = 0; at < bytes.size(); at += block) {
      const std::size_t size = std::min(block, bytes.size() - at);
      const bool is_next = next != changed.end() && next->at == at;
      const std::byte* const wanted = is_next ? (next++)->after.data() : &before[at];
      if (std::memcmp(&bytes[at], wanted, size) == 0) continue;
      same = false;
      std::memcpy(&bytes[at], wanted, size);
    }
    CHECK(same);
  }
};

constexpr std::int64_t count = 150'000;

std::span<double> numbers(Arena& arena) {
  const auto x = arena.take<double>(count);
  std::mt19937_64 random(7);
  for (double& v : x) v = static_cast<double>(random() % 1'000'000);
  return x;
}

Lanes lane_of(std::span<double> x, void* out) {
  return one_lane(furrow::dtype_of<double>, x.data(), out, count);
}

}  // namespace

TEST_CASE("torn steps of quantiles are run again to the same end") {
  for (const bool ignore_nan : {false, true}) {
    Arena arena(16 << 20);
    const auto x = numbers(arena);
    const auto q = arena.take<double>(3);
    std::copy_n(std::vector<double>{0.1, 0.5, 0.99}.data(), 3, q.data());
    const auto out = arena.take<double>(3);
    std::vector<double> sorted(x.begin(), x.end());
    std::sort(sorted.begin(), sorted.end());
    quantile(Torn{&arena}, lane_of(x, nullptr),
             {q.data(), 3, QuantileMethod::lower, ignore_nan, out.data()}, arena);
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK(out[k] == sorted[static_cast<std::size_t>((count - 1) * q[k])]);
    }
  }
}

TEST_CASE("torn steps of sorts in place, argsorts and partitions are run again to the same end") {
  Arena arena(32 << 20);
  const auto x = numbers(arena);
  const auto indices = arena.take<std::int64_t>(count);
  std::vector<double> sorted(x.begin(), x.end());
  std::sort(sorted.begin(), sorted.end());
  argsort(Torn{&arena}, lane_of(x, indices.data()), count, {}, arena);
  CHECK(x[static_cast<std::size_t>(indices[1000])] == sorted[1000]);
  const auto ranks = arena.take<std::int64_t>(1);
  ranks[0] = 1000;
  partition(Torn{&arena}, lane_of(x, x.data()), {ranks.data(), 1}, {}, arena);
  CHECK(x[1000] == sorted[1000]);
  sort(Torn{&arena}, lane_of(x, x.data()), {}, arena);
  CHECK(std::equal(x.begin(), x.end(), sorted.begin()));
}

TEST_CASE("torn steps of shuffles in place are run again to the same end") {
  Arena arena(16 << 20);
  const auto x = numbers(arena);
  std::vector<double> before(x.begin(), x.end());
  shuffle(Torn{&arena}, x, arena.take<double>(count),
          arena.take<std::int64_t>(shuffle_counts(count)), 5);
  std::vector<double> after(x.begin(), x.end());
  CHECK(before != after);
  std::sort(before.begin(), before.end());
  std::sort(after.begin(), after.end());
  CHECK(before == after);
}

TEST_CASE("torn steps of unique elements and histograms are run again to the same end") {
  Arena arena(32 << 20);
  const auto x = numbers(arena);
  const auto inverse = arena.take<std::int64_t>(count);
  const auto values = arena.take<double>(count);
  const auto counts = arena.take<std::int64_t>(count);
  std::int64_t found = 0;
  unique<double>(
      Torn{&arena}, x.data(), count, inverse.data(),
      [&](std::int64_t n) {
        found = n;
        return UniqueOut<double>{values.data(), counts.data()};
      },
      arena);
  CHECK(std::is_sorted(values.begin(), values.begin() + found));
  CHECK(values[static_cast<std::size_t>(inverse[77])] == x[77]);
  Histogram bins;
  bins.dtype = furrow::dtype_of<double>;
  bins.in = x.data();
  bins.count = count;
  bins.bins = 10;
  bins.low = 0;
  bins.high = 1e6;
  histogram(Torn{&arena}, bins, counts.data(), arena);
  CHECK(std::accumulate(counts.begin(), counts.begin() + 10, std::int64_t{0}) == count);
}

TEST_CASE("torn steps of scans in place are run again to the same end") {
  // One long line; many short ones; panels of columns.
  const std::vector<std::array<std::int64_t, 2>> shapes = {
      {1, count}, {count / 10, 10}, {300, 500}};
  for (const auto& shape : shapes) {
    for (const std::size_t axis : {0, 1}) {
      for (const bool exclusive : {false, true}) {
        CAPTURE(shape[0], shape[1], axis, exclusive);
        Arena arena(24 << 20);
        const auto x = numbers(arena);
        std::vector<double> expected(x.begin(), x.end());
        const std::int64_t strides[] = {shape[1], 1};
        const auto arrays = [&](double* data) {
          return ScanArrays{data,    data, furrow::Dtype::f64, furrow::Dtype::f64, shape, strides,
                            strides, axis};
        };
        const ScanPlan plan = plan_scan(arrays(x.data()), ScanOp::sum, exclusive);
        const ScanCut cut = cut_scan(plan, true);
        const auto scratch = [&] {
          return ScanScratch{arena.take<ScanState>(cut.state_count + 1).data(),
                             arena.take<std::uint64_t>(cut.total_count + 1).data(),
                             arena(static_cast<std::size_t>(cut.packed_bytes) + 1)};
        };
        scan(Torn{&arena}, plan, cut, scratch());
        scan(Serial{}, plan_scan(arrays(expected.data()), ScanOp::sum, exclusive), cut, scratch());
        CHECK(std::equal(x.begin(), x.end(), expected.begin()));
      }
    }
  }
}

TEST_CASE("torn links of scans are run again to the same end") {
  // One long line; a few of them; long columns, which share a record.
  const std::vector<std::array<std::int64_t, 2>> shapes = {
      {1, count}, {3, count / 3}, {count / 10, 10}};
  for (const auto& shape : shapes) {
    for (const bool exclusive : {false, true}) {
      CAPTURE(shape[0], shape[1], exclusive);
      Arena arena(24 << 20);
      const auto x = numbers(arena);
      const auto out = arena.take<double>(count);
      std::vector<double> expected(x.begin(), x.end());
      const std::int64_t strides[] = {shape[1], 1};
      const std::size_t axis = shape[0] > shape[1] ? 0 : 1;
      const auto plan = [&](const double* in, double* to) {
        const auto f64 = furrow::Dtype::f64;
        return plan_scan({in, to, f64, f64, shape, strides, strides, axis}, ScanOp::sum, exclusive);
      };
      const ScanPlan torn = plan(x.data(), out.data());
      const ScanCut cut = cut_scan(torn, false, 2);
      REQUIRE(cut.chain);
      scan(Torn{&arena}, torn, cut,
           {nullptr, arena.take<std::uint64_t>(cut.total_count).data(), nullptr});
      const ScanPlan whole = plan(expected.data(), expected.data());
      const ScanCut windows = cut_scan(whole, false);
      std::vector<ScanState> states(static_cast<std::size_t>(windows.state_count) + 1);
      std::vector<std::uint64_t> totals(static_cast<std::size_t>(windows.total_count) + 1);
      scan(Serial{}, whole, windows, {states.data(), totals.data(), nullptr});
      CHECK(std::equal(out.begin(), out.end(), expected.begin()));
    }
  }
}

TEST_CASE("torn steps of matrices are run again to the same end") {
  Arena arena(16 << 20);
  constexpr std::int64_t n = 200;
  constexpr std::int64_t k = 300;
  const auto x = arena.take<double>(40 * 8200);
  std::mt19937_64 random(7);
  for (double& v : x) v = static_cast<double>(random() % 1000) / 1000;
  const Torn torn{&arena};
  const auto product = [&](Matrix<const double> a, Matrix<double> out) {
    gemm<double>(torn, 1, a, a.transposed(), 0, {}, out,
                 arena
                     .take<double>(
                         static_cast<std::int64_t>(gemm_scratch<double>(a.rows, a.rows, a.columns)))
                     .data(),
                 Half::one);
  };
  const auto square = arena.take<double>(n * n);
  product(row_major<const double>(x.data(), 40, 8200), row_major(square.data(), 40, 40));
  const auto a = row_major<const double>(x.data(), n, k);
  const auto out = row_major(square.data(), n, n);
  product(a, out);
  const auto scratch =
      arena.take<double>(static_cast<std::int64_t>(triangular_scratch<double>(n, n)));
  const auto factor = row_major(arena.take<double>(n * n).data(), n, n);
  CHECK(cholesky<double>(torn, out, factor, scratch.data()) == 0);
  const auto solved = row_major(arena.take<double>(n * n).data(), n, n);
  solve_lower<double>(torn, factor, false, out, solved, scratch.data());
  CHECK(solved(3, 150) == Approx(factor(150, 3)));
  const auto vector = arena.take<double>(n);
  gemv<double>(torn, a, x.data(), 1, vector.data(), 1,
               arena.take<double>(static_cast<std::int64_t>(gemv_scratch<double>(n, k))).data());
  CHECK(vector[0] == Approx(out(0, 0)));
  const auto tall = row_major<const double>(x.data(), 8000, 20);
  const auto mean = arena.take<double>(20);
  covariance(
      torn, tall, 1, mean.data(), square.data(),
      arena.take<double>(static_cast<std::int64_t>(covariance_scratch(tall.rows, 20))).data());
  CHECK(square[1] == square[20]);
}

TEST_CASE("torn steps of reductions along axes are run again to the same end") {
  bool is_cut = false;
  std::vector<bool> roads(4);
  const std::vector<std::array<std::int64_t, 2>> shapes = {
      {3, 50'000}, {50'000, 3}, {20'000, 7}, {300, 500}};
  for (const auto& shape : shapes) {
    for (const ReduceOp op : {ReduceOp::sum, ReduceOp::mean_variance, ReduceOp::argmax}) {
      for (const std::size_t axis : {0, 1}) {
        for (const bool masked : {false, true}) {
          if (masked && op == ReduceOp::argmax) continue;
          CAPTURE(shape[0], shape[1], static_cast<int>(op), axis, masked);
          Arena arena(4 << 20);
          const auto x = numbers(arena);
          const auto mask = arena.take<bool>(count);
          for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = i % 3 != 0;
          AxesCall call{};
          call.x = x.data();
          call.mask = masked ? mask.data() : nullptr;
          call.op = op;
          call.dtype = furrow::Dtype::f64;
          call.out_dtype = op == ReduceOp::argmax ? furrow::Dtype::i64 : furrow::Dtype::f64;
          call.result = op == ReduceOp::mean_variance ? AxesResult::variance : AxesResult::value;
          const std::int64_t strides[] = {shape[1], 1};
          const std::size_t kept = 1 - axis;
          call.kept.add({shape[kept], strides[kept], strides[kept], 1}, masked);
          call.reduced.add({shape[axis], strides[axis], strides[axis], 0}, masked);
          const auto out = arena.take<double>(shape[kept]);
          std::vector<double> expected(out.size());
          call.out = expected.data();
          AxesPlan plan = plan_axes(call);
          plan.scratch = arena(scratch_bytes(plan) + 1);
          reduce_axes(Serial{}, plan);
          plan.call.out = out.data();
          reduce_axes(Torn{&arena}, plan);
          CHECK(std::memcmp(out.data(), expected.data(), out.size_bytes()) == 0);
          is_cut = is_cut || plan.groups > 1;
          roads[static_cast<std::size_t>(plan.road)] = true;
        }
      }
    }
  }
  CHECK(is_cut);
  CHECK(roads == std::vector<bool>(4, true));
}

TEST_CASE("torn steps of stencils are run again to the same end") {
  const std::vector<std::array<std::int64_t, 2>> shapes = {{1, count}, {count / 50, 50}};
  for (const auto& shape : shapes) {
    for (const Boundary boundary : {Boundary::constant, Boundary::wrap, Boundary::mirror}) {
      CAPTURE(shape[0], shape[1], static_cast<int>(boundary));
      Arena arena(16 << 20);
      const auto x = numbers(arena);
      const auto out = arena.take<double>(count);
      const auto weights = arena.take<double>(15);
      std::iota(weights.begin(), weights.end(), 1);
      const std::int64_t strides[] = {shape[1], 1};
      const std::int64_t taps[] = {3, 5};
      const std::int64_t origin[] = {1, 2};
      const StencilArrays<double> arrays = {x.data(), out.data(), weights.data(), shape,  strides,
                                            shape,    strides,    taps,           origin, boundary,
                                            1.5,      false};
      stencil(Torn{&arena}, plan_stencil(arrays));
      const std::vector<double> torn(out.begin(), out.end());
      stencil(Serial{}, plan_stencil(arrays));
      CHECK(std::equal(torn.begin(), torn.end(), out.begin()));
    }
  }
}

TEST_CASE("torn steps of moving averages are run again to the same end") {
  // In one pass; through sums of 1024 neighbours, with and without a rest.
  for (const std::int64_t window : {60, 4096, 5000}) {
    for (const std::int64_t inner : {1, 5}) {
      CAPTURE(window, inner);
      Arena arena(8 << 20);
      const auto x = numbers(arena);
      const auto out = arena.take<double>(count);
      const std::int64_t n = count / inner;
      const auto scratch = arena.take<double>(moving_scratch(1, count, window, inner) + 1);
      const MovingArrays<double> arrays = {x.data(),   out.data(),        1, n, n, inner, window,
                                           window / 2, Boundary::nearest, 0};
      moving_average(Torn{&arena}, arrays, scratch.data());
      const std::vector<double> torn(out.begin(), out.end());
      moving_average(Serial{}, arrays, scratch.data());
      CHECK(std::equal(torn.begin(), torn.end(), out.begin()));
    }
  }
}
