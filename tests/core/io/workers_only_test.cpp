// Files are read and written by workers alone, also where the waiting thread takes part in the
// engine's work: what crashes or stalls is a worker. Each fault here would hit this process, too.
#include <catch2/catch.hpp>

#include <string>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5_inspect.hpp>
#include <furrow/io/hdf5_stream.hpp>
#include <furrow/io/npy.hpp>

#include "io_support.hpp"
#include "save_support.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace furrow::test {
namespace {

EngineOptions taking_part(std::size_t workers) {
  EngineOptions options;
  options.workers = workers;
  options.participate = true;
  return options;
}

void make_files(const Folder& folder) {
  const AnyArray x = pattern_array("made", Dtype::i32, {300, 11});
  hdf5::save(x, folder / "x.h5", "/x", {.gzip = 4, .chunk = {50, 11}, .growable = true});
  Engine engine(workers_of(1));
  npy::save(engine, x, folder / "x.npy");
}

/// What each call meets when whoever passes `point` crashes.
struct Call {
  const char* point;
  std::string (*of)(Engine&, const Folder&);
};

CreateOptions owned() { return {.lifetime = Lifetime::owned}; }

const Call calls[] = {
    {"io.load.inspect",
     [](Engine& e, const Folder& f) {
       return error_of([&] { hdf5::load(e, f / "x.h5", "/x", "x", {.create = owned()}); });
     }},
    {"io.load.block",
     [](Engine& e, const Folder& f) {
       return error_of([&] { hdf5::load(e, f / "x.h5", "/x", "x", {.create = owned()}); });
     }},
    {"io.load.decode",
     [](Engine& e, const Folder& f) {
       return error_of([&] { hdf5::load(e, f / "x.h5", "/x", "x", {.create = owned()}); });
     }},
    {"io.load.decode",
     [](Engine& e, const Folder& f) {
       return error_of([&] { hdf5::statistics(e, {f / "x.h5", "/x"}); });
     }},
    {"io.inspect",
     [](Engine& e, const Folder& f) { return error_of([&] { hdf5::list(e, f / "x.h5"); }); }},
    {"io.save.write",
     [](Engine& e, const Folder& f) {
       const AnyArray x = pattern_array("made", Dtype::i32, {300, 11});
       return error_of([&] { hdf5::save(e, x, f / "new.h5", "/x"); });
     }},
    {"io.save.chunk",
     [](Engine& e, const Folder& f) {
       const AnyArray x = pattern_array("made", Dtype::i32, {300, 11});
       return error_of([&] { hdf5::append(e, x, f / "x.h5", "/x"); });
     }},
    {"io.npy.load",
     [](Engine& e, const Folder& f) {
       return error_of([&] { npy::load(e, f / "x.npy", "x", {.create = owned()}); });
     }},
    {"io.npy.save",
     [](Engine& e, const Folder& f) {
       const AnyArray x = pattern_array("made", Dtype::i32, {300, 11});
       return error_of([&] { npy::save(e, x, f / "new.npy"); });
     }},
};

}  // namespace

TEST_CASE("a file that crashes its reader never crashes a caller that takes part",
          "[hdf5][npy][damaged]") {
  const Folder folder;
  make_files(folder);
  for (const Call& call : calls) {
    for (const std::size_t workers : {1, 2}) {
      CAPTURE(call.point, workers);
      WorkerFaults faults(std::string(call.point) + ":segv");
      Engine engine(taking_part(workers));
      CHECK_THAT(call.of(engine, folder), StartsWith("WorkerDied"));
    }
  }
}

TEST_CASE("verify by an engine whose caller takes part names what crashes", "[hdf5][damaged]") {
  const Folder folder;
  make_files(folder);
  WorkerFaults faults("io.verify.place:segv");
  Engine engine(taking_part(1));
  CHECK_FALSE(hdf5::verify(engine, folder / "x.h5").whole());
}

TEST_CASE("a file that stalls its reader never stalls a caller that takes part",
          "[hdf5][damaged]") {
  const Folder folder;
  make_files(folder);
  for (const char* point : {"io.load.inspect", "io.load.decode"}) {
    CAPTURE(point);
    WorkerFaults faults(std::string(point) + ":stop");
    Engine engine(taking_part(1));
    hdf5::LoadOptions options{.create = owned()};
    options.job.deadline_ns = 300'000'000;
    CHECK_THAT(error_of([&] { hdf5::load(engine, folder / "x.h5", "/x", "x", options); }),
               StartsWith("Timeout") && Contains("x.h5"));
  }
}

TEST_CASE("files are read and written where the caller takes part, with one worker, too",
          "[hdf5][npy]") {
  const Folder folder;
  make_files(folder);
  for (const std::size_t workers : {1, 2}) {
    Engine engine(taking_part(workers));
    const auto expected = pattern(Dtype::i32, 3300);
    const AnyArray x = hdf5::load(engine, folder / "x.h5", "/x", "x", {.create = owned()});
    CHECK(holds(x, expected));
    hdf5::save(engine, x, folder / "y.h5", "/x", {.gzip = 1, .chunk = {7, 11}, .replace = true});
    CHECK(read_here(folder / "y.h5", "/x").bytes == expected);
    CHECK(hdf5::verify(engine, folder / "y.h5").whole());
    CHECK(holds(npy::load(engine, folder / "x.npy", "y", {.create = owned()}), expected));
  }
}

}  // namespace furrow::test
