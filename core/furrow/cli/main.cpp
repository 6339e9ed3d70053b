// The furrow command: its global options, its verbs, and how it ends.
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hdf5.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include <furrow/cli/command.hpp>
#include <furrow/engine/layout.hpp>
#include <furrow/kernels/registry.hpp>
#include <furrow/os/interrupt.hpp>
#include <furrow/process/initialize.hpp>

namespace furrow::cli {
namespace {

constexpr const char* footer =
    "Exit codes: 0 done, 1 failed, 2 the command line is wrong, 3 done, but an error that was "
    "asked\n"
    "for was not reached (mc --error), 130 interrupted (128 + signal).\n"
    "Interrupted, a verb stops at the next tile: arrays consist of whole tiles, and nothing is\n"
    "left behind. `--` ends the options. Environment: FURROW_PREFIX, FURROW_DIR (where segments\n"
    "are; /dev/shm), FURROW_LOG (trace, debug, info, warn, error, off), FURROW_TARGET (SIMD).";

std::string version() {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("furrow {} (HDF5 {}.{}.{}, SIMD {})", FURROW_VERSION, major, minor, release,
                     kernels::target());
}

void add_globals(CLI::App& app, Command& command) {
  app.add_option("--workers", command.workers, "Worker processes (default: one per granted core)")
      ->check(CLI::Range(1, static_cast<int>(engine::worker_slots_max) - 1));
  app.add_option_function<std::string>(
      "--prefix",
      [&command](const std::string& prefix) {
        command.prefix = prefix;
        command.has_prefix = true;
      },
      "Isolates names: only arrays with this prefix are seen (default: FURROW_PREFIX)");
  app.add_flag("--quiet", command.quiet, "Nothing but results and errors");
  app.add_flag("--no-progress", command.no_progress, "No progress bar");
  // Written only when asked for: the HDF5 library starts up for it.
  app.add_flag_callback(
      "--version", [] { throw CLI::CallForVersion(version(), 0); },
      "Version of furrow and of the HDF5 library, and the SIMD target");
}

void add_verbs(CLI::App& app, Command& command) {
  add_load(app, command);
  add_save(app, command);
  add_append(app, command);
  add_create(app, command);
  add_ls(app, command);
  add_info(app, command);
  add_peek(app, command);
  add_rm(app, command);
  add_gc(app, command);
  add_apply(app, command);
  add_eval(app, command);
  add_kernels(app, command);
  add_mc(app, command);
  add_stats(app, command);
  add_h5(app, command);
  add_doctor(app, command);
  add_worker(app, command);
}

void start_log(const Command& command) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_st>();
  auto logger = std::make_shared<spdlog::logger>("furrow", sink);
  logger->set_pattern("furrow: %l: %v");
  logger->set_level(command.quiet ? spdlog::level::err : spdlog::level::warn);
  if (const char* level = std::getenv("FURROW_LOG"); level != nullptr && *level != '\0') {
    logger->set_level(spdlog::level::from_str(level));
  }
  spdlog::set_default_logger(logger);
}

void set_place(const Command& command) {
  Place place = Place::default_place();
  if (command.has_prefix) place.prefix = command.prefix;
  Place::set_default(place);
  checked_name("x");  // the prefix is one that names can have
}

// A sentence on an option that the chosen verb does not have, with those that it has; empty when it
// is not that.
std::string unknown_option(const CLI::App& app, const CLI::App* verb) {
  for (const std::string& word : app.remaining(true)) {
    if (word.rfind("--", 0) != 0) continue;
    const std::string name = word.substr(0, word.find('='));
    std::vector<std::string> known;
    for (const CLI::App* at = verb; at != nullptr && at != &app; at = at->get_parent()) {
      for (const CLI::Option* option : at->get_options()) {
        for (const std::string& each : option->get_lnames()) {
          if (each != "help") known.push_back("--" + each);
        }
      }
    }
    return fmt::format("{} has no option {}{}; it has {}", verb->get_name(), name,
                       did_you_mean(name, known), fmt::join(known, ", "));
  }
  return {};
}

// What CLI11 found wrong, as a sentence that says what to do.
int refuse(const CLI::App& app, const CLI::ParseError& error) {
  std::string verb;
  const CLI::App* at = &app;  // the deepest that was chosen: "h5 ls"
  for (auto chosen = at->get_subcommands(); !chosen.empty(); chosen = at->get_subcommands()) {
    at = chosen.back();
    verb += (verb.empty() ? "" : " ") + at->get_name();
  }
  std::string text = error.what();
  const bool models = at->get_name() == "mc";
  if (!at->get_subcommands({}).empty()) {
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) text = "No verb is given";
    std::vector<std::string> verbs;
    for (const CLI::App* each : at->get_subcommands({})) verbs.push_back(each->get_name());
    for (const std::string& word : app.remaining(true)) {
      if (word.rfind('-', 0) == 0) continue;
      text = fmt::format("\"{}\" is no {}{}", word, models ? "model" : "verb",
                         did_you_mean(word, verbs));
      if (models) text += fmt::format("; there are {}", fmt::join(verbs, ", "));
      break;
    }
  }
  if (const std::string unknown = unknown_option(app, at); !unknown.empty()) text = unknown;
  while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
  complain(fmt::format("{} (furrow {}--help says what is)", text, verb.empty() ? "" : verb + " "));
  return exit_usage;
}

// `furrow eval -x` is about the array x: eval has no options of one dash (but -h), so such a word,
// where it is no option's value, is the expression. It goes to the end, behind "--".
std::vector<std::string> with_expression_last(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  const auto none = words.end();
  const auto verb = std::find(words.begin(), none, "eval");
  if (verb == none || std::find(words.begin(), none, "--") != none) return words;
  const std::vector<std::string> flags = {"--json",        "--quiet",    "--no-progress",
                                          "--no-checksum", "--growable", "--replace",
                                          "--external",    "eval"};
  for (auto word = verb + 1; word != none; ++word) {
    if (word->size() < 2 || (*word)[0] != '-' || (*word)[1] == '-' || *word == "-h") continue;
    const std::string& before = *(word - 1);
    const bool value = before.rfind("--", 0) == 0 && before.find('=') == std::string::npos &&
                       std::find(flags.begin(), flags.end(), before) == flags.end();
    if (value) continue;
    const std::string expression = *word;
    words.erase(word);
    words.insert(words.end(), {"--", expression});
    break;
  }
  return words;
}

int run(int argc, char** argv) {
  Command command;
  CLI::App app("Named arrays in shared memory, and worker processes that compute on them",
               "furrow");
  app.fallthrough();
  app.require_subcommand(1);
  app.footer(footer);
  add_globals(app, command);
  add_verbs(app, command);
  try {
    std::vector<std::string> words = with_expression_last(argc, argv);
    std::reverse(words.begin(), words.end());  // as CLI11 takes them
    app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    print(app.help());
    return exit_done;
  } catch (const CLI::CallForVersion& text) {
    print(fmt::format("{}\n", text.what()));
    return exit_done;
  } catch (const CLI::ParseError& error) {
    return refuse(app, error);
  }
  start_log(command);
  set_place(command);
  os::catch_interrupts();
  return command.run();
}

}  // namespace
}  // namespace furrow::cli

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  using namespace furrow::cli;  // NOLINT
  try {
    return run(argc, argv);
  } catch (const UsageError& error) {
    complain(error.what());
    return exit_usage;
  } catch (const Interrupted& error) {
    complain(error.what());
    return exit_signal + furrow::os::interrupt_signal();
  } catch (const std::bad_alloc&) {
    complain("the memory of this process ran out (free some, or take smaller arrays)");
  } catch (const std::exception& error) {
    complain(error.what());
  }
  return exit_failed;
}
