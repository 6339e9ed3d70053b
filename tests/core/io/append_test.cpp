// Appends: to datasets of ours and of h5py's, by one process and by several, killed on the way.
#include <catch2/catch.hpp>

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <furrow/io/hdf5/handle.hpp>
#include <furrow/os/clock.hpp>

#include "io_support.hpp"
#include "save_support.hpp"

namespace furrow::test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

Ran run_save_peer(const std::string& arguments) {
  const std::string folder = fs::path(FURROW_IO_PEER).parent_path().string();
  return run_program(std::string(FURROW_PYTHON) + " -B " + folder + "/save_peer.py " + arguments);
}

/// Rows [begin, end) of 5 numbers each, as save_peer.py counts them.
AnyArray counted_rows(Dtype dtype, std::int64_t begin, std::int64_t end) {
  AnyArray array = pattern_array("rows", dtype, {end - begin, 5});
  for (std::int64_t i = 0; i < array.size(); ++i) {
    const std::int64_t number = begin * 5 + i;
    if (dtype == Dtype::i32) {
      static_cast<std::int32_t*>(array.data())[i] = static_cast<std::int32_t>(number);
    } else {
      static_cast<double*>(array.data())[i] = static_cast<double>(number);
    }
  }
  return array;
}

/// The pid of the worker that a fault has stopped; 0: none within 10 seconds.
std::uint64_t stopped_worker(const Engine& engine) {
  const std::int64_t until = os::monotonic_ns() + 10'000'000'000;
  while (os::monotonic_ns() < until) {
    for (const WorkerInfo& worker : engine.worker_info()) {
      std::ifstream in("/proc/" + std::to_string(worker.pid) + "/stat");
      std::string pid;
      std::string name;
      std::string state;
      if (in >> pid >> name >> state && state == "T") return worker.pid;
    }
    ::usleep(1000);
  }
  return 0;
}

/// Appends x[100:200) to a file of x[0:100). The owner of the file stops at a labelled point, and
/// dies after others have had their turn. Returns append's error.
std::string append_and_die(const Array<double>& x, const Folder& folder, const std::string& point,
                           const std::function<void()>& others) {
  const std::string file = folder / "f.h5";
  hdf5::save(x.rows(0, 100), file, "x", {.gzip = 1, .chunk = {64, 50}, .growable = true});
  write_file(folder / "once", {});
  const WorkerFaults faults(point + ":stop:1:" + (folder / "once"));
  Engine engine(workers_of(2));
  std::uint64_t owner = 0;
  std::string others_error;
  std::thread other([&] {
    others_error = error_of([&] {
      owner = stopped_worker(engine);
      os::set_fault("");
      if (owner != 0) others();
    });
    if (owner != 0) ::kill(static_cast<pid_t>(owner), SIGKILL);
  });
  std::string error = error_of([&] { hdf5::append(engine, x.rows(100, 200), file, "x"); });
  other.join();
  CHECK(owner != 0);
  CHECK(others_error.empty());
  return error;
}

/// By an engine, or in this process without one.
void append_with(Engine* engine, const AnyArray& array, const std::string& file,
                 const std::string& dataset, hdf5::SaveReport* report = nullptr) {
  if (engine != nullptr) {
    hdf5::append(*engine, array, file, dataset, {}, report);
  } else {
    hdf5::append(array, file, dataset, {}, report);
  }
}

std::string refusal(const AnyArray& array, const std::string& file, const std::string& dataset) {
  return error_of([&] { hdf5::append(array, file, dataset); });
}

}  // namespace

TEST_CASE("every dtype and filter mix is what h5py, h5dump and h5diff see", "[hdf5][save]") {
  const Folder folder;
  const std::string file = folder / "mixes.h5";
  Engine engine(workers_of(2));
  int count = 0;
  for (const Dtype dtype : all_dtypes) {
    for (int mix = 0; mix < 8; ++mix, ++count) {
      hdf5::SaveOptions options;
      options.gzip = (mix & 1) != 0 ? 1 + count % 9 : 0;
      options.shuffle = (mix & 2) != 0 ? hdf5::Shuffle::on : hdf5::Shuffle::off;
      options.fletcher32 = (mix & 4) != 0;
      options.growable = count % 2 != 0;
      // Ranks 1 to 8, chunks with edges; an axis without extent once in a while.
      const Shape all[] = {{37, 5},     {29}, {3, 7, 5}, {0, 3}, {3, 2, 2, 1, 2, 3, 1, 2},
                           {2, 3, 4, 5}};
      const Shape& shape = all[static_cast<std::size_t>(count) % std::size(all)];
      for (const std::int64_t extent : shape) {
        options.chunk.push_back(std::max<std::int64_t>((extent * 2 + 2) / 3, 1));
      }
      const std::string path = "/" + std::string(dtype_name(dtype)) + "/m_" +
                               std::to_string(options.gzip) + ((mix & 2) != 0 ? "_1_" : "_0_") +
                               std::to_string(mix >> 2);
      const AnyArray array = pattern_array("x", dtype, shape);
      if (array.size() == 0) options.growable = true;
      hdf5::save(engine, array, file, path, options);
    }
  }
  const Ran checked = run_save_peer("filters " + file);
  CHECK(checked.output == std::to_string(count) + "\n");
  REQUIRE(run_save_peer("mirror " + file + " " + (folder / "mirror.h5")).code == 0);
  if (!has_program("h5dump") || !has_program("h5diff")) {
    WARN("skipped: h5dump and h5diff (hdf5-tools) are not installed");
    return;
  }
  const Ran same = run_program("h5diff " + file + " " + (folder / "mirror.h5"));
  INFO(same.output);
  CHECK(same.code == 0);
  CHECK(run_program("h5dump " + file + " >/dev/null").code == 0);
}

TEST_CASE("rows appended to h5py's datasets, whatever their chunks, filters and index",
          "[hdf5][append]") {
  for (const bool by_engine : {true, false}) {
    for (const char* library : {"earliest", "latest"}) {
      CAPTURE(by_engine, library);
      const Folder folder;
      const std::string file = folder / "g.h5";
      REQUIRE(run_save_peer("growable " + file + " " + library).code == 0);
      std::unique_ptr<Engine> engine;
      if (by_engine) engine = std::make_unique<Engine>(workers_of(2));
      for (const char* kind : {"gzip", "all", "plain", "one", "wide", "fill", "scale", "big"}) {
        for (const char* suffix : {"", " both", " 25"}) {
          const std::string name = std::string(kind) + suffix;
          CAPTURE(name);
          const Dtype dtype = name.starts_with("scale") ? Dtype::i32 : Dtype::f64;
          hdf5::SaveReport report;
          append_with(engine.get(), counted_rows(dtype, 10, 13), file, name);
          append_with(engine.get(), counted_rows(dtype, 13, 25), file, name, &report);
          const bool others =
              name.starts_with("plain") || name.starts_with("scale") || name.starts_with("big");
          CHECK(report.road == (others ? "rows" : "chunks"));
          CHECK(report.shape == Shape{25, 5});
        }
      }
      const Ran checked = run_save_peer("appended " + file + " 25");
      INFO(checked.output);
      CHECK(checked.code == 0);
      CHECK(folder.names() == "g.h5");
    }
  }
}

TEST_CASE("appending is refused where it would not fit, and changes nothing", "[hdf5][append]") {
  const Folder folder;
  const std::string file = folder / "g.h5";
  REQUIRE(run_save_peer("growable " + file + " earliest").code == 0);
  REQUIRE(run_save_peer("growable " + (folder / "other.h5") + " earliest").code == 0);
  const std::vector<std::byte> before = file_bytes(file);
  const AnyArray rows = counted_rows(Dtype::f64, 10, 30);
  CHECK_THAT(refusal(rows, file, "gzip 25"),
             StartsWith("ShapeMismatch") && Contains("room for 25") && Contains("growable"));
  CHECK_THAT(refusal(rows, file, "fixed"), StartsWith("ShapeMismatch") && Contains("growable"));
  CHECK_THAT(refusal(rows.columns(0, 4), file, "gzip"),
             StartsWith("ShapeMismatch") && Contains("(20, 4)") && Contains("(10, 5)"));
  CHECK_THAT(refusal(rows.row(0), file, "gzip"), StartsWith("ShapeMismatch"));
  CHECK_THAT(refusal(pattern_array("i", Dtype::i32, {3, 5}), file, "gzip"),
             StartsWith("TypeMismatch") && Contains("i32") && Contains("f64"));
  CHECK_THAT(refusal(rows, file, "text"), StartsWith("TypeMismatch") && Contains("strings"));
  CHECK_THAT(refusal(rows, file, "group"), StartsWith("AlreadyExists") && Contains("group"));
  CHECK_THAT(refusal(rows, file, "nothing"), StartsWith("NotFound") && Contains("/fixed"));
  CHECK_THAT(refusal(rows, folder / "none.h5", "x"), StartsWith("NotFound"));
  CHECK_THAT(refusal(rows, file, "other"),
             StartsWith("PermissionDenied") && Contains("another file"));
  CHECK_THAT(refusal(pattern_array("s", Dtype::f64, {}), file, "gzip"),
             StartsWith("ShapeMismatch"));
  CHECK(file_bytes(file) == before);
  CHECK(folder.names() == "g.h5 other.h5");
  // Through a link of the same file it goes; nothing is nothing.
  hdf5::append(rows, file, "group/soft");
  CHECK(read_here(file, "gzip").shape == Shape{30, 5});
  hdf5::append(rows.rows(3, 3), file, "gzip");
  CHECK(read_here(file, "gzip").shape == Shape{30, 5});
}

TEST_CASE("saving through a link into another file is refused", "[hdf5][save]") {
  const Folder folder;
  const std::string file = folder / "g.h5";
  {
    const hdf5::File inner(
        H5Fcreate((folder / "inner.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    const hdf5::File outer(H5Fcreate(file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    REQUIRE(H5Lcreate_external("inner.h5", "/", outer.get(), "door", H5P_DEFAULT, H5P_DEFAULT) >=
            0);
  }
  const std::vector<std::byte> before = file_bytes(folder / "inner.h5");
  const AnyArray x = pattern_array("x", Dtype::f64, {3});
  CHECK_THAT(error_of([&] { hdf5::save(x, file, "/door/x"); }),
             StartsWith("PermissionDenied") && Contains("another file"));
  CHECK(file_bytes(folder / "inner.h5") == before);
  // The link itself may be replaced by a dataset.
  hdf5::save(x, file, "/door", {.replace = true});
  CHECK(read_here(file, "/door").bytes == pattern(Dtype::f64, 3));
  CHECK(file_bytes(folder / "inner.h5") == before);
}

TEST_CASE("appends of our own datasets, in small pieces and large ones", "[hdf5][append]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  const Array<double> x = decimals("x", {2000, 100});
  Engine engine(workers_of(3));
  hdf5::SaveOptions options;
  options.gzip = 1;
  options.growable = true;
  options.chunk = {150, 40};
  hdf5::save(engine, x.rows(0, 0), file, "x", options);
  const std::int64_t borders[] = {0, 1, 2, 150, 151, 300, 700, 1999, 2000};
  for (std::size_t i = 0; i + 1 < std::size(borders); ++i) {
    hdf5::append(engine, x.rows(borders[i], borders[i + 1]), file, "x");
    CHECK(read_here(file, "x").shape == Shape{borders[i + 1], 100});
  }
  CHECK((read_here(file, "x").bytes == dense_bytes(x)));
}

TEST_CASE("an append that is killed happened once or not at all", "[hdf5][append][faults]") {
  const Array<double> x = decimals("x", {1200, 500});
  const Folder folder;
  hdf5::SaveOptions options;
  options.gzip = 1;
  options.growable = true;
  options.chunk = {64, 250};
  hdf5::save(x.rows(0, 500), folder / "old.h5", "x", options);
  for (const char* point :
       {"io.save.copied", "io.save.opened", "io.save.chunk", "io.save.encoded", "io.save.settled",
        "io.save.rename", "io.save.named", "io.save.renamed", "io.save.done"}) {
    for (const bool always : {false, true}) {
      CAPTURE(point, always);
      fs::copy_file(folder / "old.h5", folder / "f.h5", fs::copy_options::overwrite_existing);
      write_file(folder / "once", {});
      const std::string spec = std::string(point) + ":kill";
      const WorkerFaults faults(always ? spec : spec + ":1:" + (folder / "once"));
      Engine engine(workers_of(2));
      const std::string error =
          error_of([&] { hdf5::append(engine, x.rows(500, 1200), folder / "f.h5", "x"); });
      // Once: as if nobody had died. Always: after three tries the old file, or, when the worker
      // died behind the rename, the new one and no second copy of the rows.
      const Content found = read_here(folder / "f.h5", "x");
      const std::string at = std::string(point).substr(8);
      const bool published = at == "named" || at == "renamed" || at == "done";
      const bool whole = !always || published || at == "encoded";
      CHECK(error.empty() == whole);
      CHECK(found.shape[0] == (whole ? 1200 : 500));
      if (whole) CHECK((found.bytes == dense_bytes(x)));
      fs::remove(folder / "once");
      CHECK(folder.names() == "f.h5 old.h5");
    }
  }
}

TEST_CASE("an append whose owner dies behind the rename is not done twice, whoever saves next",
          "[hdf5][append][faults]") {
  const Array<double> x = decimals("x", {300, 50});
  // Named: the file has its name, and the owner died before it could say so.
  for (const std::string point : {"io.save.named", "io.save.renamed"}) {
    for (const std::string then : {"append", "save", "remove"}) {
      CAPTURE(point, then);
      const Folder folder;
      const std::string file = folder / "f.h5";
      const std::string error = append_and_die(x, folder, point, [&] {
        if (then == "append") hdf5::append(x.rows(200, 300), file, "x");
        if (then == "save") {
          hdf5::save(x.rows(0, 10), file, "x", {.growable = true, .replace = true});
        }
        if (then == "remove") fs::remove(file);
      });
      if (point == "io.save.renamed") {
        CHECK(error.empty());
      } else {
        CHECK_THAT(error, StartsWith("IoError") && Contains("not known"));
      }
      if (then == "remove") {
        CHECK_FALSE(fs::exists(file));
      } else {
        const std::int64_t rows = then == "append" ? 300 : 10;
        const Content found = read_here(file, "x");
        REQUIRE(found.shape[0] == rows);
        CHECK((found.bytes == dense_bytes(x.rows(0, rows))));
      }
    }
  }
}

TEST_CASE("an append whose owner dies before the rename is not said to be done",
          "[hdf5][append][faults]") {
  const Array<double> x = decimals("x", {200, 50});
  for (const bool cleaned : {false, true}) {
    CAPTURE(cleaned);
    const Folder folder;
    const std::string error = append_and_die(x, folder, "io.save.rename", [&] {
      if (cleaned) fs::remove(folder / ".f.h5.furrow-save");
    });
    if (cleaned) {
      CHECK_THAT(error, StartsWith("IoError") && Contains("not known"));
    } else {
      CHECK(error.empty());  // by another worker
    }
    CHECK(read_here(folder / "f.h5", "x").shape[0] == (cleaned ? 100 : 200));
    CHECK(folder.names() == "f.h5");
  }
}

TEST_CASE("an append finished in a dead owner's place says when the disk did not confirm it",
          "[hdf5][append][faults]") {
  const Array<double> x = decimals("x", {200, 50});
  const Folder folder;
  hdf5::save(x.rows(0, 100), folder / "f.h5", "x", {.chunk = {64, 50}, .growable = true});
  const WorkerFaults faults("io.save.renamed:kill,io.save.keep:fail");
  Engine engine(workers_of(2));
  CHECK_THAT(error_of([&] { hdf5::append(engine, x.rows(100, 200), folder / "f.h5", "x"); }),
             StartsWith("IoError") && Contains("is saved, but"));
  CHECK(read_here(folder / "f.h5", "x").shape[0] == 200);
}

TEST_CASE("of appends whose workers die at random, each one's word is true",
          "[hdf5][append][faults]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  const AnyArray row = pattern_array("row", Dtype::f64, {1, 5});
  const AnyArray other_row = pattern_array("other", Dtype::f64, {1, 5});
  const auto fill = [](const AnyArray& a, double id) {
    std::fill_n(static_cast<double*>(a.data()), 5, id);
  };
  fill(row, -1);
  fill(other_row, -2);
  hdf5::save(row, file, "x", {.chunk = {16, 5}, .growable = true});
  enum class Word { yes, no, unknown };
  std::vector<Word> words;
  std::string surprise;
  std::int64_t here = 0;  // appended beside it, by a thread that nobody kills
  {
    Engine engine(workers_of(2));
    std::atomic<bool> over{false};
    std::thread killer([&] {
      std::minstd_rand random(1);
      while (!over) {
        ::usleep(2000 + static_cast<unsigned>(random() % 10000));
        const auto workers = engine.worker_info();
        const std::uint64_t pid = workers.empty() ? 0 : workers[random() % workers.size()].pid;
        if (pid != 0) ::kill(static_cast<pid_t>(pid), SIGKILL);  // 0: it is just being started
      }
    });
    std::thread beside([&] {
      while (!over) {
        if (error_of([&] { hdf5::append(other_row, file, "x"); }).empty()) ++here;
        ::usleep(3000);
      }
    });
    const std::int64_t until = os::monotonic_ns() + 2'000'000'000;
    while (os::monotonic_ns() < until) {
      fill(row, static_cast<double>(words.size()));
      const std::string error = error_of([&] { hdf5::append(engine, row, file, "x"); });
      const bool known = error.find("not known") == std::string::npos;
      words.push_back(error.empty() ? Word::yes : known ? Word::no : Word::unknown);
      if (!error.empty() && known && !error.starts_with("WorkerDied")) surprise = error;
    }
    over = true;
    killer.join();
    beside.join();
  }
  const Content found = read_here(file, "x");
  std::vector<int> times(words.size());
  std::int64_t beside = 0;
  for (std::int64_t i = 0; i < found.shape[0]; ++i) {
    double id = 0;
    std::memcpy(&id, found.bytes.data() + i * 40, sizeof id);
    if (id >= 0) ++times.at(static_cast<std::size_t>(id));
    if (id == -2) ++beside;
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    CAPTURE(i, times[i]);
    if (words[i] == Word::unknown) CHECK(times[i] <= 1);
    if (words[i] != Word::unknown) CHECK(times[i] == (words[i] == Word::yes ? 1 : 0));
  }
  CHECK(beside == here);
  CHECK(surprise == "");
  const auto count = [&](Word w) { return std::count(words.begin(), words.end(), w); };
  INFO("yes " << count(Word::yes) << " no " << count(Word::no) << " unknown "
              << count(Word::unknown));
  CHECK(count(Word::yes) > 0);
}

TEST_CASE("a new file whose folder cannot be synced is said to be there", "[hdf5][faults]") {
  const Folder folder;
  const AnyArray x = pattern_array("x", Dtype::f64, {3});
  const WorkerFaults faults("io.save.keep:fail");
  CHECK_THAT(error_of([&] { hdf5::save(x, folder / "f.h5", "x"); }),
             StartsWith("IoError") && Contains("is saved, but"));
  CHECK(read_here(folder / "f.h5", "x").shape == Shape{3});
}

}  // namespace furrow::test
