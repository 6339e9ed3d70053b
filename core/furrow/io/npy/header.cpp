#include <furrow/io/npy/header.hpp>

#include <bit>
#include <cctype>
#include <cstring>
#include <limits>
#include <set>

#include <fmt/format.h>

namespace furrow::npy {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t alignment = 64;
// NumPy leaves room for the growing axis to reach any 64-bit extent without moving the elements.
constexpr std::size_t growing_digits = 21;

[[noreturn]] void refuse(const std::string& name, const std::string& why) {
  throw Corrupt("cannot read \"" + name + "\": its .npy header " + why);
}

/// Reads the literal from the left. Anything unexpected is Corrupt.
class Literal {
 public:
  Literal(std::string_view text, const std::string& name, bool longs)
      : text_(text), name_(name), longs_(longs) {}

  char next() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (next() != c || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail(fmt::format("lacks a '{}'", c));
  }
  std::string text() {
    const char quote = next();
    if (quote != '\'' && quote != '"') fail("lacks a string");
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail("has a string without end");
    std::string value(text_.substr(at_ + 1, end - at_ - 1));
    if (value.find('\\') != std::string::npos) fail("has an escape in a string");
    at_ = end + 1;
    return value;
  }
  bool boolean() {
    next();
    for (const std::string_view word : {"True", "False"}) {
      if (text_.substr(at_, word.size()) != word) continue;
      at_ += word.size();
      return word == "True";
    }
    fail("lacks True or False");
  }
  std::int64_t extent() {
    if (std::isdigit(static_cast<unsigned char>(next())) == 0) fail("has an extent that is none");
    std::int64_t value = 0;
    for (; at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) != 0; ++at_) {
      const std::int64_t digit = text_[at_] - '0';
      if (value > (std::numeric_limits<std::int64_t>::max() - digit) / 10) {
        fail("has an extent above 2^63");
      }
      value = 10 * value + digit;
    }
    // Python 2's long integers.
    if (longs_ && at_ < text_.size() && text_[at_] == 'L') ++at_;
    return value;
  }
  void end() {
    while (at_ < text_.size() && (next() == '\n' || next() == ' ')) ++at_;
    if (at_ != text_.size()) fail("goes on after its end");
  }
  [[noreturn]] void fail(const std::string& why) const { refuse(name_, why); }

 private:
  std::string_view text_;
  const std::string& name_;
  bool longs_;
  std::size_t at_ = 0;
};

struct NamedCode {
  Dtype dtype;
  std::string_view code;
};
constexpr NamedCode codes[] = {{Dtype::bool_, "b1"}, {Dtype::i8, "i1"},   {Dtype::i16, "i2"},
                               {Dtype::i32, "i4"},   {Dtype::i64, "i8"},  {Dtype::u8, "u1"},
                               {Dtype::u16, "u2"},   {Dtype::u32, "u4"},  {Dtype::u64, "u8"},
                               {Dtype::f16, "f2"},   {Dtype::f32, "f4"},  {Dtype::f64, "f8"},
                               {Dtype::c64, "c8"},   {Dtype::c128, "c16"}};

std::string kind_of(char code) {
  switch (code) {
    case 'O': return "Python objects";
    case 'S': return "strings of bytes";
    case 'U': return "strings";
    case 'V': return "raw bytes";
    case 'M': return "dates (their view as int64 can be saved and loaded)";
    case 'm': return "times (their view as int64 can be saved and loaded)";
    case 'f': return "floats of another size";
    case 'c': return "complex numbers of another size";
    default: return "elements of an unknown type";
  }
}

void set_type(const std::string& descr, const std::string& name, Header& header) {
  std::string_view code = descr;
  char order = '=';
  if (!code.empty() && std::string_view("<>|=").find(code[0]) != std::string_view::npos) {
    order = code[0];
    code.remove_prefix(1);
  }
  for (const NamedCode& each : codes) {
    if (code != each.code) continue;
    const bool bytes = item_bytes(each.dtype) == 1;
    if (order == '|' && !bytes) break;
    const char native = std::endian::native == std::endian::little ? '<' : '>';
    header.dtype = each.dtype;
    header.other_byte_order = !bytes && order != '=' && order != native;
    return;
  }
  throw TypeMismatch(fmt::format(
      "\"{}\" holds {} ('{}'), which furrow has no dtype for (it takes bool, i8 to u64, f16, f32, "
      "f64, c64, c128)",
      name, kind_of(code.empty() ? ' ' : code[0]), descr));
}

void set_shape(Literal& literal, const std::string& name, Header& header) {
  literal.expect('(');
  std::size_t axes = 0;
  bool comma = true;
  while (literal.next() != ')') {
    if (!comma) literal.fail("has a shape that is none");
    const std::int64_t extent = literal.extent();
    if (++axes > segment::dimensions_max) {
      throw ShapeMismatch("\"" + name + "\" has more axes than the 8 that furrow takes");
    }
    header.shape.push_back(extent);
    comma = literal.take(',');
  }
  literal.expect(')');
  if (axes == 1 && !comma) literal.fail("has a shape that is no tuple");
}

}  // namespace

Preamble read_preamble(std::span<const std::byte> first, const std::string& name) {
  if (first.size() < magic.size() || std::memcmp(first.data(), magic.data(), magic.size()) != 0) {
    throw Corrupt("\"" + name + "\" is no .npy file: it does not begin as one");
  }
  const auto byte = [&first](std::size_t i) { return std::to_integer<std::uint32_t>(first[i]); };
  if (first.size() < 10) refuse(name, "is cut short");
  const std::uint32_t major = byte(6);
  if (major < 1 || major > 3 || byte(7) != 0) {
    refuse(name, fmt::format("has version {}.{}; 1.0, 2.0 and 3.0 are known", major, byte(7)));
  }
  Preamble preamble{static_cast<int>(major), 10, byte(8) | byte(9) << 8};
  if (major > 1) {
    if (first.size() < 12) refuse(name, "is cut short");
    preamble.literal_at = 12;
    preamble.literal_bytes |= byte(10) << 16 | byte(11) << 24;
  }
  if (preamble.literal_bytes > literal_bytes_max) {
    refuse(name, fmt::format("claims {} bytes, more than one may have", preamble.literal_bytes));
  }
  return preamble;
}

Header read_literal(const std::string& text, const Preamble& preamble, const std::string& name) {
  Header header;
  header.version = preamble.version;
  header.data_at = preamble.literal_at + preamble.literal_bytes;
  Literal literal(text, name, preamble.version < 3);
  std::set<std::string> seen;
  std::string descr;
  literal.expect('{');
  bool comma = true;
  while (literal.next() != '}') {
    if (!comma) literal.fail("lacks a comma");
    const std::string key = literal.text();
    if (!seen.insert(key).second) literal.fail("says \"" + key + "\" twice");
    literal.expect(':');
    if (key == "descr") {
      if (literal.next() == '[') {
        throw TypeMismatch("\"" + name +
                           "\" holds structures of several fields, which furrow has "
                           "no dtype for; save the fields one by one");
      }
      descr = literal.text();
    } else if (key == "fortran_order") {
      header.fortran_order = literal.boolean();
    } else if (key == "shape") {
      set_shape(literal, name, header);
    } else {
      literal.fail("says \"" + key + "\", which it may not");
    }
    comma = literal.take(',');
  }
  literal.expect('}');
  literal.end();
  if (seen.size() != 3) literal.fail("lacks one of descr, fortran_order and shape");
  set_type(descr, name, header);
  try {
    checked_size(header.shape, item_bytes(header.dtype));
  } catch (const InvalidArgument&) {
    literal.fail("claims more elements than there can be");
  }
  return header;
}

std::string make_header(Dtype dtype, const Shape& shape) {
  std::string_view code;
  for (const NamedCode& each : codes) {
    if (each.dtype == dtype) code = each.code;
  }
  const char order = item_bytes(dtype) == 1 ? '|' : '<';
  std::string literal = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': {}, }}",
                                    order, code, to_string(shape));
  if (shape.ndim() != 0) {
    literal.append(growing_digits - std::to_string(shape[0]).size(), ' ');
  }
  const std::size_t before = 10;
  literal.append(alignment - (before + literal.size() + 1) % alignment, ' ');
  literal += '\n';
  std::string header(magic);
  header += '\x01';
  header += '\x00';
  header += static_cast<char>(literal.size() & 0xFF);
  header += static_cast<char>(literal.size() >> 8);
  return header + literal;
}

}  // namespace furrow::npy
