// create, ls, info, peek, rm, gc
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <complex>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <furrow/array/array.hpp>
#include <furrow/sync/lock.hpp>
#include <numeric>

#include "core/cli/program.hpp"

using namespace furrow;        // NOLINT
using namespace furrow::test;  // NOLINT

TEST_CASE("create makes an array of zeros or of one value, of any dtype") {
  CHECK(run({"create", "zeros", "--dtype", "f64", "--shape", "10,4"}).empty());
  const auto zeros = Array<double>::attach("zeros");
  CHECK(zeros.shape() == Shape{10, 4});
  for (const double v : zeros.span()) REQUIRE(v == 0.0);

  run({"create", "waves", "--dtype", "c128", "--shape", "3", "--fill", "1+2j"});
  CHECK(Array<c128>::attach("waves")(2) == c128(1, 2));
  run({"create", "low", "--dtype", "f32", "--shape", "2", "--fill", "-inf"});
  CHECK(Array<float>::attach("low")(0) < -1e38f);
  run({"create", "yes", "--dtype", "bool", "--shape", "2", "--fill", "true"});
  CHECK(Array<bool>::attach("yes")(1));
  run({"create", "large", "--dtype", "u64", "--shape", "2", "--fill", "18446744073709551615"});
  CHECK(Array<std::uint64_t>::attach("large")(1) == ~std::uint64_t{0});
  run({"create", "single", "--dtype", "i32", "--shape", "", "--fill", "-5"});
  CHECK(Array<std::int32_t>::attach("single").ndim() == 0);
  CHECK(run({"peek", "single"}) == "-5\n");
  run({"rm", "--force", "zeros", "waves", "low", "yes", "large", "single"});
  CHECK(segments().empty());
}

TEST_CASE("what create refuses leaves nothing behind") {
  const auto refused = [](const std::vector<std::string>& words, int code, const char* says) {
    std::vector<std::string> all{"create"};
    all.insert(all.end(), words.begin(), words.end());
    const Result result = attempt(all);
    INFO(result.error);
    CHECK(result.code == code);
    CHECK(is_one_sentence(result.error));
    CHECK(result.error.find(says) != std::string::npos);
    CHECK(result.out.empty());
    CHECK(segments().empty());
  };
  refused({"a", "--dtype", "f65", "--shape", "3"}, 2, "f65");
  refused({"a", "--dtype", "f64", "--shape", "3,-1"}, 2, "--shape 3,-1");
  refused({"a", "--dtype", "f64", "--shape", "3,x"}, 2, "--shape 3,x");
  refused({"a", "--dtype", "f64", "--shape", "1,1,1,1,1,1,1,1,1"}, 2, "--shape");
  refused({"a", "--dtype", "f64", "--shape", "3", "--fill", "many"}, 2, "--fill many");
  refused({"a/b", "--dtype", "f64", "--shape", "3"}, 2, "a/b");
  refused({std::string(300, 'n'), "--dtype", "f64", "--shape", "3"}, 2, "200");
  refused({"", "--dtype", "f64", "--shape", "3"}, 2, "name");
  refused({"a", "--dtype", "i8", "--shape", "3", "--fill", "300"}, 1, "i8");
  refused({"a", "--dtype", "f64", "--shape", "3", "--fill", "1+2j"}, 1, "f64");
  refused({"a", "--dtype", "f64", "--shape", "100000000000000"}, 1, "free");
  refused({"a", "--dtype", "f64"}, 2, "--shape");

  run({"create", "a", "--dtype", "f64", "--shape", "3", "--fill", "7"});
  const Result taken = attempt({"create", "a", "--dtype", "f64", "--shape", "3"});
  CHECK(taken.code == 1);
  CHECK(is_one_sentence(taken.error));
  CHECK(run({"peek", "a"}) == "7\n7\n7\n");
  run({"rm", "a"});
}

TEST_CASE("ls and info tell the same, as text and as JSON") {
  CHECK(run({"ls", "--json"}) == "[]\n");
  run({"create", "b", "--dtype", "f32", "--shape", "2,3"});
  run({"create", "a", "--dtype", "c64", "--shape", "0,5"});
  const auto held = AnyArray::attach("b");
  const std::string ls = run({"ls", "--json"});
  CHECK(python("[list(a) for a in json.loads(text)] == 2 * [['name', 'dtype', 'shape', 'bytes', "
               "'lifetime', 'attached', 'created', 'kind', 'type', 'creator_pid', 'state']]",
               ls) == "True");
  CHECK(python("[list(a.values())[:6] for a in json.loads(text)]", ls) ==
        "[['a', 'c64', [0, 5], 0, 'persistent', False], "
        "['b', 'f32', [2, 3], 24, 'persistent', True]]");
  CHECK(python("abs(__import__('time').time() - __import__('calendar').timegm(__import__('time')."
               "strptime(json.loads(text)[0]['created'], '%Y-%m-%dT%H:%M:%SZ'))) < 3600",
               ls) == "True");
  CHECK(python("text.split()[:8] + text.split('\\n')[2].split()[:4]", run({"ls"})) ==
        "['NAME', 'KIND', 'DTYPE', 'SHAPE', 'BYTES', 'LIFETIME', 'ATTACHED', 'CREATED', 'b', "
        "'array', 'f32', '(2,']");

  held.set_attributes({{"unit", Attribute::text("m/s \"fast\"\n")},
                       {"scale", Attribute::number(0.1)},
                       {"labels", Attribute::strings({"u", "v"})}});
  const std::string info = run({"info", "b", "--json"});
  CHECK(python("json.loads(text)['attributes']", info) ==
        "{'labels': ['u', 'v'], 'scale': 0.1, 'unit': 'm/s \"fast\"\\n'}");
  CHECK(python("json.loads(text)['shape'], json.loads(text)['attached']", info) ==
        "([2, 3], True)");
  CHECK(run({"info", "b"}).find("attached  yes") != std::string::npos);
  run({"rm", "a"});
  run({"rm", "--force", "b"});
}

TEST_CASE("locks, queues and the like are listed with how they stand, and are no arrays") {
  const auto lock = mp::Lock::create("door");
  CHECK(run({"ls", "--json", "--arrays"}) == "[]\n");
  CHECK(python("[(a['name'], a['kind'], a['type'], a['dtype'], a['attached'], a['state']) for a in "
               "json.loads(text)]",
               run({"ls", "--json"})) == "[('door', 'object', 'Lock', None, True, 'free')]");
  lock.acquire();
  const std::string held = "held by thread " + std::to_string(::getpid());
  CHECK(run({"ls"}).find(held + "\n") != std::string::npos);
  CHECK(run({"ls"}).find("door  Lock") != std::string::npos);
  CHECK(run({"info", "door"}).find(held) != std::string::npos);
  CHECK(lock.is_own());
  lock.release();
  const Result peek = attempt({"peek", "door"});
  CHECK(peek.code == 1);
  CHECK(is_one_sentence(peek.error));
  CHECK(attempt({"rm", "door"}).code == 1);  // somebody holds it
}

TEST_CASE("what another process makes or removes is listed as that, not as gone") {
  const pid_t maker = ::fork();
  if (maker == 0) {
    const auto left = mp::Lock::create("gate");
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(maker, nullptr, 0);
  REQUIRE(segments() == std::vector<std::string>{"gate"});
  const Place place = Place::default_place();
  const int file = ::open((place.directory + "/furrow." + place.prefix + "gate").c_str(), O_RDWR);
  REQUIRE(file >= 0);
  REQUIRE(::flock(file, LOCK_EX) == 0);
  CHECK(python("[(a['type'], a['state']) for a in json.loads(text)]", run({"ls", "--json"})) ==
        "[('object', 'being made or removed by another process')]");
  ::close(file);
  run({"gc"});
  CHECK(segments().empty());
}

TEST_CASE("a name that is missing is told with the one that looks like it") {
  run({"create", "prices", "--dtype", "f64", "--shape", "3"});
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"info", "price"},
                                             {"peek", "price"},
                                             {"stats", "price"},
                                             {"rm", "price"},
                                             {"apply", "exp", "price"},
                                             {"save", "price", "x.h5:/x"}}) {
    const Result result = attempt(words);
    INFO(result.error);
    CHECK(result.code == 1);
    CHECK(is_one_sentence(result.error));
    CHECK(result.error.find("did you mean \"prices\"?") != std::string::npos);
  }
  run({"rm", "prices"});
}

TEST_CASE("peek prints rows of any rank, all of them into a pipe") {
  const auto x = Array<std::int32_t>::create("x", {3000, 2});
  std::iota(x.span().begin(), x.span().end(), -3);
  CHECK(run({"peek", "x", "--rows", "0:3"}) == "-3 -2\n-1  0\n 1  2\n");
  CHECK(run({"peek", "x", "--rows", "2998:"}) == "5993 5994\n5995 5996\n");
  CHECK(run({"peek", "x", "--rows", "5:5"}).empty());
  CHECK(python("[int(v) for v in text.split()] == list(range(-3, 5997))", run({"peek", "x"})) ==
        "True");
  const auto cube = Array<double>::create("cube", {2, 2, 2, 2});
  std::iota(cube.span().begin(), cube.span().end(), 0.5);
  CHECK(run({"peek", "cube", "--rows", "1:2"}) ==
        "# [1, 0, :, :]\n 8.5  9.5\n10.5 11.5\n\n# [1, 1, :, :]\n12.5 13.5\n14.5 15.5\n");
  for (const char* rows : {"2990:3001", "3001:", "7:6", "a:b", "5", "-2:3"}) {
    const Result result = attempt({"peek", "x", "--rows", rows});
    INFO(rows << " " << result.error);
    CHECK(result.code == (rows[0] >= '2' && rows[0] <= '3' ? 1 : 2));
    CHECK(is_one_sentence(result.error));
  }
  Program terminal({"peek", "x"}, Program::Where::terminal);
  const std::string shown = terminal.finish().out;
  CHECK(shown.find("…") != std::string::npos);
  CHECK(shown.find("5995 5996") != std::string::npos);
  CHECK(std::count(shown.begin(), shown.end(), '\n') <= 24);
  run({"rm", "x", "cube", "--force"});
}

TEST_CASE("rm refuses what is in use, goes on with the rest, and removes it when forced") {
  run({"create", "held", "--dtype", "f64", "--shape", "3"});
  run({"create", "free", "--dtype", "f64", "--shape", "3"});
  const auto held = Array<double>::attach("held");
  const Result result = attempt({"rm", "held", "free"});
  CHECK(result.code == 1);
  CHECK(is_one_sentence(result.error));
  CHECK(segments() == std::vector<std::string>{"held"});
  run({"rm", "held", "--force"});
  CHECK(segments().empty());
  held(2) = 1.0;  // still there for its holder
  CHECK(attempt({"rm"}).code == 2);
}

TEST_CASE("names of verbs are names of arrays, too") {
  for (const char* name : {"ls", "rm", "load", "stats"}) {
    run({"create", name, "--dtype", "f64", "--shape", "3"});
    CHECK(run({"peek", name}) == "0\n0\n0\n");
    run({"rm", name});
  }
  CHECK(segments().empty());
}

TEST_CASE("create --owned holds the array until it is interrupted, then nothing is left") {
  for (const int number : {SIGINT, SIGTERM}) {
    Program holder({"create", "mine", "--dtype", "f64", "--shape", "3", "--fill", "2", "--owned"});
    CHECK(holder.line() == "holding mine until interrupted\n");
    CHECK(run({"peek", "mine"}) == "2\n2\n2\n");
    CHECK(python("json.loads(text)['lifetime'], json.loads(text)['attached']",
                 run({"info", "mine", "--json"})) == "('owned', True)");
    holder.signal(number);
    const Result result = holder.finish();
    CHECK(result.code == 0);
    CHECK(result.error.empty());
    CHECK(segments().empty());
  }
}

TEST_CASE("gc removes what a crash left behind, and says first what it would") {
  Program holder({"create", "lost", "--dtype", "f64", "--shape", "3", "--owned"});
  holder.line();
  run({"create", "kept", "--dtype", "f64", "--shape", "3"});
  CHECK(run({"gc", "--json"}) == "[]\n");
  holder.signal(SIGKILL);
  CHECK(holder.finish().code == -SIGKILL);
  CHECK(segments() == std::vector<std::string>{"kept", "lost"});
  run({"info", "lost", "--json"});  // a look does not remove it
  CHECK(python("[s['name'] for s in json.loads(text)]", run({"gc", "--dry-run", "--json"})) ==
        "['lost']");
  CHECK(run({"gc", "--dry-run"}).find("would remove lost") == 0);
  CHECK(segments() == std::vector<std::string>{"kept", "lost"});
  CHECK(run({"gc"}).find("removed lost") == 0);
  CHECK(segments() == std::vector<std::string>{"kept"});
  run({"rm", "kept"});
}

TEST_CASE("a damaged segment is told as such, left out of ls, and can be removed") {
  run({"create", "whole", "--dtype", "f64", "--shape", "3"});
  const Place place = Place::default_place();
  const std::string torn(8192, '\0');
  std::ofstream(place.path_of("zero"), std::ios::binary) << torn;
  std::ofstream(place.path_of("text"), std::ios::binary) << "hello";
  for (const char* name : {"zero", "text"}) {
    for (const char* verb : {"info", "peek", "stats"}) {
      const Result result = attempt({verb, name});
      INFO(result.error);
      CHECK(result.code == 1);
      CHECK(is_one_sentence(result.error));
    }
    CHECK(attempt({"apply", "exp", name}).code == 1);
  }
  CHECK(python("[a['name'] for a in json.loads(text)]", run({"ls", "--json"})) == "['whole']");
  run({"gc"});
  CHECK(segments() == std::vector<std::string>{"text", "whole", "zero"});
  run({"rm", "zero", "text", "whole"});
}

TEST_CASE("output that cannot be written is a failure") {
  if (std::FILE* full = std::fopen("/dev/full", "w")) {
    std::fclose(full);
    const std::string line = std::string(FURROW_COMMAND) + " kernels >/dev/full 2>/dev/null";
    CHECK(WEXITSTATUS(std::system(line.c_str())) == 1);
  }
}
