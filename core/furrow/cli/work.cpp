#include <furrow/cli/work.hpp>

#include <spdlog/spdlog.h>

namespace furrow::cli {
namespace {

EngineOptions options_of(const Command& command) {
  EngineOptions options;
  options.workers = static_cast<std::size_t>(command.workers);
  return options;
}

}  // namespace

Work::Work(const Command& command, std::string label)
    : engine_(options_of(command)),
      progress_(std::move(label), !command.quiet && !command.no_progress) {
  spdlog::debug("engine {} with {} workers", engine_.name(), engine_.workers());
  if (os::interrupted()) throw Interrupted("interrupted before anything was done");
}

Work::~Work() {
  progress_.clear();
  std::uint64_t deaths = 0;
  for (const WorkerInfo& worker : engine_.worker_info()) deaths += worker.deaths;
  if (deaths > 0) {
    spdlog::warn("{} {} died and {} replaced; what they had in hand was done by others", deaths,
                 deaths == 1 ? "worker" : "workers", deaths == 1 ? "was" : "were");
  }
}

JobOptions Work::job(std::uint64_t bytes) {
  progress_.begin(bytes);
  JobOptions options;
  options.watch = [this](double done) {
    progress_.update(done);
    return !os::interrupted();
  };
  return options;
}

}  // namespace furrow::cli
