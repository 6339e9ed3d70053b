// furrow eval
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/number.hpp>
#include <furrow/cli/saving.hpp>
#include <furrow/cli/text.hpp>
#include <furrow/cli/verb.hpp>
#include <furrow/cli/work.hpp>
#include <furrow/io/hdf5_stream.hpp>
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

struct EvalArguments {
  std::string text;
  bool json = false;
  std::vector<std::string> in;
  std::string out;
  std::string memory;
  std::string rows;
  SavingText how;
  bool external = false;
  bool verbose = false;
};

hdf5::SaveOptions save_options(const EvalArguments& arguments) {
  if (arguments.out.empty() && arguments.how.given()) {
    throw UsageError(
        "--gzip, --shuffle, --no-checksum, --chunk, --growable and --replace are for a dataset "
        "that is written (--out)");
  }
  return parse_saving(arguments.how);
}

// "NAME=FILE.h5:/dataset", or without a name: that of the dataset.
hdf5::StreamBinding parse_input(const std::string& text) {
  const std::size_t equals = text.find('=');
  const bool named = equals != std::string::npos && text.find('/') > equals;
  const Address from = parse_address(named ? text.substr(equals + 1) : text);
  const std::string name =
      named ? text.substr(0, equals) : from.dataset.substr(from.dataset.rfind('/') + 1);
  if (name.empty()) throw UsageError(fmt::format("\"{}\" gives the dataset no name", text));
  return {name, {from.file, from.dataset}};
}

std::uint64_t bytes_of(Engine& engine, const std::vector<hdf5::StreamBinding>& inputs,
                       bool external) {
  std::uint64_t bytes = 0;
  for (const hdf5::StreamBinding& input : inputs) {
    const hdf5::DatasetInfo there =
        hdf5::info(engine, input.dataset.file, input.dataset.dataset, external);
    bytes += static_cast<std::uint64_t>(size_of(there.shape)) * item_bytes(there.dtype);
  }
  return bytes;
}

int eval_files(const Command& command, const EvalArguments& arguments) {
  std::vector<hdf5::StreamBinding> inputs;
  for (const std::string& text : arguments.in) inputs.push_back(parse_input(text));
  std::optional<hdf5::DatasetAddress> to;
  const hdf5::SaveOptions save = save_options(arguments);
  if (!arguments.out.empty()) {
    const Address address = parse_address(arguments.out);
    to = hdf5::DatasetAddress{address.file, address.dataset};
  }
  hdf5::StreamOptions options;
  options.external = arguments.external;
  if (!arguments.memory.empty()) options.memory_bytes = parse_bytes(arguments.memory, "--memory");
  const std::string sentence = to ? "interrupted; the file is as it was"
                                  : "interrupted; an array that was there may be half new";
  const hdf5::StreamEvaluated result = interruptible(sentence, [&] {
    Work work(command, "eval");
    if (!arguments.rows.empty()) {
      const hdf5::DatasetAddress& first = inputs[0].dataset;
      const Shape shape =
          hdf5::info(work.engine(), first.file, first.dataset, arguments.external).shape;
      const auto [begin, end] = resolve_rows(parse_rows(arguments.rows), shape, arguments.in[0]);
      options.rows = hdf5::RowRange{begin, end, 1};
    }
    options.job = work.job(bytes_of(work.engine(), inputs, arguments.external));
    return hdf5::evaluate(work.engine(), arguments.text, inputs, to, save, options);
  });
  const hdf5::StreamReport& report = result.report;
  if (to) tell_without_effect(save, report.written);
  if (arguments.verbose) {
    complain(road_words(report) + (to ? "; " + words_of(report.written) : ""));
  }
  if (!to && result.value.is_number()) print(number_text(result.value, arguments.json));
  return exit_done;
}

int eval(const Command& command, const EvalArguments& arguments) {
  const std::string& text = arguments.text;
  const bool json = arguments.json;
  const expression::Syntax syntax = expression::parse(text);
  if (syntax.error) throw UsageError(expression::to_string(*syntax.error, text));
  if (!arguments.in.empty()) return eval_files(command, arguments);
  if (!arguments.out.empty() || !arguments.rows.empty() || !arguments.memory.empty() ||
      arguments.how.given() || arguments.external || arguments.verbose) {
    throw UsageError(
        "--out, --rows, --memory, --external, --verbose and how to save are for datasets (--in)");
  }
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
  auto options = std::make_shared<EvalArguments>();
  const Verb verb = add_verb(
      app, "eval", "Compute an expression of arrays, in one pass: into an array, or to a number");
  verb.option("EXPRESSION", options->text,
              "Python's operators, elementwise functions under NumPy's names, arrays by name "
              "(others than letters, "
              "digits, _ and . in quotes)")
      .required();
  verb.flag(
      "--json", options->json,
      "A number as {value, dtype}, an array as {name, dtype, shape}; complex numbers as {re, im}");
  verb.option("--in", options->in,
              "[NAME=]FILE.h5:/dataset, read piece by piece; may be given several times")
      .repeatable();
  verb.option("--out", options->out, "With --in: FILE.h5:/dataset, made of what is assigned");
  verb.option("--rows", options->rows, "With --in: A:B, of the datasets");
  verb.option("--memory", options->memory,
              "With --in: memory that it may take, as in 64M (default 256M)");
  add_saving_options(verb, options->how, "With --out: ");
  verb.flag("--replace", options->how.replace, "With --out: a dataset of that name goes");
  verb.flag("--external", options->external,
            "With --in: links to other files may be followed, and elements come from there");
  verb.flag("--verbose", options->verbose, "With --in: say which road the elements took");
  verb.footer(
      "  furrow eval 'z = where(x > 0, log(x), 0) + 2*y'   made when it is not there\n"
      "  furrow eval 'x -= mean'                           in place\n"
      "  furrow eval 'sum(x*y)'                            printed\n"
      "  furrow eval --in F.h5:/x --out G.h5:/y 'y = sqrt(x)'   datasets larger than memory\n"
      "  furrow eval 't = x*x; z = t + 1/t'                 only the last of several writes; t is "
      "a\n"
      "                                                    name for a value, and no array's\n"
      "dtypes and shapes are NumPy's; a target that is there keeps its own.");
  verb.on_chosen([&command, options] {
    command.run = [&command, options] { return eval(command, *options); };
  });
}

}  // namespace furrow::cli
