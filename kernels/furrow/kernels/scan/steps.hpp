// furrow/kernels/scan/steps.hpp
//
// A scan in steps, for any executor (kernels/execution.hpp).
//
//   std::vector<double> x(1000), y(1000);
//   kernels::scan<double, double>(kernels::ScanOp::sum, x, y);              // here, on one line
//   const ScanCut cut = cut_scan(plan, false);                              // N-d, any executor
//   kernels::scan(Threads{}, plan, cut, scratch);
//
// Cut     many panels: each is scanned whole by one step, reading and writing memory once. Few: in
//         links that hand their states on (scan/chain.hpp); or, where steps may not read what
//         others write, a window of some MiB at a time, which stays in the cache: its tiles are
//         folded, their totals are scanned by the caller, and its tiles are scanned from there
// In place, where steps may be run again (an engine's workers): `protect` writes a window to
//         scratch and copies it in a step of its own, since a step may not write what it reads
// Scratch ScanCut says how much; where the executor's workers see it
#pragma once

#include <algorithm>
#include <cstddef>

#include <furrow/kernels/scan/chain.hpp>
#include <furrow/kernels/scan/scan.hpp>

namespace furrow::kernels {

/// How the steps of a scan are cut: no bit of the result depends on it.
struct ScanCut {
  bool carry;                // panels are scanned whole, not folded first
  bool chain;                // by ScanChain
  bool protect;              // through scratch
  std::int64_t panels;       // of a window
  std::int64_t tiles;        // of a window
  std::int64_t state_count;  // ScanState
  std::int64_t total_count;  // std::uint64_t
  std::int64_t packed_bytes;
  std::int64_t workers;  // of a chain
};

inline constexpr std::int64_t scan_window_elements = std::int64_t{1} << 20;
inline constexpr std::int64_t scan_protected_elements = std::int64_t{1} << 19;
inline constexpr std::int64_t scan_step_elements = std::int64_t{1} << 14;
inline constexpr std::int64_t scan_panels_enough = 32;

/// In windows where panels are few.
inline ScanCut cut_windows(const ScanPlan& plan, bool protect) noexcept {
  ScanCut cut{};
  cut.protect = protect;
  cut.carry = plan.panels >= scan_panels_enough || plan.tiles == 1;
  const std::int64_t tile = scan_tile_elements * plan.width;
  const auto tiles_of = [&](std::int64_t elements, std::int64_t panels) {
    return std::clamp<std::int64_t>(elements / (tile * panels), 1, plan.tiles);
  };
  cut.panels = plan.panels;
  cut.tiles = plan.tiles;
  if (!cut.carry) {
    cut.tiles = tiles_of(protect ? scan_protected_elements : scan_window_elements, plan.panels);
    cut.total_count = plan.panels * plan.width * cut.tiles;
    cut.state_count = cut.total_count + plan.panels * plan.width;
  } else if (protect) {
    const std::int64_t few = std::min(scan_panels_enough / 2, plan.panels);
    cut.tiles = tiles_of(scan_protected_elements, few);
    cut.panels = std::clamp(scan_protected_elements / (tile * cut.tiles), few, plan.panels);
    cut.state_count = 2 * cut.panels * plan.width;  // before and after the window
  }
  if (protect) {
    const std::int64_t rows = std::min(cut.tiles * scan_tile_elements, plan.rows);
    cut.packed_bytes =
        cut.panels * plan.width * rows * static_cast<std::int64_t>(item_bytes(plan.out_dtype));
  }
  return cut;
}

/// `workers`: how many contiguous shares the executor cuts steps into (ScanChain).
inline ScanCut cut_scan(const ScanPlan& plan, bool protect, std::int64_t workers = 1) noexcept {
  ScanCut cut = cut_windows(plan, protect);
  if (cut.carry || protect || plan.in == plan.out) return cut;
  cut.chain = true;
  cut.tiles = ScanChain::tiles_of(plan);
  cut.workers = workers;
  cut.state_count = 0;
  cut.total_count = ScanChain{plan, nullptr, cut.tiles, workers}.record_words();
  return cut;
}

/// Memory of the caller, of the sizes of ScanCut.
struct ScanScratch {
  ScanState* states;
  std::uint64_t* totals;
  std::byte* packed;
};

/// The steps on one window: panels [panel, panel + panels) and tiles [tile, tile + tiles).
struct ScanWindow {
  ScanPlan plan;
  ScanScratch scratch;
  std::int64_t panel;
  std::int64_t panels;
  std::int64_t tile;
  std::int64_t tiles;
  std::int64_t run;           // tiles, or panels where they are carried, of a step
  std::int64_t packed_panel;  // bytes of a panel in scratch; 0: scan to the output itself
  std::int64_t packed_tile;

  std::int64_t runs() const noexcept { return (tiles + run - 1) / run; }
  void* packed(std::int64_t p, std::int64_t t) const noexcept {
    return packed_panel == 0 ? nullptr : scratch.packed + p * packed_panel + t * packed_tile;
  }
  std::int64_t tile_row(std::int64_t p, std::int64_t t) const noexcept {
    return (p * tiles + t) * plan.width;
  }

  void fold(std::int64_t step) const noexcept {
    const std::int64_t p = step / runs();
    const std::int64_t first = step % runs() * run;
    for (std::int64_t t = first; t < std::min(first + run, tiles); ++t) {
      fold_tile(plan, panel + p, tile + t, scratch.totals + tile_row(p, t));
    }
  }

  /// Totals become the states before each tile; `lines` holds those before the window.
  void offsets(ScanState* lines) const noexcept {
    for (std::int64_t p = 0; p < panels; ++p) {
      const std::int64_t width = scan_width(plan, panel + p);
      for (std::int64_t t = 0; t < tiles; ++t) {
        for (std::int64_t c = 0; c < width; ++c) {
          ScanState& line = lines[p * plan.width + c];
          scratch.states[tile_row(p, t) + c] = line;
          line = advance_scan(plan, line, scratch.totals[tile_row(p, t) + c]);
        }
      }
    }
  }

  void scan_run(std::int64_t step) const noexcept {
    const std::int64_t p = step / runs();
    const std::int64_t first = step % runs() * run;
    const std::int64_t last = std::min(first + run, tiles);
    ScanState states[scan_columns_max];
    std::copy_n(scratch.states + tile_row(p, first), plan.width, states);
    scan_tiles(plan, panel + p, tile + first, tile + last, states, packed(p, first));
  }

  void copy_run(std::int64_t step) const noexcept {
    const std::int64_t p = step / runs();
    const std::int64_t first = step % runs() * run;
    const std::int64_t last = std::min(first + run, tiles);
    copy_tiles(plan, panel + p, tile + first, tile + last, packed(p, first));
  }

  /// All tiles of the window of some panels, from `before` (null: from the start) to `after`.
  void carry(std::int64_t step, const ScanState* before, ScanState* after) const noexcept {
    for (std::int64_t p = step * run; p < std::min((step + 1) * run, panels); ++p) {
      ScanState states[scan_columns_max];
      if (before != nullptr) {
        std::copy_n(before + p * plan.width, plan.width, states);
      } else {
        std::fill_n(states, plan.width, start_scan(plan));
      }
      scan_tiles(plan, panel + p, tile, tile + tiles, states, packed(p, 0));
      if (after != nullptr) std::copy_n(states, plan.width, after + p * plan.width);
    }
  }

  void copy_carried(std::int64_t step) const noexcept {
    for (std::int64_t p = step * run; p < std::min((step + 1) * run, panels); ++p) {
      copy_tiles(plan, panel + p, tile, tile + tiles, packed(p, 0));
    }
  }
};

namespace detail {

template <class Each>
void scan_folded(Each each, ScanWindow window, ScanState* lines) {
  const std::int64_t steps = window.panels * window.runs();
  each(steps, [window](std::int64_t i) { window.fold(i); });
  window.offsets(lines);
  each(steps, [window](std::int64_t i) { window.scan_run(i); });
  if (window.packed_panel != 0) each(steps, [window](std::int64_t i) { window.copy_run(i); });
}

template <class Each>
void scan_carried(Each each, ScanWindow window, std::int64_t turn) {
  const std::int64_t steps = (window.panels + window.run - 1) / window.run;
  ScanState* before = nullptr;
  ScanState* after = nullptr;
  if (window.packed_panel != 0) {
    // Two sets of states that change places: a step that is run again finds what it read.
    ScanState* const sets = window.scratch.states;
    const std::int64_t lines = window.panels * window.plan.width;
    before = window.tile == 0 ? nullptr : sets + turn % 2 * lines;
    after = sets + (turn + 1) % 2 * lines;
  }
  each(steps, [window, before, after](std::int64_t i) { window.carry(i, before, after); });
  if (window.packed_panel != 0) each(steps, [window](std::int64_t i) { window.copy_carried(i); });
}

}  // namespace detail

/// Runs the plan. REQUIRES: scratch of the sizes of `cut`.
template <class Each>
void scan(Each each, const ScanPlan& plan, const ScanCut& cut, const ScanScratch& scratch) {
  if (cut.chain) {
    const ScanChain chain{plan, scratch.totals, cut.tiles, cut.workers};
    chain.clear();
    each(chain.steps(), chain);
    return;
  }
  ScanState* const lines = scratch.states + cut.total_count;
  for (std::int64_t panel = 0; panel < plan.panels; panel += cut.panels) {
    const std::int64_t panels = std::min(cut.panels, plan.panels - panel);
    if (!cut.carry) std::fill_n(lines, panels * plan.width, start_scan(plan));
    for (std::int64_t tile = 0, turn = 0; tile < plan.tiles; tile += cut.tiles, ++turn) {
      ScanWindow window{plan, scratch, panel, panels, tile, 0, 1, 0, 0};
      window.tiles = std::min(cut.tiles, plan.tiles - tile);
      const std::int64_t rows = std::min(window.tiles * scan_tile_elements, plan.rows);
      const std::int64_t unit = plan.width * (cut.carry ? rows : scan_tile_elements);
      window.run = std::max<std::int64_t>(1, scan_step_elements / unit);
      if (cut.protect) {
        const auto item = static_cast<std::int64_t>(item_bytes(plan.out_dtype));
        window.packed_tile = scan_tile_elements * plan.width * item;
        window.packed_panel = rows * plan.width * item;
      }
      if (cut.carry) {
        detail::scan_carried(each, window, turn);
      } else {
        detail::scan_folded(each, window, lines);
      }
    }
  }
}

/// One line of packed elements, by the caller alone, with no scratch. `out` may be `x`.
/// REQUIRES: the same length; scan_takes(op, T, R).
template <class T, class R>
void scan(ScanOp op, std::span<const T> x, std::span<R> out, bool exclusive = false) noexcept {
  if (x.empty()) return;
  const std::int64_t shape[] = {static_cast<std::int64_t>(x.size())};
  const std::int64_t stride[] = {1};
  const ScanArrays arrays = {x.data(), out.data(), dtype_of<T>, dtype_of<R>,
                             shape,    stride,     stride,      0};
  const ScanPlan plan = plan_scan(arrays, op, exclusive);
  ScanState state = start_scan(plan);
  scan_tiles(plan, 0, 0, plan.tiles, &state);
}

}  // namespace furrow::kernels
