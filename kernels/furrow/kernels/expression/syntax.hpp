// furrow/kernels/expression/syntax.hpp
//
// The grammar of expressions, and what parsing gives: Python's, as far as it is about arrays.
//
//   program     statement (";" statement)* [";"]
//   statement   [name ("=" | "+=" | "-=" | "*=" | "/=" | "//=" | "%=" | "**=" | "&=" | "|=" | "^="
//               | "<<=" | ">>=")] expression
//   expression  Python's operators, from the loosest to the tightest:
//               or · and · not · < <= > >= == != (chains are joined by and) · | · ^ · & · << >> ·
//               + - · * / // % · unary - + ~ · ** (to the right)
//   primary     number | name | "quoted name" | 'quoted name' | function(arguments) | (expression)
//   name        letters, digits, _ and . (not first, not last); anything else goes in quotes
//   number      1  0x1f  0b1  0o7  1_000  1.5  1e-3  2j  inf  nan  pi  e  True  False
//               (np.pi and its like always; pi where no array is called so: then it is refused)
//   arguments   expressions with commas, then keyword=expression
//
// An operator is the call of the function that NumPy has for it, so nothing but calls, names and
// numbers is left. Nodes are in order of evaluation: arguments come before their call.
// Limits  a text of 64 KiB, 1000 nodes, parentheses (and operators that nest to the right) 100 deep
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <furrow/kernels/expression/diagnostic.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::kernels::expression {

inline constexpr std::size_t text_bytes_max = 65536;
inline constexpr std::size_t nodes_max = 1000;
inline constexpr std::size_t depth_max = 100;

struct Argument {
  std::size_t node;
  std::string keyword;  // empty: by position
};

struct Node {
  enum class Kind { number, name, call };
  Kind kind = Kind::number;
  Span where;                       // the whole of it
  Span word;                        // what an error is about: the operator, the function's name
  std::string name;                 // of a name, of a function
  bool quoted = false;              // a name that stands in quotes is no constant
  Dtype dtype = Dtype::none;        // of a number: bool, i64, u64, f64 or c128
  Scalar value{};                   // of a number
  std::vector<Argument> arguments;  // of a call
};

struct Statement {
  std::string target;  // empty: no assignment
  Span target_where;
  std::size_t root = 0;
};

struct Syntax {
  std::vector<Node> nodes;
  std::vector<Statement> statements;  // at least one
  std::optional<Diagnostic> error;    // then the rest does not count

  /// The array that the program writes; empty when it gives a value only.
  const std::string& target() const { return statements.back().target; }
  /// Names that stand for arrays and are not assigned before, in order of appearance; `where` of
  /// the first use of each.
  struct Name {
    std::string name;
    Span where;
  };
  std::vector<Name> free_names() const;
  /// Names that stand for constants, and are refused where an array has that name, too.
  std::vector<Name> constant_names() const;
};

/// Never throws but bad_alloc.
Syntax parse(std::string_view text);

/// True for np.pi, np.e, np.inf, np.nan: constants whatever the arrays are called.
bool is_certain_constant(std::string_view name);

/// The value of a constant's name (these, pi, e, inf, nan, True, False).
struct Constant {
  Dtype dtype;
  Scalar value;
};
std::optional<Constant> constant_of_name(std::string_view name);

}  // namespace furrow::kernels::expression
