// furrow/kernels/expression/diagnostic.hpp
//
// What is wrong with an expression, and at which characters. Kernels throw nothing: functions that
// compile return a diagnostic, and who can throw does.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace furrow::kernels::expression {

/// A piece of the text: characters [begin, end).
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct Diagnostic {
  enum class Kind {
    syntax,   // the text is no expression
    unknown,  // no array, function or parameter of that name
    type,     // dtypes that do not fit
    shape,    // shapes that do not fit
    value,    // a number that the function is not defined for
    limit,    // larger than a program can be
  };
  Kind kind = Kind::syntax;
  Span where;
  std::string message;  // one sentence without a full stop
};

/// The message, the line it is about (of a long one about 80 columns around the place), and a caret
/// under each character of `where`:
///
///   no function is called "sine"; did you mean "sin"?
///     z = sine(x)
///         ^^^^
std::string to_string(const Diagnostic& diagnostic, std::string_view text);

/// `; did you mean "sin"?`, or nothing when no candidate is near the word.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace furrow::kernels::expression
