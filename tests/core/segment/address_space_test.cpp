// The address range, what is mapped into it, and the list of attachments.
#include <furrow/segment/address_space.hpp>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <furrow/array/array.hpp>
#include <furrow/segment/attachments.hpp>
#include <map>
#include <random>

#include "child.hpp"

using furrow::Array;
using furrow::test::owned;
using furrow::test::run_child;
namespace segment = furrow::segment;

namespace {

struct Recorder : segment::AttachmentObserver {
  std::map<std::string, int> present;
  void attached(const segment::Attachment& a) override { ++present[a.path]; }
  void detached(const segment::Attachment& a) override { --present[a.path]; }
};

}  // namespace

TEST_CASE("places in the address range never overlap and come back whole") {
  const auto range = segment::address_range();
  REQUIRE(range.bytes >= std::size_t{1} << 32);
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::map<std::uintptr_t, std::size_t> taken;
  for (int round = 0; round < 20000; ++round) {
    if (taken.empty() || random() % 2 == 0) {
      const std::size_t bytes = random() % (std::size_t{1} << (12 + random() % 20)) + 1;
      const auto address = segment::allocate_addresses(bytes);
      REQUIRE(address != 0);
      REQUIRE(address % (bytes >= 1 << 21 ? 1 << 21 : 4096) == 0);
      REQUIRE(address >= range.base);
      REQUIRE(address + bytes < range.base + range.bytes);
      const auto next = taken.lower_bound(address);
      // At least a page between the two, so that running over the end of one faults.
      if (next != taken.end()) REQUIRE(address + bytes + 4096 <= next->first);
      if (next != taken.begin())
        REQUIRE(std::prev(next)->first + std::prev(next)->second + 4096 <= address);
      taken.emplace(address, bytes);
    } else {
      auto victim = taken.lower_bound(range.base + random() % (std::size_t{1} << 32));
      if (victim == taken.end()) victim = taken.begin();
      segment::free_addresses(victim->first, victim->second);
      taken.erase(victim);
    }
  }
  for (const auto& [address, bytes] : taken) segment::free_addresses(address, bytes);
  const auto all = segment::allocate_addresses(range.bytes / 2);
  CHECK(all != 0);
  CHECK(segment::allocate_addresses(range.bytes) == 0);
  segment::free_addresses(all, range.bytes / 2);
}

TEST_CASE("a segment lies in the range, and its place faults once it is let go") {
  const auto range = segment::address_range();
  auto array = Array<double>::create("placed", {3000}, owned());
  double* data = array.data();
  CHECK(reinterpret_cast<std::uintptr_t>(data) - range.base < range.bytes);
  CHECK(run_child([&] {
          data[3000 + 4096] = 1;  // over data and attributes, into the guard page
          return 0;
        }) == -SIGSEGV);
  array = {};
  CHECK(run_child([&] { return static_cast<int>(data[0]); }) == -SIGSEGV);
}

TEST_CASE("another process can reserve the same range, or learns that it cannot") {
  const auto range = segment::address_range();
  CHECK(segment::reserve_address_range(range));
  CHECK(run_child([&] {
          // Nothing is allocated, so that the range may move, and move back.
          if (!segment::reserve_address_range({range.base * 2, range.bytes})) return 1;
          if (segment::address_range().base != range.base * 2) return 2;
          if (!segment::reserve_address_range(range)) return 3;
          const auto array = Array<double>::create("stuck", {3}, owned());
          if (segment::reserve_address_range({range.base * 2, range.bytes})) return 4;
          return 0;
        }) == 0);
  // Where something lies already: this very program.
  CHECK(run_child([&] {
          const auto code = reinterpret_cast<std::uintptr_t>(&segment::address_range);
          if (segment::reserve_address_range({code / 4096 * 4096, 1 << 20})) return 1;
          return segment::address_range().base == range.base ? 0 : 2;
        }) == 0);
}

TEST_CASE("without room for the range, segments are mapped anywhere") {
  // In a fresh process, since this one has its range: the limit counts reserved addresses too.
#if !defined(__SANITIZE_ADDRESS__)
  std::string self(4096, '\0');
  self.resize(static_cast<std::size_t>(::readlink("/proc/self/exe", self.data(), self.size())));
  CHECK(std::system(("ulimit -v 1000000 && exec '" + self + "' '[limited]' >/dev/null").c_str()) ==
        0);
#endif
}

TEST_CASE("in little address space", "[.][limited]") {
  CHECK(segment::address_range().bytes == 0);
  CHECK(segment::allocate_addresses(4096) == 0);
  auto array = Array<double>::create("anywhere", {1000}, owned());
  array(999) = 1;
  CHECK_THROWS_AS(Array<double>::create("wide", {1 << 28}, owned()), furrow::OutOfSpace);
  CHECK(Array<double>::attach("anywhere")(999) == 1);
}

TEST_CASE("observers see every attachment from the beginning to the end") {
  const auto before = Array<double>::create("before", {3}, owned());
  Recorder recorder;
  segment::observe_attachments(&recorder);
  const std::string path = furrow::Place::default_place().path_of("before");
  CHECK(recorder.present[path] == 1);
  {
    const auto again = Array<double>::attach("before");
    CHECK(recorder.present[path] == 2);
  }
  CHECK(recorder.present[path] == 1);
  segment::unobserve_attachments(&recorder);
  const auto unseen = Array<double>::attach("before");
  CHECK(recorder.present[path] == 1);
}

TEST_CASE("a forked child that drops what it inherited holds nothing") {
  furrow::test::Signal dropped;
  furrow::test::Signal done;
  Array<double>::create("inherited", {3})(0) = 1;
  auto array = Array<double>::attach("inherited");
  const pid_t child = furrow::test::start_child([&] {
    segment::drop_inherited_attachments();
    dropped.send();
    done.wait();
    // Its own attachments work, at addresses of the same range.
    return Array<double>::attach("inherited")(0) == 2 ? 0 : 1;
  });
  dropped.wait();
  array(0) = 2;
  array = {};
  CHECK_FALSE(segment::info("inherited").attached);
  done.send();
  CHECK(furrow::test::wait_for(child) == 0);
  segment::remove("inherited");
}
