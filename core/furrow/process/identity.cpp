#include <furrow/process/identity.hpp>

#include <cstring>
#include <utility>

#include <furrow/os/identity.hpp>

namespace furrow::process {
namespace {

struct Self {
  std::mutex mutex;
  Kinship kin;
  std::uint32_t children = 0;
  os::ProcessWatch parent;
};

// Leaked on purpose: other objects ask for it while they are destroyed.
Self*& self() {
  static auto* the_self = new Self;
  return the_self;
}

}  // namespace

namespace detail {
std::mutex& kinship_mutex() { return self()->mutex; }
Kinship& this_kinship() { return self()->kin; }
}  // namespace detail

Kinship kinship() {
  const std::lock_guard lock(self()->mutex);
  return self()->kin;
}

void become(Kinship kin) {
  // A new one: another thread may have held the mutex when this process was forked.
  auto* const fresh = new Self;
  fresh->kin = std::move(kin);
  fresh->parent = os::ProcessWatch(fresh->kin.parent_pid);
  self() = fresh;
}

std::vector<std::uint32_t> next_ancestry() {
  const std::lock_guard lock(self()->mutex);
  std::vector<std::uint32_t> numbers = self()->kin.ancestry;
  numbers.push_back(++self()->children);
  return numbers;
}

int parent_watch() noexcept { return self()->parent.get(); }
bool parent_is_dead() noexcept { return self()->parent.dead(); }

std::string shared_key() {
  const std::lock_guard lock(self()->mutex);
  std::string& key = self()->kin.authkey;
  while (key.size() < 32) {
    const std::uint64_t bits = os::random_bits();
    char bytes[sizeof bits];
    std::memcpy(bytes, &bits, sizeof bits);
    key.append(bytes, sizeof bits);
  }
  return key;
}

}  // namespace furrow::process
