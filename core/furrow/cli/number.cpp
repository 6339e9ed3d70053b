#include <furrow/cli/number.hpp>

#include <charconv>
#include <cmath>
#include <complex>
#include <cstring>

#include <fmt/format.h>

namespace furrow::cli {
namespace {

// Takes one signed real from the front of the text. False when there is none.
bool take_real(std::string_view& text, double& value) {
  std::string_view rest = text;
  if (!rest.empty() && rest[0] == '+') rest.remove_prefix(1);
  if (rest.size() + 1 == text.size() && !rest.empty() && rest[0] == '-') return false;  // "+-1"
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error == std::errc::result_out_of_range) {
    // Too large or too small for a double: what rounding gives.
    value = std::strtod(std::string(rest).c_str(), nullptr);
  } else if (error != std::errc{}) {
    return false;
  }
  text = rest.substr(static_cast<std::size_t>(end - rest.data()));
  return true;
}

bool is_unit(std::string_view text) { return text == "j" || text == "i"; }

template <class Integer>
std::optional<Value> parse_integer(std::string_view text) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return Value(value);
}

std::string complex_text(double real, double imaginary, const auto& write) {
  const std::string sign = std::signbit(imaginary) && !std::isnan(imaginary) ? "" : "+";
  return write(real) + sign + write(imaginary) + "j";
}

}  // namespace

std::optional<Value> parse_number(std::string_view text) {
  if (text == "true") return Value(1);
  if (text == "false") return Value(0);
  if (text.find_first_not_of("+-0123456789") == std::string_view::npos) {
    if (auto value = parse_integer<std::int64_t>(text)) return value;
    if (auto value = parse_integer<std::uint64_t>(text)) return value;
  }
  double first = 0;
  if (!take_real(text, first)) return std::nullopt;
  if (text.empty()) return Value(first);
  if (is_unit(text)) return Value(std::complex<double>(0, first));
  if (text[0] != '+' && text[0] != '-') return std::nullopt;
  double second = 0;
  if (!take_real(text, second) || !is_unit(text)) return std::nullopt;
  return Value(std::complex<double>(first, second));
}

std::string plain_number(double value) { return fmt::format("{:.17g}", value); }

std::string json_number(double value) {
  return std::isfinite(value) ? plain_number(value) : "null";
}

std::string element_text(Dtype dtype, const void* element) {
  return visit_dtype(dtype, [element]<class T>(T value) -> std::string {
    std::memcpy(&value, element, sizeof value);
    if constexpr (std::is_same_v<T, bool>) {
      return value ? "true" : "false";
    } else if constexpr (std::is_same_v<T, f16>) {
      return fmt::format("{:.5g}", static_cast<float>(value));  // 5 digits tell all f16 apart
    } else if constexpr (is_complex(dtype_of<T>)) {
      // Shortest in the element's own precision.
      using Real = typename T::value_type;
      return complex_text(value.real(), value.imag(),
                          [](double x) { return fmt::format("{}", static_cast<Real>(x)); });
    } else if constexpr (sizeof(T) == 1) {
      return fmt::format("{}", static_cast<int>(value));
    } else {
      return fmt::format("{}", value);
    }
  });
}

std::string element_json(Dtype dtype, const void* element) {
  return visit_dtype(dtype, [element]<class T>(T value) -> std::string {
    std::memcpy(&value, element, sizeof value);
    if constexpr (is_complex(dtype_of<T>)) {
      return fmt::format("{{\"re\": {}, \"im\": {}}}", json_number(value.real()),
                         json_number(value.imag()));
    } else if constexpr (is_real_float(dtype_of<T>)) {
      return json_number(static_cast<double>(value));
    } else {
      return element_text(dtype_of<T>, element);
    }
  });
}

}  // namespace furrow::cli
