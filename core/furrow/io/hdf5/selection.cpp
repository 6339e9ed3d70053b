#include <furrow/io/hdf5/selection.hpp>

#include <algorithm>

#include <furrow/io/hdf5/blocks.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) noexcept {
  return a <= 0 ? 0 : (a + b - 1) / b;
}

/// The cells that one axis touches are neighbours, unless each has one position at most.
bool is_sparse(std::int64_t step, std::int64_t extent) noexcept { return step >= extent; }

std::int64_t touched_along(std::int64_t begin, std::int64_t step, std::int64_t count,
                           std::int64_t extent) noexcept {
  if (count == 0 || is_sparse(step, extent)) return count;
  return (begin + (count - 1) * step) / extent - begin / extent + 1;
}

void take_axis(const Cells& cells, Cell& cell, std::size_t axis, std::int64_t index) noexcept {
  const std::int64_t begin = cells.selection.begin[axis];
  const std::int64_t step = cells.selection.step[axis];
  const std::int64_t extent = cells.extents[axis];
  cell.step[axis] = step;
  if (is_sparse(step, extent)) {
    const std::int64_t position = begin + index * step;
    cell.corner[axis] = position / extent * extent;
    cell.inside[axis] = position - cell.corner[axis];
    cell.count[axis] = 1;
    cell.to[axis] = index;
    return;
  }
  const std::int64_t corner = (begin / extent + index) * extent;
  const std::int64_t first = ceil_div(corner - begin, step);
  const std::int64_t end = ceil_div(corner + extent - begin, step);
  cell.corner[axis] = corner;
  cell.to[axis] = first;
  cell.inside[axis] = begin + first * step - corner;
  cell.count[axis] = std::min(end, cells.selection.count[axis]) - first;
}

void take_rows(const Cells& cells, Cell& cell, std::int64_t index) noexcept {
  const RowGroup& group = cells.groups[index];
  cell.corner[0] = group.cell * cells.extents[0];
  cell.count[0] = group.end - group.first;
  cell.inside[0] = 0;
  cell.step[0] = 1;
  cell.to[0] = 0;
  cell.rows = cells.selection.rows + group.first;
}

/// Rows from `first` on that follow each other in the dataset and in the result.
std::int64_t run_length(const Cell& cell, std::int64_t first) noexcept {
  std::int64_t end = first + 1;
  while (end < cell.count[0] && cell.rows[end].row == cell.rows[end - 1].row + 1 &&
         cell.rows[end].to == cell.rows[end - 1].to + 1) {
    ++end;
  }
  return end - first;
}

std::int64_t element_of(const Extents& index, const Strides& strides) noexcept {
  std::int64_t element = 0;
  for (std::size_t axis = 0; axis < index.ndim(); ++axis) element += index[axis] * strides[axis];
  return element;
}

}  // namespace

Selection select_all(const Shape& shape) {
  Selection all{shape, shape, shape};
  for (std::size_t axis = 0; axis < shape.ndim(); ++axis) {
    all.begin[axis] = 0;
    all.step[axis] = 1;
  }
  return all;
}

Cell Cells::operator[](std::int64_t index) const noexcept {
  Cell cell{touched, touched, touched, touched, touched};
  for (std::size_t axis = touched.ndim(); axis-- > 0;) {
    const std::int64_t at = index % touched[axis];
    index /= touched[axis];
    if (axis == 0 && selection.rows != nullptr) {
      take_rows(*this, cell, at);
    } else {
      take_axis(*this, cell, axis, at);
    }
  }
  return cell;
}

Cells cells_of(const Selection& selection, const Extents& extents, const RowGroup* groups,
               std::int64_t group_count) {
  Cells cells{selection, extents, extents, groups};
  for (std::size_t axis = 0; axis < extents.ndim(); ++axis) {
    cells.touched[axis] = touched_along(selection.begin[axis], selection.step[axis],
                                        selection.count[axis], extents[axis]);
  }
  if (selection.rows != nullptr) cells.touched[0] = group_count;
  return cells;
}

std::vector<RowGroup> group_rows(const std::vector<ListedRow>& rows, std::int64_t cell_extent) {
  std::vector<RowGroup> groups;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t cell = rows[i].row / cell_extent;
    const auto at = static_cast<std::int64_t>(i);
    if (groups.empty() || groups.back().cell != cell) groups.push_back({cell, at, at});
    groups.back().end = at + 1;
  }
  return groups;
}

bool goes_straight(const Cell& cell, const Extents& whole, const Strides& to_strides,
                   std::int64_t& to_element) noexcept {
  Extents to = cell.to;
  for (std::size_t axis = 0; axis < to.ndim(); ++axis) {
    if (cell.count[axis] != whole[axis] || cell.inside[axis] != 0) return false;
    if (cell.step[axis] != 1 && cell.count[axis] > 1) return false;
  }
  if (cell.rows != nullptr) {
    if (cell.rows[0].row != cell.corner[0] || run_length(cell, 0) != cell.count[0]) return false;
    to[0] = cell.rows[0].to;
  }
  to_element = element_of(to, to_strides);
  return is_contiguous(cell.count, to_strides);
}

void place(const Cell& cell, std::size_t item_bytes, const std::byte* from,
           const Strides& from_strides, std::byte* to, const Strides& to_strides) noexcept {
  const auto item = static_cast<std::int64_t>(item_bytes);
  Strides steps = from_strides;
  for (std::size_t axis = 0; axis < steps.ndim(); ++axis) steps[axis] *= cell.step[axis];
  from += element_of(cell.inside, from_strides) * item;
  to += element_of(cell.to, to_strides) * item;
  if (cell.rows == nullptr) return copy_box(cell.count, item_bytes, from, steps, to, to_strides);
  Extents count = cell.count;
  for (std::int64_t first = 0; first < cell.count[0]; first += count[0]) {
    count[0] = run_length(cell, first);
    const ListedRow& row = cell.rows[first];
    copy_box(count, item_bytes, from + (row.row - cell.corner[0]) * from_strides[0] * item, steps,
             to + row.to * to_strides[0] * item, to_strides);
  }
}

std::int64_t place_of_run(const Cell& cell, std::size_t inner, std::int64_t run,
                          const Strides& strides) noexcept {
  std::int64_t element = 0;
  for (std::size_t axis = inner; axis < cell.count.ndim(); ++axis) {
    element += cell.to[axis] * strides[axis];
  }
  for (std::size_t axis = inner; axis-- > 0;) {
    const std::int64_t index = run % cell.count[axis];
    run /= cell.count[axis];
    const bool by_list = axis == 0 && cell.rows != nullptr;
    element += (by_list ? cell.rows[index].to : cell.to[axis] + index) * strides[axis];
  }
  return element;
}

}  // namespace furrow::hdf5
