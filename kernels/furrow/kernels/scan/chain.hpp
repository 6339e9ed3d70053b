// furrow/kernels/scan/chain.hpp
//
// A scan of few long lines in one step for each link (32 tiles of a panel), which reads and writes
// memory once. What a line holds before a link comes from the link before it:
//
//   link 0      scanned at once                  -> the state before link 1 is published
//   link k      state there: scanned at once     -> state k + 1
//               not yet: its tiles are folded, which brings them into the cache; state k + 1 is
//               published as soon as state k is there; then the tiles are scanned
//
// No step depends on another: a state that does not come within some microseconds (its step was
// not begun, its worker was killed or put to sleep) is computed here, by folding links from the
// last state that there is. So any order of steps ends, and running one again does no harm:
// everybody publishes the same bits, but for the payload of a NaN.
//
// Order   steps are dealt to the workers in turns (step i of worker w is link i * workers + w), for
//         executors that give each worker a contiguous share first; another order is slower, not
//         wrong
// Memory  a record for each link: the state of each line of its panel, and a seal, written last.
//         It is a checksum: where two publish one record at once, a mixture of two NaNs is not
//         taken for a state
// Source  Merrill and Garland, "Single-pass parallel prefix scan with decoupled look-back", 2016
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include <furrow/kernels/scan/scan.hpp>

namespace furrow::kernels {

inline constexpr std::int64_t scan_link_tiles = 32;

struct ScanChain {
  ScanPlan plan;
  std::uint64_t* records;
  std::int64_t tiles;  // of a link
  std::int64_t workers;

  static std::int64_t tiles_of(const ScanPlan& plan) noexcept {
    return std::max<std::int64_t>(1, scan_link_tiles / plan.width);
  }
  std::int64_t links() const noexcept { return (plan.tiles + tiles - 1) / tiles; }
  std::int64_t words() const noexcept { return 2 * plan.width + 1; }  // of a record
  std::int64_t record_words() const noexcept { return links() * plan.panels * words(); }
  std::int64_t steps_each() const noexcept {
    return (links() * plan.panels + workers - 1) / workers;
  }
  std::int64_t steps() const noexcept { return steps_each() * workers; }

  /// REQUIRES: before the steps, once.
  void clear() const noexcept {
    for (std::int64_t i = 0; i < links() * plan.panels; ++i) records[(i + 1) * words() - 1] = 0;
  }

  void operator()(std::int64_t step) const noexcept {
    const std::int64_t at = step % steps_each() * workers + step / steps_each();
    if (at < links() * plan.panels) scan_link(at % plan.panels, at / plan.panels);
  }

 private:
  using Totals = std::uint64_t[scan_columns_max];  // tiles * width of them

  std::uint64_t* record(std::int64_t panel, std::int64_t link) const noexcept {
    return records + (link * plan.panels + panel) * words();
  }

  // Never 0, and another one for each place.
  static std::uint64_t seal_of(std::int64_t panel, std::int64_t link, const ScanState* states,
                               std::int64_t width) noexcept {
    constexpr std::uint64_t odd = 0x9E3779B97F4A7C15;
    std::uint64_t seal =
        (static_cast<std::uint64_t>(link) << 20 ^ static_cast<std::uint64_t>(panel)) + odd;
    for (std::int64_t c = 0; c < width; ++c) {
      seal = (seal ^ states[c].high) * odd;
      seal = (seal ^ seal >> 29 ^ states[c].low) * odd;
    }
    return seal | 1;
  }

  // The states before a link, published or known from the start.
  bool read(std::int64_t panel, std::int64_t link, ScanState* states) const noexcept {
    if (link == 0) {
      std::fill_n(states, plan.width, start_scan(plan));
      return true;
    }
    std::uint64_t* const from = record(panel, link);
    const auto word = [](std::uint64_t& at, std::memory_order order) {
      return std::atomic_ref(at).load(order);
    };
    const std::uint64_t seal = word(from[2 * plan.width], std::memory_order_acquire);
    if (seal == 0) return false;
    for (std::int64_t c = 0; c < plan.width; ++c) {
      states[c].high = word(from[2 * c], std::memory_order_relaxed);
      states[c].low = word(from[2 * c + 1], std::memory_order_relaxed);
    }
    return seal == seal_of(panel, link, states, plan.width);
  }

  void publish(std::int64_t panel, std::int64_t link, const ScanState* states) const noexcept {
    if (link == links()) return;
    std::uint64_t* const to = record(panel, link);
    for (std::int64_t c = 0; c < plan.width; ++c) {
      std::atomic_ref(to[2 * c]).store(states[c].high, std::memory_order_relaxed);
      std::atomic_ref(to[2 * c + 1]).store(states[c].low, std::memory_order_relaxed);
    }
    std::atomic_ref(to[2 * plan.width])
        .store(seal_of(panel, link, states, plan.width), std::memory_order_release);
  }

  std::int64_t first_tile(std::int64_t link) const noexcept { return link * tiles; }
  std::int64_t end_tile(std::int64_t link) const noexcept {
    return std::min((link + 1) * tiles, plan.tiles);
  }

  void fold(std::int64_t panel, std::int64_t link, Totals& totals) const noexcept {
    for (std::int64_t t = first_tile(link); t < end_tile(link); ++t) {
      fold_tile(plan, panel, t, totals + (t - first_tile(link)) * plan.width);
    }
  }

  // The states after a link from those before it.
  void advance(std::int64_t panel, std::int64_t link, const Totals& totals,
               ScanState* states) const noexcept {
    const std::int64_t width = scan_width(plan, panel);
    for (std::int64_t t = 0; t < end_tile(link) - first_tile(link); ++t) {
      for (std::int64_t c = 0; c < width; ++c) {
        states[c] = advance_scan(plan, states[c], totals[t * plan.width + c]);
      }
    }
  }

  // Some 5 µs, half of what it takes to fold a link.
  bool wait(std::int64_t panel, std::int64_t link, ScanState* states) const noexcept {
    constexpr int looks = 5000;
    for (int i = 0; i < looks; ++i) {
      if (read(panel, link, states)) return true;
    }
    return false;
  }

  void find(std::int64_t panel, std::int64_t link, ScanState* states) const noexcept {
    std::int64_t known = link;
    while (!read(panel, known, states)) --known;
    for (; known < link; ++known) {
      Totals totals;
      fold(panel, known, totals);
      advance(panel, known, totals, states);
      publish(panel, known + 1, states);
    }
  }

  void scan_link(std::int64_t panel, std::int64_t link) const noexcept {
    ScanState states[scan_columns_max];
    const bool known = read(panel, link, states);
    if (!known) {
      Totals totals;
      fold(panel, link, totals);
      if (!wait(panel, link, states)) find(panel, link, states);
      ScanState after[scan_columns_max];
      std::copy_n(states, plan.width, after);
      advance(panel, link, totals, after);
      publish(panel, link + 1, after);
    }
    scan_tiles(plan, panel, first_tile(link), end_tile(link), states);
    if (known) publish(panel, link + 1, states);
  }
};

}  // namespace furrow::kernels
