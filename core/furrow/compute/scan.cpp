// furrow/compute/scan.cpp
#include <furrow/compute/scan.hpp>

#include <fmt/format.h>

#include <furrow/compute/on_engine.hpp>
#include <furrow/engine/operands.hpp>
#include <furrow/engine/writing.hpp>
#include <furrow/kernels/scan/steps.hpp>

namespace furrow {

namespace {

using kernels::ScanOp;
using kernels::ScanPlan;

std::string_view name_of(ScanOp op) {
  switch (op) {
    case ScanOp::sum: return "cumsum";
    case ScanOp::product: return "cumprod";
    case ScanOp::min: return "cummin";
    case ScanOp::max: return "cummax";
  }
  return "scan";
}

bool is_same(const AnyArray& x, const AnyArray& out) {
  const auto offset = [](const AnyArray& array) {
    return static_cast<const char*>(array.data()) -
           static_cast<const char*>(static_cast<const void*>(array.segment()->data()));
  };
  return x.segment()->identity() == out.segment()->identity() && offset(x) == offset(out);
}

void check(ScanOp op, const AnyArray& x, const AnyArray& out, const ScanOptions& options) {
  if (!x.valid() || !out.valid()) {
    throw InvalidArgument(fmt::format("{}: an array that holds nothing", name_of(op)));
  }
  if (!kernels::scan_takes(op, x.dtype(), out.dtype())) {
    throw TypeMismatch(fmt::format(
        "{} does not go from {} to {}: the result has the array's dtype, or, for sums and "
        "products, i64 or u64 (integers, bool) or f64 (f16, f32)",
        name_of(op), dtype_name(x.dtype()), dtype_name(out.dtype())));
  }
  if (!(x.shape() == out.shape())) {
    throw ShapeMismatch(fmt::format("{} of shape {} into shape {}: the two must be equal",
                                    name_of(op), to_string(x.shape()), to_string(out.shape())));
  }
  const auto ndim = static_cast<std::int64_t>(x.ndim());
  if (options.axis && (*options.axis < -ndim || *options.axis >= ndim)) {
    throw InvalidArgument(fmt::format("{}: no axis {} in shape {} (it has {} to {})", name_of(op),
                                      *options.axis, to_string(x.shape()), -ndim, ndim - 1));
  }
  engine::Job job;
  job.count = x.size();
  job.operands = {{out, engine::Use::write}, {x, engine::Use::read}};
  engine::check_operands(job);
}

struct Scratch {
  Array<std::uint64_t> states;
  Array<std::uint64_t> totals;
  Array<std::uint8_t> packed;

  explicit Scratch(const kernels::ScanCut& cut)
      : states(Array<std::uint64_t>::temporary({2 * cut.state_count + 2})),
        totals(Array<std::uint64_t>::temporary({cut.total_count + 1})),
        packed(Array<std::uint8_t>::temporary({cut.packed_bytes + 1})) {}
  kernels::ScanScratch view() const {
    return {reinterpret_cast<kernels::ScanState*>(states.data()), totals.data(),
            reinterpret_cast<std::byte*>(packed.data())};
  }
};

void run(Engine& engine, const ScanPlan& plan, bool in_place) {
  const bool is_small = plan.panels * plan.width * plan.rows <= kernels::scan_step_elements;
  const std::int64_t workers = is_small ? 1 : static_cast<std::int64_t>(engine.workers());
  const kernels::ScanCut cut = kernels::cut_scan(plan, in_place && !is_small, workers);
  const Scratch scratch(cut);
  if (is_small) {
    kernels::scan(kernels::Serial{}, plan, cut, scratch.view());
  } else {
    kernels::scan(compute::OnEngine{engine}, plan, cut, scratch.view());
  }
}

/// One packed line in place: a tile at a time, as the engine protects it, from the states that the
/// folds give. A tile of the engine is a whole number of the scan's tiles.
template <class T>
void packed_line_in_place(Engine& engine, ScanOp op, const Array<T>& x) {
  using kernels::scan_tile_elements;
  const kernels::ScanArrays arrays = {
      x.data(),         x.data(),           x.dtype(),          x.dtype(),
      x.shape().span(), x.strides().span(), x.strides().span(), 0};
  const ScanPlan plan = kernels::plan_scan(arrays, op, false);
  const kernels::ScanCut cut = kernels::cut_windows(plan, false);
  const Scratch scratch(cut);
  kernels::ScanWindow window{plan, scratch.view(), 0, 1, 0, 0, 1, 0, 0};
  window.run = kernels::scan_step_elements / scan_tile_elements;
  kernels::ScanState line = kernels::start_scan(plan);
  const compute::OnEngine each{engine};
  for (; window.tile < plan.tiles; window.tile += cut.tiles) {
    window.tiles = std::min(cut.tiles, plan.tiles - window.tile);
    each(window.runs(), [window](std::int64_t step) { window.fold(step); });
    window.offsets(&line);
    const std::int64_t begin = window.tile * scan_tile_elements;
    const std::int64_t end = std::min(begin + window.tiles * scan_tile_elements, x.size());
    engine.for_each_tile(x.slice(0, {begin, end, 1}), [window](Tile<T> tile) {
      // The tile's memory may be a copy of the array's: the plan is moved to where it lies.
      ScanPlan here = window.plan;
      const std::int64_t first = tile.index() / scan_tile_elements;
      here.in = tile.data();
      here.out = tile.data();
      here.rows = static_cast<std::int64_t>(tile.size());
      here.tiles = (here.rows + scan_tile_elements - 1) / scan_tile_elements;
      kernels::ScanState state = window.scratch.states[first];
      kernels::scan_tiles(here, 0, 0, here.tiles, &state, nullptr);
    });
  }
}

void along_axis(Engine& engine, ScanOp op, const AnyArray& x, const AnyArray& out, std::size_t axis,
                bool exclusive) {
  const kernels::ScanArrays arrays = {
      x.data(),           out.data(),           x.dtype(), out.dtype(), x.shape().span(),
      x.strides().span(), out.strides().span(), axis};
  const bool in_place = is_same(x, out);
  const bool is_line = x.ndim() == 1 && x.is_contiguous() && x.size() > kernels::scan_step_elements;
  if (in_place && is_line && !exclusive) {
    visit_dtype(x.dtype(), [&](auto zero) {
      using T = decltype(zero);
      if constexpr (!is_complex(dtype_of<T>)) packed_line_in_place(engine, op, out.as<T>());
    });
    return;
  }
  run(engine, kernels::plan_scan(arrays, op, exclusive), in_place);
}

/// All elements as one line, through copies where they do not lie in one.
void flat(Engine& engine, ScanOp op, const AnyArray& x, const AnyArray& out, bool exclusive) {
  const Shape line = {x.size()};
  AnyArray from = x;
  if (!x.is_contiguous()) {
    from = AnyArray::temporary(x.dtype(), x.shape());
    engine.apply_to_async("copy", from, {&x, 1}).get();
  }
  if (out.is_contiguous()) {
    along_axis(engine, op, from.reshape(line), out.reshape(line), 0, exclusive);
    return;
  }
  const AnyArray to = AnyArray::temporary(out.dtype(), out.shape());
  along_axis(engine, op, from.reshape(line), to.reshape(line), 0, exclusive);
  engine.apply_to_async("copy", out, {&to, 1}).get();
}

}  // namespace

void scan(Engine& engine, ScanOp op, const AnyArray& x, const AnyArray& out,
          const ScanOptions& options) {
  check(op, x, out, options);
  if (x.size() == 0) return;
  const engine::Writing writing(engine, out);
  if (!options.axis || x.ndim() == 0) return flat(engine, op, x, out, options.exclusive);
  const std::int64_t axis = *options.axis;
  const auto ndim = static_cast<std::int64_t>(x.ndim());
  along_axis(engine, op, x, out, static_cast<std::size_t>(axis < 0 ? axis + ndim : axis),
             options.exclusive);
}

}  // namespace furrow
