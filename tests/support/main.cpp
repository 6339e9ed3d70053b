// main() of every test program.
//
// Order   furrow::initialize first: a worker that was started by re-executing this program never
//         comes back from it; then the prefix, the watchdog, the cases, the look for leftovers
// Extra   --write-ctest FILE ROOM WATCHDOG_S LABELS FOLDER writes the ctest file of the program
//         (tests/CMakeLists.txt calls it after linking). Catch2's catch_discover_tests is not used:
//         it takes a program with 256 cases for an empty one, since the exit code is the number of
//         cases modulo 256, and one that crashes for a program without cases.

// Catch's own handlers would run in workers that a test crashes on purpose, and allocate there.
#define CATCH_CONFIG_NO_POSIX_SIGNALS
#define CATCH_CONFIG_RUNNER
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "support/leftovers.hpp"
#include "support/watchdog.hpp"

#ifdef FURROW_TEST_INITIALIZES
#include <furrow/process/initialize.hpp>
#endif

namespace {

/// The name as a Catch test specification that matches this case alone.
std::string as_specification(const std::string& name) {
  std::string escaped;
  for (const char c : name) {
    if (c == ',' || c == '[' || c == ']' || c == '\\' || c == '"') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string quoted(const std::string& text) { return "[==[" + text + "]==]"; }

int write_ctest(char** argv) {
  const std::string program = argv[0], file = argv[2], room = argv[3], watchdog_s = argv[4];
  const std::string labels = argv[5], folder = argv[6];
  std::ofstream out(file + ".new");
  int cases = 0;
  for (const auto& test : Catch::getAllTestCasesSorted(Catch::Config())) {
    if (test.isHidden()) continue;
    const std::string name = quoted(room + ": " + test.name);
    // OpenMP's threads would spin for each other, and several tests run at a time.
    // ctest's limit is the second net: the watchdog inside speaks first and says which case hung.
    out << "add_test(" << name << ' ' << quoted(program) << ' '
        << quoted(as_specification(test.name)) << " --warn NoTests)\n"
        << "set_tests_properties(" << name << " PROPERTIES TIMEOUT "
        << 4 * std::atoi(watchdog_s.c_str()) << " LABELS " << quoted(labels)
        << " WORKING_DIRECTORY " << quoted(folder) << " ENVIRONMENT "
        << quoted("FURROW_TEST_LIMIT=" + watchdog_s + ";OMP_WAIT_POLICY=passive") << ")\n";
    ++cases;
  }
  out.close();
  if (cases == 0 || !out || std::rename((file + ".new").c_str(), file.c_str()) != 0) {
    std::fprintf(stderr, "%s: %s\n", room.c_str(),
                 cases == 0 ? "the program has no test cases" : "cannot write the list of cases");
    return 1;
  }
  return 0;
}

struct NameTheCase : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;
  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    furrow::test::watchdog_case(info.name.c_str());
  }
};
CATCH_REGISTER_LISTENER(NameTheCase)

}  // namespace

int main(int argc, char** argv) {
#ifdef FURROW_TEST_INITIALIZES
  furrow::initialize(argc, argv);
#endif
  if (argc == 7 && std::string(argv[1]) == "--write-ctest") return write_ctest(argv);

  const pid_t self = getpid();
  furrow::test::Leftovers leftovers;
  furrow::test::arm_watchdog();
  int result = Catch::Session().run(argc, argv);
  if (getpid() != self) {
    std::fprintf(stderr, "a child process of a test came back to main()\n");
    std::_Exit(1);
  }
  if (const std::string left = leftovers.left_behind(); !left.empty()) {
    std::fprintf(stderr, "left behind in shared memory: %s\n", left.c_str());
    result = 1;
  }
  return result;
}
