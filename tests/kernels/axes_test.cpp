// tests/kernels/axes_test.cpp
//
// Reductions along axes: every output has the bits that its elements, gathered into an array of
// their own, give, whatever the layout, the executor and the SIMD target. For every kernel and
// dtype, over random shapes and strides that lead down each of the roads.
#include <catch2/catch.hpp>

#include <numeric>
#include <optional>

#include <furrow/kernels/execution.hpp>
#include <furrow/kernels/reduce/axes.hpp>

#include "compare.hpp"
#include "samples.hpp"

namespace furrow::kernels::test {
namespace {

using Partial = std::vector<std::byte>;

/// What an output of these elements is, by the kernel's own tiles and combine_tree's tree, in
/// which a tile that the mask leaves empty is passed over.
ReduceResult expected_result(const ReduceFunctions& functions, const std::vector<std::byte>& x,
                             const std::vector<std::byte>& y, const std::vector<bool>& mask,
                             std::size_t item) {
  const std::size_t elements = tile_elements(item);
  const std::size_t count = mask.size();
  std::vector<std::optional<Partial>> partials;
  for (std::size_t begin = 0; begin < count; begin += elements) {
    std::vector<std::byte> chosen;
    std::vector<std::byte> chosen_y;
    for (std::size_t i = begin; i < std::min(count, begin + elements); ++i) {
      const auto* const at = x.data() + i * item;
      const auto* const y_at = y.data() + i * item;
      if (mask[i]) chosen.insert(chosen.end(), at, at + item);
      if (mask[i]) chosen_y.insert(chosen_y.end(), y_at, y_at + item);
    }
    partials.emplace_back();
    if (chosen.empty()) continue;
    partials.back() = Partial(partial_bytes_max);
    functions.tile({{chosen.data(), chosen_y.data()}, {1, 1}, chosen.size() / item, begin},
                   partials.back()->data());
  }
  for (std::size_t step = 1; step < partials.size(); step *= 2) {
    for (std::size_t left = 0; left + step < partials.size(); left += 2 * step) {
      std::optional<Partial>& other = partials[left + step];
      if (!other) continue;
      if (!partials[left]) {
        partials[left] = other;
      } else {
        functions.combine(partials[left]->data(), other->data(), partials[left]->data());
      }
    }
  }
  Partial none(partial_bytes_max);
  if (partials.empty() || !partials[0]) functions.identity(none.data());
  ReduceResult result{};
  functions.finish(!partials.empty() && partials[0] ? partials[0]->data() : none.data(), &result);
  return result;
}

/// A random call: which axes an array has in memory, which of them are reduced, and in which order.
struct Layout {
  std::vector<std::int64_t> extent, stride, mask_stride;
  std::vector<bool> goes;
  std::int64_t first = 0, mask_first = 0, size = 1;
};

Layout random_layout(Engine& engine, std::int64_t most) {
  const std::size_t rank = engine() % 5;
  constexpr std::int64_t extents[] = {0, 1, 2, 3, 4, 5, 8, 17, 33, 49, 100, 300, 1025, 5000};
  Layout layout;
  std::int64_t elements = 1;
  for (std::size_t k = 0; k < rank; ++k) {
    std::int64_t extent = extents[engine() % std::size(extents)];
    if (extent == 0 && engine() % 4 != 0) extent = 6;
    if (elements * extent > most) extent = 3;
    elements *= std::max<std::int64_t>(1, extent);
    layout.extent.push_back(extent);
    layout.goes.push_back(engine() % 2 == 0);
  }
  std::vector<std::size_t> order(rank);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), engine);
  if (engine() % 2 == 0) std::sort(order.rbegin(), order.rend());  // C order
  layout.stride.resize(rank);
  layout.mask_stride.resize(rank);
  for (const std::size_t k : order) {
    const std::int64_t extent = std::max<std::int64_t>(1, layout.extent[k]);
    const bool backwards = engine() % 6 == 0;
    const bool holes = engine() % 6 == 0;
    layout.stride[k] = (backwards ? -layout.size : layout.size) * (holes ? 2 : 1);
    if (backwards) layout.first += (extent - 1) * -layout.stride[k];
    layout.mask_stride[k] = engine() % 5 == 0 ? 0 : layout.size;
    layout.size *= extent * (holes ? 2 : 1);
  }
  return layout;
}

class AxesCheck {
 public:
  AxesCheck(ReduceOp op, Dtype dtype, std::uint64_t seed)
      : op_(op), dtype_(dtype), functions_(*reduce_functions(op, dtype)), engine_(seed) {}

  void run(Mood mood, bool masked, std::int64_t most) {
    const Layout layout = random_layout(engine_, most);
    const std::size_t item = item_bytes(dtype_);
    Operand x(dtype_, static_cast<std::size_t>(layout.size), 1, 0);
    x.fill(engine_, mood);
    Operand y(dtype_, static_cast<std::size_t>(layout.size), 1, 0);  // where the mask's steps lead
    y.fill(engine_, mood);
    std::vector<std::uint8_t> mask(static_cast<std::size_t>(layout.size));
    const bool sparse = engine_() % 2 == 0;
    for (auto& m : mask) m = sparse ? engine_() % 1500 == 0 : engine_() % 3 != 0;
    AxesCall call{};
    call.x = static_cast<const std::byte*>(x.data()) + layout.first * static_cast<int>(item);
    call.y = op_ == ReduceOp::dot ? y.data() : nullptr;
    call.mask = masked ? reinterpret_cast<const bool*>(mask.data()) : nullptr;
    call.op = op_;
    call.dtype = dtype_;
    std::int64_t outputs = 1;
    for (std::size_t k = layout.extent.size(); k-- > 0;) {
      if (!layout.goes[k]) outputs *= layout.extent[k];
    }
    std::int64_t out_stride = outputs;
    for (std::size_t k = 0; k < layout.extent.size(); ++k) {
      ReduceAxis axis{layout.extent[k], layout.stride[k], layout.mask_stride[k], 0,
                      op_ == ReduceOp::dot ? layout.mask_stride[k] : 0};
      if (layout.goes[k]) {
        call.reduced.add(axis, masked);
      } else {
        axis.out_stride = out_stride = axis.extent == 0 ? 0 : out_stride / axis.extent;
        call.kept.add(axis, masked);
      }
    }
    if (functions_.identity == nullptr && (call.reduced.size() == 0 || masked)) return;
    const bool complex = functions_.result == ResultKind::complex;
    call.out_dtype = complex                                           ? Dtype::c128
                     : functions_.result == ResultKind::signed_integer ? Dtype::i64
                     : functions_.result == ResultKind::unsigned_integer ||
                             functions_.result == ResultKind::boolean
                         ? Dtype::u64
                         : Dtype::f64;
    std::vector<ReduceResult> expected;
    for (std::int64_t output = 0; output < outputs; ++output) {
      expected.push_back(expect(layout, x, y, mask, masked, output));
    }
    std::vector<double> out(static_cast<std::size_t>(outputs) * 2 + 2, -77);
    call.out = out.data();
    AxesPlan plan = plan_axes(call);
    roads_seen[static_cast<std::size_t>(plan.road)] += plan.outputs != 0 ? 1 : 0;
    cut_seen += plan.groups > 1 ? 1 : 0;
    std::vector<std::byte> scratch(scratch_bytes(plan) + 64);
    plan.scratch = scratch.data();
    const auto check = [&](const char* how) {
      INFO("op " << static_cast<int>(op_) << " of " << dtype_name(dtype_) << ", road "
                 << static_cast<int>(plan.road) << ", " << how << (masked ? ", masked" : "") << ", "
                 << outputs << " outputs of " << plan.elements << " in " << plan.groups
                 << " groups, target " << target());
      bool good = out[static_cast<std::size_t>(outputs) * (complex ? 2 : 1)] == -77;
      for (std::size_t k = 0; good && k < expected.size(); ++k) {
        good = same_output(out.data() + k * (complex ? 2 : 1), expected[k]);
      }
      if (!good) CHECK(good);
    };
    reduce_axes(Serial{}, plan);
    check("serial");
    std::fill(out.begin(), out.end(), -77);
    reduce_axes(Backwards{}, plan);
    check("backwards, each step twice");
  }

  static inline int roads_seen[4] = {};
  static inline int cut_seen = 0;

 private:
  /// Steps in another order, and each once more, as after a worker's death.
  struct Backwards {
    template <class F>
    void operator()(std::int64_t count, F f) const {
      for (std::int64_t i = count; i-- > 0;) {
        f(i);
        f(i);
      }
    }
  };

  ReduceResult expect(const Layout& layout, const Operand& x, const Operand& y,
                      const std::vector<std::uint8_t>& mask, bool masked, std::int64_t output) {
    std::int64_t base = layout.first;
    std::int64_t mask_base = 0;
    std::int64_t count = 1;
    for (std::size_t k = layout.extent.size(); k-- > 0;) {
      if (layout.goes[k]) {
        count *= layout.extent[k];
        continue;
      }
      base += output % layout.extent[k] * layout.stride[k];
      mask_base += output % layout.extent[k] * layout.mask_stride[k];
      output /= layout.extent[k];
    }
    const std::size_t item = item_bytes(dtype_);
    std::vector<std::byte> elements;
    std::vector<std::byte> elements_y;
    std::vector<bool> chosen;
    for (std::int64_t i = 0; i < count; ++i) {
      std::int64_t at = base;
      std::int64_t mask_at = mask_base;
      std::int64_t rest = i;
      for (std::size_t k = layout.extent.size(); k-- > 0;) {
        if (!layout.goes[k]) continue;
        at += rest % layout.extent[k] * layout.stride[k];
        mask_at += rest % layout.extent[k] * layout.mask_stride[k];
        rest /= layout.extent[k];
      }
      const auto* const from =
          static_cast<const std::byte*>(x.data()) + at * static_cast<std::int64_t>(item);
      elements.insert(elements.end(), from, from + item);
      const auto* const from_y =
          static_cast<const std::byte*>(y.data()) + mask_at * static_cast<std::int64_t>(item);
      elements_y.insert(elements_y.end(), from_y, from_y + item);
      chosen.push_back(!masked || mask[static_cast<std::size_t>(mask_at)] != 0);
    }
    return expected_result(functions_, elements, elements_y, chosen, item);
  }

  bool same_output(const double* out, const ReduceResult& expected) const {
    switch (functions_.result) {
      case ResultKind::signed_integer: return std::bit_cast<std::int64_t>(*out) == expected.i64;
      case ResultKind::boolean:
      case ResultKind::unsigned_integer: return std::bit_cast<std::uint64_t>(*out) == expected.u64;
      case ResultKind::complex:
        return same_bits(out[0], expected.f64[0]) && same_bits(out[1], expected.f64[1]);
      default: break;
    }
    // Which zero is the least of both depends on the order.
    const bool extreme = op_ == ReduceOp::min || op_ == ReduceOp::max || op_ == ReduceOp::nanmin ||
                         op_ == ReduceOp::nanmax;
    return same_bits(*out, expected.f64[0]) || (extreme && *out == 0 && expected.f64[0] == 0);
  }

  ReduceOp op_;
  Dtype dtype_;
  ReduceFunctions functions_;
  Engine engine_;
};

TEST_CASE("along axes every output has the bits of its elements as an array of their own") {
  std::uint64_t seed = base_seed();
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    for (int op = 0; op < static_cast<int>(ReduceOp::end_of_list); ++op) {
      for (int dtype = 1; dtype <= static_cast<int>(Dtype::c128); ++dtype) {
        if (reduce_functions(static_cast<ReduceOp>(op), static_cast<Dtype>(dtype)) == nullptr) {
          continue;
        }
        AxesCheck check(static_cast<ReduceOp>(op), static_cast<Dtype>(dtype), ++seed);
        for (int round = 0; round < 12; ++round) {
          check.run(round % 3 == 0 ? Mood::wild : Mood::ordinary, round % 4 == 3,
                    round % 4 == 0 ? 30000 : 3000);
        }
      }
    }
  }
  force_target("");
  for (const int seen : AxesCheck::roads_seen) CHECK(seen > 20);
  CHECK(AxesCheck::cut_seen > 5);
}

TEST_CASE("long reductions of a few outputs are cut into groups, on threads as here") {
  std::vector<double> x(3 * 150001);
  Engine engine(base_seed());
  for (double& value : x) value = sample<double>(engine, Mood::ordinary);
  for (const bool fast : {true, false}) {
    AxesCall call{};
    call.x = x.data();
    call.op = ReduceOp::sum;
    call.dtype = call.out_dtype = Dtype::f64;
    call.kept.add({3, fast ? 150001 : 1, 0, 1}, false);
    call.reduced.add({150001, fast ? 1 : 3, 0, 0}, false);
    AxesPlan plan = plan_axes(call);
    CHECK(plan.groups > 1);
    std::vector<std::byte> scratch(scratch_bytes(plan));
    plan.scratch = scratch.data();
    double serial[3];
    double threads[3];
    plan.call.out = serial;
    reduce_axes(Serial{}, plan);
    plan.call.out = threads;
    reduce_axes(Threads{3}, plan);
    for (int k = 0; k < 3; ++k) CHECK(same_bits(serial[k], threads[k]));
    long double exact = 0;
    for (std::size_t i = 0; i < 150001; ++i) exact += x[fast ? i : 3 * i];
    CHECK(serial[0] == Approx(static_cast<double>(exact)).epsilon(1e-13));
  }
}

}  // namespace
}  // namespace furrow::kernels::test
