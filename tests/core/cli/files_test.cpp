// load, save
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <furrow/array/array.hpp>
#include <numeric>

#include "core/cli/program.hpp"

using namespace furrow;        // NOLINT
using namespace furrow::test;  // NOLINT

namespace {

Array<float> counting(const char* name) {
  auto x = Array<float>::create(name, {100, 3});
  std::iota(x.span().begin(), x.span().end(), 0.0f);
  return x;
}

void refused(const std::vector<std::string>& words, int code, const std::string& says) {
  const Result result = attempt(words);
  INFO(result.error);
  CHECK(result.code == code);
  CHECK(is_one_sentence(result.error));
  CHECK(result.error.find(says) != std::string::npos);
}

}  // namespace

TEST_CASE("what is saved is loaded again, whole and by rows") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  const auto x = counting("x");
  run({"save", "x", file + ":/plain"});
  run({"save", "x", file + ":/group/packed", "--gzip", "9", "--chunk", "10,3"});
  for (const char* dataset : {":/plain", ":/group/packed"}) {
    run({"load", file + dataset, "y"});
    CHECK(run({"peek", "y"}) == run({"peek", "x"}));
    run({"rm", "y"});
    run({"load", file + dataset, "y", "--rows", "10:12"});
    CHECK(run({"peek", "y"}) == run({"peek", "x", "--rows", "10:12"}));
    run({"load", file + dataset, "y", "--rows", "98:", "--replace"});
    CHECK(run({"peek", "y"}) == run({"peek", "x", "--rows", "98:100"}));
    run({"load", file + dataset, "y", "--select", "10:12", "--replace"});
    CHECK(run({"peek", "y"}) == run({"peek", "x", "--rows", "10:12"}));
    run({"load", file + dataset, "y", "--rows", "10:31:20", "--replace"});
    CHECK(run({"peek", "y"}) ==
          run({"peek", "x", "--rows", "10:11"}) + run({"peek", "x", "--rows", "30:31"}));
    run({"load", file + dataset, "y", "--take", "30,10", "--replace"});
    CHECK(run({"peek", "y"}) ==
          run({"peek", "x", "--rows", "30:31"}) + run({"peek", "x", "--rows", "10:11"}));
    run({"rm", "y"});
  }
  CHECK(
      python("(lambda d: (d.dtype.name, d.shape, d.chunks, d.compression_opts))(__import__('h5py')."
             "File(text)['group/packed'])",
             file) == "('float32', (100, 3), (10, 3), 9)");
  CHECK(folder.files() == std::vector<std::string>{"a.h5"});
  run({"rm", "--force", "x"});
}

TEST_CASE("load says which road it took when asked") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  const auto x = counting("x");
  run({"save", "x", file + ":/packed", "--gzip", "1"});
  const Result told = attempt({"load", file + ":/packed", "y", "--verbose"});
  CHECK(told.code == 0);
  CHECK(is_one_sentence(told.error));
  CHECK(told.error.find("\"chunks\"") != std::string::npos);
  run({"rm", "y"});
  const Result saved = attempt({"save", "x", folder / "x.npy", "--verbose"});
  CHECK(saved.error.find("\"npy\"") != std::string::npos);
  const Result npy = attempt({"load", folder / "x.npy", "y", "--verbose"});
  CHECK(npy.code == 0);
  CHECK(is_one_sentence(npy.error));
  CHECK(npy.error.find("\"npy\"") != std::string::npos);
  run({"rm", "y"});
  run({"load", file + ":/packed", "y", "--dtype", "f64"});
  CHECK(AnyArray::attach("y").dtype() == Dtype::f64);
  CHECK(run({"peek", "y"}) == run({"peek", "x"}));
  run({"rm", "y"});
  refused({"load", file + ":/packed", "y", "--dtype", "f3"}, 2, "--dtype f3");
  refused({"load", folder / "x.npy", "y", "--dtype", "f64"}, 2, "--dtype");
  for (const char* rows : {"-5:", "10:5", "5", "0:9:0"}) {
    refused({"load", file + ":/packed", "y", "--rows", rows}, 2, "count from 0, A <= B");
  }
  run({"rm", "--force", "x"});
}

TEST_CASE("rows are appended, and a save says how it went") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  const auto x = counting("x");
  const Result made = attempt({"save", "x", file + ":/x", "--gzip", "1", "--shuffle", "on",
                               "--no-checksum", "--chunk", "10,3", "--growable", "--verbose"});
  CHECK(made.code == 0);
  CHECK(made.error.find("\"chunks\"") != std::string::npos);
  CHECK(made.error.find("(10, 3), shuffled") != std::string::npos);
  run({"append", "x", file + ":/x"});
  CHECK(python("(lambda d: (d.shape, d.maxshape, d.shuffle, d.fletcher32, float(d[100:].sum())))("
               "__import__('h5py').File(text)['x'])",
               file) == "((200, 3), (None, 3), True, False, 44850.0)");
  run({"save", "x", file + ":/fixed"});
  refused({"append", "x", file + ":/fixed"}, 1, "growable");
  refused({"append", "x", file + ":/no"}, 1, "/fixed");
  refused({"append", "x", file}, 2, "FILE.h5:/dataset");
  refused({"save", "x", file + ":/y", "--shuffle", "maybe"}, 2, "--shuffle");
  run({"rm", "--force", "x"});
}

TEST_CASE("what load and save refuse is one sentence and changes nothing") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  const auto x = counting("x");
  run({"save", "x", file + ":/plain"});
  refused({"save", "x", file + ":/plain"}, 1, "already");
  run({"save", "x", file + ":/plain", "--replace"});
  refused({"save", "x", file}, 2, "FILE.h5:/dataset");
  refused({"save", "x", file + ":/"}, 2, "FILE.h5:/dataset");
  refused({"save", "x", file + ":/new", "--gzip", "10"}, 2, "--gzip");
  refused({"save", "x", file + ":/new", "--chunk", "10"}, 1, "chunk");
  refused({"save", "x", file + ":/new", "--chunk", "a,b"}, 2, "--chunk");
  refused({"save", "x", folder / "no/such/folder.h5:/new"}, 1, "folder");

  refused({"load", file + ":/missing", "y"}, 1, "plain");
  refused({"load", folder / "missing.h5:/plain", "y"}, 1, "missing.h5");
  refused({"load", file + ":/plain", "y", "--rows", "50:101"}, 1, "0:100");
  refused({"load", file + ":/plain", "y", "--rows", "x"}, 2, "--rows");
  refused({"load", file + ":/plain", "y", "--rows", "7:3"}, 2, "--rows");
  refused({"load", file + ":/plain", "y", "--select", "0:5,1:2:0"}, 2, "--select");
  refused({"load", file + ":/plain", "y", "--take", "3,"}, 2, "--take");
  refused({"load", file + ":/plain", "y", "--take", "100"}, 1, "0:100");
  refused({"load", file + ":/plain", "x"}, 1, "x");
  refused({"load", file + ":/plain", "bad/name"}, 2, "bad/name");
  refused({"load", file, "y"}, 2, "FILE.h5:/dataset");
  std::ofstream(folder / "text.h5") << "no HDF5 at all";
  refused({"load", folder / "text.h5:/plain", "y"}, 1, "text.h5");
  std::string bytes;
  std::getline(std::ifstream(file, std::ios::binary), bytes, '\0');
  std::ifstream whole(file, std::ios::binary);
  std::string half(600, '\0');
  whole.read(half.data(), 600);
  std::ofstream(folder / "short.h5", std::ios::binary) << half;
  refused({"load", folder / "short.h5:/plain", "y"}, 1, "short.h5");
  python("__import__('h5py').File(text, 'w').create_dataset('words', data=['a', 'b'])",
         folder / "words.h5");
  refused({"load", folder / "words.h5:/words", "y"}, 1, "words");

  CHECK(segments() == std::vector<std::string>{"x"});
  CHECK(folder.files() == std::vector<std::string>{"a.h5", "short.h5", "text.h5", "words.h5"});
  CHECK(python("list(__import__('h5py').File(text))", file) == "['plain']");
  run({"rm", "--force", "x"});
}
