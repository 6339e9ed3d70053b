// The command line itself: global options, help, what is wrong with it.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "core/cli/program.hpp"

using namespace furrow::test;  // NOLINT

TEST_CASE("help and version go to stdout and are no failure") {
  CHECK(run({"--help"}).find("130 interrupted") != std::string::npos);
  const std::string version = run({"--version"});
  CHECK(python("__import__('re').fullmatch(r'furrow \\d+\\.\\d+\\.\\d+ \\(HDF5 \\d+\\.\\d+\\.\\d+, "
               "SIMD \\w+\\)\\n', text) is not None",
               version) == "True");
  for (const char* verb : {"load", "save", "create", "ls", "info", "peek", "rm", "gc", "apply",
                           "kernels", "stats", "worker", "doctor"}) {
    const std::string help = run({verb, "--help"});
    CHECK(help.find(std::string("furrow ") + verb) != std::string::npos);
    CHECK(run({"--help"}).find(std::string("  ") + verb) != std::string::npos);
    CHECK(run({verb, "--version"}) == version);
  }
}

TEST_CASE("a wrong command line is exit code 2, one sentence, and nothing on stdout") {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"frobnicate"},
                                             {"lss"},
                                             {"--frobnicate"},
                                             {"ls", "--frobnicate"},
                                             {"ls", "extra"},
                                             {"info"},
                                             {"info", "a", "b"},
                                             {"peek", "bad/name"},
                                             {"rm", "..."},
                                             {"worker"},
                                             {"ls", "--prefix", "bad/prefix"},
                                             {"ls", "--prefix"},
                                             {"ls", "--workers", "-1"},
                                             {"load", "x"}}) {
    const Result result = attempt(words);
    INFO((words.empty() ? "" : words[0]) << ": " << result.error);
    CHECK(result.code == 2);
    CHECK(is_one_sentence(result.error));
    CHECK(result.out.empty());
  }
  CHECK(attempt({"lss"}).error.find("did you mean \"ls\"?") != std::string::npos);
}

TEST_CASE("global options stand before and after the verb; a prefix isolates") {
  const std::string own = std::getenv("FURROW_PREFIX");
  const std::string inner = own + "inner-";
  run({"--prefix", inner, "create", "x", "--dtype", "f64", "--shape", "3"});
  run({"create", "x", "--dtype", "f64", "--shape", "4", "--quiet", "--no-progress"});
  CHECK(run({"peek", "x", "--prefix", inner}) == "0\n0\n0\n");
  CHECK(run({"--no-progress", "--quiet", "--workers", "1", "peek", "x"}) == "0\n0\n0\n0\n");
  CHECK(python("[a['name'] for a in json.loads(text)]", run({"ls", "--json", "--prefix", inner})) ==
        "['x']");
  run({"rm", "x", "--prefix", inner});
  run({"rm", "x"});
  CHECK(segments().empty());
}

TEST_CASE("doctor starts an engine, tells of the machine, and advises") {
  const std::string told = run({"doctor", "--json", "--workers", "2"});
  CHECK(python("[d['works'], d['cores'] > 0, d['memory_available'] > 0, d['engine_ms'] > 0, "
               "d['directory_free'] > 0, type(d['leftovers']) is int] "
               "if (d := json.loads(text)) else 0",
               told) == "[True, True, True, True, True, True]");
  // Pages of 4 KiB go with the advice, others do not.
  CHECK(python("any('huge' in a for a in d['advice']) != d['huge_pages'] "
               "if (d := json.loads(text)) else 0",
               told) == "True");
  CHECK(run({"doctor", "--workers", "3"}).find("3 workers, started in") != std::string::npos);
  ::setenv("FURROW_DIR", "/nowhere/at/all", 1);
  const Result lost = attempt({"doctor"});
  ::unsetenv("FURROW_DIR");
  CHECK(lost.code == 1);
  CHECK(lost.out.find("set FURROW_DIR to one that exists") != std::string::npos);
}
