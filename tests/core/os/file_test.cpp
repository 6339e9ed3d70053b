// Files and locks: publishing in one step, reserving, and who sees whose lock.
#include <furrow/os/file.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace os = furrow::os;
namespace fs = std::filesystem;

namespace {

// A folder of its own in shared memory, gone with the test.
struct Folder {
  fs::path path;
  Folder() {
    std::string pattern = "/dev/shm/furrow-os-XXXXXX";
    path = ::mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const char* name) const { return (path / name).string(); }
};

os::Descriptor open(const std::string& path) {
  std::error_code error;
  auto file = os::open_file(path, os::OpenMode::read_write, error);
  REQUIRE_FALSE(error);
  return file;
}

}  // namespace

TEST_CASE("an unnamed file gets its name in one step, and only a free one") {
  const Folder folder;
  std::error_code error;
  const auto file = os::create_unnamed(folder.path, 0600, error);
  REQUIRE_FALSE(error);
  CHECK(fs::is_empty(folder.path));
  CHECK(os::status_of(file, error).links == 0);
  CHECK_FALSE(os::publish_unnamed(file, folder / "name"));
  CHECK(os::status_of(file, error).inode == os::status_of(folder / "name", error).inode);
  const auto second = os::create_unnamed(folder.path, 0600, error);
  CHECK(os::publish_unnamed(second, folder / "name") == std::errc::file_exists);
  // The same with a name that is changed.
  os::create_new(folder / "draft", 0600, error);
  CHECK(os::publish_renamed(folder / "draft", folder / "name") == std::errc::file_exists);
  CHECK_FALSE(os::publish_renamed(folder / "draft", folder / "other"));
  CHECK_FALSE(fs::exists(folder / "draft"));
  os::create_new(folder / "other", 0600, error);
  CHECK(error == std::errc::file_exists);
  CHECK(os::list_directory(folder.path, error).size() == 2);
  os::list_directory(folder / "absent", error);
  CHECK(error == std::errc::no_such_file_or_directory);
}

TEST_CASE("opening never follows links and never waits for a pipe") {
  const Folder folder;
  std::ofstream(folder / "file") << "12345";
  fs::create_symlink(folder / "file", folder / "link");
  REQUIRE(::system(("mkfifo " + (folder / "pipe")).c_str()) == 0);
  std::error_code error;
  os::open_file(folder / "link", os::OpenMode::read_only, error);
  CHECK(error == std::errc::too_many_symbolic_link_levels);
  const auto pipe = os::open_file(folder / "pipe", os::OpenMode::read_only, error);
  CHECK_FALSE(os::status_of(pipe, error).regular);
  char buffer[16] = {};
  CHECK(os::read_at(open(folder / "file"), 2, buffer, sizeof buffer, error) == 3);
  CHECK(std::string(buffer) == "345");
  CHECK(os::read_at(open(folder / "file"), 100, buffer, sizeof buffer, error) == 0);
}

TEST_CASE("a reservation takes the space, and more than there is says so") {
  const Folder folder;
  std::error_code error;
  const auto file = os::create_unnamed(folder.path, 0600, error);
  const auto before = os::file_system_of(folder.path, error);
  CHECK(before.in_memory);
  CHECK_FALSE(os::reserve(file, 100 << 20));
  CHECK(os::status_of(file, error).bytes == 100 << 20);
  CHECK_FALSE(os::reserve(os::create_unnamed(folder.path, 0600, error), 0));
  CHECK(os::reserve(file, ~std::uint64_t{0}) == std::errc::file_too_large);
}

TEST_CASE("a reservation is not disturbed by a storm of signals") {
  const Folder folder;
  std::error_code error;
  static volatile std::sig_atomic_t signals = 0;
  struct sigaction count {};
  count.sa_handler = [](int) { signals = signals + 1; };
  struct sigaction old {};
  ::sigaction(SIGUSR1, &count, &old);
  const pid_t parent = ::getpid();
  const pid_t pest = ::fork();
  if (pest == 0)
    for (;;) ::kill(parent, SIGUSR1);
  std::error_code result;
  // Where huge pages are given out, one reservation takes less than a signal does.
  for (int i = 0; i < 10'000 && signals == 0 && !result; ++i)
    result = os::reserve(os::create_unnamed(folder.path, 0600, error), 200 << 20);
  ::kill(pest, SIGKILL);
  ::waitpid(pest, nullptr, 0);
  ::sigaction(SIGUSR1, &old, nullptr);
  CHECK_FALSE(result);
  CHECK(signals > 0);
}

TEST_CASE("whole-file locks part holders, and byte locks can be seen without being taken") {
  const Folder folder;
  std::error_code error;
  const auto first = os::create_new(folder / "file", 0600, error);
  const auto second = open(folder / "file");
  CHECK(os::try_lock(first, os::LockKind::shared, error));
  CHECK(os::try_lock(second, os::LockKind::shared, error));
  CHECK_FALSE(os::try_lock(second, os::LockKind::exclusive, error));
  CHECK_FALSE(error);
  // The second lost its shared lock by trying, as the header says.
  CHECK(os::try_lock(first, os::LockKind::exclusive, error));
  os::unlock(first);

  CHECK(os::try_lock_byte(first, 0, os::LockKind::shared, error));
  CHECK(os::byte_is_locked(second, 0));
  CHECK_FALSE(os::byte_is_locked(first, 0));  // one's own does not count
  CHECK_FALSE(os::byte_is_locked(second, 1));
  CHECK(os::try_lock_byte(second, 0, os::LockKind::shared, error));
  CHECK_FALSE(os::try_lock_byte(second, 0, os::LockKind::exclusive, error));
  CHECK_FALSE(error);
  CHECK(os::try_lock_byte(second, 1, os::LockKind::exclusive, error));
  CHECK(os::byte_is_locked(first, 1));
  os::unlock_byte(second, 1);
  CHECK_FALSE(os::byte_is_locked(first, 1));
}

TEST_CASE("all locks of a process go with its SIGKILL") {
  const Folder folder;
  std::error_code error;
  os::create_new(folder / "file", 0600, error);
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    std::error_code ignored;
    const auto file = os::open_file(folder / "file", os::OpenMode::read_write, ignored);
    os::try_lock(file, os::LockKind::exclusive, ignored);
    os::try_lock_byte(file, 7, os::LockKind::exclusive, ignored);
    if (::write(ready[1], "x", 1) == 1)
      for (;;) ::pause();
  }
  char byte;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  const auto file = open(folder / "file");
  CHECK_FALSE(os::try_lock(file, os::LockKind::shared, error));
  CHECK(os::byte_is_locked(file, 7));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(os::try_lock(file, os::LockKind::exclusive, error));
  CHECK_FALSE(os::byte_is_locked(file, 7));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("whether files of a tmpfs get huge pages is told by its mount") {
  const std::string policy = os::huge_page_policy("/dev/shm");
  CHECK((policy == "never" || policy == "within_size" || policy == "always" || policy == "advise"));
  CHECK(os::huge_page_policy("/proc").empty());
  CHECK(os::huge_page_policy("/nowhere").empty());
}
