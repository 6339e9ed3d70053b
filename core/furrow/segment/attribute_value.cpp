// Making attribute values and looking into them.
#include <fmt/format.h>

#include <complex>
#include <cstring>
#include <type_traits>

#include <furrow/segment/attributes.hpp>

namespace furrow {
namespace {

std::vector<std::byte> bytes_of(const void* data, std::size_t bytes) {
  std::vector<std::byte> result(bytes);
  if (bytes != 0) std::memcpy(result.data(), data, bytes);
  return result;
}

}  // namespace

Attribute Attribute::text(std::string_view value) {
  return {Dtype::none, {}, bytes_of(value.data(), value.size())};
}

Attribute Attribute::number(double value) {
  return {Dtype::f64, {}, bytes_of(&value, sizeof value)};
}

Attribute Attribute::integer(std::int64_t value) {
  return {Dtype::i64, {}, bytes_of(&value, sizeof value)};
}

Attribute Attribute::strings(const std::vector<std::string>& values) {
  std::string joined;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].find('\0') != std::string::npos)
      throw InvalidArgument(fmt::format("string {} of an attribute has a NUL byte in it", i));
    if (i != 0) joined += '\0';
    joined += values[i];
  }
  return {Dtype::none,
          {static_cast<std::int64_t>(values.size())},
          bytes_of(joined.data(), joined.size())};
}

std::vector<std::string> Attribute::as_strings() const {
  if (!is_text()) throw TypeMismatch("the attribute holds numbers, not text");
  const std::string whole(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (shape.empty()) return {whole};
  std::vector<std::string> result;
  std::size_t begin = 0;
  for (std::int64_t i = 0; i < shape[0] && begin <= whole.size(); ++i) {
    const std::size_t end = std::min(whole.find('\0', begin), whole.size());
    result.push_back(whole.substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

std::string Attribute::as_text() const { return fmt::format("{}", fmt::join(as_strings(), ", ")); }

double Attribute::as_number() const {
  if (is_text() || is_complex(dtype) || bytes.size() != item_bytes(dtype))
    throw TypeMismatch("the attribute is not one real number");
  return visit_dtype(dtype, [&](auto sample) -> double {
    using T = decltype(sample);
    if constexpr (std::is_same_v<T, c64> || std::is_same_v<T, c128>) {
      return 0;  // ruled out above
    } else {
      T value;
      std::memcpy(static_cast<void*>(&value), bytes.data(), sizeof value);
      return static_cast<double>(value);
    }
  });
}

}  // namespace furrow
