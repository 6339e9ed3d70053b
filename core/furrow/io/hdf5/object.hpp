// furrow/io/hdf5/object.hpp
//
// Looking through an open file: groups, datasets, links, and what each dataset is. In workers.
//
// Links   none is followed while walking; opening by a path follows soft links, but never leaves
//         the file
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include <furrow/io/hdf5/handle.hpp>
#include <furrow/io/hdf5/wire.hpp>
#include <furrow/io/hdf5_inspect.hpp>
#include <furrow/os/replace_file.hpp>

namespace furrow::hdf5 {

/// Read-only; the stamp is that of the file that was opened. Throws as Source does.
struct OpenFile {
  File file;
  os::FileStamp stamp;
};
OpenFile open_to_read(const std::string& file);

/// "/a/b" of "a//b/", "/" of "" and of "/".
std::string object_path(const std::string& object);

/// Opens "/", a group, a dataset or a type. Throws NotFound (says what there is), IoError for a
/// link into another file.
Object open_object(hid_t file, const std::string& file_name, const std::string& path);

/// All but the attributes; what cannot be read is in `error`.
ObjectInfo describe_object(hid_t object, const std::string& path);

/// The attributes of an object, and which of them cannot be read (in `error`).
void add_attributes(hid_t object, ObjectInfo& info);

/// Calls `visit` for `path` and all that lies below it, depth first, names in order. `object` is
/// invalid for links and for what cannot be opened. Ends when visit says false.
using Visit = std::function<bool(ObjectInfo&& info, hid_t object)>;
void walk(hid_t file, const std::string& file_name, const std::string& path, const Visit& visit);

void put_info(WireWriter& wire, const ObjectInfo& info);
ObjectInfo get_info(WireReader& wire);

}  // namespace furrow::hdf5
