// Shared objects: found by name, inherited, checked, and gone with their last holder, however that
// one ends.
#include <atomic>
#include <catch2/catch.hpp>

#include <furrow/sync/shared_object.hpp>

#include "child.hpp"

namespace furrow::mp {
namespace {
using namespace furrow::test;

using Word = std::atomic<std::uint32_t>;
constexpr ObjectKind kind{static_cast<ObjectType>(1001), 1, "Probe"};

SharedObject make(std::string_view name) {
  return SharedObject::create(kind, name, 64,
                              [](std::byte* body) { reinterpret_cast<Word*>(body)->store(7); });
}

TEST_CASE("An object is found by its name, and goes with its last holder") {
  {
    const SharedObject made = make("probe");
    const SharedObject same = SharedObject::attach(kind, "probe");
    CHECK(same.as<Word>() == 7);
    made.as<Word>() = 8;
    CHECK(same.as<Word>() == 8);
    CHECK(same.body_bytes() == 64);
    CHECK(names() == "probe ");
    CHECK_THROWS_AS(make("probe"), AlreadyExists);
  }
  CHECK(names().empty());
  CHECK_THROWS_AS(SharedObject::attach(kind, "probe"), NotFound);
}

TEST_CASE("An object without a name has no file until somebody asks for its name") {
  std::string name;
  {
    const SharedObject made = make("");
    CHECK(names().empty());
    name = made.name();
    CHECK(names() == name + " ");
    CHECK(SharedObject::attach(kind, name).as<Word>() == 7);
    CHECK(names() == name + " ");
  }
  CHECK(names().empty());
}

TEST_CASE("What is attached must be what it is taken for") {
  const SharedObject made = make("probe");
  ObjectKind other = kind;
  other.type = ObjectType::lock;
  other.name = "Lock";
  CHECK_THROWS_AS(SharedObject::attach(other, "probe"), TypeMismatch);
  other = kind;
  other.version = 2;
  CHECK_THROWS_AS(SharedObject::attach(other, "probe"), VersionMismatch);
  other = kind;
  other.fingerprint = fingerprint_of<int>();
  CHECK_THROWS_AS(SharedObject::attach(other, "probe"), TypeMismatch);
  const auto array = Segment::create("array", {segment::Kind::array, Dtype::f64, {}});
  CHECK_THROWS_AS(SharedObject::attach(kind, "array"), TypeMismatch);
  segment::remove("array", true);
  CHECK_THROWS_AS(make("no/name"), InvalidArgument);
}

TEST_CASE("A child uses what it inherits, and may name it for others") {
  std::string name;
  {
    const SharedObject made = make("");
    Child child([&] {
      made.as<Word>() = 9;
      return SharedObject::attach(kind, made.name()).as<Word>() == 9 ? 0 : 1;
    });
    CHECK(child.wait() == 0);
    CHECK(made.as<Word>() == 9);
    name = made.name();
    CHECK(SharedObject::attach(kind, name).as<Word>() == 9);
  }
  CHECK(names().empty());  // also the name that the child gave
}

TEST_CASE("A child that ends leaves its parent's object and name alone") {
  const SharedObject made = make("probe");
  CHECK(Child([&] {
          const SharedObject copy = made;
          return 0;
        }).wait() == 0);
  CHECK(SharedObject::attach(kind, "probe").as<Word>() == 7);
}

TEST_CASE("Killed holders leave nothing that could be taken for an object") {
  Child child([] {
    const SharedObject made = make("probe");
    const SharedObject unnamed = make("");
    std::fflush(nullptr);
    ::kill(::getpid(), SIGKILL);
    return 0;
  });
  CHECK(child.wait() == -SIGKILL);
  CHECK_THROWS_AS(SharedObject::attach(kind, "probe"), NotFound);
  CHECK(make("probe").as<Word>() == 7);  // the name is free again
  CHECK(names().empty());
}

TEST_CASE("The next who makes anything sweeps what killed holders left") {
  CHECK(Child([] {
          static SharedObject left = make("left");
          ::kill(::getpid(), SIGKILL);
          return 0;
        }).wait() == -SIGKILL);
  CHECK(names() == "left ");
  CHECK(Child([] {
          make("other");
          return 0;
        }).wait() == 0);
  CHECK(names().empty());
}

TEST_CASE("A maker that is killed at any step leaves no half-made object") {
  for (const char* point : {"segment.create.opened", "segment.create.reserved",
                            "segment.create.written", "sync.create.started"}) {
    CAPTURE(point);
    CHECK(child_killed_at(point, [] { make("probe"); }).wait() == -SIGKILL);
    CHECK(names().empty());
  }
  CHECK(child_killed_at("segment.create.published", [] { make("probe"); }).wait() == -SIGKILL);
  CHECK(make("probe").as<Word>() == 7);
}

}  // namespace
}  // namespace furrow::mp
