// furrow stats
#include <memory>

#include <fmt/format.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/number.hpp>
#include <furrow/cli/text.hpp>
#include <furrow/cli/verb.hpp>
#include <furrow/cli/work.hpp>

namespace furrow::cli {
namespace {

int stats(const Command& command, const std::string& name, bool json) {
  const AnyArray array = attach(name, Access::read_only);
  const Statistics s = interruptible("interrupted; nothing was changed", [&] {
    Work work(command, fmt::format("stats {}", name));
    return work.engine().statistics(array, work.job(array.bytes()));
  });
  if (json) {
    print(
        fmt::format("{{\"count\": {}, \"nan\": {}, \"sum\": {}, \"mean\": {}, \"std\": {}, "
                    "\"min\": {}, \"max\": {}}}\n",
                    s.count, s.nan, json_number(s.sum), json_number(s.mean), json_number(s.std),
                    json_number(s.min), json_number(s.max)));
    return exit_done;
  }
  print(table({{"count", fmt::format("{}", s.count)},
               {"nan", fmt::format("{}", s.nan)},
               {"sum", plain_number(s.sum)},
               {"mean", plain_number(s.mean)},
               {"std", plain_number(s.std)},
               {"min", plain_number(s.min)},
               {"max", plain_number(s.max)}},
              "ll"));
  return exit_done;
}

}  // namespace

void add_stats(CLI::App& app, Command& command) {
  struct Options {
    std::string name;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  const Verb verb = add_verb(
      app, "stats", "Count, sum, mean, std (with n-1), min and max; NaNs are counted and left out");
  verb.option("NAME", options->name, "Name of the array").required();
  verb.flag("--json", options->json,
            "One object: count, nan, sum, mean, std, min, max, with 17 significant digits; "
            "what is not finite is null");
  verb.on_chosen([&command, options] {
    command.run = [&command, options] { return stats(command, options->name, options->json); };
  });
}

}  // namespace furrow::cli
