#include <furrow/process/wait.hpp>

#include <algorithm>

#include <furrow/os/process.hpp>

namespace furrow::mp {
namespace {

constexpr std::int64_t look_again_ns = 2'000'000;

}  // namespace

std::vector<std::size_t> wait(const std::vector<Waitable>& sources, Timeout timeout) {
  const Deadline deadline(timeout);
  std::vector<int> descriptors;
  descriptors.reserve(sources.size());
  for (const Waitable& source : sources) descriptors.push_back(source.descriptor_);
  // A process for which the system had no handle is looked at now and then.
  const bool blind = std::any_of(sources.begin(), sources.end(), [](const Waitable& source) {
    return source.process_ && source.descriptor_ < 0;
  });
  for (;;) {
    const std::int64_t left = blind ? deadline.left_ns_within(look_again_ns) : deadline.left_ns();
    const std::vector<bool> ready = os::wait_ready(descriptors, left);
    std::vector<std::size_t> result;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const bool ended = blind && sources[i].process_ && !sources[i].process_->is_alive();
      if (ready[i] || ended) result.push_back(i);
    }
    if (!result.empty() || deadline.passed()) return result;
  }
}

}  // namespace furrow::mp
