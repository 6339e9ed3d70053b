// furrow/segment/attributes.hpp
//
// Key/value attributes kept beside an array: units, column names, provenance. HDF5's attributes
// are loaded into them and written back from them.
//
// Value    a string (UTF-8), or numbers: dtype, shape (rank 0..8), raw little-endian bytes
// Update   whole or not at all: the new table is written into the half that does not count, then
//          one word is published. A writer killed in between changes nothing. Writers exclude each
//          other by a lock that the kernel drops with its process.
// Limit    the table's size is fixed at creation (CreateOptions::attribute_bytes)
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <furrow/segment/segment.hpp>

namespace furrow {

struct Attribute {
  Dtype dtype = Dtype::none;        // none: a string, its text in `bytes`
  std::vector<std::int64_t> shape;  // empty: one element (or one string)
  std::vector<std::byte> bytes;

  static Attribute text(std::string_view value);
  static Attribute number(double value);
  static Attribute integer(std::int64_t value);
  static Attribute strings(const std::vector<std::string>& values);  // shape {n}, NUL-separated

  bool is_text() const noexcept { return dtype == Dtype::none; }
  std::string as_text() const;  // strings joined by ", "
  std::vector<std::string> as_strings() const;
  double as_number() const;  // throws TypeMismatch for text or arrays
  friend bool operator==(const Attribute&, const Attribute&) = default;
};

using Attributes = std::map<std::string, Attribute, std::less<>>;

/// Bytes of CreateOptions::attribute_bytes that this table needs.
std::size_t attribute_bytes_of(const Attributes& attributes);

/// The whole table. Throws Corrupt when the bytes make no sense.
Attributes read_attributes(const Segment& segment);

/// Replaces the whole table. Throws OutOfSpace when it does not fit, PermissionDenied when the
/// segment is attached read-only, Timeout when another writer holds the lock for over 2 s.
void write_attributes(Segment& segment, const Attributes& attributes);

}  // namespace furrow
