#include <furrow/cli/selection.hpp>

#include <algorithm>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include <furrow/cli/command.hpp>

namespace furrow::cli {
namespace {

constexpr std::int64_t taken_max = std::int64_t{1} << 30;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, at));
    if (at == text.size()) return parts;
    text.remove_prefix(at + 1);
  }
}

bool parse_number(std::string_view text, std::int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0;
}

/// False: no range.
bool parse_range(std::string_view text, hdf5::AxisRange& range) {
  range = {};
  if (text.empty()) return true;
  const std::vector<std::string_view> parts = split(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return false;
  if (!parts[0].empty() && !parse_number(parts[0], range.begin)) return false;
  if (!parts[1].empty() && !parse_number(parts[1], range.end)) return false;
  if (parts.size() == 3 && (!parse_number(parts[2], range.step) || range.step == 0)) return false;
  return range.begin <= range.end;
}

void take(std::string_view text, std::vector<std::int64_t>& rows) {
  for (const std::string_view part : split(text, ',')) {
    hdf5::AxisRange range;
    std::int64_t row = 0;
    if (parse_number(part, row)) {
      rows.push_back(row);
      continue;
    }
    const bool ends = !part.empty() && parse_range(part, range) &&
                      range.end != hdf5::AxisRange::last && range.end - range.begin < taken_max;
    if (!ends) {
      throw UsageError(fmt::format(
          "--take {} is no list of rows (give rows and ranges of them, as in 3,10:20,3; "
          "rows count from 0)",
          text));
    }
    for (row = range.begin; row < range.end; row += range.step) rows.push_back(row);
  }
}

}  // namespace

void parse_selection(const SelectionText& text, hdf5::LoadOptions& options) {
  hdf5::AxisRange range;
  if (!text.rows.empty()) {
    if (!parse_range(text.rows, range)) {
      throw UsageError(
          fmt::format("--rows {} is no range of rows (give A:B or A:B:STEP, from row "
                      "A to before row B, as in 0:100; rows count from 0, A <= B, and steps are "
                      "positive)",
                      text.rows));
    }
    options.rows = range;
  }
  if (!text.select.empty()) {
    for (const std::string_view part : split(text.select, ',')) {
      if (!parse_range(part, range)) {
        throw UsageError(fmt::format(
            "--select {}: \"{}\" is no range (give A:B or A:B:STEP for each axis, as in 0:10,::2; "
            "positions count from 0, A <= B, and steps are positive)",
            text.select, part));
      }
      options.select.push_back(range);
    }
  }
  if (!text.take.empty() && !(text.rows.empty() && text.select.empty())) {
    throw UsageError("--take names all rows that are wanted: leave --rows and --select");
  }
  if (!text.take.empty()) take(text.take, options.row_list.emplace());
}

std::int64_t selected_size(const hdf5::LoadOptions& options, const Shape& shape) {
  std::int64_t size = 1;
  for (std::size_t axis = 0; axis < shape.ndim(); ++axis) {
    hdf5::AxisRange range;
    if (axis < options.select.size()) range = options.select[axis];
    if (axis == 0 && options.rows) range = *options.rows;
    const std::int64_t end = std::min(range.end, shape[axis]);
    std::int64_t count = std::max<std::int64_t>(end - range.begin, 0) / range.step;
    if (axis == 0 && options.row_list) count = static_cast<std::int64_t>(options.row_list->size());
    size *= std::max<std::int64_t>(count, 1);
  }
  return size;
}

}  // namespace furrow::cli
