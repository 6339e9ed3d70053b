#include <furrow/process/shown.hpp>

#include <fmt/format.h>

namespace furrow::process {

std::string quoted_for_message(std::string_view text) {
  constexpr std::size_t longest = 80;
  std::string out = "\"";
  for (const char c : text.substr(0, longest)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  if (text.size() > longest) return out + fmt::format("…\" ({} bytes)", text.size());
  return out + "\"";
}

std::string number_for_message(double value) { return fmt::format("{}", value); }

}  // namespace furrow::process
