// A save is killed at each of its steps and at each of its system calls: the file is the old one or
// the new one, a later save finds nothing in its way and leaves nothing.
#include <catch2/catch.hpp>

#include <cstring>
#include <string>
#include <vector>

#include <furrow/segment/segment.hpp>

#include "io_support.hpp"

namespace furrow::test {
namespace {

const char* const saver = FURROW_IO_SAVER;

double first_of(const Content& content) {
  double value = 0;
  if (content.bytes.size() >= sizeof value) std::memcpy(&value, content.bytes.data(), sizeof value);
  return value;
}

std::string save_command(const std::string& file, const std::string& dataset, int value) {
  return std::string(saver) + " " + file + " " + dataset + " " + std::to_string(value) +
         " 20000 1 replace";
}

/// The file that is there before: /keep from 8, /x from 101. Made once, and copied.
std::vector<std::byte> old_file() {
  const Folder folder;
  const std::string file = folder / "f.h5";
  REQUIRE(run_program(save_command(file, "keep", 7)).code == 0);
  REQUIRE(run_program(save_command(file, "x", 100)).code == 0);
  return file_bytes(file);
}

/// Kills one save by `prefix`; true when the save was killed, false when it ran to its end.
bool kill_one(const Folder& folder, const std::string& prefix, const std::vector<std::byte>& old) {
  const std::string file = folder / "f.h5";
  const bool exists = !old.empty();
  if (exists) write_file(file, old);
  const Ran killed = run_program(prefix + " " + save_command(file, "x", 200));
  segment::sweep();  // the array of the killed one
  if (killed.code == 0) return false;
  INFO(prefix << ": " << killed.output);
  const bool there =
      folder.names().find("f.h5") == 0 || folder.names().find(" f.h5") != std::string::npos;
  if (exists || there) {
    const double first = first_of(read_here(file, "x"));
    CHECK((first == 201 || (exists && first == 101)));
    CHECK(read_here(file, "x").bytes.size() == 160'000);
  }
  if (exists) CHECK(first_of(read_here(file, "keep")) == 8);
  const Ran next = run_program(save_command(file, "x", 300));
  CHECK(next.output.empty());
  CHECK(first_of(read_here(file, "x")) == 301);
  CHECK(folder.names() == "f.h5");
  return true;
}

}  // namespace

TEST_CASE("killed at every labelled point of a save", "[hdf5][faults]") {
  const std::vector<std::byte> old = old_file();
  for (const char* point :
       {"io.save.locked", "io.save.copied", "io.save.write", "io.save.chunk", "io.save.written",
        "io.save.synced", "io.save.rename", "io.save.named", "io.save.renamed", "io.save.done"}) {
    for (const bool exists : {false, true}) {
      CAPTURE(point, exists);
      const Folder folder;
      const bool killed = kill_one(folder, "env FURROW_FAULT=" + std::string(point) + ":kill",
                                   exists ? old : std::vector<std::byte>());
      // A new file has nothing to copy.
      CHECK(killed == (exists || std::string(point) != "io.save.copied"));
    }
  }
}

TEST_CASE("killed at every write of a save", "[hdf5][faults]") {
  const std::vector<std::byte> old = old_file();
  for (const bool exists : {false, true}) {
    int kills = 0;
    for (int nth = 1; nth < 60; ++nth, ++kills) {
      CAPTURE(exists, nth);
      const Folder folder;
      const std::string fault = "env FURROW_FAULT=io.save.pwrite:kill:" + std::to_string(nth);
      if (!kill_one(folder, fault, exists ? old : std::vector<std::byte>())) break;
    }
    CHECK(kills >= 3);
  }
}

TEST_CASE("killed at every write, fsync and rename of a save", "[hdf5][faults]") {
  if (run_program("strace -f -o /dev/null true").code != 0) {
    WARN("skipped: strace is not installed, or may not trace here");
    return;
  }
  const std::vector<std::byte> old = old_file();
  for (const bool exists : {false, true}) {
    int kills = 0;
    for (const char* call : {"pwrite64", "copy_file_range", "ftruncate", "fsync", "fchmod",
                             "rename,renameat2,link,linkat"}) {
      for (int nth = 1; nth < 60; ++nth) {
        CAPTURE(exists, call, nth);
        const Folder folder;
        const std::string strace = "strace -f -o /dev/null -e trace=" + std::string(call) +
                                   " -e inject=" + call +
                                   ":signal=KILL:when=" + std::to_string(nth);
        if (!kill_one(folder, strace, exists ? old : std::vector<std::byte>())) break;
        ++kills;
      }
    }
    CHECK(kills > 8);
  }
}

TEST_CASE("the process that saves by workers is killed at some time", "[hdf5][faults]") {
  const std::vector<std::byte> old = old_file();
  const std::string arguments = " x 200 600000 6 replace 2";
  int killed = 0;
  for (int i = 0; i < 8; ++i) {
    CAPTURE(i);
    const Folder folder;
    const std::string file = folder / "f.h5";
    write_file(file, old);
    const Ran ran = run_program("timeout -s KILL 0." + std::string(i < 2 ? "0" : "") +
                                std::to_string(4 + 8 * i) + " " + saver + " " + file + arguments);
    killed += ran.code != 0 ? 1 : 0;
    // Its workers end with it, and what they left is in nobody's way.
    const Ran next = run_program(save_command(file, "y", 300));
    CHECK(next.output.empty());
    segment::sweep();
    const double first = first_of(read_here(file, "x"));
    CHECK((first == 201 || first == 101));
    CHECK(first_of(read_here(file, "keep")) == 8);
    CHECK(first_of(read_here(file, "y")) == 301);
    CHECK(folder.names() == "f.h5");
  }
  CHECK(killed > 0);
}

TEST_CASE("the owner of the file is killed at writes, fsync and rename", "[hdf5][faults]") {
  if (run_program("strace -f -o /dev/null true").code != 0) {
    WARN("skipped: strace is not installed, or may not trace here");
    return;
  }
  const std::vector<std::byte> old = old_file();
  for (const std::string kill : {"pwrite64:1", "pwrite64:2", "pwrite64:9", "pwrite64:13",
                                 "ftruncate:2", "fsync:1", "fsync:2", "rename,renameat2:1"}) {
    CAPTURE(kill);
    const Folder folder;
    const std::string file = folder / "f.h5";
    write_file(file, old);
    const std::size_t colon = kill.find(':');
    const std::string calls = kill.substr(0, colon);
    // The nth of each process: of whoever owns the file at last, three times in a row.
    const Ran ran = run_program("strace -f -o /dev/null -e trace=" + calls + " -e inject=" + calls +
                                ":signal=KILL:when=" + kill.substr(colon + 1) + " " + saver + " " +
                                file + " x 200 400000 1 replace 2");
    segment::sweep();
    INFO(ran.output);
    // The signal comes before the call: behind the rename there is only the second fsync.
    const bool published = kill == "fsync:2";
    CHECK((ran.code == 0) == published);
    CHECK(first_of(read_here(file, "x")) == (published ? 201 : 101));
    CHECK(first_of(read_here(file, "keep")) == 8);
    CHECK(folder.names() == "f.h5");
  }
}

}  // namespace furrow::test
