// furrow/kernels/expression/tokens.cpp
#include <furrow/kernels/expression/tokens.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>

#include <furrow/kernels/expression/literal.hpp>

namespace furrow::kernels::expression {
namespace {

// Longest first.
constexpr std::string_view symbols[] = {
    "**=", "//=", "<<=", ">>=", "**", "//", "<<", ">>", "<=", ">=", "==", "!=",
    "+=",  "-=",  "*=",  "/=",  "%=", "&=", "|=", "^=", "+",  "-",  "*",  "/",
    "%",   "&",   "|",   "^",   "~",  "<",  ">",  "=",  "(",  ")",  ",",  ";"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word(char c) { return is_letter(c) || is_digit(c); }

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Tokens scan() {
    Tokens tokens;
    while (!error_) {
      skip_blanks();
      Token token = next();
      if (error_) break;
      tokens.list.push_back(token);
      if (token.kind == Token::Kind::end) break;
    }
    tokens.error = std::move(error_);
    return tokens;
  }

 private:
  char at(std::size_t offset = 0) const {
    return at_ + offset < text_.size() ? text_[at_ + offset] : '\0';
  }

  void skip_blanks() {
    while (at() == ' ' || at() == '\t' || at() == '\n' || at() == '\r') ++at_;
  }

  void fail(std::size_t begin, std::size_t end, std::string message) {
    error_ = Diagnostic{Diagnostic::Kind::syntax, {begin, end}, std::move(message)};
  }

  Token take(Token::Kind kind, std::size_t begin) const {
    Token token;
    token.kind = kind;
    token.where = {begin, at_};
    token.text = text_.substr(begin, at_ - begin);
    return token;
  }

  Token next() {
    if (at_ >= text_.size()) return take(Token::Kind::end, at_);
    if (is_letter(at())) return word();
    if (is_digit(at()) || (at() == '.' && is_digit(at(1)))) return number();
    if (at() == '"' || at() == '\'') return quoted();
    for (const auto& [symbol, word] : {std::pair{"&&", "and"}, std::pair{"||", "or"}}) {
      if (text_.substr(at_, 2) != symbol) continue;
      fail(at_, at_ + 2,
           "\"" + std::string(symbol) + "\" is no operator (for the logical one write " + word +
               ")");
      return {};
    }
    for (const std::string_view symbol : symbols) {
      if (text_.substr(at_, symbol.size()) != symbol) continue;
      at_ += symbol.size();
      return take(Token::Kind::symbol, at_ - symbol.size());
    }
    fail(at_, at_ + 1, unexpected());
    return {};
  }

  std::string unexpected() const {
    switch (at()) {
      case '[':
      case ']': return "expressions take whole arrays: slice before, and bind the slice to a name";
      case '!': return "\"!\" stands in != alone (for logical negation write not)";
      case '@': return "there is no @: matrices are multiplied by furrow::matmul";
      case '.': return "a \".\" that belongs to no number and no name";
      default: return "this character means nothing in an expression";
    }
  }

  Token word() {
    const std::size_t begin = at_;
    while (is_word(at()) || (at() == '.' && is_word(at(1)))) ++at_;
    return take(Token::Kind::name, begin);
  }

  Token quoted() {
    const std::size_t begin = at_;
    const std::size_t end = text_.find(at(), begin + 1);
    if (end == text_.npos) {
      fail(begin, text_.size(), "a quoted name that does not end");
      return {};
    }
    at_ = end + 1;
    Token token = take(Token::Kind::quoted, begin);
    token.text = text_.substr(begin + 1, end - begin - 1);
    if (token.text.empty()) fail(begin, at_, "a name of no characters");
    return token;
  }

  // Digits of a base with single underscores between them, appended to `digits`.
  void take_digits(std::string& digits, bool hexadecimal) {
    const auto fits = [&](char c) {
      return is_digit(c) || (hexadecimal && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
    };
    while (fits(at()) || (at() == '_' && !digits.empty() && fits(at(1)))) {
      if (at() != '_') digits += at();
      ++at_;
    }
  }

  Token number() {
    const std::size_t begin = at_;
    const char mark = static_cast<char>(at() == '0' ? (at(1) | ' ') : ' ');
    if (mark == 'x' || mark == 'o' || mark == 'b') return based(mark);
    std::string digits;
    take_digits(digits, false);
    bool real = false;
    if (at() == '.') {
      real = true;
      digits += '.';
      ++at_;
      std::string fraction;
      take_digits(fraction, false);
      digits += fraction;
    }
    const std::size_t sign = at(1) == '+' || at(1) == '-' ? 1 : 0;
    if ((at() == 'e' || at() == 'E') && is_digit(at(1 + sign))) {
      real = true;
      digits += text_.substr(at_, 1 + sign);
      at_ += 1 + sign;
      std::string exponent;
      take_digits(exponent, false);
      digits += exponent;
    }
    const bool imaginary = at() == 'j' || at() == 'J';
    if (imaginary) ++at_;
    if (is_word(at()) || at() == '.') return bad_number(begin);
    Token token = take(Token::Kind::number, begin);
    if (!real && !imaginary) return integer(token, digits, 10);
    // strtod rounds correctly, and what is too large or too small as IEEE 754 says.
    const double value = std::strtod(digits.c_str(), nullptr);
    token.dtype = imaginary ? Dtype::c128 : Dtype::f64;
    token.value.c128[imaginary ? 1 : 0] = value;
    if (imaginary) token.value.c128[0] = 0;
    return token;
  }

  Token based(char mark) {
    const std::size_t begin = at_;
    at_ += 2;
    std::string digits;
    take_digits(digits, mark == 'x');
    const int base = mark == 'x' ? 16 : mark == 'o' ? 8 : 2;
    const bool fits = std::all_of(digits.begin(), digits.end(),
                                  [&](char c) { return base == 16 || c < '0' + base; });
    if (is_word(at()) || digits.empty() || !fits) return bad_number(begin);
    return integer(take(Token::Kind::number, begin), digits, base);
  }

  Token bad_number(std::size_t begin) {
    while (is_word(at()) || at() == '.') ++at_;
    fail(begin, at_, "this is no number");
    return {};
  }

  Token integer(Token token, const std::string& digits, int base) {
    std::uint64_t value = 0;
    const char* const end = digits.data() + digits.size();
    if (std::from_chars(digits.data(), end, value, base).ec != std::errc()) {
      fail(token.where.begin, token.where.end, literal_too_large);
    }
    const bool is_signed = value <= std::numeric_limits<std::int64_t>::max();
    token.dtype = is_signed ? Dtype::i64 : Dtype::u64;
    token.value.u64 = value;
    return token;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<Diagnostic> error_;
};

}  // namespace

Tokens tokens_of(std::string_view text) { return Scanner(text).scan(); }

}  // namespace furrow::kernels::expression
