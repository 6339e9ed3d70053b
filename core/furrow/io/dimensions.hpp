// furrow/io/dimensions.hpp
//
// Labels and scales of an array's axes (coordinates: times, latitudes, …), kept among its
// attributes: HDF5's dimension scales, and with them the dimensions of netCDF-4 files.
//
//   dims.labels      strings, one an axis; "" where there is none
//   dims.0           strings: the names of the scales of axis 0, in order
//   dims.0.time      the values of its scale "time": numbers, as many as the axis is long
//   dims.0.time@unit an attribute of that scale
//   dims.scale       the array is itself a scale: its title, or ""
//
// Name    of a scale: where its dataset lies, from the group of the array's own dataset ("time"),
//         or with "/" in front from the root ("/grid/lat")
// Values  a scale may have none: a dimension without a variable in netCDF's words
// Cut     loads of rows and saves of slices cut the values with the axis they belong to
// Source  HDF5 Dimension Scale Specification 1.0 (the HDF5 group, hdf5_hl/H5DS)
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <furrow/array/array.hpp>
#include <furrow/segment/attributes.hpp>

namespace furrow {

struct Scale {
  std::string name;
  std::optional<Attribute> values;
  Attributes attributes;
};

struct Dimensions {
  std::vector<std::string> labels;         // one an axis, or none at all
  std::vector<std::vector<Scale>> scales;  // by axis; shorter than the rank: no scales there
  std::optional<std::string> scale;        // the array is a scale itself

  bool empty() const noexcept { return labels.empty() && scales.empty() && !scale; }
};

/// Takes what describes dimensions out of a table of attributes. What only looks like it stays.
Dimensions take_dimensions(Attributes& attributes);
Dimensions dimensions_of(const Attributes& attributes);
/// Puts it in.
void put_dimensions(Attributes& attributes, const Dimensions& dimensions);

/// Keeps of each scale of `axis` that runs along it those values whose positions are given.
void cut_dimensions(Attributes& attributes, std::size_t axis, std::int64_t count,
                    const std::function<std::int64_t(std::int64_t)>& position);

/// The attributes of an array as they stand for this handle: of a slice with the scales cut as it
/// is; without dimensions where axes were dropped or change places.
Attributes attributes_of_view(const AnyArray& array);

}  // namespace furrow
