// furrow/process/shown.hpp
//
// A value as messages show it: 7, true, "a text", or what type it is.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>

#include <furrow/process/task_error.hpp>

namespace furrow::process {

/// In quotes, cut where it is long; control characters as \x0a.
std::string quoted_for_message(std::string_view text);
std::string number_for_message(double value);

template <class T>
std::string shown(const T& value) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return quoted_for_message(value);
  } else if constexpr (std::same_as<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::floating_point<T>) {
    return number_for_message(static_cast<double>(value));
  } else if constexpr (std::integral<T>) {
    return std::to_string(value);
  } else {
    return "that is a " + readable_name(typeid(T).name());
  }
}

}  // namespace furrow::process
