// furrow worker
#include <memory>

#include <spdlog/spdlog.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/verb.hpp>
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
  const Verb verb = add_verb(
      app, "worker",
      "Work for an engine until it ends, or until interrupted: then the tiles in hand are finished "
      "first (either way the exit code is 0)");
  verb.option("--engine", *engine, "Name of the engine (furrow ls --all)").required();
  verb.on_chosen([&command, engine] { command.run = [engine] { return worker(*engine); }; });
}

}  // namespace furrow::cli
