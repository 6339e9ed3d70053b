// The progress bar: on a terminal, after half a second, and gone at the end.
#include <catch2/catch.hpp>
#include <furrow/array/array.hpp>

#include "core/cli/program.hpp"

using namespace furrow::test;  // NOLINT

namespace {

constexpr const char* elements = "24000000";

// The work is made long enough by one worker that computes sines of large arguments.
const std::vector<std::string> long_work{"apply", "random_normal", "x", "7", "--workers", "1"};

Result on_terminal(std::vector<std::string> words) {
  Program program(words, Program::Where::terminal);
  return program.finish();
}

}  // namespace

TEST_CASE("long work shows a bar on a terminal, none in a pipe or when told not to") {
  // As much work as keeps one worker busy for over a second on any machine: grow until it does.
  std::string n = elements;
  Result shown;
  for (int doubling = 0; doubling < 5; ++doubling) {
    run({"create", "x", "--dtype", "f64", "--shape", n});
    shown = on_terminal(long_work);
    if (shown.out.find("ETA") != std::string::npos) break;
    run({"rm", "x"});
    n = std::to_string(2 * std::stoll(n));
  }
  INFO(shown.out);
  CHECK(shown.code == 0);
  CHECK(shown.out.find("apply random_normal x [") != std::string::npos);
  CHECK(shown.out.find(" %") != std::string::npos);
  CHECK(shown.out.find("GB/s") != std::string::npos);
  // Its line is clean at the end, and no line was ever full.
  CHECK(shown.out.rfind("\r\x1b[K") == shown.out.size() - 4);
  CHECK(shown.out.find('\n') == std::string::npos);

  CHECK(run(long_work).empty());  // run() requires that stderr is empty, too
  for (const char* option : {"--quiet", "--no-progress"}) {
    std::vector<std::string> words = long_work;
    words.emplace_back(option);
    CHECK(on_terminal(words).out.empty());
  }
  run({"rm", "x"});
}

TEST_CASE("short work shows no bar") {
  run({"create", "x", "--dtype", "f64", "--shape", "1000"});
  CHECK(on_terminal({"apply", "sum", "x"}).out == "0\r\n");
  run({"rm", "x"});
}
