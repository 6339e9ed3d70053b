// What the verbs for files say when they are asked for what cannot be, or has no effect.
#include <catch2/catch.hpp>
#include <fstream>
#include <furrow/array/array.hpp>
#include <numeric>

#include "core/cli/program.hpp"

using Catch::Matchers::Contains;
using namespace furrow;        // NOLINT
using namespace furrow::test;  // NOLINT

namespace {

Array<float> counting(const char* name, const Shape& shape) {
  auto x = Array<float>::create(name, shape, {.lifetime = Lifetime::owned});
  std::iota(x.span().begin(), x.span().end(), 0.0f);
  return x;
}

std::string refusal(const std::vector<std::string>& words, int code) {
  const Result result = attempt(words);
  INFO(result.error);
  CHECK(result.code == code);
  CHECK(is_one_sentence(result.error));
  return result.error;
}

/// Done, with one sentence on stderr.
std::string warning(const std::vector<std::string>& words) { return refusal(words, 0); }

}  // namespace

TEST_CASE("a file where a dataset or an array is meant gets the right advice") {
  const Folder folder;
  for (const std::string& file : {std::string("big.h5"), folder / "big.nc"}) {
    CHECK_THAT(refusal({"stats", file}, 2), Contains("FILE.h5:/dataset"));
  }
  const auto x = counting("x.h5", {4});  // a name that an array may have
  CHECK_THAT(run({"stats", "x.h5"}), Contains("count  4"));
  CHECK_THAT(refusal({"load", "z.npz", "z"}, 2), Contains("archive of .npy files"));
}

TEST_CASE("options without effect are refused or told") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  const auto x = counting("x", {1000, 7});
  const auto one = counting("one", {});
  CHECK_THAT(refusal({"save", "x", file + ":/x", "--shuffle", "on"}, 2), Contains("--gzip"));
  CHECK(folder.files().empty());
  CHECK_THAT(refusal({"save", "x", folder / "x.npy", "--no-checksum"}, 2), Contains(".npy"));
  CHECK_THAT(warning({"save", "one", file + ":/one", "--gzip", "4"}), Contains("a single number"));
  CHECK_THAT(warning({"save", "x", file + ":/x", "--chunk", "5000,7"}), Contains("(1000, 7)"));
  run({"save", "x", file + ":/y", "--chunk", "1000,7", "--gzip", "1"});
  CHECK_THAT(
      refusal({"eval", "--in", file + ":/x", "--out", file + ":/z", "--shuffle", "on", "z = x"}, 2),
      Contains("--gzip"));
}

TEST_CASE("rows that are named twice over are wrong usage") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  const auto x = counting("x", {10, 2});
  run({"save", "x", file + ":/x"});
  for (const char* other : {"--rows", "--select"}) {
    CHECK_THAT(refusal({"load", file + ":/x", "y", "--take", "3", other, "0:5"}, 2),
               Contains("--take"));
  }
  CHECK_THAT(warning({"load", file + ":/x", "y", "--verbose"}), Contains("in 1 block\n"));
  run({"rm", "y"});
}

TEST_CASE("too little memory is told with the option that gives more") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  const auto x = counting("x", {10, 2});
  run({"save", "x", file + ":/x"});
  const std::string said = refusal({"stats", file + ":/x", "--memory", "4K"}, 1);
  const std::size_t at = said.find("--memory ");
  REQUIRE(at != std::string::npos);
  const std::string enough = said.substr(at + 9, said.find(' ', at + 9) - at - 9);
  CHECK(run({"stats", file + ":/x", "--memory", enough}) == run({"stats", "x"}));
}

TEST_CASE("bytes behind the elements of a .npy file are told") {
  const Folder folder;
  const std::string file = folder / "a.npy";
  const auto x = counting("x", {10, 2});
  run({"save", "x", file});
  std::ofstream(file, std::ios::app) << "tail!";
  CHECK_THAT(warning({"load", file, "y"}), Contains("5 bytes of") && Contains("behind"));
  CHECK(run({"peek", "y"}) == run({"peek", "x"}));
  run({"rm", "y"});
}

TEST_CASE("a save says that scales are datasets of their own, and leaves them where it is told") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  python(
      "(lambda f: (f.create_dataset('x', data=[1.5] * 3), f.create_dataset('t', data=[1, 2, 3]), "
      "f['t'].make_scale('t'), f['x'].dims[0].attach_scale(f['t']), "
      "f['x'].dims[0].__setattr__('label', 'time'), "
      "f.create_group('g').create_dataset('t', data=[7]), f.close()))"
      "(__import__('h5py').File(text, 'w'))",
      file);
  run({"load", file + ":/x", "x"});
  CHECK_THAT(warning({"save", "x", folder / "b.h5:/x", "--verbose"}),
             Contains("beside it, as a dataset of its own: \"t\""));
  CHECK_THAT(refusal({"save", "x", file + ":/g/x"}, 1), Contains("--no-scales"));
  run({"save", "x", file + ":/g/x", "--no-scales"});
  CHECK(python("(lambda f: (sorted(f['g']), f['g/x'].dims[0].label, len(f['g/x'].dims[0])))"
               "(__import__('h5py').File(text))",
               file) == "(['t', 'x'], 'time', 0)");
  run({"rm", "x"});
}

TEST_CASE("append's help says what it costs") {
  CHECK_THAT(run({"append", "--help"}), Contains("free space of a copy of the whole file"));
}
