// furrow worker
#include <memory>

#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include <furrow/cli/command.hpp>
#include <furrow/engine/worker.hpp>
#include <furrow/os/interrupt.hpp>

namespace furrow::cli {
namespace {

int worker(const std::string& engine) {
  try {
    join_engine(checked_name(engine), Place::default_place(), &os::interrupted());
  } catch (const NotFound& error) {
    throw NotFound(error.what() + did_you_mean(engine, names_of(segment::Kind::engine)));
  }
  spdlog::debug("{} the engine {}", os::interrupted() ? "left" : "worked until the end of", engine);
  return exit_done;
}

}  // namespace

void add_worker(CLI::App& app, Command& command) {
  auto engine = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand(
      "worker",
      "Work for an engine until it ends, or until interrupted: then the tiles in hand are finished "
      "first (either way the exit code is 0)");
  verb->add_option("--engine", *engine, "Name of the engine (furrow ls --all)")->required();
  verb->callback([&command, engine] { command.run = [engine] { return worker(*engine); }; });
}

}  // namespace furrow::cli
