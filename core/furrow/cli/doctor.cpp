// furrow doctor
#include <chrono>
#include <memory>

#include <fmt/format.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/text.hpp>
#include <furrow/cli/verb.hpp>
#include <furrow/engine/engine.hpp>
#include <furrow/engine/sweep.hpp>
#include <furrow/kernels/registry.hpp>
#include <furrow/os/cpu.hpp>
#include <furrow/os/file.hpp>
#include <furrow/os/memory.hpp>

namespace furrow::cli {
namespace {

struct Finding {
  std::string key;    // of the JSON object
  std::string what;   // in words
  std::string value;  // in words
  std::string json;   // the value
  std::string advice;
};

Finding simd() {
  const std::string target(kernels::target());
  return {"simd", "SIMD target", target, json_quoted(target), ""};
}

Finding cores() {
  const std::size_t count = os::granted_cores();
  return {"cores", "cores granted", std::to_string(count), std::to_string(count), ""};
}

Finding memory() {
  const std::uint64_t bytes = os::memory_available_bytes();
  return {"memory_available", "memory available", human_bytes(bytes), std::to_string(bytes), ""};
}

Finding room(const std::string& directory) {
  std::error_code error;
  const os::FileSystem system = os::file_system_of(directory, error);
  if (error) {
    return {"directory_free", "room in " + directory, error.message(), "null",
            fmt::format("make the directory {}, or set FURROW_DIR to one that exists", directory)};
  }
  Finding found{"directory_free", "room in " + directory, human_bytes(system.bytes_free),
                std::to_string(system.bytes_free), ""};
  if (!system.in_memory && !system.huge_pages) {
    found.advice = fmt::format(
        "{} is no file system in memory: arrays are written to its disk, too", directory);
  } else if (system.bytes_free < os::memory_available_bytes() / 4) {
    found.advice = fmt::format(
        "arrays can take less than a quarter of the memory there is: furrow gc removes what "
        "crashes left; as root, mount -o remount,size=80% {} gives more",
        directory);
  }
  return found;
}

Finding pages(const std::string& directory) {
  std::error_code error;
  const os::FileSystem system = os::file_system_of(directory, error);
  const std::string policy = os::huge_page_policy(directory);
  const bool huge = system.huge_pages || policy == "within_size" || policy == "always";
  Finding found{"huge_pages", "pages of arrays",
                huge ? "huge" : human_bytes(os::memory_page_bytes()), huge ? "true" : "false", ""};
  if (!huge && !policy.empty()) {
    found.advice = fmt::format(
        "new arrays cost a fraction with huge pages: as root, mount -o "
        "remount,huge=within_size {} (README, Huge pages)",
        directory);
  }
  return found;
}

Finding leftovers() {
  const std::size_t count = sweep(true).size();
  return {"leftovers", "left by crashes", fmt::format("{} segments", count), std::to_string(count),
          count == 0 ? "" : "furrow gc removes what crashed programs left behind"};
}

// The proof of all: workers start, and an array of ones has the sum it must have.
Finding engine(int workers, bool& works) {
  using Clock = std::chrono::steady_clock;
  try {
    const Clock::time_point start = Clock::now();
    EngineOptions options;
    options.workers = workers;
    Engine engine(options);
    const double ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    const auto ones = Array<double>::temporary({1 << 20});
    engine.fill(ones, 1.0);
    works = engine.sum(ones) == 1 << 20;
    return {"engine_ms", "engine",
            fmt::format("{} workers, started in {:.1f} ms", engine.workers(), ms),
            fmt::format("{:.3f}", ms), works ? "" : "the engine computes wrong sums here"};
  } catch (const Error& error) {
    works = false;
    return {"engine_ms", "engine", "does not start", "null", error.what()};
  }
}

int doctor(int workers, bool json) {
  const std::string directory = Place::default_place().directory;
  bool works = false;
  const std::vector<Finding> findings{simd(),
                                      cores(),
                                      memory(),
                                      room(directory),
                                      pages(directory),
                                      leftovers(),
                                      engine(workers, works)};
  std::vector<std::vector<std::string>> rows;
  std::string members;
  std::string advice;
  for (const Finding& one : findings) {
    rows.push_back({one.what, one.value});
    members += fmt::format("\"{}\": {}, ", one.key, one.json);
    if (one.advice.empty()) continue;
    advice += json ? (advice.empty() ? "" : ", ") + json_quoted(one.advice) : one.advice + "\n";
  }
  if (json) {
    print(fmt::format("{{{}\"directory\": {}, \"works\": {}, \"advice\": [{}]}}\n", members,
                      json_quoted(directory), works, advice));
  } else {
    print(table(rows, "ll") + (advice.empty() ? "" : "\n" + advice));
  }
  return works ? exit_done : exit_failed;
}

}  // namespace

void add_doctor(CLI::App& app, Command& command) {
  auto json = std::make_shared<bool>(false);
  const Verb verb =
      add_verb(app, "doctor", "What furrow finds on this machine, and what would make it faster");
  verb.flag("--json", *json,
            "An object: simd, cores, memory_available, directory, directory_free, huge_pages, "
            "leftovers, engine_ms, works, advice");
  verb.footer("Starts an engine and computes with it; exit code 1 where that fails.");
  verb.on_chosen([&command, json] {
    command.run = [&command, json] { return doctor(command.workers, *json); };
  });
}

}  // namespace furrow::cli
