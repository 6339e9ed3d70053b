#include <furrow/cli/progress.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>

#include <furrow/os/clock.hpp>
#include <furrow/os/terminal.hpp>

namespace furrow::cli {
namespace {

constexpr std::int64_t patience_ns = 500'000'000;
constexpr std::int64_t period_ns = 100'000'000;
constexpr int bar_columns_max = 40;
constexpr int bar_columns_min = 5;

std::string minutes(double seconds) {
  if (!(seconds < 360'000)) return "--:--";
  const auto whole = static_cast<int>(std::ceil(seconds));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

void write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

Progress::Progress(std::string label, bool enabled)
    : label_(std::move(label)),
      enabled_(enabled && os::is_terminal(os::Stream::error)),
      begin_ns_(os::monotonic_ns()) {}

void Progress::begin(std::uint64_t bytes) {
  bytes_ = bytes;
  begin_ns_ = os::monotonic_ns();
}

void Progress::update(double done) {
  if (!enabled_) return;
  const std::int64_t now = os::monotonic_ns();
  if (now - begin_ns_ < patience_ns || now - drawn_ns_ < period_ns) return;
  drawn_ns_ = now;
  shown_ = true;
  const int columns = os::terminal_size(os::Stream::error).columns;
  const double seconds = static_cast<double>(now - begin_ns_) / 1e9;
  write("\r" + line(std::clamp(done, 0.0, 1.0), seconds, columns) + "\x1b[K");
}

void Progress::clear() {
  if (!shown_) return;
  shown_ = false;
  write("\r\x1b[K");
}

std::string Progress::line(double done, double seconds, int columns) const {
  std::string numbers = fmt::format(" {:3.0f} %", std::floor(done * 100));
  if (bytes_ > 0) {
    numbers += fmt::format("  {:.2f} GB/s", static_cast<double>(bytes_) * done / seconds / 1e9);
  }
  numbers += "  ETA " + minutes(done > 0 ? seconds * (1 - done) / done : INFINITY);
  std::string text = label_ + " ";
  // One column stays free: a full line would wrap on some terminals.
  const int left = columns - 1 - static_cast<int>(text.size() + numbers.size()) - 2;
  if (left >= bar_columns_min) {
    const int width = std::min(left, bar_columns_max);
    const int full = static_cast<int>(done * width);
    text += "[" + std::string(static_cast<std::size_t>(full), '#') +
            std::string(static_cast<std::size_t>(width - full), '-') + "]";
  }
  text += numbers;
  return text.substr(0, static_cast<std::size_t>(std::max(columns - 1, 1)));
}

}  // namespace furrow::cli
