// furrow/io/hdf5/attributes.hpp
//
// HDF5 attributes to furrow's and back.
//
// Kept      numbers of our dtypes, rank 0 to 8; strings, fixed or variable, ASCII or UTF-8, alone
//           or in arrays. Everything else (references, compounds, null dataspaces) is left out by
//           name
// Latin-1   what is no UTF-8 is taken for Latin-1, and converted (hdf5/utf8.hpp)
// Written   numbers little-endian, strings of variable length in UTF-8: Python's str
// Padding   of fixed strings goes; strings in lists end at their first NUL
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <furrow/io/hdf5/handle.hpp>
#include <furrow/segment/attributes.hpp>

namespace furrow::hdf5 {

struct ReadAttributes {
  Attributes kept;
  std::vector<std::string> skipped;  // names
};

/// Larger ones are skipped: a damaged file may claim any size.
inline constexpr std::uint64_t attribute_bytes_max = std::uint64_t{16} << 20;

/// From this size on an attribute needs a file of HDF5 1.8's format or newer.
inline constexpr std::uint64_t compact_attribute_bytes_max = 60'000;

/// Of a dataset with its labels and scales (hdf5/scales.hpp).
ReadAttributes read_object_attributes(hid_t object);

/// All but these, each as it stands in the file.
ReadAttributes read_plain_attributes(hid_t object, const std::set<std::string>& but);
/// Nothing when there is none of that name, or of a type that is not kept.
std::optional<Attribute> read_attribute(hid_t object, const std::string& name);

/// Throws InvalidArgument for bytes that do not fit the attribute's shape.
void write_object_attributes(hid_t object, const Attributes& attributes);

/// As C writes it: of fixed length, with its NUL.
void write_fixed_text(hid_t object, const std::string& name, const std::string& text);

/// Copies, within a file, attributes of types that are not kept and that `to` has not got.
bool has_foreign_attributes(hid_t object, const std::set<std::string>& but);
void copy_foreign_attributes(hid_t from, hid_t to, const std::set<std::string>& but);

}  // namespace furrow::hdf5
