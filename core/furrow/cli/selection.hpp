// furrow/cli/selection.hpp
//
// Which part of a dataset is to be loaded, as written on the command line.
//
//   --rows A:B[:S]         from row A to before row B, every S-th; B may be left out
//   --select 0:10,::2      the same for each axis, the first one first; an empty one is whole
//   --take 3,10:20,3       these rows in this order, each as often as it is named
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <furrow/array/shape.hpp>
#include <furrow/io/hdf5.hpp>

namespace furrow::cli {

struct SelectionText {
  std::string rows;
  std::string select;
  std::string take;
};

/// Sets what was asked for; Throws UsageError.
void parse_selection(const SelectionText& text, hdf5::LoadOptions& options);

/// About how many elements of the dataset will come, for the progress bar.
std::int64_t selected_size(const hdf5::LoadOptions& options, const Shape& shape);

}  // namespace furrow::cli
