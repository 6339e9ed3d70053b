// The replacement of one file: permissions, links, savers beside each other, what dead ones leave.
#include <catch2/catch.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <new>
#include <string>
#include <thread>

#include <furrow/os/fault.hpp>
#include <furrow/os/replace_file.hpp>

#include "io_support.hpp"

namespace furrow::test {
namespace {

using os::FileReplacement;
using Step = os::ReplaceError::Step;
namespace fs = std::filesystem;

constexpr std::int64_t second_ns = 1'000'000'000;

void put(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

std::string get(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

unsigned mode_of(const std::string& path) {
  struct stat s {};
  REQUIRE(::stat(path.c_str(), &s) == 0);
  return s.st_mode & 0777u;
}

}  // namespace

TEST_CASE("a file is replaced whole, with its permissions", "[replace]") {
  const Folder folder;
  const std::string path = folder / "x";
  put(path, "old");
  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  FileReplacement r;
  REQUIRE_FALSE(r.begin(path, 0));
  CHECK(r.target_exists());
  REQUIRE_FALSE(r.copy_target());
  CHECK(get(r.temporary()) == "old");
  put(r.temporary(), "new");
  CHECK(get(path) == "old");
  REQUIRE_FALSE(r.commit());
  CHECK(get(path) == "new");
  CHECK(mode_of(path) == 0640);
  CHECK(folder.names() == "x");
}

TEST_CASE("a saver that is waited for dies: nobody writes into another's file", "[replace]") {
  const Folder folder;
  const std::string path = folder / "x";
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t dying = ::fork();
  if (dying == 0) {
    FileReplacement dead;
    const bool begun = !dead.begin(path, 0);
    const ssize_t told = ::write(ready[1], "x", begun ? 1 : 0);
    if (told == 1) std::this_thread::sleep_for(std::chrono::minutes(1));
    ::_exit(1);
  }
  ::close(ready[1]);
  char sign = 0;
  REQUIRE(::read(ready[0], &sign, 1) == 1);
  ::close(ready[0]);
  // As its workers have it open, which live a moment longer; and with a second name already.
  const std::string temporary = folder / ".x.furrow-save";
  const int late = ::open(temporary.c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(late >= 0);
  const std::string second = folder / "second";
  put(temporary, "of the dead");
  REQUIRE(::link(temporary.c_str(), second.c_str()) == 0);
  std::thread killer([dying] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ::kill(dying, SIGKILL);
    ::waitpid(dying, nullptr, 0);
  });
  FileReplacement r;
  CHECK_FALSE(r.begin(path, 20 * second_ns));
  killer.join();
  put(r.temporary(), "new");
  CHECK(::pwrite(late, "WRONG", 5, 0) == 5);
  ::close(late);
  REQUIRE_FALSE(r.commit());
  CHECK(get(path) == "new");
  CHECK(get(second) == "WRONGe dead");
}

TEST_CASE("a new file gets what the umask leaves", "[replace]") {
  const Folder folder;
  const mode_t before = ::umask(027);
  FileReplacement r;
  const bool failed = static_cast<bool>(r.begin(folder / "x", 0)) || r.commit();
  ::umask(before);
  REQUIRE_FALSE(failed);
  CHECK(mode_of(folder / "x") == 0640);
}

TEST_CASE("giving up leaves the old file and nothing else", "[replace]") {
  const Folder folder;
  put(folder / "x", "old");
  {
    FileReplacement r;
    REQUIRE_FALSE(r.begin(folder / "x", 0));
    put(r.temporary(), "half");
  }
  CHECK(get(folder / "x") == "old");
  CHECK(folder.names() == "x");
}

TEST_CASE("links are followed, also to a file that is not there yet", "[replace]") {
  const Folder folder;
  fs::create_directory(folder / "d");
  fs::create_symlink("d/real", folder / "link");
  FileReplacement r;
  REQUIRE_FALSE(r.begin(folder / "link", 0));
  put(r.temporary(), "one");
  REQUIRE_FALSE(r.commit());
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(get(folder / "d/real") == "one");
  fs::create_symlink("loop", folder / "loop");
  CHECK(r.begin(folder / "loop", 0).step == Step::target);
}

TEST_CASE("folders and devices are no targets, and a missing folder is said", "[replace]") {
  const Folder folder;
  FileReplacement r;
  CHECK(r.begin(folder.path(), 0).code == std::errc::is_a_directory);
  CHECK(r.begin("/dev/null", 0).step == Step::target);
  CHECK(r.begin(folder / "no/x", 0).code == std::errc::no_such_file_or_directory);
}

TEST_CASE("a second saver of a file waits for the first and sees its work", "[replace]") {
  const Folder folder;
  FileReplacement first;
  REQUIRE_FALSE(first.begin(folder / "x", 0));
  FileReplacement second;
  CHECK(second.begin(folder / "x", 20'000'000).step == Step::busy);
  // Another file of the folder is nobody's business, and its temporary file is not swept.
  FileReplacement other;
  REQUIRE_FALSE(other.begin(folder / "y", 0));
  CHECK(fs::exists(first.temporary()));
  put(first.temporary(), "first");
  REQUIRE_FALSE(first.commit());
  REQUIRE_FALSE(second.begin(folder / "x", second_ns));
  REQUIRE_FALSE(second.copy_target());
  CHECK(get(second.temporary()) == "first");
}

TEST_CASE("what dead savers left is removed by the next one in the folder", "[replace]") {
  const Folder folder;
  put(folder / ".dead.h5.furrow-save", "half");
  put(folder / ".x.furrow-save", "half, of the same file");
  put(folder / "mine.furrow-save", "no temporary file: it has no dot in front");
  const os::Descriptor dead(::open((folder / ".x.furrow-save").c_str(), O_RDONLY | O_CLOEXEC));
  std::error_code error;
  const os::FileStamp before = os::stamp_of(dead, error);
  FileReplacement r;
  REQUIRE_FALSE(r.begin(folder / "x", 0));
  // Removing takes nothing but the removal: not a mark that a file system might refuse.
  CHECK(os::stamp_of(dead, error) == before);
  CHECK(get(r.temporary()).empty());
  REQUIRE_FALSE(r.commit());
  CHECK(folder.names() == "mine.furrow-save x");
}

TEST_CASE("a writer in place is in the way, a change meanwhile is noticed", "[replace]") {
  const Folder folder;
  put(folder / "x", "old");
  const int fd = ::open((folder / "x").c_str(), O_RDWR);
  REQUIRE(::flock(fd, LOCK_EX | LOCK_NB) == 0);
  FileReplacement r;
  CHECK(r.begin(folder / "x", 0).step == Step::in_use);
  ::close(fd);
  REQUIRE_FALSE(r.begin(folder / "x", 0));
  put(folder / "x", "changed by somebody who asks for no lock");
  CHECK(r.commit().step == Step::changed);
  r.discard();
  CHECK(get(folder / "x").substr(0, 7) == "changed");
  FileReplacement fresh;
  REQUIRE_FALSE(fresh.begin(folder / "y", 0));
  put(folder / "y", "came meanwhile");
  CHECK(fresh.commit().step == Step::changed);
  fresh.discard();
  CHECK(get(folder / "y") == "came meanwhile");
}

TEST_CASE("every step that fails leaves the old file", "[replace]") {
  for (const char* point : {"io.save.create", "io.save.copy", "io.save.sync", "io.save.rename"}) {
    CAPTURE(point);
    const Folder folder;
    put(folder / "x", "old");
    os::set_fault(std::string(point) + ":fail");
    {
      FileReplacement r;
      bool failed = static_cast<bool>(r.begin(folder / "x", 0));
      failed = failed || r.copy_target();
      failed = failed || r.commit();
      CHECK(failed);
    }
    os::set_fault("");
    CHECK(get(folder / "x") == "old");
    CHECK(folder.names() == "x");
  }
}

TEST_CASE("names as long as the system takes have a temporary file, too", "[replace]") {
  const Folder folder;
  const std::string name(255, 'n');
  FileReplacement r;
  REQUIRE_FALSE(r.begin(folder / name, 0));
  REQUIRE_FALSE(r.commit());
  CHECK(folder.names() == name);
}

namespace {

/// Settles `path`, and dies at a labelled point of publish ("": before it) once `held` has run.
void settle_and_die(const std::string& path, const std::string& dies_at,
                    std::atomic<os::Publishing>& progress, const std::function<void()>& held) {
  int ready[2];
  int go[2];
  REQUIRE((::pipe(ready) == 0 && ::pipe(go) == 0));
  const pid_t child = ::fork();
  if (child == 0) {
    FileReplacement r;
    char byte = 0;
    if (r.begin(path, 0)) ::_exit(1);
    put(r.temporary(), "new");
    if (r.settle()) ::_exit(2);
    if (::write(ready[1], "x", 1) != 1 || ::read(go[0], &byte, 1) != 1) ::_exit(3);
    if (dies_at.empty()) ::raise(SIGKILL);
    os::set_fault(dies_at + ":kill");
    r.publish(&progress);
    ::_exit(4);
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  held();
  REQUIRE(::write(go[1], "x", 1) == 1);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  for (const int end : {ready[0], ready[1], go[0], go[1]}) ::close(end);
}

/// What others do to the names before anybody asks what became of the dead saver's file.
void meddle(const Folder& folder, const std::string& how) {
  const std::string path = folder / "x";
  if (how == "swept") os::remove_abandoned(path);
  if (how == "cleaned") fs::remove(folder / ".x.furrow-save");
  if (how == "moved" && fs::exists(path)) fs::rename(path, folder / "away");
  if (how == "removed") fs::remove(path);
  if (how != "replaced") return;
  FileReplacement r;
  REQUIRE_FALSE(r.begin(path, second_ns));
  put(r.temporary(), "newer");
  REQUIRE_FALSE(r.commit());
}

}  // namespace

TEST_CASE("what became of a settled file is known after its saver's death, or said not to be",
          "[replace]") {
  void* const memory =
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  auto& progress = *new (memory) std::atomic<os::Publishing>;
  struct Way {
    std::string dies_at;
    Step found;            // where the names are as the saver left them
    std::string unknowns;  // what others do that makes it unknown
  };
  const Way ways[] = {{"", Step::not_published, ""},
                      {"io.save.rename", Step::not_published, "swept cleaned replaced"},
                      {"io.save.named", Step::none, "replaced moved removed"},
                      {"io.save.renamed", Step::none, ""},
                      {"io.save.done", Step::none, ""}};
  for (const Way& way : ways) {
    for (const std::string how : {"nothing", "swept", "cleaned", "replaced", "moved", "removed"}) {
      for (const bool exists : {false, true}) {
        CAPTURE(way.dies_at, how, exists);
        const Folder folder;
        const std::string path = folder / "x";
        if (exists) put(path, "old");
        progress.store(os::Publishing::no);
        os::SettledFile settled;
        settle_and_die(path, way.dies_at, progress, [&] {
          settled = os::SettledFile(folder / ".x.furrow-save");
          REQUIRE(settled.valid());
        });
        meddle(folder, how);
        const bool unknown = way.unknowns.find(how) != std::string::npos;
        const Step found = settled.outcome(path, progress.load(), true).step;
        CHECK(found == (unknown ? Step::unknown : way.found));
        // Of a saver that may live, nobody says that it will not publish any more.
        const Step alive = settled.outcome(path, progress.load(), false).step;
        const bool begun = progress.load() == os::Publishing::begun;
        CHECK(alive == (begun && found == Step::not_published ? Step::unknown : found));
      }
    }
  }
  ::munmap(memory, 4096);
}

TEST_CASE("a rename that failed is no publication, a folder that is not synced is said",
          "[replace]") {
  const Folder folder;
  std::atomic<os::Publishing> progress{};
  FileReplacement r;
  REQUIRE_FALSE(r.begin(folder / "x", 0));
  REQUIRE_FALSE(r.settle());
  const os::SettledFile settled(r.temporary());
  os::set_fault("io.save.rename:fail");
  CHECK(r.publish(&progress).step == Step::rename);
  CHECK(progress.load() == os::Publishing::no);
  os::set_fault("");
  CHECK_FALSE(r.publish(&progress));
  CHECK(progress.load() == os::Publishing::done);
  os::set_fault("io.save.keep:fail");
  CHECK(settled.outcome(folder / "x", progress.load(), true).step == Step::keep);
  os::set_fault("");
}

}  // namespace furrow::test
