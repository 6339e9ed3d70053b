// furrow/io/hdf5/selection.hpp
//
// Which elements of a dataset are wanted, and the cells (chunks, or runs of a contiguous dataset)
// that they lie in. Work is dealt out in cells: each one that is touched is read once, the others
// never.
//
//   0123456789abcdef    positions of an axis          begin 1, step 3, count 5
//   .x..x..x..x..x..                                   wanted
//   |   |   |   |   |   cells of 4: the first has 1 wanted at 1, the second 2 at 0 …
//
// Rows    of the first axis may be a list instead: any order, repeated or not
// Travels trivially copyable; a list lies in shared memory
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <furrow/array/shape.hpp>

namespace furrow::hdf5 {

/// A row of the dataset and the row of the result that it becomes.
struct ListedRow {
  std::int64_t row;
  std::int64_t to;
};

/// The listed rows [first, end) that lie in one cell; `cell` counts cells along the first axis.
struct RowGroup {
  std::int64_t cell;
  std::int64_t first;
  std::int64_t end;
};

/// Positions begin + i * step for i below count, on each axis.
struct Selection {
  Extents begin;
  Extents step;
  Extents count;                    // the result's shape; count[0] counts the listed rows
  const ListedRow* rows = nullptr;  // sorted by row; then begin[0] and step[0] mean nothing
};

/// All of it.
Selection select_all(const Shape& shape);

/// What is wanted of one cell.
struct Cell {
  Extents corner;  // its first element, in the dataset
  Extents inside;  // the first that is wanted, from the corner on
  Extents step;
  Extents count;
  Extents to;                       // where the first goes, in the result
  const ListedRow* rows = nullptr;  // count[0] of them; then inside[0] and to[0] mean nothing
};

/// Where run number `run` of a cell begins in the result, in elements: each run takes the axes from
/// `inner` on, and the runs count up the axes before it, in C order.
std::int64_t place_of_run(const Cell& cell, std::size_t inner, std::int64_t run,
                          const Strides& strides) noexcept;

/// The cells that a selection touches, in C order.
struct Cells {
  Selection selection;
  Extents extents;  // of a cell
  Extents touched;  // how many along each axis
  const RowGroup* groups = nullptr;

  std::int64_t count() const noexcept { return size_of(touched); }
  /// REQUIRES: 0 <= index < count().
  Cell operator[](std::int64_t index) const noexcept;
};

/// With listed rows, groups is what group_rows made of them for the same cells, and `group_count`
/// how many there are.
Cells cells_of(const Selection& selection, const Extents& extents, const RowGroup* groups = nullptr,
               std::int64_t group_count = 0);

/// REQUIRES: sorted by row.
std::vector<RowGroup> group_rows(const std::vector<ListedRow>& rows, std::int64_t cell_extent);

/// The cell, which has these extents, is wanted whole and goes to one run of the result in C order,
/// from `to_element` on. False otherwise.
bool goes_straight(const Cell& cell, const Extents& whole, const Strides& to_strides,
                   std::int64_t& to_element) noexcept;

/// Copies what is wanted from a cell in memory to its place: `from` is the cell's corner, `to` the
/// result's element 0. Strides count elements.
void place(const Cell& cell, std::size_t item_bytes, const std::byte* from,
           const Strides& from_strides, std::byte* to, const Strides& to_strides) noexcept;

}  // namespace furrow::hdf5
