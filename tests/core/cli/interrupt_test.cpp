// Signals in the middle of work: whole tiles, no process and no segment left, exit code 128 + n.
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <furrow/array/array.hpp>

#include "core/cli/program.hpp"

using namespace furrow;        // NOLINT
using namespace furrow::test;  // NOLINT

namespace {

constexpr std::int64_t tile_elements = 1024;  // 8 KiB
constexpr std::int64_t elements = std::int64_t{48} << 20;

bool any_changed(const Array<double>& x) {
  for (std::int64_t i = 0; i < x.size(); i += tile_elements) {
    if (static_cast<volatile double&>(x.data()[i]) != 1.0) return true;
  }
  return false;
}

// Runs the command, sends SIGINT as soon as `begun`, and requires that it ends by that.
template <class Begun>
void interrupt(const std::vector<std::string>& words, Begun begun) {
  Program program(words);
  eventually("the work has begun", begun);
  program.signal(SIGINT);
  const Result result = program.finish();
  INFO(words[0] << ": " << result.error);
  CHECK(result.code == 130);
  CHECK(is_one_sentence(result.error));
}

}  // namespace

TEST_CASE("an interrupted apply leaves whole tiles, old or new, and nothing behind") {
  const auto x = Array<double>::create("x", {elements});
  const int number = GENERATE(SIGINT, SIGTERM);
  // Twice the same signal, as from a terminal and from a script's timeout.
  for (int tries = 0;; ++tries) {
    REQUIRE(tries < 10);
    std::fill(x.span().begin(), x.span().end(), 1.0);
    Program apply({"apply", "log", "x"});
    std::vector<pid_t> helpers;
    eventually("the workers have begun", [&] { return any_changed(x); });
    helpers = descendants(apply.pid());
    apply.signal(number);
    apply.signal(number);
    const Result result = apply.finish();
    INFO(result.error);
    if (result.code == 0) continue;  // it was faster than the signal
    CHECK(result.code == 128 + number);
    CHECK(is_one_sentence(result.error));
    for (const pid_t helper : helpers) CHECK(gone(helper));
    break;
  }
  CHECK(segments() == std::vector<std::string>{"x"});
  std::int64_t old_tiles = 0;
  std::int64_t new_tiles = 0;
  for (std::int64_t tile = 0; tile < elements; tile += tile_elements) {
    const double* const first = x.data() + tile;
    REQUIRE((*first == 1.0 || *first == 0.0));  // log 1 = 0
    REQUIRE(std::all_of(first, first + tile_elements, [&](double v) { return v == *first; }));
    ++(*first == 1.0 ? old_tiles : new_tiles);
  }
  CHECK(old_tiles > 0);
  CHECK(new_tiles > 0);
  run({"rm", "--force", "x"});
}

TEST_CASE("an interrupted create or load leaves no array, an interrupted save the old file") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  const std::vector<std::string> only_x{"x"};
  const auto more_than_x = [] { return segments().size() > 1; };
  run({"create", "x", "--dtype", "f64", "--shape", "10000000"});
  run({"apply", "random_normal", "x", "7"});

  interrupt({"save", "x", file + ":/x", "--gzip", "1"}, [&] { return !folder.files().empty(); });
  CHECK(folder.files().empty());
  CHECK(segments() == only_x);

  run({"save", "x", file + ":/x", "--gzip", "1"});
  interrupt({"load", file + ":/x", "y", "--workers", "1"}, more_than_x);
  CHECK(segments() == only_x);

  interrupt({"create", "z", "--dtype", "f64", "--shape", "50000000", "--fill", "1"}, more_than_x);
  CHECK(segments() == only_x);
  run({"rm", "x"});
}

TEST_CASE("an ignored signal stays ignored") {
  run({"create", "x", "--dtype", "f64", "--shape", "10"});
  struct sigaction before {};
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGHUP, &ignore, &before);
  Program holder({"create", "mine", "--dtype", "f64", "--shape", "3", "--owned"});
  ::sigaction(SIGHUP, &before, nullptr);
  holder.line();
  holder.signal(SIGHUP);
  pause_ms(50);
  CHECK(run({"peek", "mine"}) == "0\n0\n0\n");
  holder.signal(SIGINT);
  CHECK(holder.finish().code == 0);
  run({"rm", "x"});
}

TEST_CASE("SIGKILL of the command leaves whole tiles, no process, and no segment of its own") {
  const auto x = Array<double>::create("x", {elements});
  std::fill(x.span().begin(), x.span().end(), 1.0);
  Program apply({"apply", "log", "x"});
  eventually("the workers have begun", [&] { return any_changed(x); });
  const std::vector<pid_t> helpers = descendants(apply.pid());
  apply.signal(SIGKILL);
  const int code = apply.finish().code;
  CHECK((code == -SIGKILL || code == 0));
  for (const pid_t helper : helpers) CHECK(gone(helper));
  eventually("its segment is gone", [] { return segments().size() == 1; });
  for (std::int64_t tile = 0; tile < elements; tile += tile_elements) {
    const double* const first = x.data() + tile;
    REQUIRE(std::all_of(first, first + tile_elements, [&](double v) { return v == *first; }));
  }
  run({"rm", "--force", "x"});
}
