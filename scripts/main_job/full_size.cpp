#include "full_size.hpp"

#include <omp.h>

#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <thread>

#include <fmt/format.h>

#include <furrow/os/file.hpp>
#include <furrow/os/process.hpp>

namespace {

constexpr std::int64_t elements_wanted = std::int64_t{1} << 28;  // 2 GiB of f64
constexpr double mu = 0.0003;
constexpr double sigma = 0.0115;

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// As many elements as fit with room to spare.
std::int64_t elements_that_fit() {
  std::error_code error;
  const furrow::os::FileSystem place =
      furrow::os::file_system_of(furrow::Place::default_place().directory, error);
  std::int64_t elements = elements_wanted;
  while (!error && elements > 1024 &&
         static_cast<std::uint64_t>(elements) * 8 > place.bytes_free / 10 * 9) {
    elements /= 2;
  }
  return elements;
}

// A number that changes with any bit of any element, and with its place.
std::uint64_t fingerprint(furrow::Engine& engine, const furrow::Array<double>& x) {
  const auto view = x.cview();
  const auto add = [view](std::uint64_t& sum, std::int64_t i) {
    std::uint64_t z =
        std::bit_cast<std::uint64_t>(view[i]) + static_cast<std::uint64_t>(i) * 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;  // splitmix64's finaliser (Steele et al., 2014)
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    sum += z ^ (z >> 31);
  };
  const auto combine = [](std::uint64_t& left, const std::uint64_t& right) { left += right; };
  return engine.reduce_indices_async(x.size(), 1024, std::uint64_t{0}, add, combine).get();
}

struct Run {
  double fill_s;
  double affine_s;
  double exp_s;
  std::uint64_t bits;
  double mean;
};

// Kills a worker as soon as the job has done a third of its tiles.
void kill_one(furrow::Engine& engine, furrow::Future<void>& job) {
  while (job.progress() < 0.33) std::this_thread::sleep_for(std::chrono::microseconds(200));
  for (const furrow::WorkerInfo& worker : engine.worker_info()) {
    if (!worker.alive) continue;
    furrow::os::kill_now(worker.pid);
    fmt::print("  kill -9 {} at {:.0f} % of the job in place\n", worker.pid, 100 * job.progress());
    return;
  }
}

// x = exp(sigma * z + mu) in place, z standard normal.
Run run(furrow::Engine& engine, const furrow::Array<double>& x, bool with_kill) {
  Run result{};
  result.fill_s = seconds_of([&] { engine.apply("random_normal", x, {std::uint64_t{2026}}); });
  result.affine_s = seconds_of([&] {
    const furrow::Value parameters[] = {sigma, mu};
    furrow::Future<void> job = engine.apply_async("affine", x, parameters);
    if (with_kill) kill_one(engine, job);
    job.get();
  });
  result.exp_s = seconds_of([&] { engine.apply("exp", x); });
  result.bits = fingerprint(engine, x);
  result.mean = engine.mean(x);
  return result;
}

// The same two steps by plain OpenMP loops in this process, on the same memory.
Run run_openmp(furrow::Engine& engine, const furrow::Array<double>& x) {
  Run result{};
  engine.apply("random_normal", x, {std::uint64_t{2026}});
  double* const data = x.data();
  const std::int64_t n = x.size();
  // This process has not touched these pages yet: not a cost of the loops below.
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < n; i += 512) data[i] = data[i] + 0.0;
  result.affine_s = seconds_of([&] {
#pragma omp parallel for simd schedule(static)
    for (std::int64_t i = 0; i < n; ++i) data[i] = sigma * data[i] + mu;
  });
  result.exp_s = seconds_of([&] {
#pragma omp parallel for simd schedule(static)
    for (std::int64_t i = 0; i < n; ++i) data[i] = std::exp(data[i]);
  });
  return result;
}

}  // namespace

bool full_size(furrow::Engine& engine) {
  furrow::CreateOptions owned;
  owned.lifetime = furrow::Lifetime::owned;
  const std::int64_t n = elements_that_fit();
  const auto x = furrow::Array<double>::create("normals", {n}, owned);
  const double gigabytes = static_cast<double>(n) * 8e-9;
  fmt::print("\n{} of f64 ({:.2f} GiB{}), exp(sigma*z + mu) in place:\n", to_string(x.shape()),
             static_cast<double>(x.bytes()) / (1 << 30),
             n < elements_wanted ? ", all that the place has room for" : "");

  engine.apply("random_normal", x, {std::uint64_t{1}});  // first touch of the pages
  const Run calm = run(engine, x, false);
  const Run killed = run(engine, x, true);
  const Run openmp = run_openmp(engine, x);

  // `passes` over memory: 1 where elements are only written, 2 where they are read and written.
  const auto line = [&](const char* what, int passes, double ours, double with_kill, double peer) {
    const auto rate = [&](double s) { return passes * gigabytes / s; };
    fmt::print("  {:<10}{:>8.3f} s {:>6.1f} GB/s   {:>8.3f} s {:>6.1f} GB/s   ", what, ours,
               rate(ours), with_kill, rate(with_kill));
    if (peer > 0) {
      fmt::print("{:>8.3f} s {:>6.1f} GB/s   {:>5.2f} x\n", peer, rate(peer), peer / ours);
    } else {
      fmt::print("\n");
    }
  };
  fmt::print("  {:<10}{:>22}   {:>22}   {:>22}   {:>7}\n", "", "furrow", "furrow, one killed",
             fmt::format("OpenMP, {} threads", omp_get_max_threads()), "speed");
  line("normals", 1, calm.fill_s, killed.fill_s, 0);
  line("a*x + b", 2, calm.affine_s, killed.affine_s, openmp.affine_s);
  line("exp", 2, calm.exp_s, killed.exp_s, openmp.exp_s);
  fmt::print("  bits      {:016x}   {:016x}   {}\n", calm.bits, killed.bits,
             calm.bits == killed.bits ? "the same" : "DIFFERENT");
  fmt::print("  mean      {:.15f}, expected exp(mu + sigma^2/2) = {:.15f}\n", calm.mean,
             std::exp(mu + sigma * sigma / 2));
  return calm.bits == killed.bits;
}
