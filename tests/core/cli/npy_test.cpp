// load and save of .npy files, and a saver that is killed
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <numeric>

#include <furrow/array/array.hpp>

#include "core/cli/program.hpp"

using namespace furrow;        // NOLINT
using namespace furrow::test;  // NOLINT

namespace {

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Array<float> counting(const char* name, float first) {
  auto x = Array<float>::create(name, {100, 3}, {.lifetime = Lifetime::owned});
  std::iota(x.span().begin(), x.span().end(), first);
  return x;
}

}  // namespace

TEST_CASE("the format of a file follows from its name") {
  const Folder folder;
  const std::string file = folder / "a.npy";
  const auto x = counting("x", 0);
  run({"save", "x", file});
  CHECK(python("(lambda a: (a.dtype.str, a.shape, float(a.sum())))(__import__('numpy').load(text))",
               file) == "('<f4', (100, 3), 44850.0)");
  run({"load", file, "y"});
  CHECK(run({"peek", "y"}) == run({"peek", "x"}));
  run({"load", file, "y", "--rows", "10:12", "--replace"});
  CHECK(run({"peek", "y"}) == run({"peek", "x", "--rows", "10:12"}));
  run({"rm", "y"});
  run({"save", "x", folder / "plain", "--format", "npy"});
  CHECK(content(folder / "plain") == content(file));
  run({"load", folder / "plain", "y", "--format", "npy"});
  run({"rm", "y"});

  python("__import__('numpy').save(text, __import__('numpy').arange(6.).reshape(2, 3).T)",
         folder / "f.npy");
  for (const auto& [words, code] : std::vector<std::pair<std::vector<std::string>, int>>{
           {{"save", "x", file}, 1},
           {{"save", "x", folder / "b.npy", "--gzip", "1"}, 2},
           {{"load", file, "x"}, 1},
           {{"load", folder / "none.npy", "y"}, 1},
           {{"load", file, "y", "--rows", "50:101"}, 1},
           {{"load", file, "y", "--format", "csv"}, 2},
           {{"load", folder / "a.h5:/x", "y", "--fortran", "convert"}, 2},
           {{"load", folder / "f.npy", "y"}, 1}}) {
    const Result result = attempt(words);
    INFO(result.error);
    CHECK(result.code == code);
    CHECK(is_one_sentence(result.error));
  }
  CHECK(attempt({"load", folder / "f.npy", "y"}).error.find("--fortran") != std::string::npos);
  run({"load", folder / "f.npy", "y", "--fortran", "convert"});
  CHECK(run({"peek", "y"}) == "0 3\n1 4\n2 5\n");
  run({"load", folder / "f.npy", "y", "--fortran", "reversed", "--replace"});
  CHECK(run({"peek", "y"}) == "0 1 2\n3 4 5\n");
  run({"rm", "y"});
}

TEST_CASE("a saver of .npy that is killed leaves the old file or the new one") {
  const Folder folder;
  const std::string file = folder / "a.npy";
  const auto x = counting("x", 0);
  const auto y = counting("y", 7);
  run({"save", "y", folder / "y.npy"});
  const std::string after = content(folder / "y.npy");
  for (const char* point : {"io.save.locked", "io.save.pwrite", "io.save.written", "io.save.synced",
                            "io.save.renamed", "io.save.done"}) {
    CAPTURE(point);
    run({"save", "x", file, "--replace"});
    const std::string before = content(file);
    ::setenv("FURROW_FAULT", (std::string(point) + ":kill").c_str(), 1);
    const Result killed = attempt({"save", "y", file, "--replace"});
    ::unsetenv("FURROW_FAULT");
    CHECK(killed.code == -SIGKILL);
    const bool renamed =
        point == std::string("io.save.renamed") || point == std::string("io.save.done");
    CHECK(content(file) == (renamed ? after : before));
  }
  run({"save", "x", file, "--replace"});  // takes what the dead ones left
  CHECK(folder.files() == std::vector<std::string>{"a.npy", "y.npy"});
}
