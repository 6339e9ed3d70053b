// Address space, identity and fault points.
#include <furrow/os/memory.hpp>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <furrow/os/fault.hpp>
#include <furrow/os/file.hpp>
#include <furrow/os/identity.hpp>

namespace os = furrow::os;

namespace {

template <class Body>
int signal_of_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    body();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, WUNTRACED);
  if (!WIFSTOPPED(status)) return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return SIGSTOP;
}

}  // namespace

TEST_CASE("a reserved range is taken, faults, holds mappings, and is kept when they go") {
  const std::uintptr_t base = std::uintptr_t{3} << 44;
  const std::size_t page = os::memory_page_bytes();
  REQUIRE(os::reserve_addresses(base, 16 * page));
  CHECK_FALSE(os::reserve_addresses(base + 4 * page, page));
  auto* first = reinterpret_cast<volatile char*>(base);
  CHECK(signal_of_child([&] { *first = 1; }) == SIGSEGV);

  std::error_code error;
  const auto file = os::create_unnamed("/dev/shm", 0600, error);
  REQUIRE_FALSE(os::reserve(file, 2 * page));
  CHECK(os::map_file(file.get(), 2 * page, true, base, error) == base);
  CHECK_FALSE(os::populate(base, 2 * page));
  *first = 1;
  CHECK(*first == 1);
  os::unmap(base, 2 * page, true);
  CHECK_FALSE(os::reserve_addresses(base, page));
  CHECK(signal_of_child([&] { *first = 1; }) == SIGSEGV);
  CHECK(os::map_file(file.get(), 2 * page, false, base, error) == base);
  CHECK(*first == 1);
  CHECK(signal_of_child([&] { *first = 2; }) == SIGSEGV);
  os::release_addresses(base, 16 * page);
  CHECK(os::reserve_addresses(base, page));
  os::release_addresses(base, page);
  CHECK(os::map_file(-1, page, true, 0, error) == 0);
  CHECK(error);
}

TEST_CASE("the memory that can be had is a number that makes sense") {
  CHECK(os::memory_available_bytes() > 1 << 20);
  CHECK(os::memory_available_bytes() >> 60 == 0);
}

TEST_CASE("a process knows who it is, a forked child too") {
  const auto self = os::this_process();
  CHECK(self.pid == static_cast<std::uint64_t>(::getpid()));
  CHECK(self.start != 0);
  CHECK(self.start == os::start_of_process(self.pid));
  CHECK(self.boot != decltype(self.boot){});
  CHECK(self == os::this_process());
  CHECK(os::start_of_process(1) <= self.start);
  CHECK(os::start_of_process(0x7FFFFFFF) == 0);
  CHECK(os::random_bits() != os::random_bits());
  CHECK(signal_of_child([&] {
          const auto child = os::this_process();
          const bool right = child.pid == static_cast<std::uint64_t>(::getpid()) &&
                             child.start >= self.start && child.boot == self.boot;
          if (!right) ::kill(::getpid(), SIGTERM);
        }) == 0);
}

TEST_CASE("fault points act when they are told to, on the pass they are told, and else never") {
  CHECK_FALSE(os::fault_point("test.point"));
  CHECK(signal_of_child([] {
          os::set_fault("other:kill,test.point:kill:3");
          os::fault_point("test.point");
          os::fault_point("test.point");
        }) == 0);
  CHECK(signal_of_child([] {
          os::set_fault("test.point:kill:2");
          for (int i = 0; i < 2; ++i) os::fault_point("test.point");
        }) == SIGKILL);
  CHECK(signal_of_child([] {
          os::set_fault("test.point:segv");
          os::fault_point("test.point");
        }) == SIGSEGV);
  CHECK(signal_of_child([] {
          os::set_fault("test.point:stop");
          os::fault_point("test.point");
        }) == SIGSTOP);
  os::set_fault("test.point:fail:2");
  CHECK_FALSE(os::fault_point("test.point"));
  CHECK(os::fault_point("test.point"));
  CHECK_FALSE(os::fault_point("test.point"));
  os::set_fault("");
  CHECK_FALSE(os::fault_point("test.point"));
}

TEST_CASE("of all who share a token, one acts") {
  const auto token =
      std::filesystem::temp_directory_path() / ("furrow-token-" + std::to_string(::getpid()));
  std::ofstream(token).put('x');
  int killed = 0;
  for (int i = 0; i < 5; ++i)
    killed += signal_of_child([&] {
                os::set_fault("test.point:kill:1:" + token.string());
                os::fault_point("test.point");
              }) == SIGKILL;
  CHECK(killed == 1);
  CHECK_FALSE(std::filesystem::exists(token));
}
