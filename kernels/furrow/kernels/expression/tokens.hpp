// furrow/kernels/expression/tokens.hpp
//
// Cuts a text into words. Numbers follow Python; see syntax.hpp for the grammar.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <furrow/kernels/expression/syntax.hpp>

namespace furrow::kernels::expression {

struct Token {
  enum class Kind { end, number, name, quoted, symbol };
  Kind kind = Kind::end;
  Span where;
  std::string_view text;  // of a name without quotes
  Dtype dtype = Dtype::none;
  Scalar value{};

  bool is(std::string_view symbol) const {
    return text == symbol && (kind == Kind::symbol || kind == Kind::name);
  }
};

/// The tokens, an `end` last. An error ends the list.
struct Tokens {
  std::vector<Token> list;
  std::optional<Diagnostic> error;
};
Tokens tokens_of(std::string_view text);

}  // namespace furrow::kernels::expression
