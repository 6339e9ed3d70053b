#include <furrow/sync/describe.hpp>

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include <furrow/os/robust_mutex.hpp>
#include <furrow/sync/barrier_layout.hpp>
#include <furrow/sync/condition_layout.hpp>
#include <furrow/sync/event.hpp>
#include <furrow/sync/layout.hpp>
#include <furrow/sync/mutex.hpp>
#include <furrow/sync/ring_layout.hpp>
#include <furrow/sync/semaphore_layout.hpp>
#include <furrow/sync/value_layout.hpp>

namespace furrow::mp {
namespace {

std::string counted(std::uint64_t number, const char* one, const char* many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

std::string holder_of(const os::RobustMutex& mutex, const char* free) {
  const std::uint64_t thread = os::robust_mutex_holder(mutex);
  return thread == 0 ? free : fmt::format("held by thread {}", thread);
}

std::string state_of(const MutexBody& body) {
  std::string text = holder_of(body.mutex, "free");
  const std::uint32_t deaths = body.deaths.load(std::memory_order_relaxed);
  if (deaths != 0)
    text += fmt::format(", {} died holding it", counted(deaths, "holder", "holders"));
  return text;
}

std::string state_of(const SemaphoreBody& body) {
  std::string text = counted(body.value.load(), "permit", "permits") + " to be had";
  if (body.bounded != 0) return text + fmt::format(", of {}", body.bound);
  if (body.gives_back != 0) return text + fmt::format(", of {}", body.total.load());
  return text;
}

std::string state_of(const EventBody& body) {
  return (body.word.load() & 1) != 0 ? "set" : "not set";
}

std::string state_of(const ConditionBody& body) {
  // The slots follow the body; const, for nobody writes to what is looked at.
  const auto* const slots = reinterpret_cast<const ConditionSlot*>(&body + 1);
  const auto waiting = std::count_if(slots, slots + body.used, [](const ConditionSlot& slot) {
    return slot.state.load() == ConditionSlot::waiting;
  });
  const std::string lock = body.lock_type == 0 ? "its lock is " + state_of(body.own) : "";
  return counted(static_cast<std::uint64_t>(waiting), "waiter", "waiters") +
         (lock.empty() ? "" : ", " + lock);
}

std::string state_of(const BarrierBody& body) {
  const auto reason = [&]() -> const char* {
    switch (body.reason.load()) {
      case BarrierBody::aborted: return "somebody called abort";
      case BarrierBody::timed_out: return "a wait ran out of time";
      case BarrierBody::action_threw: return "its action threw";
      case BarrierBody::party_died: return "a party died";
      default: return "for an unknown reason";
    }
  };
  if (body.state.load() == BarrierBody::broken) return fmt::format("broken: {}", reason());
  return fmt::format("{} of {} parties have come", body.arrived, body.parties);
}

std::string state_of(const RingBody& body, std::uint32_t type) {
  const std::uint32_t puts = body.puts.word.load();
  const std::uint32_t gets = body.gets.word.load();
  std::string text = counted(puts - gets, "message", "messages");
  // Without a bound of the user's it is that of the layout.
  if (body.items_max < std::uint32_t{1} << 31) text += fmt::format(", at most {}", body.items_max);
  if (type == static_cast<std::uint32_t>(ObjectType::joinable_queue)) {
    text += fmt::format(", {} taken and not reported done", gets - body.done.word.load());
  }
  return text;
}

std::string state_of(const ValueBody& body) { return "its lock is " + state_of(body.lock); }
std::string state_of(const ArrayBody& body) {
  return counted(body.count, "element", "elements") + ", its lock is " + state_of(body.lock);
}
std::string state_of(const RawArrayBody& body) {
  return counted(body.count, "element", "elements");
}

constexpr const char* damaged = "damaged: it is shorter than its kind is";

/// Of a body that is long enough to be one.
template <class Body, class... More>
std::string seen(std::span<const std::byte> body, More... more) {
  if (body.size() < sizeof(Body)) return damaged;
  return state_of(*reinterpret_cast<const Body*>(body.data()), more...);
}

std::string state_of_condition(std::span<const std::byte> body) {
  if (body.size() < sizeof(ConditionBody)) return damaged;
  const auto& condition = *reinterpret_cast<const ConditionBody*>(body.data());
  const std::size_t room = (body.size() - sizeof(ConditionBody)) / sizeof(ConditionSlot);
  return condition.used > room ? damaged : state_of(condition);
}

struct Type {
  ObjectType type;
  const char* name;
  std::uint32_t version;
};
constexpr Type types[] = {
    {ObjectType::lock, "Lock", 1},
    {ObjectType::rlock, "RLock", 1},
    {ObjectType::semaphore, "Semaphore", 1},
    {ObjectType::bounded_semaphore, "BoundedSemaphore", 1},
    {ObjectType::event, "Event", 1},
    {ObjectType::condition, "Condition", 1},
    {ObjectType::barrier, "Barrier", 2},
    {ObjectType::value, "Value", 1},
    {ObjectType::raw_value, "RawValue", 1},
    {ObjectType::array, "Array", 1},
    {ObjectType::raw_array, "RawArray", 1},
    {ObjectType::queue, "Queue", 2},
    {ObjectType::simple_queue, "SimpleQueue", 2},
    {ObjectType::joinable_queue, "JoinableQueue", 2},
};

std::string state_by_type(ObjectType type, std::span<const std::byte> body) {
  switch (type) {
    case ObjectType::lock:
    case ObjectType::rlock: return seen<MutexBody>(body);
    case ObjectType::semaphore:
    case ObjectType::bounded_semaphore: return seen<SemaphoreBody>(body);
    case ObjectType::event: return seen<EventBody>(body);
    case ObjectType::condition: return state_of_condition(body);
    case ObjectType::barrier: return seen<BarrierBody>(body);
    case ObjectType::value: return seen<ValueBody>(body);
    case ObjectType::array: return seen<ArrayBody>(body);
    case ObjectType::raw_array: return seen<RawArrayBody>(body);
    case ObjectType::queue:
    case ObjectType::simple_queue:
    case ObjectType::joinable_queue: return seen<RingBody>(body, static_cast<std::uint32_t>(type));
    default: return fmt::format("{} bytes", body.size());
  }
}

}  // namespace

ObjectDescription describe_object(std::span<const std::byte> data) {
  if (data.size() < sizeof(ObjectHead)) return {"object", "damaged: too short for an object"};
  const auto& head = *reinterpret_cast<const ObjectHead*>(data.data());
  if (std::memcmp(head.magic, object_magic, sizeof object_magic) != 0) {
    return {"object", "damaged: its head is none"};
  }
  const auto* const known = std::find_if(std::begin(types), std::end(types), [&](const Type& each) {
    return static_cast<std::uint32_t>(each.type) == head.type;
  });
  if (known == std::end(types))
    return {"object", fmt::format("of a type of its own, {}", head.type)};
  if (known->version != head.version) {
    return {known->name, fmt::format("of another version of furrow: {}", head.version)};
  }
  const auto body = data.subspan(sizeof(ObjectHead));
  const std::size_t bytes = std::min<std::size_t>(body.size(), head.body_bytes);
  return {known->name, state_by_type(known->type, body.first(bytes))};
}

}  // namespace furrow::mp
