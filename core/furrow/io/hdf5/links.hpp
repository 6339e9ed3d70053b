// furrow/io/hdf5/links.hpp
//
// The way from a name to a dataset, looked at link by link before the library takes it, so that a
// file cannot make a load read other files unless the caller said that it may.
//
// Hard, soft   followed; soft ones by us, for their target may lead through an external one
// External     links into other files, elements in other files, virtual datasets made of other
//              files' parts: PermissionDenied unless allowed
// Others       user-defined links are refused: whoever defined them is not here
// Source       HDF5 1.10, H5Lget_info and H5Pset_virtual; the library's own SECURITY.md warns of
//              external links
#pragma once

#include <string>

#include <furrow/io/hdf5/handle.hpp>

namespace furrow::hdf5 {

/// Where a name leads to: a path of hard links, in this file or in another.
struct Resolved {
  std::string path;
  std::string file;  // empty: this one
};

/// `name` is the dataset's for messages. Throws NotFound (says what there is), PermissionDenied.
Resolved resolve(hid_t file, const std::string& path, const std::string& name, bool external);

/// The file that an external link of `from` means: beside it where there is one of that name, else
/// as seen from the folder that this process stands in.
std::string external_file(const std::string& from, const std::string& target);

/// Throws PermissionDenied when the dataset's elements lie, or may lie, in other files.
void require_own_elements(hid_t file, hid_t dataset, const std::string& name);

/// Of a link whose target is missing: what it is, and where to, for messages.
std::string dead_link(hid_t file, const std::string& path);
/// False, too, where the way leads into another file. `file` may be any object of it.
bool leads_nowhere(hid_t file, const std::string& path);

}  // namespace furrow::hdf5
