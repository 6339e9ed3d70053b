// What a file holds, as list and inspect tell it: against h5py's files.
#include <catch2/catch.hpp>

#include <map>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5_inspect.hpp>
#include <furrow/os/fault.hpp>

#include "io_support.hpp"
#include "tools_support.hpp"

using Catch::Matchers::Contains;

namespace furrow::test {
namespace {

using hdf5::ObjectInfo;
using hdf5::ObjectKind;

std::map<std::string, ObjectInfo> listed(Engine& engine, const std::string& file,
                                         const std::string& group = "/") {
  std::map<std::string, ObjectInfo> objects;
  for (const ObjectInfo& info : hdf5::list(engine, file, group).objects) {
    CHECK(objects.emplace(info.path, info).second);
  }
  return objects;
}

using Numbers = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("list shows groups, datasets and links, follows none, and ends in cycles",
          "[hdf5][inspect]") {
  const Folder folder;
  const std::string file = folder / "tree.h5";
  REQUIRE(run_tools_peer("tree " + file).output.empty());
  Engine engine({.workers = 1});
  const auto all = listed(engine, file);
  std::string paths;
  for (const ObjectInfo& info : hdf5::list(engine, file).objects) paths += info.path + " ";
  CHECK(paths ==
        "/ /a /a/b /a/b/x /a/loop /compound /empty /external /hard /nowhere /soft /type /words ");

  const ObjectInfo& x = all.at("/a/b/x");
  CHECK(x.kind == ObjectKind::dataset);
  CHECK(x.dtype == Dtype::f32);
  CHECK(x.type == "f32");
  CHECK(x.byte_order == "big");
  CHECK(x.shape == Numbers{100, 6});
  CHECK(x.shape_max == Numbers{-1, 6});
  CHECK(x.chunk == Numbers{10, 6});
  CHECK(x.layout == "chunked");
  REQUIRE(x.filters.size() == 3);
  CHECK(to_string(x.filters[0]) == "shuffle");
  CHECK(to_string(x.filters[1]) == "gzip-7");
  CHECK(to_string(x.filters[2]) == "fletcher32");
  CHECK(x.bytes == 2400);
  CHECK(x.stored_bytes > 0);
  CHECK(x.attribute_count == 4);
  CHECK(x.attributes.empty());

  CHECK(all.at("/soft").kind == ObjectKind::soft_link);
  CHECK(all.at("/soft").target == "/a/b/x");
  CHECK(all.at("/nowhere").target == "/not/there");
  CHECK(all.at("/external").kind == ObjectKind::external_link);
  CHECK(all.at("/external").target == "other.h5:/y");
  CHECK(all.at("/hard").kind == ObjectKind::hard_link);
  CHECK(all.at("/hard").target == "/a/b/x");
  CHECK(all.at("/a/loop").target == "/a");
  CHECK(all.at("/type").kind == ObjectKind::type);
  CHECK(all.at("/words").dtype == Dtype::none);
  CHECK(all.at("/words").type == "strings of variable length");
  CHECK_FALSE(all.at("/empty").has_shape);
  CHECK(all.at("/compound").type == "a compound of a, b");
  for (const auto& [path, info] : all) CHECK(info.error.empty());

  CHECK(listed(engine, file, "/a/b").size() == 2);
  CHECK(listed(engine, file, "soft").size() == 1);
  CHECK_THAT(error_of([&] { listed(engine, file, "/external"); }), Contains("another file"));
  CHECK_THAT(error_of([&] { listed(engine, file, "/a/none"); }), Contains("NotFound"));
  CHECK_THAT(error_of([&] { listed(engine, folder / "none.h5"); }), Contains("NotFound"));
  CHECK_THAT(error_of([&] { listed(engine, folder.path()); }), Contains("is a folder"));
  const hdf5::Listing some = hdf5::list(engine, file, "/", {.objects_max = 3});
  CHECK(some.objects.size() == 3);
  CHECK(some.more);
}

TEST_CASE("inspect tells attributes, fill values and what it cannot keep", "[hdf5][inspect]") {
  const Folder folder;
  const std::string file = folder / "tree.h5";
  REQUIRE(run_tools_peer("tree " + file).output.empty());
  Engine engine({.workers = 1});
  const ObjectInfo x = hdf5::inspect(engine, file, "a/b/x");
  REQUIRE(x.fill);
  CHECK(x.fill->as_number() == 7.5);
  CHECK(x.attributes.at("unit").as_text() == "m");
  CHECK(x.attributes.at("scale").as_number() == 2.5);
  REQUIRE(x.foreign_attributes.size() == 2);
  CHECK(x.foreign_attributes[0].name == "nothing");
  CHECK(x.foreign_attributes[1].name == "where");
  CHECK(x.foreign_attributes[1].type == "references");
  const ObjectInfo root = hdf5::inspect(engine, file, "/");
  CHECK(root.kind == ObjectKind::group);
  CHECK(root.attributes.at("title").as_text() == "of the file");
  CHECK(hdf5::inspect(engine, file, "/a").attributes.at("title").as_text() == "of the group");
  // The answer is longer than the room it is first given.
  CHECK(hdf5::inspect(engine, file, "/type").attributes.at("long29").bytes.size() == 48'000);
}

TEST_CASE("a worker that dies while it looks is replaced", "[hdf5][inspect]") {
  const Folder folder;
  const std::string file = folder / "tree.h5";
  REQUIRE(run_tools_peer("tree " + file).output.empty());
  const std::string token = folder / "token";
  write_file(token, {});
  os::set_fault("io.inspect:kill:1:" + token);
  Engine engine({.workers = 1});
  CHECK(hdf5::list(engine, file).objects.size() == 13);
  CHECK(file_bytes(token).empty());
  os::set_fault("io.inspect:segv");
  Engine crashing({.workers = 1});
  CHECK_THAT(error_of([&] { hdf5::list(crashing, file); }), Contains("WorkerDied"));
  os::set_fault("");
}

TEST_CASE("a worker that comes to no end while it looks ends in a timeout", "[hdf5][inspect]") {
  const Folder folder;
  const std::string file = folder / "tree.h5";
  REQUIRE(run_tools_peer("tree " + file).output.empty());
  const std::string token = folder / "token";
  write_file(token, {});
  os::set_fault("io.inspect:stop:1:" + token);
  Engine engine({.workers = 1});
  os::set_fault("");
  hdf5::ListOptions options;
  options.job.deadline_ns = 300'000'000;
  CHECK_THAT(error_of([&] { hdf5::list(engine, file, "/", options); }),
             Contains("Timeout") && Contains("tree.h5"));
  CHECK(hdf5::list(engine, file).objects.size() == 13);
}

}  // namespace furrow::test
