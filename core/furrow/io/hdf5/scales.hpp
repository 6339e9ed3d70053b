// furrow/io/hdf5/scales.hpp
//
// Dimension scales in HDF5 files, from and to what io/dimensions.hpp keeps of them.
//
//   dataset  DIMENSION_LABELS  strings, one an axis
//            DIMENSION_LIST    per axis a list of references to scales
//   scale    CLASS             "DIMENSION_SCALE"
//            NAME              its title
//            REFERENCE_LIST    which datasets have it, and on which axis
//
// netCDF-4 its dimensions are scales; a dimension without a variable is a scale without values and
//          with a title that says so. _Netcdf4Dimid and _Netcdf4Coordinates number the dimensions
//          of one file: they are left behind, and netCDF then goes by the scales themselves
// Source   HDF5 Dimension Scale Specification 1.0; netCDF's file format specifications, "NetCDF-4"
#pragma once

#include <set>
#include <string>

#include <furrow/io/dimensions.hpp>
#include <furrow/io/hdf5/attributes.hpp>
#include <furrow/io/hdf5/handle.hpp>

namespace furrow::hdf5 {

/// Adds the dimensions of a dataset to `to`, and says which attributes are dealt with by that. What
/// cannot be kept is noted as skipped.
std::set<std::string> read_dimensions(hid_t dataset, ReadAttributes& to);

/// A dataset that is about to be replaced by another of its name.
class Predecessor {
 public:
  /// Lets go of its scales and takes the name away.
  Predecessor(hid_t file, const std::string& path);
  /// Datasets that have it as their scale have the new one; attributes of types that furrow does
  /// not keep are copied, unless there are such already.
  void hand_over(hid_t file, hid_t successor);
  bool had_scale(hobj_ref_t scale) const { return scales_.count(scale) != 0; }

 private:
  Object object_;  // nothing when the name led nowhere
  hobj_ref_t self_ = 0;
  std::set<hobj_ref_t> scales_;
};

/// The attributes of a new dataset, its labels and scales among them. Datasets that the file has
/// under the scales' names already are used when they hold the same. Throws InvalidArgument for
/// values that do not fit the axis, AlreadyExists for a dataset of a scale's name that is another:
/// only a scale that the predecessor alone had is replaced along with it.
void write_attributes_and_scales(hid_t file, hid_t dataset, const std::string& path,
                                 const Attributes& attributes, const Predecessor* predecessor);

}  // namespace furrow::hdf5
