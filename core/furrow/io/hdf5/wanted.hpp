// furrow/io/hdf5/wanted.hpp
//
// From what a caller asks of a dataset (rows, ranges of axes, a list of rows) to a selection of it.
#pragma once

#include <string>
#include <vector>

#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5/description.hpp>
#include <furrow/io/hdf5/selection.hpp>

namespace furrow::hdf5 {

/// A selection, and the list of rows when there is one: sorted, for shared memory. The selection's
/// `rows` is still empty then.
struct Wanted {
  Selection selection;
  std::vector<ListedRow> rows;
  bool listed = false;
};

/// Throws ShapeMismatch (positions that the dataset does not have, more ranges than axes),
/// InvalidArgument (ranges that run backwards, two ways to choose rows at once).
Wanted wanted_of(const Description& description, const LoadOptions& options,
                 const std::string& name);

}  // namespace furrow::hdf5
