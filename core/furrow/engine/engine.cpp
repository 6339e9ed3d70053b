#include <furrow/engine/engine.hpp>

#include <cmath>

#include <furrow/engine/coordinator.hpp>

namespace furrow {

struct Engine::State {
  std::shared_ptr<engine::Coordinator> coordinator;
};

Engine::Engine(const EngineOptions& options) : state_(std::make_unique<State>()) {
  state_->coordinator = std::make_shared<engine::Coordinator>(options);
  state_->coordinator->start_helpers();
}

Engine::~Engine() { state_->coordinator->stop(); }

void Engine::stop() { state_->coordinator->stop(); }

const std::string& Engine::name() const noexcept { return state_->coordinator->name(); }

std::uint64_t Engine::id() const noexcept {
  return state_->coordinator->view().control().engine_id;
}

std::size_t Engine::workers() const noexcept { return state_->coordinator->workers_alive(); }

std::vector<WorkerInfo> Engine::worker_info() const {
  std::vector<WorkerInfo> result;
  const engine::ControlView& view = state_->coordinator->view();
  const std::size_t used = view.control().slots_used.load();
  for (std::size_t w = 0; w < used; ++w) {
    const engine::Worker& worker = view.worker(w);
    const auto state = static_cast<engine::WorkerState>(worker.state.load());
    result.push_back({worker.pid.load(), state == engine::WorkerState::running,
                      worker.joined.load() != 0, worker.tiles.load(), worker.deaths.load()});
  }
  return result;
}

void Engine::load_plugin(const std::string& path) { state_->coordinator->load_plugin(path); }

std::shared_ptr<engine::JobState> Engine::start(engine::Job job) {
  return state_->coordinator->post(std::move(job));
}

engine::Gate& Engine::gate() const noexcept { return state_->coordinator->gate(); }

Engine::Boundary::Boundary(Engine& engine) : engine_(engine) {
  engine_.gate().close();
  try {
    engine_.state_->coordinator->wait_until_idle();
  } catch (...) {
    engine_.gate().open();
    throw;
  }
}

Engine::Boundary::~Boundary() { engine_.gate().open(); }

std::int64_t Engine::count(const AnyArray& x) {
  return static_cast<std::int64_t>(reduce("count_nonzero", x).u64);
}

Statistics Engine::statistics_of_moments(const AnyArray& x) {
  const kernels::ReduceResult result = reduce("mean_variance", x);
  Statistics statistics;
  statistics.count = static_cast<std::int64_t>(result.u64);
  statistics.mean = result.u64 > 0 ? result.f64[0] : std::nan("");
  statistics.variance =
      result.u64 > 1 ? result.f64[1] / static_cast<double>(result.u64 - 1) : std::nan("");
  return statistics;
}

}  // namespace furrow
