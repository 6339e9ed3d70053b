// furrow/kernels/expression/parser.cpp
//
// Precedence climbing over the tokens (Pratt, "Top down operator precedence", 1973).
#include <algorithm>
#include <limits>
#include <numbers>
#include <set>

#include <furrow/kernels/expression/syntax.hpp>
#include <furrow/kernels/expression/tokens.hpp>

namespace furrow::kernels::expression {
namespace {

struct BinaryOperator {
  std::string_view symbol;
  int level;  // higher binds tighter
  std::string_view function;
};

constexpr int level_or = 1;
constexpr int level_and = 2;
constexpr int level_not = 3;
constexpr int level_comparison = 4;
constexpr int level_unary = 10;

constexpr BinaryOperator binary_operators[] = {
    {"or", level_or, "logical_or"},
    {"and", level_and, "logical_and"},
    {"<", level_comparison, "less"},
    {"<=", level_comparison, "less_equal"},
    {">", level_comparison, "greater"},
    {">=", level_comparison, "greater_equal"},
    {"==", level_comparison, "equal"},
    {"!=", level_comparison, "not_equal"},
    {"|", 5, "bitwise_or"},
    {"^", 6, "bitwise_xor"},
    {"&", 7, "bitwise_and"},
    {"<<", 8, "left_shift"},
    {">>", 8, "right_shift"},
    {"+", 9, "add"},
    {"-", 9, "subtract"},
    {"*", level_unary, "multiply"},
    {"/", level_unary, "divide"},
    {"//", level_unary, "floor_divide"},
    {"%", level_unary, "remainder"},
    {"**", level_unary + 2, "pow"},
};

const BinaryOperator* binary_operator(const Token& token) {
  for (const BinaryOperator& each : binary_operators) {
    if (token.is(each.symbol)) return &each;
  }
  return nullptr;
}

bool is_keyword(const Token& token) {
  return token.kind == Token::Kind::name && (token.is("and") || token.is("or") || token.is("not"));
}

class Parser {
 public:
  Parser(std::string_view text, Syntax& syntax) : text_(text), syntax_(syntax) {
    Tokens tokens = tokens_of(text);
    tokens_ = std::move(tokens.list);
    if (tokens.error) syntax_.error = std::move(tokens.error);
  }

  void run() {
    while (!failed()) {
      statement();
      if (failed() || !accept(";")) break;
      if (here().kind == Token::Kind::end) break;
    }
    if (!failed() && here().kind != Token::Kind::end) fail(here().where, leftover());
  }

 private:
  bool failed() const { return syntax_.error.has_value(); }
  const Token& here() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }

  void fail(Span where, std::string message, Diagnostic::Kind kind = Diagnostic::Kind::syntax) {
    if (!failed()) syntax_.error = Diagnostic{kind, where, std::move(message)};
  }

  bool accept(std::string_view symbol) {
    if (!here().is(symbol)) return false;
    ++at_;
    return true;
  }

  std::string leftover() const {
    if (here().is("=")) return "an assignment begins with the name of the array that is written";
    if (here().is(")")) return "a \")\" that closes nothing";
    if (here().is(",")) return "a \",\" outside of a function's arguments";
    return "an operator is missing before this";
  }

  std::size_t add(Node node) {
    if (syntax_.nodes.size() >= nodes_max) {
      fail(node.where, "an expression of more than 1000 operations (split it)",
           Diagnostic::Kind::limit);
      return 0;
    }
    syntax_.nodes.push_back(std::move(node));
    return syntax_.nodes.size() - 1;
  }

  std::size_t call(std::string_view function, Span word, const std::vector<std::size_t>& operands) {
    Node node;
    node.kind = Node::Kind::call;
    node.name = function;
    node.word = word;
    node.where = word;
    if (failed()) return 0;
    for (const std::size_t operand : operands) {
      node.where.begin = std::min(node.where.begin, syntax_.nodes[operand].where.begin);
      node.where.end = std::max(node.where.end, syntax_.nodes[operand].where.end);
      node.arguments.push_back({operand, {}});
    }
    return add(std::move(node));
  }

  void statement() {
    Statement statement;
    const bool named = here().kind == Token::Kind::quoted ||
                       (here().kind == Token::Kind::name && !is_keyword(here()));
    const bool assigns = named && ahead().kind == Token::Kind::symbol &&
                         ahead().text.back() == '=' && binary_operator(ahead()) == nullptr;
    if (!assigns) {
      statement.root = expression(0, 0);
    } else {
      const Token name = here();
      const Token symbol = ahead();
      at_ += 2;
      if (name.kind == Token::Kind::name && constant_of_name(name.text)) {
        return fail(name.where,
                    "a constant cannot be assigned to (an array of that name is "
                    "written in quotes)");
      }
      statement.target = name.text;
      statement.target_where = name.where;
      std::size_t before = 0;
      if (symbol.text != "=") before = add(name_node(name));
      statement.root = expression(0, 0);
      if (symbol.text != "=" && !failed()) {
        const std::string_view op = symbol.text.substr(0, symbol.text.size() - 1);
        const auto* found =
            std::find_if(std::begin(binary_operators), std::end(binary_operators),
                         [&](const BinaryOperator& each) { return each.symbol == op; });
        statement.root = call(found->function, symbol.where, {before, statement.root});
      }
    }
    if (!failed()) syntax_.statements.push_back(std::move(statement));
  }

  static Node name_node(const Token& token) {
    Node node;
    node.kind = Node::Kind::name;
    node.where = node.word = token.where;
    node.name = token.text;
    node.quoted = token.kind == Token::Kind::quoted;
    return node;
  }

  // Operators of at least this level.
  std::size_t expression(int level, std::size_t depth) {
    if (depth > depth_max) {
      fail(here().where, "nested more than 100 deep (split it)", Diagnostic::Kind::limit);
      return 0;
    }
    std::size_t left = operand(level, depth);
    while (!failed()) {
      const Token symbol = here();
      const BinaryOperator* op = binary_operator(symbol);
      if (op == nullptr || op->level < level) break;
      if (op->level == level_comparison) {
        left = comparison(left, depth);
        continue;
      }
      ++at_;
      // ** to the right, and -1 may follow it; all others to the left.
      const bool power = symbol.is("**");
      const std::size_t right = expression(power ? level_unary + 1 : op->level + 1, depth + 1);
      left = call(op->function, symbol.where, {left, right});
    }
    return left;
  }

  // a < b <= c: a < b and b <= c.
  std::size_t comparison(std::size_t left, std::size_t depth) {
    std::size_t all = 0;
    bool first = true;
    while (!failed()) {
      const Token symbol = here();
      const BinaryOperator* op = binary_operator(symbol);
      if (op == nullptr || op->level != level_comparison) break;
      ++at_;
      const std::size_t right = expression(level_comparison + 1, depth + 1);
      const std::size_t holds = call(op->function, symbol.where, {left, right});
      all = first ? holds : call("logical_and", symbol.where, {all, holds});
      first = false;
      left = right;
    }
    return all;
  }

  // A primary with what stands before it. Unary operators bind less than **, more than *.
  std::size_t operand(int level, std::size_t depth) {
    const Token token = here();
    if (token.is("not")) {
      if (level > level_not) {
        fail(token.where, "\"not\" binds less than the operator before it (put it in parentheses)");
        return 0;
      }
      ++at_;
      return call("logical_not", token.where, {expression(level_not, depth + 1)});
    }
    for (const auto& [symbol, function] :
         {std::pair{"-", "negative"}, std::pair{"+", "positive"}, std::pair{"~", "invert"}}) {
      if (!token.is(symbol)) continue;
      ++at_;
      return call(function, token.where, {expression(level_unary + 1, depth + 1)});
    }
    return primary(depth);
  }

  std::size_t primary(std::size_t depth) {
    const Token token = here();
    if (token.kind == Token::Kind::number) {
      ++at_;
      Node node;
      node.where = node.word = token.where;
      node.dtype = token.dtype;
      node.value = token.value;
      return add(std::move(node));
    }
    if (token.kind == Token::Kind::quoted ||
        (token.kind == Token::Kind::name && !is_keyword(token))) {
      ++at_;
      if (token.kind == Token::Kind::name && here().is("(")) return function(token, depth);
      return add(name_node(token));
    }
    if (token.is("(")) {
      ++at_;
      const std::size_t inside = expression(0, depth + 1);
      if (!failed() && here().is(",")) fail(here().where, leftover());
      close(token);
      return inside;
    }
    const bool end = token.kind == Token::Kind::end;
    fail(token.where, end ? "the expression ends where a number, a name or a \"(\" is expected"
                          : "a number, a name or a \"(\" is expected here");
    return 0;
  }

  void close(const Token& open) {
    if (failed() || accept(")")) return;
    if (here().kind == Token::Kind::end || here().is(";")) {
      fail(open.where, "a \"(\" that is never closed");
    } else {
      fail(here().where, leftover());
    }
  }

  std::size_t function(const Token& name, std::size_t depth) {
    const Token open = here();
    ++at_;
    Node node;
    node.kind = Node::Kind::call;
    node.name = name.text;
    node.word = name.where;
    if (!here().is(")")) {
      do {
        argument(node, depth);
      } while (!failed() && accept(","));
    }
    close(open);
    if (failed()) return 0;
    node.where = {name.where.begin, tokens_[at_ - 1].where.end};
    return add(std::move(node));
  }

  void argument(Node& call, std::size_t depth) {
    Argument argument{};
    const Span where = here().where;
    if (here().kind == Token::Kind::name && ahead().is("=")) {
      argument.keyword = here().text;
      at_ += 2;
    } else if (!call.arguments.empty() && !call.arguments.back().keyword.empty()) {
      fail(where, "an argument by position follows one by keyword");
    }
    argument.node = expression(0, depth + 1);
    call.arguments.push_back(std::move(argument));
  }

  std::string_view text_;
  Syntax& syntax_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

Scalar real(double value) {
  Scalar scalar{};
  scalar.f64 = value;
  return scalar;
}

}  // namespace

Syntax parse(std::string_view text) {
  Syntax syntax;
  if (text.size() > text_bytes_max) {
    syntax.error = Diagnostic{Diagnostic::Kind::limit,
                              {text_bytes_max, text_bytes_max + 1},
                              "a text of more than 64 KiB"};
    return syntax;
  }
  Parser(text, syntax).run();
  return syntax;
}

bool is_certain_constant(std::string_view name) {
  return name == "np.pi" || name == "np.e" || name == "np.inf" || name == "np.nan";
}

std::optional<Constant> constant_of_name(std::string_view name) {
  if (is_certain_constant(name)) return constant_of_name(name.substr(3));
  if (name == "pi") return Constant{Dtype::f64, real(std::numbers::pi)};
  if (name == "e") return Constant{Dtype::f64, real(std::numbers::e)};
  if (name == "inf") return Constant{Dtype::f64, real(std::numeric_limits<double>::infinity())};
  if (name == "nan") return Constant{Dtype::f64, real(std::numeric_limits<double>::quiet_NaN())};
  if (name != "True" && name != "False") return std::nullopt;
  Scalar scalar{};
  scalar.u64 = name == "True" ? 1 : 0;
  return Constant{Dtype::bool_, scalar};
}

std::vector<Syntax::Name> Syntax::free_names() const {
  std::vector<Name> names;
  std::set<std::string, std::less<>> known;
  std::size_t node = 0;
  for (const Statement& statement : statements) {
    // Nodes are in order of evaluation: those of a statement end with its root.
    for (; node <= statement.root; ++node) {
      const Node& each = nodes[node];
      if (each.kind != Node::Kind::name || (!each.quoted && constant_of_name(each.name))) continue;
      if (known.insert(each.name).second) names.push_back({each.name, each.where});
    }
    if (!statement.target.empty()) known.insert(statement.target);
  }
  return names;
}

std::vector<Syntax::Name> Syntax::constant_names() const {
  std::vector<Name> names;
  for (const Node& each : nodes) {
    if (each.kind != Node::Kind::name || each.quoted || is_certain_constant(each.name)) continue;
    if (constant_of_name(each.name)) names.push_back({each.name, each.where});
  }
  return names;
}

}  // namespace furrow::kernels::expression
