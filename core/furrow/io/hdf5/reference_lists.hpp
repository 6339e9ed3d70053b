// furrow/io/hdf5/reference_lists.hpp
//
// The two attributes by which datasets and their dimension scales know each other: lists of
// references per axis (DIMENSION_LIST, on the dataset), and who uses a scale on which axis
// (REFERENCE_LIST, on the scale).
#pragma once

#include <string>
#include <vector>

#include <furrow/io/hdf5/handle.hpp>

namespace furrow::hdf5 {

hobj_ref_t reference_to(hid_t object);
/// Not valid for one that leads nowhere: its object was deleted.
Object find_referenced(hid_t file, hobj_ref_t reference);

using ReferenceLists = std::vector<std::vector<hobj_ref_t>>;
/// Throws Corrupt when the attribute is of another type.
ReferenceLists read_reference_lists(hid_t dataset, const char* name);
/// The attribute must not be there yet.
void write_reference_lists(hid_t dataset, const char* name, const ReferenceLists& lists);

struct ScaleUser {
  hobj_ref_t dataset;
  int axis;
};
/// Empty when nobody uses it.
std::vector<ScaleUser> scale_users(hid_t scale);
void add_scale_user(hid_t scale, const ScaleUser& user);
/// On all axes.
void remove_scale_user(hid_t scale, hobj_ref_t dataset);

}  // namespace furrow::hdf5
