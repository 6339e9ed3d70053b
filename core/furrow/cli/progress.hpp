// furrow/cli/progress.hpp
//
// A progress bar on a terminal: percent, rate, time left. It shows after half a second, and its
// line is clean again when it goes.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace furrow::cli {

class Progress {
 public:
  /// Not `enabled`, or stderr no terminal: shows nothing.
  Progress(std::string label, bool enabled);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// The work begins now. `bytes`: what all of it goes through, for the rate; 0 shows none.
  void begin(std::uint64_t bytes);
  /// Shows how much is done, 0 to 1; at most ten times a second.
  void update(double done);
  /// What stands before the bar from now on.
  void set_label(std::string label) { label_ = std::move(label); }
  /// Takes the line away; the next update brings it back.
  void clear();

 private:
  std::string line(double done, double seconds, int columns) const;

  std::string label_;
  bool enabled_;
  std::uint64_t bytes_ = 0;
  bool shown_ = false;
  std::int64_t begin_ns_;
  std::int64_t drawn_ns_ = 0;
};

}  // namespace furrow::cli
