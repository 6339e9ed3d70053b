#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <furrow/engine/engine.hpp>
#include <furrow/error.hpp>
#include <furrow/io/hdf5_snapshot.hpp>

namespace furrow::hdf5 {
namespace {

namespace fs = std::filesystem;

struct Numbered {
  std::uint64_t number;
  std::string path;
};

// Those of "dir/run.h5" in dir, by number.
std::vector<Numbered> numbered(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const std::string begin = path.stem().string() + ".";
  const std::string end = path.extension().string();
  std::vector<Numbered> all;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), last; !error && it != last; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.size() <= begin.size() + end.size() || name.compare(0, begin.size(), begin) != 0 ||
        name.compare(name.size() - end.size(), end.size(), end) != 0) {
      continue;
    }
    Numbered each{0, it->path().string()};
    const char* const first = name.data() + begin.size();
    const char* const stop = name.data() + name.size() - end.size();
    const auto [at, failed] = std::from_chars(first, stop, each.number);
    if (failed == std::errc() && at == stop && *first != '0') all.push_back(std::move(each));
  }
  if (error) {
    throw NotFound("cannot look for checkpoints in \"" + folder.string() +
                   "\": " + error.message());
  }
  std::sort(all.begin(), all.end(),
            [](const Numbered& a, const Numbered& b) { return a.number < b.number; });
  return all;
}

}  // namespace

struct Checkpoints::State {
  Engine& engine;
  std::vector<AnyArray> arrays;
  fs::path path;
  CheckpointOptions options;
  std::mutex saving;  // one at a time
  std::uint64_t number = 0;

  std::mutex mutex{};
  std::condition_variable changed{};
  bool stop = false;
  std::exception_ptr error{};
  std::thread thread{};

  std::string save() {
    const std::lock_guard lock(saving);
    fs::path file = path;
    file.replace_filename(path.stem().string() + "." + std::to_string(number + 1) +
                          path.extension().string());
    snapshot(engine, arrays, file.string(), options.save);
    ++number;
    std::vector<Numbered> all = numbered(path);
    const auto keep = static_cast<std::size_t>(options.keep);
    for (std::size_t i = 0; i + keep < all.size(); ++i) {
      std::error_code ignored;  // somebody may have been faster
      fs::remove(all[i].path, ignored);
    }
    return file.string();
  }

  void run() {
    std::unique_lock lock(mutex);
    const auto every = std::chrono::nanoseconds(options.every_ns);
    auto next = std::chrono::steady_clock::now() + every;
    while (!changed.wait_until(lock, next, [this] { return stop; })) {
      lock.unlock();
      std::exception_ptr failed;
      try {
        save();
      } catch (...) {
        failed = std::current_exception();
      }
      lock.lock();
      if (failed) error = failed;
      next = std::max(next + every, std::chrono::steady_clock::now());
    }
  }

  void end() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    changed.notify_all();
    if (thread.joinable()) thread.join();
  }
};

Checkpoints::Checkpoints(Engine& engine, std::span<const AnyArray> arrays, const std::string& path,
                         const CheckpointOptions& options) {
  if (options.keep < 1) throw InvalidArgument("at least one checkpoint has to be kept");
  if (options.every_ns < 0) throw InvalidArgument("the time between checkpoints is negative");
  if (fs::path(path).stem().empty()) {
    throw InvalidArgument("\"" + path + "\" names no file; checkpoints of run.h5 are run.1.h5, …");
  }
  const fs::path absolute = fs::absolute(path);
  const std::vector<Numbered> there = numbered(absolute);
  state_.reset(new State{engine,
                         {arrays.begin(), arrays.end()},
                         absolute,
                         options,
                         {},
                         there.empty() ? 0 : there.back().number});
  if (options.every_ns > 0) state_->thread = std::thread([this] { state_->run(); });
}

Checkpoints::~Checkpoints() { state_->end(); }

std::string Checkpoints::save() { return state_->save(); }

void Checkpoints::stop() {
  state_->end();
  if (state_->error) std::rethrow_exception(std::exchange(state_->error, nullptr));
}

std::optional<std::string> latest_checkpoint(const std::string& path) {
  if (fs::path(path).stem().empty()) {
    throw InvalidArgument("\"" + path + "\" names no file; checkpoints of run.h5 are run.1.h5, …");
  }
  if (!fs::exists(fs::absolute(path).parent_path())) return std::nullopt;
  const std::vector<Numbered> there = numbered(fs::absolute(path));
  if (there.empty()) return std::nullopt;
  return there.back().path;
}

}  // namespace furrow::hdf5
