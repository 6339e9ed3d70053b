// The Ising model: Onsager's energy and Yang's magnetisation, small lattices by all of their
// states, and a checkerboard whose workers are killed.
#include <signal.h>

#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <thread>

#include <furrow/error.hpp>
#include <furrow/kernels/random/random.hpp>
#include <furrow/montecarlo/models/ising_exact.hpp>
#include <furrow/montecarlo/models/series.hpp>

#include "core/montecarlo/models/expect.hpp"

using namespace furrow;
using namespace furrow::test;

TEST_CASE("Ising has Onsager's energy and Yang's magnetisation") {
  Engine engine;
  const auto cold = check_model(engine, "ising", 2000, {{"size", "96"}, {"temperature", "2"}});
  // The known values at T = 2.
  CHECK(cold.outputs[0].exact == Approx(-1.7455645753).epsilon(1e-9));
  CHECK(cold.outputs[1].exact == Approx(0.9113193).epsilon(1e-6));
  const auto hot = models::run(engine, "ising", {.paths = 2000, .seed = 20},
                               {{"size", "96"}, {"temperature", "3.2"}, {"warmup", "100"}});
  check_within_five_errors(hot.outputs[0], hot.outputs[0].exact);
  CHECK(std::isnan(hot.outputs[1].exact));
  const auto critical =
      models::run(engine, "ising", {.paths = 100}, {{"size", "96"}, {"temperature", "2.268"}});
  CHECK(critical.outputs[0].exact == Approx(-1.4235243062).epsilon(1e-9));
  CHECK(std::isnan(critical.outputs[1].exact));
  // The times, few sweeps for them, and the correlation length; perhaps few to warm up.
  CHECK(critical.notes.size() >= 3);
  CHECK_THAT(critical.notes[0], Catch::Matchers::Contains("autocorrelation times"));
  CHECK_THAT(critical.notes[1], Catch::Matchers::Contains("few for such times"));
}

TEST_CASE("Ising on a lattice of four by four is the sum over its states") {
  const double temperature = 2.5;
  double weights = 0;
  double energies = 0;
  double magnetisations = 0;
  for (unsigned state = 0; state < 65536; ++state) {
    const auto spin = [&](int row, int column) {
      return (state >> (row % 4 * 4 + column % 4) & 1) != 0 ? 1 : -1;
    };
    int energy = 0;
    int sum = 0;
    for (int row = 0; row < 4; ++row) {
      for (int column = 0; column < 4; ++column) {
        energy -= spin(row, column) * (spin(row + 1, column) + spin(row, column + 1));
        sum += spin(row, column);
      }
    }
    const double weight = std::exp(-energy / temperature);
    weights += weight;
    energies += weight * energy / 16;
    magnetisations += weight * std::abs(sum) / 16;
  }
  Engine engine;
  const auto result = models::run(engine, "ising", {.paths = 20'000, .seed = 8},
                                  {{"size", "4"}, {"temperature", "2.5"}});
  check_within_five_errors(result.outputs[0], energies / weights);
  CHECK(result.outputs[0].exact == Approx(energies / weights).epsilon(1e-12));
  check_within_five_errors(result.outputs[1], magnetisations / weights);
}

TEST_CASE("Ising with workers killed again and again: the same bits") {
  const models::Given given{{"size", "512"}, {"warmup", "0"}};
  const MonteCarloOptions options{.paths = 300, .seed = 3};
  EngineOptions two;
  two.workers = 2;
  double expected = 0;
  {
    Engine engine(two);
    expected = models::run(engine, "ising", options, given).outputs[0].estimate.mean;
  }
  Engine engine(two);
  std::atomic<bool> done = false;
  std::thread killer([&] {
    for (std::size_t turn = 0; !done; ++turn) {
      const auto workers = engine.worker_info();
      if (!workers.empty()) {
        const auto pid = static_cast<pid_t>(workers[turn % workers.size()].pid);
        if (pid > 0) ::kill(pid, SIGKILL);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(15));
    }
  });
  const auto result = models::run(engine, "ising", options, given);
  done = true;
  killer.join();
  CHECK(result.outputs[0].estimate.mean == expected);
  std::uint64_t deaths = 0;
  for (const WorkerInfo& worker : engine.worker_info()) deaths += worker.deaths;
  CHECK(deaths > 0);
}

TEST_CASE("Ising stops for its error, and refuses what it does not know") {
  Engine engine;
  const models::Given given{{"size", "64"}};
  const auto result =
      models::run(engine, "ising", {.paths = 20'000, .error = 0.002, .seed = 1}, given);
  CHECK(result.simulation.stop == Stop::error);
  CHECK(result.outputs[0].estimate.standard_error <= 0.002);
  CHECK(result.simulation.paths < 20'000);
  // With another end a greater number than it ever does is none.
  const auto any =
      models::run(engine, "ising", {.paths = 100'000'000'000, .error = 0.01, .seed = 1}, given);
  CHECK(any.simulation.stop == Stop::error);
  CHECK_THROWS_AS(models::run(engine, "ising", {.paths = 100'000'000'000}, given), InvalidArgument);
  CHECK_THROWS_AS(models::run(engine, "ising", {.paths = 10}, {{"size", "5"}}), InvalidArgument);
  CHECK_THROWS_AS(models::run(engine, "ising", {.paths = 10, .checkpoint = "x.h5"}, given),
                  InvalidArgument);
  CHECK_THROWS_AS(models::run(engine, "ising", {.paths = 10, .antithetic = true}, given),
                  InvalidArgument);
}

TEST_CASE("a series that remembers has the error that its scatter has") {
  // x' = r x + sqrt(1 - r²) z: τ = 1/2 + r/(1 - r), and the mean's variance is 2 τ/n, nearly.
  for (const double r : {0.0, 0.5, 0.95}) {
    const double tau = 0.5 + r / (1 - r);
    INFO("r " << r);
    for (const std::size_t n : {1000u, 20'000u}) {
      constexpr int runs = 200;
      double squares = 0;
      double taus = 0;
      for (int run = 0; run < runs; ++run) {
        std::vector<double> x(n);
        kernels::random_normal<double>(x, {.seed = 5, .stream = static_cast<std::uint64_t>(run)});
        for (std::size_t i = 1; i < n; ++i) x[i] = r * x[i - 1] + std::sqrt(1 - r * r) * x[i];
        const models::SeriesEstimate found = models::series_estimate(x, 0.95);
        const double away = found.estimate.mean / found.estimate.standard_error;
        squares += away * away / runs;
        taus += found.tau / runs;
      }
      // 200 squares scatter by 1/10 of their mean; errors of 25 to 50 τ add a tenth.
      CHECK(squares == Approx(1.1).margin(0.5));
      CHECK(taus == Approx(tau).epsilon(n == 1000 ? 0.25 : 0.05));
    }
  }
  const auto still = models::series_estimate(std::vector<double>(100, 3.0), 0.95);
  CHECK(still.estimate.standard_error == 0);
  CHECK(std::isnan(models::series_estimate({1, 2}, 0.95).estimate.standard_error));
}

TEST_CASE("the energy of a torus is the infinite lattice's where that is large, and between") {
  for (const double t : {0.5, 1.0, 2.0, 3.2, 10.0}) {
    INFO(t);
    CHECK(models::ising_torus_energy(512, t) ==
          Approx(models::ising_infinite_energy(t)).epsilon(1e-11));
  }
  // At the critical temperature it comes near as 1/n: Ferdinand and Fisher, -0.62 / n or so.
  const double critical = models::ising_critical_temperature();
  const double limit = -std::sqrt(2.0);
  double before = models::ising_torus_energy(16, critical) - limit;
  for (const std::int64_t n : {32, 64, 128, 1024, 8192}) {
    const double off = models::ising_torus_energy(n, critical) - limit;
    INFO(n);
    CHECK(off < 0);
    CHECK(off / before == Approx(n == 1024 ? 0.125 : n == 8192 ? 0.125 : 0.5).epsilon(0.01));
    before = off;
  }
  // Slopes next to it are finite.
  CHECK(models::ising_torus_energy(64, critical * (1 + 1e-15)) ==
        Approx(models::ising_torus_energy(64, critical)).epsilon(1e-9));
}

TEST_CASE("an autocorrelation time has the error that its scatter has") {
  const double r = 0.9;
  const double tau = 0.5 + r / (1 - r);
  for (const std::size_t n : {2000u, 20'000u}) {
    constexpr int runs = 400;
    double sum = 0;
    double squares = 0;
    double claimed = 0;
    for (int run = 0; run < runs; ++run) {
      std::vector<double> x(n);
      kernels::random_normal<double>(x, {.seed = 6, .stream = static_cast<std::uint64_t>(run)});
      for (std::size_t i = 1; i < n; ++i) x[i] = r * x[i - 1] + std::sqrt(1 - r * r) * x[i];
      const models::SeriesEstimate found = models::series_estimate(x, 0.95);
      sum += found.tau / runs;
      squares += found.tau * found.tau / runs;
      claimed += found.tau_error / runs;
    }
    INFO(n << ": " << sum << " of " << tau);
    CHECK(std::sqrt(squares - sum * sum) == Approx(claimed).epsilon(0.2));
  }
}

TEST_CASE("a series that stops for its error has that error") {
  // At the numbers of values at which Ising looks, over seeds. By τ itself, after 100 of it, the
  // deviations' standard deviation is 1.19 for r = 0.98.
  for (const double r : {0.9, 0.98}) {
    constexpr int runs = 400;
    double squares = 0;
    for (int run = 0; run < runs; ++run) {
      std::vector<double> all(1 << 16);
      kernels::random_normal<double>(all, {.seed = 7, .stream = static_cast<std::uint64_t>(run)});
      for (std::size_t i = 1; i < all.size(); ++i) {
        all[i] = r * all[i - 1] + std::sqrt(1 - r * r) * all[i];
      }
      models::SeriesEstimate found;
      for (std::size_t n = 512; n <= all.size(); n += std::bit_floor(n) / 4) {
        const auto part = all.begin() + static_cast<std::ptrdiff_t>(n);
        found = models::series_estimate({all.begin(), part}, 0.95);
        if (models::is_accurate(found, n, 0.12)) break;
      }
      REQUIRE(found.estimate.standard_error <= 0.12);
      squares += std::pow(found.estimate.mean / found.estimate.standard_error, 2) / runs;
    }
    INFO("r " << r);
    CHECK(std::sqrt(squares) <= 1.15);
    CHECK(std::sqrt(squares) >= 0.85);
  }
}

TEST_CASE("near its critical temperature Ising waits for its autocorrelation time") {
  Engine engine;
  const models::Given given{{"size", "32"}, {"temperature", "2.27"}};
  // However large an error will do, 200 autocorrelation times are waited for: hundreds of sweeps
  // each.
  const auto early = models::run(engine, "ising", {.paths = 20'000, .error = 1, .seed = 3}, given);
  CHECK(early.simulation.paths > 1500);
  // Two outputs' covariance is that of their samples: a cold lattice has less energy.
  CHECK(early.simulation.covariance(0, 1) < 0);
  CHECK(early.simulation.correlation(0, 1) > -1);
}
