// Events: everybody who waits goes on, pulses are not missed, killed waiters and setters hang
// nobody.
#include <furrow/sync/event.hpp>

#include <catch2/catch.hpp>

#include <furrow/sync/message.hpp>

#include "child.hpp"

namespace furrow::mp {
namespace {
using namespace furrow::test;

TEST_CASE("An event lets everybody go on") {
  const Event event;
  CHECK_FALSE(event.is_set());
  CHECK_FALSE(event.wait(0s));
  CHECK_FALSE(event.wait(-1s));
  CHECK_FALSE(event.wait(10ms));
  std::vector<Child> children;
  for (int i = 0; i < 3; ++i) children.emplace_back([&] { return event.wait() ? 0 : 1; });
  event.set();
  event.set();
  for (Child& child : children) CHECK(child.wait() == 0);
  CHECK(event.wait(0s));
  event.clear();
  CHECK_FALSE(event.is_set());
}

TEST_CASE("A pulse lets those go on who wait") {
  const Event event;
  std::vector<Child> children;
  for (int i = 0; i < 3; ++i) children.emplace_back([&] { return event.wait(10s) ? 0 : 1; });
  for (const Child& child : children) REQUIRE(falls_asleep(child));
  event.set();
  event.clear();
  for (Child& child : children) CHECK(child.wait() == 0);
}

TEST_CASE("A killed waiter does not hold up who sets") {
  const Event event;
  Child waiter([&] { return event.wait() ? 0 : 1; });
  REQUIRE(falls_asleep(waiter));
  waiter.kill();
  event.set();
  CHECK(event.is_set());
}

TEST_CASE("Who is killed before it wakes the waiters has set it all the same") {
  const Event event;
  Child waiter([&] { return event.wait() ? 0 : 1; });
  REQUIRE(falls_asleep(waiter));
  CHECK(child_killed_at("event.set", [&] { event.set(); }).wait() == -SIGKILL);
  CHECK(waiter.wait() == 0);
}

TEST_CASE("Events have names and go in messages") {
  const auto event = Event::create("ready");
  decode<Event>(encode(Event::attach("ready"))).set();
  CHECK(event.is_set());
}

}  // namespace
}  // namespace furrow::mp
