// furrow/kernels/reduce/axes_step.cpp
//
// What one step of a reduction along axes does, on each of the roads.
#include <algorithm>
#include <cstring>
#include <new>

#include <furrow/kernels/reduce/axes.hpp>
#include <furrow/kernels/reduce/axes_result.hpp>
#include <furrow/kernels/reduce/columns.hpp>
#include <furrow/kernels/reduce/partials.hpp>
#include <furrow/kernels/reduce/walk.hpp>

namespace furrow::kernels {
namespace {

constexpr bool gives_place(ReduceOp op) noexcept {
  return op == ReduceOp::argmin || op == ReduceOp::argmax || op == ReduceOp::nanargmin ||
         op == ReduceOp::nanargmax;
}

/// One step: which outputs, which elements of them, and where their slots go.
class Step {
 public:
  Step(const AxesPlan& plan, std::int64_t block, std::int64_t group) noexcept
      : plan_(plan),
        functions_(*reduce_functions(plan.call.op, plan.call.dtype)),
        item_(item_bytes(plan.call.dtype)),
        tile_(static_cast<std::int64_t>(tile_elements(item_))),
        group_(group),
        first_(group * plan.group_tiles * tile_),
        last_(std::min(plan.elements, first_ + plan.group_tiles * tile_)),
        outputs_begin_(block * plan.block),
        outputs_end_(std::min(plan.outputs, outputs_begin_ + plan.block)) {}

  void run() noexcept {
    switch (plan_.road) {
      case AxesPlan::Road::rows: return rows();
      case AxesPlan::Road::panels: return panels();
      default: return columns();
    }
  }

 private:
  using Base = const std::byte*;

  /// Elements of both operands; of most reductions of x alone.
  struct Elements {
    Base x;
    std::ptrdiff_t stride;
    Base y;
    std::ptrdiff_t y_stride;
  };

  bool two() const noexcept { return plan_.call.y != nullptr; }
  Base at(std::int64_t offset) const noexcept {
    return static_cast<Base>(plan_.call.x) + offset * static_cast<std::int64_t>(item_);
  }
  Base y_at(std::int64_t offset) const noexcept {
    if (!two()) return nullptr;
    return static_cast<Base>(plan_.call.y) + offset * static_cast<std::int64_t>(item_);
  }

  void put(std::int64_t output, std::int64_t out_offset, Slot& slot) noexcept {
    if (plan_.groups == 1) return write_result(plan_, functions_, slot, out_offset);
    std::byte* const to =
        plan_.scratch + static_cast<std::size_t>(output * plan_.groups + group_) * plan_.slot_bytes;
    store_slot(to, slot, functions_.partial_bytes);
  }

  /// Elements [begin, begin + count) of an output, of x or of y, packed; those that the mask
  /// chooses.
  std::size_t pack(const Walk::Place& output, std::int64_t begin, std::int64_t count, bool of_y,
                   std::byte* to) const noexcept {
    std::size_t packed = 0;
    Walk walk(plan_.call.reduced, begin);
    while (count > 0) {
      const Walk::Run run = walk.run(count);
      const Base from = of_y ? y_at(output.y + run.place.y) : at(output.x + run.place.x);
      const std::ptrdiff_t stride = of_y ? run.step.y_stride : run.step.stride;
      if (plan_.call.mask == nullptr) {
        gather(to + packed * item_, from, stride, static_cast<std::size_t>(run.count), item_);
        packed += static_cast<std::size_t>(run.count);
      } else {
        const bool* const mask = plan_.call.mask + output.mask + run.place.mask;
        packed += choose(to + packed * item_, from, stride, mask, run.step.mask_stride,
                         static_cast<std::size_t>(run.count), item_);
      }
      count -= run.count;
      walk.skip(run.count);
    }
    return packed;
  }

  Slot reduce_tile(const Elements& of, std::int64_t count, std::int64_t begin,
                   bool stream) const noexcept {
    if (count == 0) return Slot{};
    Slot slot;
    ReduceCall call = {{of.x, of.y},
                       {of.stride, of.y_stride},
                       static_cast<std::size_t>(count),
                       static_cast<std::uint64_t>(begin)};
    call.stream = stream;
    slot.count = static_cast<std::uint64_t>(count);
    functions_.tile(call, slot.partial);
    return slot;
  }

  /// Of chosen elements, which lie together, the place among them is known: makes it the place
  /// among all. The mask's part for this output begins at `mask`.
  void settle_place(Slot& slot, std::int64_t mask, std::int64_t begin) const noexcept {
    if (plan_.call.mask == nullptr || slot.count == 0 || !gives_place(plan_.call.op)) return;
    PlacePartial<std::uint64_t> place;  // whatever the type of the value is, which has 8 bytes
    std::memcpy(&place, slot.partial, sizeof place);
    if (place.index == no_place) return;
    std::uint64_t left = place.index - static_cast<std::uint64_t>(begin);
    for (Walk walk(plan_.call.reduced, begin);; walk.skip(1), ++begin) {
      if (!plan_.call.mask[mask + walk.run(1).place.mask]) continue;
      if (left-- == 0) break;
    }
    place.index = static_cast<std::uint64_t>(begin);
    std::memcpy(slot.partial, &place, sizeof place);
  }

  /// An output's elements by runs; what lies in one run is not gathered.
  Slot reduce_output(const Walk::Place& output) const noexcept {
    const ReduceAxes& reduced = plan_.call.reduced;
    const bool one_run = plan_.call.mask == nullptr && reduced.count <= 1;
    if (one_run) {
      const std::int64_t stride = reduced.count == 1 ? reduced.axis[0].stride : 1;
      const std::int64_t y_stride = reduced.count == 1 ? reduced.axis[0].y_stride : 1;
      return reduce_tile(
          {at(output.x + first_ * stride), stride, y_at(output.y + first_ * y_stride), y_stride},
          last_ - first_, first_, stride == 1);
    }
    alignas(64) std::byte packed[reduce_tile_bytes];
    alignas(64) std::byte packed_y[reduce_tile_bytes];
    SlotTree tree(functions_);
    for (std::int64_t begin = first_; begin < last_; begin += tile_) {
      const std::int64_t count = std::min(tile_, last_ - begin);
      if (plan_.call.mask == nullptr) {
        const Walk::Run run = Walk(reduced, begin).run(count);
        if (run.count == count && run.step.stride == 1 && !two()) {
          tree.add(reduce_tile({at(output.x + run.place.x), 1, nullptr, 1}, count, begin, true));
          continue;
        }
      }
      const auto chosen = static_cast<std::int64_t>(pack(output, begin, count, false, packed));
      if (two()) pack(output, begin, count, true, packed_y);
      Slot slot = reduce_tile({packed, 1, packed_y, 1}, chosen, begin, false);
      settle_place(slot, output.mask, begin);
      tree.add(slot);
    }
    return tree.total();
  }

  void rows() noexcept {
    Walk walk(plan_.call.kept, outputs_begin_);
    for (std::int64_t output = outputs_begin_; output < outputs_end_;) {
      const Walk::Run run = walk.run(outputs_end_ - output);
      for (std::int64_t k = 0; k < run.count; ++k) {
        const Walk::Place place = run.at(k);
        Slot slot = reduce_output(place);
        put(output + k, place.out, slot);
      }
      output += run.count;
      walk.skip(run.count);
    }
  }

  /// Tiles of some outputs side by side, gathered row by row, so that no cache line is fetched for
  /// one output's element alone.
  void panels() noexcept {
    const std::int64_t widest = panel_width(item_);
    Walk walk(plan_.call.kept, outputs_begin_);
    for (std::int64_t output = outputs_begin_; output < outputs_end_;) {
      const Walk::Run run = walk.run(std::min(widest, outputs_end_ - output));
      if (two()) {
        panel<2>(output, run);
      } else {
        panel<1>(output, run);
      }
      output += run.count;
      walk.skip(run.count);
    }
  }

  /// The tile from `begin` on of all outputs, of x or of y.
  void gather_tiles(const Walk::Run& run, std::int64_t begin, std::int64_t count, bool of_y,
                    std::byte* packed, std::size_t* chosen) const noexcept {
    std::fill(chosen, chosen + run.count, 0);
    Walk walk(plan_.call.reduced, begin);
    for (std::int64_t done = 0; done < count;) {
      const Walk::Run rows = walk.run(count - done);
      PanelCall call = {packed,
                        chosen,
                        of_y ? y_at(run.place.y + rows.place.y) : at(run.place.x + rows.place.x),
                        nullptr,
                        of_y ? rows.step.y_stride : rows.step.stride,
                        of_y ? run.step.y_stride : run.step.stride,
                        rows.step.mask_stride,
                        run.step.mask_stride,
                        rows.count,
                        static_cast<std::size_t>(run.count)};
      if (plan_.call.mask != nullptr) {
        call.mask = plan_.call.mask + run.place.mask + rows.place.mask;
      }
      gather_panel(call, item_);
      done += rows.count;
      walk.skip(rows.count);
    }
  }

  template <std::size_t Operands>
  void panel(std::int64_t output, const Walk::Run& run) noexcept {
    alignas(64) std::byte packed[Operands][panel_most * panel_pitch];
    std::size_t chosen[panel_most];
    const auto width = static_cast<std::size_t>(run.count);
    SlotTree* const trees = static_cast<SlotTree*>(static_cast<void*>(tree_room_));
    for (std::size_t p = 0; p < width; ++p) new (trees + p) SlotTree(functions_);
    for (std::int64_t begin = first_; begin < last_; begin += tile_) {
      const std::int64_t count = std::min(tile_, last_ - begin);
      for (std::size_t k = 0; k < Operands; ++k) {
        gather_tiles(run, begin, count, k == 1, packed[k], chosen);
      }
      for (std::size_t p = 0; p < width; ++p) {
        const std::size_t here = p * panel_pitch;
        Slot slot = reduce_tile({packed[0] + here, 1, packed[Operands - 1] + here, 1},
                                static_cast<std::int64_t>(chosen[p]), begin, false);
        settle_place(slot, run.at(static_cast<std::int64_t>(p)).mask, begin);
        trees[p].add(slot);
      }
    }
    for (std::size_t p = 0; p < width; ++p) {
      Slot slot = trees[p].total();
      put(output + static_cast<std::int64_t>(p), run.at(static_cast<std::int64_t>(p)).out, slot);
    }
  }

  void columns() noexcept {
    const auto widest = static_cast<std::int64_t>(columns_max(plan_.call.op));
    Walk walk(plan_.call.kept, outputs_begin_);
    for (std::int64_t output = outputs_begin_; output < outputs_end_;) {
      const Walk::Run run = walk.run(std::min(widest, outputs_end_ - output));
      column_block(output, run);
      output += run.count;
      walk.skip(run.count);
    }
  }

  void column_block(std::int64_t output, const Walk::Run& run) noexcept {
    // One axis is reduced here, or none. Short rows are first laid out as columns.
    const std::int64_t stride =
        plan_.call.reduced.count == 1 ? plan_.call.reduced.axis[0].stride : 1;
    const auto width = static_cast<std::size_t>(run.count);
    alignas(64) std::byte tile[columns_widest * sizeof(MomentsPartial)];
    alignas(64) std::byte turned[short_most * columns_widest * 8];
    const ColumnFunction function = column_function(plan_.call.op, plan_.call.dtype);
    const std::size_t bytes = functions_.partial_bytes;
    std::size_t tiles = 0;
    for (std::int64_t begin = first_; begin < last_; begin += tile_, ++tiles) {
      const std::int64_t count = std::min(tile_, last_ - begin);
      ColumnCall call = {at(run.place.x + begin * stride), stride, static_cast<std::size_t>(count),
                         width, static_cast<std::uint64_t>(begin)};
      if (plan_.road == AxesPlan::Road::short_rows) {
        turn(turned, at(run.place.x), stride, run.step.stride, static_cast<std::size_t>(count),
             width, item_);
        call.x = turned;
        call.row_stride = static_cast<std::ptrdiff_t>(width);
      }
      function(call, tile);
      add_columns(tile, width, tiles);
    }
    std::byte* const total = total_columns(width, tiles);
    if (plan_.groups == 1) {
      return write_columns(plan_, functions_.result, total, run, last_ - first_);
    }
    for (std::size_t p = 0; p < width; ++p) {
      Slot slot;
      std::memcpy(slot.partial, total + p * bytes, bytes);
      slot.count = static_cast<std::uint64_t>(last_ - first_);
      put(output + static_cast<std::int64_t>(p), 0, slot);
    }
  }

  std::byte* total_columns(std::size_t width, std::size_t tiles) noexcept {
    const std::size_t bytes = functions_.partial_bytes;
    std::byte* total = nullptr;
    for (std::size_t level = 0; tiles >> level != 0; ++level) {
      if ((tiles >> level & 1) == 0) continue;
      std::byte* const here = column_level(level);
      for (std::size_t p = 0; total != nullptr && p < width; ++p) {
        functions_.combine(here + p * bytes, total + p * bytes, here + p * bytes);
      }
      total = here;
    }
    return total;
  }

  /// One level of the tree after the other, for all columns.
  void add_columns(std::byte* tile, std::size_t width, std::size_t tiles) noexcept {
    const std::size_t bytes = functions_.partial_bytes;
    std::size_t level = 0;
    for (; (tiles >> level & 1) != 0; ++level) {
      std::byte* const here = column_level(level);
      for (std::size_t p = 0; p < width; ++p) {
        functions_.combine(here + p * bytes, tile + p * bytes, tile + p * bytes);
      }
    }
    std::memcpy(column_level(level), tile, width * bytes);
  }

  std::byte* column_level(std::size_t level) noexcept {
    return tree_room_ + level * columns_widest * 16;
  }

  static_assert(columns_max(ReduceOp::mean_variance) * sizeof(MomentsPartial) <=
                columns_widest * 16);
  static constexpr std::size_t column_levels = 8;  // of group_tiles_most tiles, and one more

  const AxesPlan& plan_;
  const ReduceFunctions& functions_;
  std::size_t item_;
  std::int64_t tile_;
  std::int64_t group_;
  std::int64_t first_;
  std::int64_t last_;
  std::int64_t outputs_begin_;
  std::int64_t outputs_end_;
  // Trees of a panel's outputs, or levels of the columns' tree.
  alignas(64) std::byte
      tree_room_[std::max(panel_most * sizeof(SlotTree), column_levels* columns_widest * 16)];
};

}  // namespace

void reduce_axes_step(const AxesPlan& plan, std::int64_t step) noexcept {
  Step(plan, step / plan.groups, step % plan.groups).run();
}

void finish_axes_step(const AxesPlan& plan, std::int64_t block) noexcept {
  const ReduceFunctions& functions = *reduce_functions(plan.call.op, plan.call.dtype);
  const std::int64_t begin = block * plan.block;
  const std::int64_t end = std::min(plan.outputs, begin + plan.block);
  Walk walk(plan.call.kept, begin);
  for (std::int64_t output = begin; output < end;) {
    const Walk::Run run = walk.run(end - output);
    for (std::int64_t k = 0; k < run.count; ++k) {
      SlotTree tree(functions);
      const std::byte* from =
          plan.scratch + static_cast<std::size_t>((output + k) * plan.groups) * plan.slot_bytes;
      for (std::int64_t g = 0; g < plan.groups; ++g, from += plan.slot_bytes) {
        tree.add(load_slot(from, functions.partial_bytes));
      }
      Slot slot = tree.total();
      write_result(plan, functions, slot, run.at(k).out);
    }
    output += run.count;
    walk.skip(run.count);
  }
}

}  // namespace furrow::kernels
