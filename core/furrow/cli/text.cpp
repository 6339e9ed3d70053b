#include <furrow/cli/text.hpp>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <iterator>
#include <span>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/number.hpp>

namespace furrow::cli {
namespace {

// A whole non-negative number.
bool parse_position(std::string_view text, std::int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value >= 0;
}

// Bytes of the UTF-8 character at the front; 0 when it is none.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return 1;
  const std::size_t bytes = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : byte(0) >= 0xC2 ? 2 : 0;
  if (bytes == 0 || byte(0) > 0xF4 || text.size() < bytes) return 0;
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (byte(0) == 0xE0 && byte(1) < 0xA0) || (byte(0) == 0xF0 && byte(1) < 0x90);
  const bool surrogate = byte(0) == 0xED && byte(1) >= 0xA0;
  const bool beyond = byte(0) == 0xF4 && byte(1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : bytes;
}

}  // namespace

Rows parse_rows(const std::string& text) {
  Rows rows;
  const std::size_t colon = text.find(':');
  const std::string_view all = text;
  std::int64_t end = 0;
  const bool begins = colon == 0 || (colon != std::string::npos &&
                                     parse_position(all.substr(0, colon), rows.begin));
  const bool open = colon != std::string::npos && colon + 1 == text.size();
  const bool ends = open || (begins && parse_position(all.substr(colon + 1), end));
  if (!begins || !ends || (!open && end < rows.begin)) {
    throw UsageError(
        fmt::format("--rows {} is no range of rows (give A:B, from row A to before row B, as in "
                    "0:100; rows count from 0, and A <= B)",
                    text));
  }
  if (!open) rows.end = end;
  return rows;
}

std::pair<std::int64_t, std::int64_t> resolve_rows(const Rows& rows, const Shape& shape,
                                                   const std::string& what) {
  if (shape.ndim() == 0) throw ShapeMismatch(what + " is a single number, it has no rows");
  const std::int64_t end = rows.end.value_or(shape[0]);
  if (rows.begin > end || end > shape[0]) {
    throw ShapeMismatch(fmt::format("rows {}:{} are not in {}, which has rows 0:{}", rows.begin,
                                    end, what, shape[0]));
  }
  return {rows.begin, end};
}

Address parse_address(const std::string& text) {
  const std::size_t colon = text.rfind(":/");
  if (colon == std::string::npos || colon == 0 || colon + 2 == text.size()) {
    if (text.ends_with(".npz")) {
      throw UsageError(fmt::format(
          "\"{}\" is an archive of .npy files (unpack it, as unzip does, and name one of them)",
          text));
    }
    throw UsageError(
        fmt::format("\"{}\" names no dataset and is no FILE.npy (give FILE.h5:/dataset, as in "
                    "prices.h5:/daily/close; `furrow h5 ls FILE.h5` lists them)",
                    text));
  }
  return {text.substr(0, colon), text.substr(colon + 1)};
}

bool looks_like_file(const std::string& text) {
  static constexpr const char* endings[] = {".h5", ".hdf5", ".he5", ".nc", ".npz"};
  return std::any_of(std::begin(endings), std::end(endings),
                     [&text](const char* ending) { return text.ends_with(ending); });
}

bool is_address(const std::string& text) { return text.find(":/") != std::string::npos; }

Dtype parse_dtype(const std::string& text) {
  const Dtype dtype = dtype_of_name(text);
  if (dtype != Dtype::none) return dtype;
  throw UsageError(
      fmt::format("--dtype {} is none of bool, i8, i16, i32, i64, u8, u16, u32, u64, f16, f32, "
                  "f64, c64, c128",
                  text));
}

std::uint64_t parse_bytes(const std::string& text, std::string_view option) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string unit(end, text.data() + text.size());
  if (unit.size() == 3 && unit.substr(1) == "iB") unit.resize(1);
  const std::string units = "KMGT";
  const std::size_t power = unit.empty() ? 0 : units.find(unit) + 1;
  const bool known = unit.empty() || (unit.size() == 1 && power != std::string::npos + 1);
  for (std::size_t i = 0; known && i < power; ++i) value *= 1024;
  if (error != std::errc() || !known || !(value >= 1 && value <= 0x1p62)) {
    throw UsageError(
        fmt::format("{}: \"{}\" is no number of bytes (give 4096, 256M, 1.5G)", option, text));
  }
  return static_cast<std::uint64_t>(value);
}

std::string counted(std::int64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

Shape parse_extents(const std::string& text, std::string_view option) {
  try {
    Shape shape = parse_shape(text);
    if (std::all_of(shape.begin(), shape.end(), [](std::int64_t n) { return n >= 0; })) {
      return shape;
    }
  } catch (const InvalidArgument&) {
    // said below, with the option's name
  }
  throw UsageError(fmt::format(
      "{} {} is no list of at most 8 extents (give whole numbers, as in 1000,64)", option, text));
}

std::string human_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  static constexpr const char* units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; value >= 1024 && unit < 5; ++unit) value /= 1024;
  return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string iso_time(std::int64_t ns_since_1970) {
  const std::time_t seconds = ns_since_1970 / 1'000'000'000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
}

std::string json_quoted(std::string_view text) {
  std::string result = "\"";
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text[0]);
    const std::size_t bytes = character_bytes(text);
    if (bytes == 0) {
      result += "\\ufffd";
    } else if (byte == '"' || byte == '\\') {
      result += {'\\', text[0]};
    } else if (byte < 0x20) {
      result += fmt::format("\\u{:04x}", byte);
    } else {
      result += text.substr(0, bytes);
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return result + "\"";
}

std::string json_extents(const Extents& extents) {
  return fmt::format("[{}]", fmt::join(extents.begin(), extents.end(), ", "));
}

namespace {

/// "[[0, 1], [2, 3]]": the parts in brackets, as the axes from `axis` on have them.
std::string nested(std::span<const std::string> parts, std::span<const std::int64_t> shape) {
  if (shape.empty()) return parts.empty() ? "" : parts[0];
  const auto count = static_cast<std::size_t>(shape[0]);
  const std::size_t each = count == 0 ? 0 : parts.size() / count;
  std::vector<std::string> inner;
  for (std::size_t i = 0; i < count; ++i) {
    inner.push_back(nested(parts.subspan(i * each, each), shape.subspan(1)));
  }
  return fmt::format("[{}]", fmt::join(inner, ", "));
}

}  // namespace

std::string attribute_text(const Attribute& attribute) {
  const bool table = attribute.shape.size() > 1;
  const std::size_t shown_max = table ? 64 : 8;
  constexpr std::size_t shown_at_ends = 3;
  if (attribute.is_text() && attribute.shape.empty()) return json_quoted(attribute.as_text());
  const std::vector<std::string> strings =
      attribute.is_text() ? attribute.as_strings() : std::vector<std::string>();
  const std::size_t item = attribute.is_text() ? 1 : item_bytes(attribute.dtype);
  const std::size_t count = attribute.is_text() ? strings.size() : attribute.bytes.size() / item;
  const bool elided = count > shown_max;
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < count; ++i) {
    if (elided && i == shown_at_ends) {
      parts.emplace_back("...");
      i = count - shown_at_ends;
    }
    parts.push_back(attribute.is_text()
                        ? json_quoted(strings[i])
                        : element_text(attribute.dtype, attribute.bytes.data() + i * item));
  }
  if (!elided) return nested(parts, attribute.shape);
  return fmt::format("[{}] ({} values{})", fmt::join(parts, ", "), count,
                     table ? fmt::format(" of shape ({})", fmt::join(attribute.shape, ", ")) : "");
}

std::string attribute_json(const Attribute& attribute) {
  if (attribute.is_text()) {
    if (attribute.shape.empty()) return json_quoted(attribute.as_text());
    std::vector<std::string> parts;
    for (const std::string& part : attribute.as_strings()) parts.push_back(json_quoted(part));
    return fmt::format("[{}]", fmt::join(parts, ", "));
  }
  const std::size_t item = item_bytes(attribute.dtype);
  std::vector<std::string> parts;
  for (std::size_t at = 0; at + item <= attribute.bytes.size(); at += item) {
    parts.push_back(element_json(attribute.dtype, attribute.bytes.data() + at));
  }
  return nested(parts, attribute.shape);
}

std::string table(const std::vector<std::vector<std::string>>& rows, std::string_view alignment) {
  std::vector<std::size_t> widths(alignment.size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line += "  ";
      line += alignment[i] == 'r' ? fmt::format("{:>{}}", row[i], widths[i])
                                  : fmt::format("{:<{}}", row[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace furrow::cli
