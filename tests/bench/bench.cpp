// The benchmarks, each named topic/who so that a table can put the peers side by side. tests/bench/
// run.py runs them alternately and computes the ratios; scripts/bench starts it.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/cpu.hpp>
#include <furrow/process/initialize.hpp>

#include "peers.hpp"

namespace {

using furrow::Array;
using furrow::Engine;
using furrow::EngineOptions;
using furrow::WaitPolicy;

furrow::CreateOptions owned() {
  furrow::CreateOptions options;
  options.lifetime = furrow::Lifetime::owned;
  return options;
}

std::int64_t big_elements() {
  const char* const log2 = std::getenv("FURROW_BENCH_LOG2");
  return std::int64_t{1} << (log2 != nullptr ? std::atoi(log2) : 27);
}

// --- dispatch: an empty job to every lane -------------------------------------------------------

// As OpenMP's team: the calling thread is one of the lanes.
void dispatch_furrow(benchmark::State& state, WaitPolicy policy) {
  EngineOptions options;
  options.wait = policy;
  options.participate = true;
  options.workers = std::max<std::size_t>(1, furrow::os::granted_cores() - 1);
  Engine engine(options);
  for (auto _ : state) engine.for_each_worker([](std::size_t) {});
}

void dispatch_openmp(benchmark::State& state) {
  for (auto _ : state) peers::openmp_empty();
}

// --- memory-bound work on 1 GiB -----------------------------------------------------------------

// One array for all, so that nobody pays for pages that another one touched.
struct Big {
  Engine once;
  Engine off;
  Array<double> x;

  Big()
      : once(EngineOptions{}),
        off([] {
          EngineOptions options;
          options.exactly_once = false;
          return options;
        }()),
        x(Array<double>::create("bench-big", {big_elements()}, owned())) {
    for (int pass = 0; pass < 2; ++pass) {
      once.fill(x, 0.5);
      off.fill(x, 0.5);
      peers::openmp_affine(x.data(), static_cast<std::size_t>(x.size()), 1.0, 0.0);
    }
  }
};

Big& big() {
  static Big instance;
  return instance;
}

template <class Work>
void on_big(benchmark::State& state, int bytes_per_element, Work work) {
  Big& all = big();
  for (auto _ : state) work(all);
  state.SetBytesProcessed(state.iterations() * all.x.size() * bytes_per_element);
}

// --- exp, one core, in the first-level cache ----------------------------------------------------

void exp_of(benchmark::State& state, void (*exp)(double*, std::size_t)) {
  constexpr std::size_t n = 1024;
  alignas(64) static double x[n];
  alignas(64) static double start[n];
  for (std::size_t i = 0; i < n; ++i) start[i] = -30.0 + 60.0 * static_cast<double>(i) / n;
  for (auto _ : state) {
    std::memcpy(x, start, sizeof x);  // exp in place grows; the copy is the same for all
    exp(x, n);
    benchmark::DoNotOptimize(x[0]);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(n));
}

void furrow_exp(double* x, std::size_t n) {
  using namespace furrow;
  static const kernels::Variant* const variant = [] {
    const Dtype in[] = {Dtype::f64};
    return kernels::find_variant(*kernels::find("exp"), in, Dtype::f64);
  }();
  kernels::MapCall call{};
  call.out = x;
  call.in[0] = x;
  call.out_stride = 1;
  call.in_stride[0] = 1;
  call.count = n;
  variant->map(call);
}

// --- starting, attaching, creating --------------------------------------------------------------

void engine_start(benchmark::State& state) {
  for (auto _ : state) {
    auto engine = std::make_unique<Engine>(EngineOptions{});
    state.PauseTiming();
    engine.reset();
    state.ResumeTiming();
  }
}

void attach_furrow(benchmark::State& state) {
  const auto x = Array<double>::create("bench-attach", {1 << 20}, owned());
  for (auto _ : state) {
    const auto same = Array<double>::attach("bench-attach");
    benchmark::DoNotOptimize(same.data());
  }
}

void attach_bare(benchmark::State& state) {
  const auto x = Array<double>::create("bench-attach", {1 << 20}, owned());
  const std::string path = furrow::Place::default_place().path_of("bench-attach");
  for (auto _ : state) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    struct stat status {};
    ::fstat(fd, &status);
    const auto bytes = static_cast<std::size_t>(status.st_size);
    void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    benchmark::DoNotOptimize(memory);
    ::munmap(memory, bytes);
    ::close(fd);
  }
}

constexpr std::int64_t gibibyte = std::int64_t{1} << 30;

void create_furrow(benchmark::State& state) {
  Engine engine{EngineOptions{}};
  for (auto _ : state) {
    auto x = Array<double>::create("bench-create", {gibibyte / 8}, owned());
    engine.fill(x, 1.0);
    state.PauseTiming();
    x = {};
    engine.for_each_worker([](std::size_t) {});  // every worker has let it go
    state.ResumeTiming();
  }
}

void create_bare(benchmark::State& state) {
  for (auto _ : state) {
    const int fd = ::memfd_create("bench", MFD_CLOEXEC);
    if (::ftruncate(fd, gibibyte) != 0) state.SkipWithError("no room");
    auto* const memory =
        static_cast<double*>(::mmap(nullptr, gibibyte, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    for (std::int64_t i = 0; i < gibibyte / 8; ++i) memory[i] = 1.0;
    benchmark::ClobberMemory();
    state.PauseTiming();
    ::munmap(memory, gibibyte);
    ::close(fd);
    state.ResumeTiming();
  }
}

// --- the list -----------------------------------------------------------------------------------

void register_all() {
  namespace b = benchmark;
  const auto add = [](const char* name, auto f) {
    return b::RegisterBenchmark(name, f)->UseRealTime();
  };
  add("dispatch_active/furrow", [](b::State& s) { dispatch_furrow(s, WaitPolicy::active); });
  add("dispatch_active/libgomp", dispatch_openmp);
  add("dispatch_passive/furrow", [](b::State& s) { dispatch_furrow(s, WaitPolicy::passive); });
  add("dispatch_passive/libgomp", dispatch_openmp);

  const auto affine = [](Engine& engine, Array<double>& x) {
    engine.apply("affine", x, {0.999, 0.001});
  };
  add("affine_in_place/furrow",
      [affine](b::State& s) { on_big(s, 16, [affine](Big& all) { affine(all.once, all.x); }); })
      ->Unit(b::kMillisecond)
      ->MinTime(0.3);
  add("affine_in_place/furrow_not_once",
      [affine](b::State& s) { on_big(s, 16, [affine](Big& all) { affine(all.off, all.x); }); })
      ->Unit(b::kMillisecond)
      ->MinTime(0.3);
  add("affine_in_place/openmp",
      [](b::State& s) {
        on_big(s, 16, [](Big& all) {
          peers::openmp_affine(all.x.data(), static_cast<std::size_t>(all.x.size()), 0.999, 0.001);
        });
      })
      ->Unit(b::kMillisecond)
      ->MinTime(0.3);
  add("sum/furrow",
      [](b::State& s) {
        on_big(s, 8, [](Big& all) { benchmark::DoNotOptimize(all.once.sum(all.x)); });
      })
      ->Unit(b::kMillisecond)
      ->MinTime(0.3);
  add("sum/openmp",
      [](b::State& s) {
        on_big(s, 8, [](Big& all) {
          benchmark::DoNotOptimize(
              peers::openmp_sum(all.x.data(), static_cast<std::size_t>(all.x.size())));
        });
      })
      ->Unit(b::kMillisecond)
      ->MinTime(0.3);

  add("exp/furrow", [](b::State& s) { exp_of(s, furrow_exp); });
  add("exp/sleef", [](b::State& s) { exp_of(s, peers::sleef_exp); });
  add("exp/xtensor", [](b::State& s) { exp_of(s, peers::xtensor_exp); });
  add("exp/eigen", [](b::State& s) { exp_of(s, peers::eigen_exp); });
  add("exp/libmvec", [](b::State& s) { exp_of(s, peers::libmvec_exp); });
  add("exp/libm", [](b::State& s) { exp_of(s, peers::libm_exp); });

  add("engine_start/furrow", engine_start)->Unit(b::kMillisecond)->Iterations(20);
  add("attach/furrow", attach_furrow)->Unit(b::kMicrosecond);
  add("attach/bare_mmap", attach_bare)->Unit(b::kMicrosecond);
  add("create_1GiB/furrow", create_furrow)->Unit(b::kMillisecond)->Iterations(3);
  add("create_1GiB/one_process", create_bare)->Unit(b::kMillisecond)->Iterations(3);
}

}  // namespace

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
