#include <furrow/os/fault.hpp>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

namespace furrow::os {
namespace detail {

std::atomic<int> fault_state{0};

}  // namespace detail

namespace {

struct Fault {
  std::string point;
  std::string action;
  std::string token;
  long nth = 1;
  std::atomic<long> passes{0};
  Fault() = default;
  Fault(const Fault& other)
      : point(other.point), action(other.action), token(other.token), nth(other.nth) {}
};

// Leaked on purpose: a point may be passed while static objects are being destroyed.
std::vector<Fault>& faults() {
  static auto* list = new std::vector<Fault>;
  return *list;
}

std::string_view cut(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view head = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return head;
}

void read_environment() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (detail::fault_state.load() != 0) return;
    const char* spec = std::getenv("FURROW_FAULT");
    set_fault(spec == nullptr ? "" : spec);
  });
}

}  // namespace

void set_fault(std::string_view spec) {
  faults().clear();
  while (!spec.empty()) {
    std::string_view one = cut(spec, ',');
    Fault fault;
    fault.point = cut(one, ':');
    fault.action = cut(one, ':');
    const std::string nth(cut(one, ':'));
    if (!nth.empty()) fault.nth = std::strtol(nth.c_str(), nullptr, 10);
    fault.token = one;
    if (!fault.point.empty()) faults().push_back(fault);
  }
  detail::fault_state.store(faults().empty() ? 1 : 2);
}

bool detail::fault_point_slow(const char* point) noexcept {
  if (fault_state.load() == 0) read_environment();
  for (Fault& fault : faults()) {
    if (fault.point != point) continue;
    if (fault.passes.fetch_add(1) + 1 != fault.nth) continue;
    if (!fault.token.empty() && std::remove(fault.token.c_str()) != 0) continue;
    if (fault.action == "fail") return true;
    act_on_fault(fault.action);
  }
  return false;
}

}  // namespace furrow::os
