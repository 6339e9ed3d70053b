#include <furrow/io/hdf5/wanted.hpp>

#include <algorithm>

#include <furrow/error.hpp>

namespace furrow::hdf5 {
namespace {

std::string text_of(const AxisRange& range) {
  const std::string end = range.end == AxisRange::last ? "" : std::to_string(range.end);
  const std::string step = range.step == 1 ? "" : ":" + std::to_string(range.step);
  return std::to_string(range.begin) + ":" + end + step;
}

/// "rows 3:7", "positions 3:7 of axis 1".
std::string part_of(std::size_t axis, const std::string& range) {
  if (axis == 0) return "rows " + range;
  return "positions " + range + " of axis " + std::to_string(axis);
}

void take(Selection& selection, std::size_t axis, const AxisRange& range, std::int64_t extent,
          const std::string& name) {
  if (range.step <= 0) {
    throw InvalidArgument(part_of(axis, text_of(range)) +
                          " have no step forwards; a step is 1 or more");
  }
  const std::int64_t end = range.end == AxisRange::last ? extent : range.end;
  if (range.begin < 0 || range.begin > end || end > extent) {
    throw ShapeMismatch(part_of(axis, text_of(range)) + " are not in " + name + ", which has " +
                        part_of(axis, "0:" + std::to_string(extent)));
  }
  const std::int64_t length = end - range.begin;
  selection.begin[axis] = range.begin;
  selection.count[axis] = length / range.step + (length % range.step != 0 ? 1 : 0);
  // A step that leads out of the dataset is never taken, and could not be counted on.
  selection.step[axis] = std::min(range.step, std::max<std::int64_t>(extent, 1));
}

std::vector<ListedRow> sorted_rows(const std::vector<std::int64_t>& list, std::int64_t extent,
                                   const std::string& name) {
  std::vector<ListedRow> rows;
  rows.reserve(list.size());
  for (const std::int64_t row : list) {
    if (row < 0 || row >= extent) {
      throw ShapeMismatch("row " + std::to_string(row) + " is not in " + name +
                          ", which has rows 0:" + std::to_string(extent));
    }
    rows.push_back({row, static_cast<std::int64_t>(rows.size())});
  }
  std::sort(rows.begin(), rows.end(), [](const ListedRow& a, const ListedRow& b) {
    return a.row != b.row ? a.row < b.row : a.to < b.to;
  });
  return rows;
}

}  // namespace

Wanted wanted_of(const Description& d, const LoadOptions& options, const std::string& name) {
  Wanted wanted;
  wanted.selection = select_all(d.shape);
  const int ways = (options.rows ? 1 : 0) + (options.row_list ? 1 : 0) +
                   (!options.select.empty() && options.select[0] != AxisRange() ? 1 : 0);
  if (ways > 1)
    throw InvalidArgument("rows of " + name +
                          " are chosen in two ways at once: by rows (--rows), "
                          "select (--select) and row_list (--take); give one");
  if ((options.rows || options.row_list) && d.shape.ndim() == 0) {
    throw ShapeMismatch(name + " is a single number, it has no rows");
  }
  if (options.select.size() > d.shape.ndim()) {
    throw ShapeMismatch("ranges of " + std::to_string(options.select.size()) + " axes of " + name +
                        ", which has " + std::to_string(d.shape.ndim()));
  }
  for (std::size_t axis = 0; axis < options.select.size(); ++axis) {
    take(wanted.selection, axis, options.select[axis], d.shape[axis], name);
  }
  if (options.rows) take(wanted.selection, 0, *options.rows, d.shape[0], name);
  if (options.row_list) {
    wanted.listed = true;
    wanted.rows = sorted_rows(*options.row_list, d.shape[0], name);
    wanted.selection.begin[0] = 0;
    wanted.selection.step[0] = 1;
    wanted.selection.count[0] = static_cast<std::int64_t>(wanted.rows.size());
  }
  return wanted;
}

}  // namespace furrow::hdf5
