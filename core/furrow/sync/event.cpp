#include <furrow/sync/event.hpp>

#include <furrow/os/fault.hpp>
#include <furrow/os/futex.hpp>
#include <furrow/sync/waiting.hpp>

namespace furrow::mp {
namespace {

constexpr ObjectKind kind{ObjectType::event, 1, "Event"};

}  // namespace

Event::Event() {
  if (!Decoding::active()) *this = create("");
}
Event Event::create(std::string_view name) {
  return Event(SharedObject::create(kind, name, sizeof(EventBody)));
}
Event Event::attach(std::string_view name) {
  return Event(SharedObject::attach(kind, name, sizeof(EventBody)));
}

void Event::set() const noexcept {
  std::uint32_t seen = word().load(std::memory_order_relaxed);
  do {
    if ((seen & 1) != 0) return;
  } while (!word().compare_exchange_weak(seen, seen + 3, std::memory_order_acq_rel));
  os::fault_point("event.set");
  os::futex_wake(word(), os::wake_all);
}

void Event::clear() const noexcept { word().fetch_and(~1U, std::memory_order_acq_rel); }

bool Event::is_set() const noexcept { return (word().load(std::memory_order_acquire) & 1) != 0; }

bool Event::wait(Timeout timeout) const noexcept {
  const Deadline deadline(timeout);
  const std::uint32_t begin = word().load(std::memory_order_acquire);
  for (std::uint32_t now = begin; (now & 1) == 0 && now >> 1 == begin >> 1;
       now = word().load(std::memory_order_acquire)) {
    if (!sleep_while(word(), now, deadline)) {
      now = word().load(std::memory_order_acquire);
      return (now & 1) != 0 || now >> 1 != begin >> 1;
    }
  }
  return true;
}

}  // namespace furrow::mp
