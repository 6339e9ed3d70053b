// furrow/cli/text.hpp
//
// Arguments that are no numbers, and the forms that output takes: tables and JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <furrow/array/shape.hpp>
#include <furrow/segment/attributes.hpp>

namespace furrow::cli {

/// "A:B": rows A to before B. Without A from the first, without B to the last.
struct Rows {
  std::int64_t begin = 0;
  std::optional<std::int64_t> end;
};
/// Throws UsageError.
Rows parse_rows(const std::string& text);
/// The range over that many rows. Throws ShapeMismatch when it is not in `what`.
std::pair<std::int64_t, std::int64_t> resolve_rows(const Rows& rows, const Shape& shape,
                                                   const std::string& what);

/// "FILE.h5:/dataset".
struct Address {
  std::string file;
  std::string dataset;
};
/// Throws UsageError.
Address parse_address(const std::string& text);
/// True when the text is meant as one: no array's name holds ":/".
bool is_address(const std::string& text);
/// True for a name that ends as those of HDF5, netCDF and .npz files do.
bool looks_like_file(const std::string& text);
/// "1 block", "2 blocks".
std::string counted(std::int64_t count, std::string_view what);

/// "1000,64", each extent not negative. Throws UsageError, which names the option.
Shape parse_extents(const std::string& text, std::string_view option);

/// "f64". Throws UsageError.
Dtype parse_dtype(const std::string& text);

/// "256M", "1.5GiB", "4096": bytes; K, M, G and T are powers of 1024. Throws UsageError, which
/// names the option.
std::uint64_t parse_bytes(const std::string& text, std::string_view option);

/// "12.5 MiB".
std::string human_bytes(std::uint64_t bytes);
/// ISO 8601 in UTC, "2026-01-31T12:00:00Z".
std::string iso_time(std::int64_t ns_since_1970);

/// A JSON string. Bytes that are no UTF-8 become U+FFFD.
std::string json_quoted(std::string_view text);
/// "[1000, 64]".
std::string json_extents(const Extents& extents);
/// Its value: a string, a number, or a list of them, in lists of lists where it has several axes;
/// complex numbers as element_json has them.
std::string attribute_json(const Attribute& attribute);
/// The same for people: of many values the first and last three, nan, inf, 1+2j.
std::string attribute_text(const Attribute& attribute);

/// Columns separated by two spaces, as wide as their widest cell; the first row is the header.
/// `right`: which columns are aligned to the right, one character each ('r' or 'l').
std::string table(const std::vector<std::vector<std::string>>& rows, std::string_view alignment);

}  // namespace furrow::cli
