#include <furrow/io/hdf5/utf8.hpp>

#include <cstddef>
#include <string_view>

namespace furrow::hdf5 {
namespace {

// Of bytes 80 to 9F. Five of them are nothing there either, and stay control characters.
constexpr char16_t windows[32] = {0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                  0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
                                  0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                  0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

unsigned char byte_of(char c) { return static_cast<unsigned char>(c); }

/// How the character at the front begins: its length, and what its second byte may be (RFC 3629:
/// nothing longer than needed, no surrogates, nothing behind U+10FFFF).
struct Lead {
  std::size_t bytes = 0;  // 0: none begins so
  unsigned char least = 0x80;
  unsigned char most = 0xBF;
};

Lead lead_of(unsigned char first) {
  if (first < 0x80) return {1};
  if (first >= 0xC2 && first <= 0xDF) return {2};
  if (first == 0xE0) return {3, 0xA0, 0xBF};
  if (first == 0xED) return {3, 0x80, 0x9F};
  if (first >= 0xE1 && first <= 0xEF) return {3};
  if (first == 0xF0) return {4, 0x90, 0xBF};
  if (first == 0xF4) return {4, 0x80, 0x8F};
  if (first >= 0xF1 && first <= 0xF3) return {4};
  return {};
}

/// Bytes at the front that belong to one character, all of it or as far as the text goes.
std::size_t character_of(std::string_view text, const Lead& lead) {
  std::size_t bytes = 1;
  for (; bytes < lead.bytes && bytes < text.size(); ++bytes) {
    const unsigned char next = byte_of(text[bytes]);
    const unsigned char least = bytes == 1 ? lead.least : 0x80;
    const unsigned char most = bytes == 1 ? lead.most : 0xBF;
    if (next < least || next > most) return 0;
  }
  return lead.bytes == 0 ? 0 : bytes;
}

struct Look {
  std::size_t whole = 0;    // bytes of whole characters at the front
  bool several = false;     // one of them has more than one byte
  bool cut_at_end = false;  // what is behind them begins a character that the end cuts
};

Look look_at(std::string_view text) {
  Look look;
  while (look.whole < text.size()) {
    const std::string_view rest = text.substr(look.whole);
    const Lead lead = lead_of(byte_of(rest[0]));
    const std::size_t bytes = character_of(rest, lead);
    if (bytes == 0) break;
    if (bytes < lead.bytes) {
      look.cut_at_end = true;
      break;
    }
    look.several = look.several || bytes > 1;
    look.whole += bytes;
  }
  return look;
}

void append_character(std::string& to, char16_t code) {
  if (code < 0x80) {
    to += static_cast<char>(code);
  } else if (code < 0x800) {
    to += static_cast<char>(0xC0 | code >> 6);
    to += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    to += static_cast<char>(0xE0 | code >> 12);
    to += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    to += static_cast<char>(0x80 | (code & 0x3F));
  }
}

}  // namespace

std::string as_utf8(std::string text, bool said) {
  const Look look = look_at(text);
  if (look.whole == text.size()) return text;
  if (look.cut_at_end && (said || look.several)) {
    text.resize(look.whole);
    return text;
  }
  std::string result;
  result.reserve(2 * text.size());
  for (const char c : text) {
    const unsigned char byte = byte_of(c);
    append_character(
        result, byte >= 0x80 && byte < 0xA0 ? windows[byte - 0x80] : static_cast<char16_t>(byte));
  }
  return result;
}

}  // namespace furrow::hdf5
