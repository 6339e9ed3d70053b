#include <furrow/io/hdf5/owned_sinks.hpp>

#include <map>
#include <mutex>
#include <utility>

namespace furrow::hdf5 {
namespace {

struct Sinks {
  std::mutex mutex;
  std::map<std::uint64_t, std::unique_ptr<Sink>> open;
};

// Leaked on purpose: at the end of the process the library closes its files after static objects
// have gone, and would find their driver gone.
Sinks& sinks() {
  static auto* const all = new Sinks;
  return *all;
}

}  // namespace

void keep_sink(std::uint64_t session, std::unique_ptr<Sink> sink) {
  const std::lock_guard lock(sinks().mutex);
  sinks().open[session] = std::move(sink);
}

Sink* find_sink(std::uint64_t session) noexcept {
  const std::lock_guard lock(sinks().mutex);
  const auto found = sinks().open.find(session);
  return found == sinks().open.end() ? nullptr : found->second.get();
}

void drop_sink(std::uint64_t session) noexcept {
  std::unique_ptr<Sink> gone;  // outlives the lock
  const std::lock_guard lock(sinks().mutex);
  const auto found = sinks().open.find(session);
  if (found == sinks().open.end()) return;
  gone = std::move(found->second);
  sinks().open.erase(found);
}

}  // namespace furrow::hdf5
