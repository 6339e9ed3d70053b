// furrow rm, furrow gc
#include <memory>

#include <fmt/format.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/text.hpp>
#include <furrow/cli/verb.hpp>
#include <furrow/engine/sweep.hpp>

namespace furrow::cli {
namespace {

// Goes on after a name that cannot be removed: each is told, and the exit code says that not all
// went.
int rm(const std::vector<std::string>& names, bool force) {
  for (const std::string& name : names) checked_name(name);
  int code = exit_done;
  for (const std::string& name : names) {
    try {
      segment::remove(name, force);
    } catch (const NotFound& error) {
      complain(error.what() + did_you_mean(name, names_of(segment::Kind::array)));
      code = exit_failed;
    } catch (const Error& error) {
      complain(error.what());
      code = exit_failed;
    }
  }
  return code;
}

int gc(const Command& command, bool dry_run, bool json) {
  std::string text;
  std::uint64_t bytes = 0;
  const std::vector<segment::Swept> swept = sweep(dry_run);
  for (const segment::Swept& one : swept) {
    bytes += one.bytes;
    if (json) {
      text += fmt::format("{}{{\"name\": {}, \"bytes\": {}}}", text.empty() ? "[" : ",\n ",
                          json_quoted(one.name), one.bytes);
    } else if (!command.quiet) {
      text += fmt::format("{} {} ({})\n", dry_run ? "would remove" : "removed", one.name,
                          human_bytes(one.bytes));
    }
  }
  if (json) text = text.empty() ? "[]\n" : text + "]\n";
  if (!json && !command.quiet && swept.size() != 1) {
    text += fmt::format("{} segments, {}\n", swept.size(), human_bytes(bytes));
  }
  print(text);
  return exit_done;
}

}  // namespace

void add_rm(CLI::App& app, Command& command) {
  struct Options {
    std::vector<std::string> names;
    bool force = false;
  };
  auto options = std::make_shared<Options>();
  const Verb verb = add_verb(app, "rm", "Remove arrays");
  verb.option("NAME", options->names, "Names of arrays").required();
  verb.flag("--force", options->force,
            "Also where somebody is attached: holders keep the memory, the name is free");
  verb.on_chosen([&command, options] {
    command.run = [options] { return rm(options->names, options->force); };
  });
}

void add_gc(CLI::App& app, Command& command) {
  struct Options {
    bool dry_run = false;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  const Verb verb = add_verb(
      app, "gc", "Remove what crashes left behind: owned arrays and engines that nobody holds");
  verb.flag("--dry-run", options->dry_run, "Only show what would be removed");
  verb.flag("--json", options->json, "An array of objects: name, bytes");
  verb.on_chosen([&command, options] {
    command.run = [&command, options] { return gc(command, options->dry_run, options->json); };
  });
}

}  // namespace furrow::cli
