// h5 ls, h5 info, h5 verify
#include <catch2/catch.hpp>
#include <fstream>
#include <numeric>

#include <furrow/array/array.hpp>

#include "core/cli/program.hpp"

using namespace furrow;        // NOLINT
using namespace furrow::test;  // NOLINT

namespace {

/// /plain and /group/packed in chunks of ten rows, by furrow itself.
void make_file(const std::string& file) {
  auto x = Array<float>::create("x", {100, 3}, {.lifetime = Lifetime::owned});
  std::iota(x.span().begin(), x.span().end(), 0.0f);
  run({"save", "x", file + ":/plain"});
  run({"save", "x", file + ":/group/packed", "--gzip", "9", "--chunk", "10,3"});
}

}  // namespace

TEST_CASE("h5 ls lists a file or a group, for people and for programs") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  make_file(file);
  const std::string text = run({"h5", "ls", file});
  CHECK(text.find("/group/packed") != std::string::npos);
  CHECK(text.find("gzip-9") != std::string::npos);
  const std::string json = run({"h5", "ls", file, "--json"});
  CHECK(python("[o['path'] for o in json.loads(text)]", json) ==
        "['/', '/group', '/group/packed', '/plain']");
  CHECK(python("[(o['shape'], o['chunk'], 'gzip-9' in o['filters'], o['dtype'], o['bytes'], "
               "0 < o['stored_bytes'] < 1200) for o in json.loads(text) if o['path'] == "
               "'/group/packed']",
               json) == "[([100, 3], [10, 3], True, 'f32', 1200, True)]");
  CHECK(python("len(json.loads(text))", run({"h5", "ls", file + ":/group", "--json"})) == "2");
  const Result few = attempt({"h5", "ls", file, "--max", "2"});
  CHECK(few.code == 0);
  CHECK(is_one_sentence(few.error));
}

TEST_CASE("h5 info tells all about a dataset") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  make_file(file);
  python("__import__('h5py').File(text, 'a')['plain'].attrs.update({'unit': 'EUR', 'n': 3})", file);
  const std::string text = run({"h5", "info", file + ":/plain"});
  CHECK(text.find("@unit") != std::string::npos);
  CHECK(python("(lambda o: (o['layout'], o['attributes'], o['shape_max'], o['byte_order']))"
               "(json.loads(text))",
               run({"h5", "info", file + ":/plain", "--json"})) ==
        "('contiguous', {'n': 3, 'unit': 'EUR'}, [100, 3], 'little')");
  CHECK(run({"h5", "info", file}).find("group") != std::string::npos);
}

TEST_CASE("info shows attributes for people: not all of many values, nan and complex") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  python(
      "(lambda f: (f.create_dataset('x', data=[1.5]).attrs.update({'many': list(range(100)), "
      "'few': list(range(8)), 'f': [float('nan'), float('-inf'), 0.1], 'z': 1 + 2j, "
      "'words': ['a'] * 9}), f.close()))(__import__('h5py').File(text, 'w'))",
      file);
  run({"load", file + ":/x", "x"});
  for (const std::string& text : {run({"h5", "info", file + ":/x"}), run({"info", "x"})}) {
    INFO(text);
    CHECK(text.find("[0, 1, 2, ..., 97, 98, 99] (100 values)\n") != std::string::npos);
    CHECK(text.find("[0, 1, 2, 3, 4, 5, 6, 7]\n") != std::string::npos);
    CHECK(text.find("[nan, -inf, 0.1]\n") != std::string::npos);
    CHECK(text.find("1+2j\n") != std::string::npos);
    CHECK(text.find("[\"a\", \"a\", \"a\", ..., \"a\", \"a\", \"a\"] (9 values)") !=
          std::string::npos);
  }
  CHECK(python("sum(json.loads(text)['attributes']['many'])", run({"info", "x", "--json"})) ==
        "4950");
  run({"rm", "x"});
}

TEST_CASE("attributes show their shape, what is empty says so, and no complex number is a list") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  python(
      "(lambda h, n, f: (f.create_dataset('x', data=[1.5]).attrs.update({'m': n.arange(6)."
      "reshape(2, 3), 'big': n.zeros((10, 10)), 'z': 1 + 2j, 'pair': [1, 2], "
      "'none': h.Empty('f8'), 'word': h.Empty('S5'), 'wide': n.zeros((2,) * 9)}), f.close()))"
      "(__import__('h5py'), __import__('numpy'), __import__('h5py').File(text, 'w'))",
      file);
  const std::string text = run({"h5", "info", file + ":/x"});
  INFO(text);
  for (const char* part :
       {"[[0, 1, 2], [3, 4, 5]]\n", "(100 values of shape (10, 10))\n", "(empty, of f64)\n",
        "(empty, of strings of 5 bytes)\n", "(f64, of 9 axes)\n"}) {
    CHECK(text.find(part) != std::string::npos);
  }
  CHECK(python("(lambda a: (a['attributes']['m'], a['attributes']['z'], a['attributes']['pair'], "
               "a['other_attributes']['none']))(json.loads(text))",
               run({"h5", "info", file + ":/x", "--json"})) ==
        "([[0, 1, 2], [3, 4, 5]], {'re': 1, 'im': 2}, [1, 2], 'empty, of f64')");
}

TEST_CASE("a soft link that leads nowhere is called so by whoever meets it") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  make_file(file);
  python(
      "(lambda h, f: (f.__setitem__('dead', h.SoftLink('/nope')), f.__setitem__('live', "
      "h.SoftLink('/plain')), f.close()))(__import__('h5py'), __import__('h5py').File(text, 'a'))",
      file);
  const auto x = Array<float>::create("x", {2, 3}, {.lifetime = Lifetime::owned});
  const std::string text = run({"h5", "ls", file});
  CHECK(text.find("soft link to /nope, which leads nowhere") != std::string::npos);
  CHECK(text.find("soft link to /plain\n") != std::string::npos);
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"load", file + ":/dead", "y"},
                                             {"h5", "info", file + ":/dead"},
                                             {"stats", file + ":/dead"},
                                             {"append", "x", file + ":/dead"}}) {
    const Result result = attempt(words);
    INFO(result.error);
    CHECK(result.code == 1);
    CHECK(is_one_sentence(result.error));
    CHECK(result.error.find("\"/dead\" is a soft link to \"/nope\", which leads nowhere") !=
          std::string::npos);
  }
}

TEST_CASE("scales that cannot be kept are no damage") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  python(
      "(lambda f: (f.create_dataset('x', data=[1.5] * 2), f.create_dataset('t', data=['a', 'b']), "
      "f['t'].make_scale('t'), f['x'].dims[0].attach_scale(f['t']), f.close()))"
      "(__import__('h5py').File(text, 'w'))",
      file);
  CHECK(run({"h5", "info", file + ":/x"}).find("scale /t of axis 0") != std::string::npos);
  CHECK(attempt({"h5", "verify", file}).code == 0);
}

TEST_CASE("h5 verify names torn chunks, and its exit code says whether there are any") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  make_file(file);
  CHECK(run({"h5", "verify", file}).find("whole by") != std::string::npos);
  CHECK(python("json.loads(text)['whole']", run({"h5", "verify", file, "--json"})) == "True");
  const long long at = std::stoll(python(
      "__import__('h5py').File(text)['group/packed'].id.get_chunk_info(4).byte_offset", file));
  std::fstream change(file, std::ios::in | std::ios::out | std::ios::binary);
  change.seekp(at + 5);
  change.write("\x13\x37\x13\x37\x13\x37", 6);
  change.close();
  const Result torn = attempt({"h5", "verify", file, "--json"});
  CHECK(torn.code == 1);
  CHECK(is_one_sentence(torn.error));
  CHECK(python("(lambda o: (o['whole'], o['torn_count'], o['torn'][0]['dataset'], "
               "o['torn'][0]['offset'], o['torn'][0]['count']))(json.loads(text))",
               torn.out) == "(False, 1, '/group/packed', [40, 0], [10, 3])");
  const Result text = attempt({"h5", "verify", file + ":/group"});
  CHECK(text.code == 1);
  CHECK(text.out.find("TORN: 1 of 10") != std::string::npos);
  CHECK(text.out.find("torn: /group/packed from (40, 0) on") != std::string::npos);
}

TEST_CASE("what the library here cannot decompress is named, and never called whole") {
  const Folder folder;
  const std::string file = folder / "lzf.h5";
  python(
      "(lambda f: (f.create_dataset('x', data=[1.5] * 1000, compression='lzf', chunks=(100,)), "
      "f.create_dataset('y', data=[1.5] * 10), f.close()))(__import__('h5py').File(text, 'w'))",
      file);
  const std::string reason = "compressed by lzf (32000), for which the HDF5 library here has no";
  const Result json = attempt({"h5", "verify", file, "--json"});
  CHECK(json.code == 1);
  CHECK(is_one_sentence(json.error));
  CHECK(json.error.find("1 of 2 datasets could not be read") != std::string::npos);
  CHECK(python("(lambda o: (o['whole'], o['skipped_count'], o['torn_count']))(json.loads(text))",
               json.out) == "(False, 1, 0)");
  const Result text = attempt({"h5", "verify", file});
  CHECK(text.code == 1);
  CHECK(text.out.find("not read: " + reason) != std::string::npos);
  CHECK(attempt({"h5", "verify", file + ":/y"}).code == 0);
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"load", file + ":/x", "x"},
                                             {"stats", file + ":/x"},
                                             {"eval", "--in", "x=" + file + ":/x", "sum(x)"},
                                             {"load", file + ":/x", "x", "--rows", "0:10"}}) {
    const Result result = attempt(words);
    INFO(result.error);
    CHECK(result.code == 1);
    CHECK(is_one_sentence(result.error));
    CHECK(result.error.find(reason) != std::string::npos);
    CHECK(result.error.find("HDF5_PLUGIN_PATH") != std::string::npos);
  }
}

TEST_CASE("what h5 refuses is one sentence") {
  const Folder folder;
  for (const auto& [words, code] : std::vector<std::pair<std::vector<std::string>, int>>{
           {{"h5"}, 2},
           {{"h5", "lss"}, 2},
           {{"h5", "ls"}, 2},
           {{"h5", "ls", "a", "b"}, 2},
           {{"h5", "ls", folder / "none.h5"}, 1},
           {{"h5", "verify", folder / "none.h5"}, 1},
           {{"h5", "info", folder / "none.h5", "--deadline", "-1"}, 2}}) {
    const Result result = attempt(words);
    INFO(result.error);
    CHECK(result.code == code);
    CHECK(is_one_sentence(result.error));
    CHECK(result.out.empty());
  }
  CHECK(attempt({"h5", "lss"}).error.find("did you mean \"ls\"?") != std::string::npos);
}
