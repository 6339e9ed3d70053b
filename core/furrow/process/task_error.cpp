#include <furrow/process/task_error.hpp>

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <typeinfo>

namespace furrow::process {
namespace {

std::string text_of_exception() {
  try {
    throw;
  } catch (const std::exception& e) {
    return e.what();
  } catch (const std::string& text) {
    return text;
  } catch (const char* text) {
    return text == nullptr ? "" : text;
  } catch (int number) {
    return std::to_string(number);
  } catch (...) {
    return "";
  }
}

// An item's number comes first, behind a byte that no type's name begins with.
constexpr char item_mark = '\1';

}  // namespace

std::string readable_name(const char* mangled) {
  int status = 0;
  char* const name = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
  std::string result = status == 0 ? name : mangled;
  std::free(name);
  return result;
}

void describe_exception(mp::Bytes& description, std::optional<std::uint64_t> item) {
  const std::type_info* const type = abi::__cxa_current_exception_type();
  const std::string text = (item ? item_mark + std::to_string(*item) + '\0' : "") +
                           (type != nullptr ? readable_name(type->name()) : "") + '\0' +
                           text_of_exception();
  const auto bytes = std::as_bytes(std::span(text));
  description.insert(description.end(), bytes.begin(), bytes.end());
}

ExceptionText read_description(std::span<const std::byte> description) {
  if (!description.empty() && static_cast<char>(description.front()) == item_mark) {
    std::size_t at = 1;
    std::uint64_t item = 0;
    for (; at < description.size() && description[at] != std::byte{0}; ++at) {
      item = 10 * item + (static_cast<std::uint64_t>(description[at]) - '0');
    }
    ExceptionText rest =
        read_description(description.subspan(std::min(at + 1, description.size())));
    rest.item = item;
    return rest;
  }
  const auto zero = std::find(description.begin(), description.end(), std::byte{0});
  const auto text_of = [](auto begin, auto end) {
    std::string text;
    for (; begin != end; ++begin) text += static_cast<char>(*begin);
    return text;
  };
  if (zero == description.end()) return {"", text_of(description.begin(), description.end())};
  return {text_of(description.begin(), zero), text_of(zero + 1, description.end())};
}

std::string describe(const ExceptionText& exception) {
  if (exception.type.empty()) return exception.text;
  if (exception.text.empty()) return exception.type;
  return exception.type + ": " + exception.text;
}

}  // namespace furrow::process
