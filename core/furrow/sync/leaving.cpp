#include <furrow/sync/leaving.hpp>

#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>

#include <furrow/os/identity.hpp>

namespace furrow::mp {
namespace {

struct Registry {
  std::mutex mutex;
  std::uint64_t process = 0;
  std::map<std::byte*, Leave> entered;
};

// Leaked on purpose: objects may go with destructors of static ones.
Registry& registry() {
  static auto* the_registry = new Registry;
  return *the_registry;
}

/// What a parent entered is not the child's to leave.
void forget_of_parent(Registry& r) {
  if (r.process == os::this_process_id()) return;
  r.process = os::this_process_id();
  r.entered.clear();
}

}  // namespace

void enter(std::byte* body, Leave leave) {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  static const int registered = std::atexit([] { leave_all(); });
  static_cast<void>(registered);
  forget_of_parent(r);
  r.entered[body] = leave;
}

void leave(std::byte* body) noexcept {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  forget_of_parent(r);
  const auto found = r.entered.find(body);
  if (found == r.entered.end()) return;
  found->second(body);
  r.entered.erase(found);
}

void leave_all() noexcept {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  forget_of_parent(r);
  for (const auto& [body, leave] : r.entered) leave(body);
  r.entered.clear();
}

}  // namespace furrow::mp
