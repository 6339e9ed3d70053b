// The Windows side of os: names, locks, addresses, identity.
#include <catch2/catch.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/cpu.hpp>
#include <furrow/os/file.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/os/memory.hpp>
#include <furrow/segment/place.hpp>

#include "child.hpp"

namespace os = furrow::os;

namespace {

std::string path_of(const char* name) { return furrow::Place::default_place().path_of(name); }

os::Descriptor open(const std::string& path) {
  std::error_code error;
  auto file = os::open_file(path, os::OpenMode::read_write, error);
  REQUIRE_FALSE(error);
  return file;
}

}  // namespace

TEST_CASE("files are made, renamed and removed as their names say, dots and length included") {
  std::error_code error;
  const std::string long_name(180, 'x');
  for (const char* name : {"name", "name.", long_name.c_str()}) {
    CAPTURE(name);
    const std::string path = path_of(name);
    const auto file = os::create_new(path, 0600, error);
    REQUIRE_FALSE(error);
    os::create_new(path, 0600, error);
    CHECK(error == std::errc::file_exists);
    CHECK(os::status_of(path, error).inode == os::status_of(file, error).inode);
    CHECK(os::publish_renamed(path, path) == std::error_code());
    // Its name is free at once, although it is open here.
    CHECK_FALSE(os::remove_file(path));
    CHECK(os::remove_file(path) == std::errc::no_such_file_or_directory);
    os::open_file(path, os::OpenMode::read_only, error);
    CHECK(error == std::errc::no_such_file_or_directory);
  }
  const auto first = os::create_new(path_of("first"), 0600, error);
  const auto second = os::create_new(path_of("second"), 0600, error);
  CHECK(os::publish_renamed(path_of("first"), path_of("second")) == std::errc::file_exists);
  CHECK_FALSE(os::remove_file(path_of("first")));
  CHECK_FALSE(os::remove_file(path_of("second")));
  os::list_directory(path_of("absent"), error);
  CHECK(error == std::errc::no_such_file_or_directory);
}

TEST_CASE("whole-file locks part holders, and byte locks can be seen without being taken") {
  std::error_code error;
  const auto first = os::create_new(path_of("locks"), 0600, error);
  const auto second = open(path_of("locks"));
  CHECK(os::try_lock(first, os::LockKind::shared, error));
  CHECK(os::try_lock(first, os::LockKind::shared, error));
  CHECK(os::try_lock(second, os::LockKind::shared, error));
  CHECK_FALSE(os::try_lock(second, os::LockKind::exclusive, error));
  CHECK_FALSE(error);
  CHECK(os::try_lock(first, os::LockKind::exclusive, error));
  CHECK_FALSE(os::try_lock(second, os::LockKind::shared, error));
  CHECK(os::try_lock(first, os::LockKind::shared, error));  // no longer exclusive
  CHECK(os::try_lock(second, os::LockKind::shared, error));
  os::unlock(first);
  CHECK(os::try_lock(second, os::LockKind::exclusive, error));

  CHECK(os::try_lock_byte(first, 0, os::LockKind::shared, error));
  CHECK(os::byte_is_locked(second, 0));
  CHECK_FALSE(os::byte_is_locked(first, 0));  // one's own does not count
  CHECK_FALSE(os::byte_is_locked(second, 1));
  CHECK(os::try_lock_byte(second, 0, os::LockKind::shared, error));
  CHECK_FALSE(os::try_lock_byte(second, 0, os::LockKind::exclusive, error));
  CHECK_FALSE(error);
  CHECK(os::try_lock_byte(second, 1, os::LockKind::exclusive, error));
  CHECK_FALSE(os::byte_is_locked(second, 1));
  CHECK(os::byte_is_locked(first, 1));  // the look before took nothing away
  os::unlock_byte(second, 1);
  CHECK_FALSE(os::byte_is_locked(first, 1));
  CHECK_FALSE(os::remove_file(path_of("locks")));
}

TEST_CASE("a reserved range is taken, holds mappings, and is kept when they go") {
  const std::uintptr_t base = std::uintptr_t{3} << 44;
  const std::size_t page = os::memory_page_bytes();
  REQUIRE(os::reserve_addresses(base, 16 * page));
  CHECK_FALSE(os::reserve_addresses(base + 4 * page, page));
  std::error_code error;
  const auto file = os::create_new(path_of("mapped"), 0600, error);
  REQUIRE_FALSE(os::reserve(file, 2 * page));
  CHECK(os::status_of(file, error).bytes == 2 * page);
  CHECK(os::reserve(file, ~std::uint64_t{0}) == std::errc::file_too_large);
  REQUIRE(os::map_file(file.get(), 2 * page, true, base, error) == base);
  CHECK_FALSE(os::populate(base, 2 * page));
  auto* first = reinterpret_cast<volatile char*>(base);
  *first = 1;
  os::unmap(base, 2 * page, true);
  CHECK_FALSE(os::reserve_addresses(base, page));
  REQUIRE(os::map_file(file.get(), 2 * page, false, base, error) == base);
  CHECK(*first == 1);
  CHECK(os::map_file(file.get(), 2 * page, false, base, error) == 0);  // it is taken
  CHECK(error);
  os::unmap(base, 2 * page, false);
  os::release_addresses(base, 16 * page);
  CHECK(os::reserve_addresses(base, page));
  os::release_addresses(base, page);
  CHECK(os::map_file(-1, page, true, 0, error) == 0);
  CHECK(error);
  CHECK_FALSE(os::remove_file(path_of("mapped")));
}

TEST_CASE("a process knows who it is, what it may use, and what time it is") {
  const auto self = os::this_process();
  CHECK(self.pid == ::GetCurrentProcessId());
  CHECK(self.start != 0);
  CHECK(self.start == os::start_of_process(self.pid));
  CHECK(os::start_of_process(0x7FFFFFF0) == 0);
  CHECK(os::random_bits() != os::random_bits());
  CHECK(os::granted_cores() >= 1);
  CHECK(os::pin_to_core(0));
  CHECK(os::memory_available_bytes() > 1 << 20);
  const std::int64_t before = os::monotonic_ns();
  os::sleep_ns(2'000'000);
  CHECK(os::monotonic_ns() - before >= 1'000'000);
  CHECK(std::abs(os::realtime_ns() / 1'000'000'000 - std::time(nullptr)) < 1000);
}
