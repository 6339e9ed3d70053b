// furrow/sync/event.hpp
//
// A flag that processes wait for.
//
//   mp::Event ready;
//   ready.set();                 // all who wait go on
//   if (ready.wait(100ms)) …     // false: the time ran out
//
// Pulse    set and clear right after each other let go everybody who was waiting, unlike Python
// Crash    a killed waiter is nobody's concern. Who is killed in set has set it or has not; waiters
//          notice within 50 ms where it could not wake them any more
// Names    shared_object.hpp; copies of a handle are the same event
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <furrow/sync/by_name.hpp>
#include <furrow/sync/shared_object.hpp>
#include <furrow/sync/timeout.hpp>

namespace furrow::mp {

/// Bit 0: it is set. The bits above count how often it was.
struct EventBody {
  std::atomic<std::uint32_t> word;
  std::uint8_t unused[line_bytes - 4];
};
static_assert(sizeof(EventBody) == line_bytes);

class Event : public GoesByName<Event> {
 public:
  Event();
  static Event create(std::string_view name);
  static Event attach(std::string_view name);

  void set() const noexcept;
  void clear() const noexcept;
  bool is_set() const noexcept;
  /// True when it is or was set meanwhile; false: the time ran out.
  bool wait(Timeout timeout = {}) const noexcept;

  const std::string& name() const { return object_.name(); }

 private:
  explicit Event(SharedObject object) : object_(std::move(object)) {}
  std::atomic<std::uint32_t>& word() const noexcept { return object_.as<EventBody>().word; }
  SharedObject object_;
};

}  // namespace furrow::mp
