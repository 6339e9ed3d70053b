// furrow eval
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/number.hpp>
#include <furrow/cli/verb.hpp>
#include <furrow/cli/work.hpp>
#include <furrow/kernels/expression/expression.hpp>

namespace furrow::cli {
namespace {

namespace expression = kernels::expression;

// Bytes of the arrays that the expression names, as far as they are there: for the rate shown.
std::uint64_t bytes_of(const expression::Syntax& syntax) {
  std::uint64_t bytes = 0;
  for (const segment::Info& info : segment::list()) {
    for (const auto& free : syntax.free_names()) {
      if (free.name == info.name) bytes += info.data_bytes;
    }
  }
  return bytes;
}

std::string number_text(const Evaluated& result, bool json) {
  if (!json) return result.text() + "\n";
  alignas(16) std::byte element[16] = {};
  expression::store_element(result.dtype(), result.number().value, element);
  return fmt::format("{{\"value\": {}, \"dtype\": \"{}\"}}\n",
                     element_json(result.dtype(), element), dtype_name(result.dtype()));
}

int eval(const Command& command, const std::string& text, bool json) {
  const expression::Syntax syntax = expression::parse(text);
  if (syntax.error) throw UsageError(expression::to_string(*syntax.error, text));
  const std::string sentence =
      syntax.target().empty()
          ? "interrupted; nothing was changed"
          : fmt::format(
                "interrupted; \"{0}\" was not made, or, if it was there, some tiles of it "
                "are done and the others as they were",
                syntax.target());
  const Evaluated result = interruptible(sentence, [&] {
    Work work(command, "eval");
    EvaluateOptions options;
    options.job = work.job(bytes_of(syntax));
    return work.engine().evaluate(text, {}, options);
  });
  if (result.is_number()) {
    print(number_text(result, json));
  } else if (syntax.target().empty()) {
    throw UsageError(
        fmt::format("the expression gives an array of shape {}, which nothing keeps: write "
                    "\"NAME = {}\", or fold it, as in \"sum({})\"",
                    to_string(result.array().shape()), text, text));
  } else if (json) {
    print(fmt::format("{{\"name\": \"{}\", \"dtype\": \"{}\", \"shape\": [{}]}}\n", syntax.target(),
                      dtype_name(result.dtype()), fmt::join(result.array().shape().span(), ", ")));
  }
  return exit_done;
}

}  // namespace

void add_eval(CLI::App& app, Command& command) {
  struct Options {
    std::string text;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  const Verb verb = add_verb(
      app, "eval", "Compute an expression of arrays, in one pass: into an array, or to a number");
  verb.option("EXPRESSION", options->text,
              "Python's operators, NumPy's functions, arrays by name (others than letters, "
              "digits, _ and . in quotes)")
      .required();
  verb.flag("--json", options->json,
            "A number as {value, dtype}, an array as {name, dtype, shape}");
  verb.footer(
      "  furrow eval 'z = where(x > 0, log(x), 0) + 2*y'   made when it is not there\n"
      "  furrow eval 'x -= mean'                           in place\n"
      "  furrow eval 'sum(x*y)'                            printed\n"
      "dtypes and shapes are NumPy's; a target that is there keeps its own.");
  verb.on_chosen([&command, options] {
    command.run = [&command, options] { return eval(command, options->text, options->json); };
  });
}

}  // namespace furrow::cli
