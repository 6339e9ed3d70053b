// furrow stats
#include <memory>

#include <fmt/format.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/number.hpp>
#include <furrow/cli/saving.hpp>
#include <furrow/cli/text.hpp>
#include <furrow/cli/verb.hpp>
#include <furrow/cli/work.hpp>
#include <furrow/io/hdf5_stream.hpp>

namespace furrow::cli {
namespace {

/// A file whose dataset was forgotten is no array that is missing.
AnyArray attach_or_hint(const std::string& name) {
  if (!looks_like_file(name)) return attach(name, Access::read_only);
  if (name.find('/') != std::string::npos) parse_address(name);  // throws: no array has such a name
  try {
    return attach(name, Access::read_only);
  } catch (const NotFound&) {
    parse_address(name);  // throws, and says what to give
    throw;
  }
}

Statistics statistics_of_array(const Command& command, const std::string& name) {
  const AnyArray array = attach_or_hint(name);
  Work work(command, fmt::format("stats {}", name));
  return work.engine().statistics(array, work.job(array.bytes()));
}

struct StatsArguments {
  std::string name;
  std::string memory;
  std::string rows;
  bool external = false;
  bool json = false;
  bool verbose = false;
};

Statistics statistics_of_file(const Command& command, const StatsArguments& arguments) {
  const Address from = parse_address(arguments.name);
  hdf5::StreamOptions options;
  options.external = arguments.external;
  if (!arguments.memory.empty()) options.memory_bytes = parse_bytes(arguments.memory, "--memory");
  Work work(command, fmt::format("stats {}", from.dataset));
  const hdf5::DatasetInfo there =
      hdf5::info(work.engine(), from.file, from.dataset, arguments.external);
  if (!arguments.rows.empty()) {
    const auto [begin, end] = resolve_rows(parse_rows(arguments.rows), there.shape, arguments.name);
    options.rows = hdf5::RowRange{begin, end, 1};
  }
  options.job =
      work.job(static_cast<std::uint64_t>(size_of(there.shape)) * item_bytes(there.dtype));
  hdf5::StreamReport report;
  const Statistics s = hdf5::statistics(work.engine(), {from.file, from.dataset}, options, &report);
  if (arguments.verbose) complain(road_words(report));
  return s;
}

// Integers have all their digits.
std::string extreme_text(const Value& value, std::string (*real)(double)) {
  if (value.kind == Value::Kind::integer) return fmt::format("{}", value.i);
  if (value.kind == Value::Kind::natural) return fmt::format("{}", value.u);
  return real(value.z.real());
}

int stats(const Command& command, const StatsArguments& arguments) {
  const bool file = is_address(arguments.name);
  if (!file && (!arguments.rows.empty() || !arguments.memory.empty() || arguments.external ||
                arguments.verbose)) {
    throw UsageError(
        "--rows, --memory, --external and --verbose are for datasets (FILE.h5:/dataset)");
  }
  const Statistics s = interruptible("interrupted; nothing was changed", [&] {
    return file ? statistics_of_file(command, arguments)
                : statistics_of_array(command, arguments.name);
  });
  if (arguments.json) {
    print(
        fmt::format("{{\"count\": {}, \"nan\": {}, \"sum\": {}, \"mean\": {}, \"std\": {}, "
                    "\"min\": {}, \"max\": {}}}\n",
                    s.count, s.nan, json_number(s.sum), json_number(s.mean), json_number(s.std),
                    extreme_text(s.least, json_number), extreme_text(s.greatest, json_number)));
    return exit_done;
  }
  print(table({{"count", fmt::format("{}", s.count)},
               {"nan", fmt::format("{}", s.nan)},
               {"sum", plain_number(s.sum)},
               {"mean", plain_number(s.mean)},
               {"std", plain_number(s.std)},
               {"min", extreme_text(s.least, plain_number)},
               {"max", extreme_text(s.greatest, plain_number)}},
              "ll"));
  return exit_done;
}

}  // namespace

void add_stats(CLI::App& app, Command& command) {
  auto options = std::make_shared<StatsArguments>();
  const Verb verb = add_verb(
      app, "stats", "Count, sum, mean, std (with n-1), min and max; NaNs are counted and left out");
  verb.option("NAME", options->name,
              "Name of the array, or FILE.h5:/dataset, which is read piece by piece")
      .required();
  verb.option("--rows", options->rows, "For a dataset: A:B, from row A to before row B");
  verb.option("--memory", options->memory,
              "For a dataset: memory that it may take, as in 64M (default 256M)");
  verb.flag("--external", options->external,
            "For a dataset: links to other files may be followed, and elements come from there");
  verb.flag("--verbose", options->verbose, "For a dataset: say which road its elements took");
  verb.flag("--json", options->json,
            "One object: count, nan, sum, mean, std, min, max, with 17 significant digits, "
            "min and max of integers with all of theirs; what is not finite is null");
  verb.on_chosen([&command, options] {
    command.run = [&command, options] { return stats(command, *options); };
  });
}

}  // namespace furrow::cli
