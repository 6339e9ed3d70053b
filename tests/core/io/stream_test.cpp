// Streams: the elements and the bits of datasets loaded whole, in little memory, whatever dies.
#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5_stream.hpp>
#include <furrow/segment/segment.hpp>

#include "faults/fault_support.hpp"
#include "io_support.hpp"

namespace furrow::test {
namespace {

using Catch::Matchers::Contains;
using hdf5::DatasetAddress;

constexpr std::int64_t rows = 2'500;
constexpr std::int64_t columns = 301;

Array<double> noise(Engine& engine, const Shape& shape, std::uint64_t seed) {
  auto x = Array<double>::temporary(shape);
  engine.apply("random_normal", x, {seed});
  return x;
}

// Slabs of about 1 MiB, so that there are several.
hdf5::StreamOptions little() {
  hdf5::StreamOptions options;
  options.memory_bytes = std::uint64_t{9} << 20;
  return options;
}

// x (gzip, 64 rows a layer), y (contiguous), row, one.
struct Files {
  Folder folder;
  std::string file = folder / "in.h5";
  Array<double> x, y, row;

  explicit Files(Engine& engine)
      : x(noise(engine, {rows, columns}, 1)),
        y(noise(engine, {rows, columns}, 2)),
        row(noise(engine, {columns}, 3)) {
    hdf5::SaveOptions gzip;
    gzip.gzip = 1;
    gzip.chunk = {64, 150};
    gzip.attributes = Attributes{{"unit", Attribute::text("m")}};
    hdf5::save(engine, x, file, "/x", gzip);
    hdf5::save(engine, y, file, "/y");
    hdf5::save(engine, row, file, "/row");
    const auto one = Array<double>::temporary({});
    one() = 2.5;
    hdf5::save(engine, one, file, "/one");
  }
  DatasetAddress at(const std::string& dataset) const { return {file, dataset}; }
};

// A name that no array of this process has.
std::string new_name() {
  static int number = 0;
  return "stream-loaded-" + std::to_string(number++);
}

template <class T>
Array<T> loaded(Engine& engine, const std::string& file, const std::string& dataset) {
  hdf5::LoadOptions options;
  options.create.lifetime = Lifetime::owned;
  return hdf5::load<T>(engine, file, dataset, new_name(), options);
}

bool same_elements(const AnyArray& a, const AnyArray& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

std::uint64_t bits(double value) { return std::bit_cast<std::uint64_t>(value); }

}  // namespace

TEST_CASE("slabs are the dataset in order, layer by layer, within the memory", "[hdf5][stream]") {
  Engine engine(workers(2));
  const Files files(engine);
  for (const char* dataset : {"/x", "/y"}) {
    for (const std::int64_t begin : {std::int64_t{0}, std::int64_t{777}}) {
      CAPTURE(dataset, begin);
      hdf5::StreamOptions options = little();
      if (begin > 0) options.rows = hdf5::RowRange{begin, rows - 1, 1};
      const Array<double>& right = std::string(dataset) == "/x" ? files.x : files.y;
      std::int64_t at = begin;
      std::int64_t slabs = 0;
      const hdf5::StreamReport report = hdf5::for_each_slab<double>(
          engine, files.at(dataset),
          [&](const Array<double>& slab, std::int64_t first_row) {
            CHECK(first_row == at);
            if (begin == 0 && std::string(dataset) == "/x") CHECK(first_row % 64 == 0);
            CHECK(same_elements(slab, right.rows(at, at + slab.extent(0))));
            at += slab.extent(0);
            ++slabs;
          },
          options);
      CHECK(at == (begin > 0 ? rows - 1 : rows));
      CHECK(slabs == report.slabs);
      CHECK(slabs > 1);
      CHECK(report.buffer_bytes < options.memory_bytes);
      CHECK(report.road == (std::string(dataset) == "/x" ? "chunks" : "contiguous"));
    }
  }
}

TEST_CASE("statistics, sums and histograms of a stream have the bits of the array",
          "[hdf5][stream]") {
  for (const std::size_t count : {1, 3}) {
    Engine engine(workers(count));
    const Files files(engine);
    hdf5::StreamReport report;
    const Statistics s = hdf5::statistics(engine, files.at("/x"), little(), &report);
    const Statistics right = engine.statistics(files.x);
    CHECK(report.slabs > 1);
    CHECK(s.count == right.count);
    CHECK(bits(s.sum) == bits(right.sum));
    CHECK(bits(s.mean) == bits(right.mean));
    CHECK(bits(s.variance) == bits(right.variance));
    CHECK(bits(s.max) == bits(right.max));
    for (const char* text :
         {"sum(x*y)", "var(x - 2*y)", "argmax(x)", "mean(x + random_normal(4))", "max(one*x)"}) {
      CAPTURE(text);
      const hdf5::StreamEvaluated ours = hdf5::evaluate(
          engine, text, {{"x", files.at("/x")}, {"y", files.at("/y")}, {"one", files.at("/one")}},
          {}, {}, little());
      const Evaluated whole = engine.evaluate(text, {{"x", files.x}, {"y", files.y}, {"one", 2.5}});
      CHECK(ours.value.text() == whole.text());
    }
    const hdf5::StreamHistogram h = hdf5::histogram(engine, files.at("/x"), 20, {}, little());
    std::int64_t total = 0;
    for (const std::int64_t n : h.counts) total += n;
    CHECK(total == rows * columns);
    CHECK(bits(h.edges.front()) == bits(right.min));
    CHECK(bits(h.edges.back()) == bits(right.max));
    std::int64_t in_third = 0;
    for (const double v : files.x.span()) in_third += v >= h.edges[2] && v < h.edges[3] ? 1 : 0;
    CHECK(h.counts[2] == in_third);
  }
}

TEST_CASE("expressions from datasets to a dataset", "[hdf5][stream]") {
  Engine engine(workers(2));
  const Files files(engine);
  const auto w = Array<double>::create("stream-w", {rows, columns}, owned());
  engine.evaluate("stream_w = x - y", {{"stream_w", w}, {"x", files.x}, {"y", files.y}});
  const std::string out = files.folder / "out.h5";
  int number = 0;
  for (const char* text :
       {"z = sqrt(abs(x)) + y*row", "z = f32(x)*2 - one", "z = x + random_uniform(9)",
        "x = x/2 + 1", "t = x*x; z = t + \"stream-w\""}) {
    CAPTURE(text);
    hdf5::SaveOptions save;
    save.gzip = number % 2;
    const std::string dataset = "/z" + std::to_string(number++);
    const hdf5::StreamEvaluated went = hdf5::evaluate(engine, text,
                                                      {{"x", files.at("/x")},
                                                       {"y", files.at("/y")},
                                                       {"row", files.at("/row")},
                                                       {"one", files.at("/one")}},
                                                      DatasetAddress{out, dataset}, save, little());
    CHECK(went.report.slabs > 1);
    const auto x = Array<double>::temporary({rows, columns});
    engine.apply_to("copy", x, {files.x});
    std::vector<Binding> bindings = {{"x", x}, {"y", files.y}, {"row", files.row}, {"one", 2.5}};
    const bool narrow = std::string(text).find("f32") != std::string::npos;
    if (std::string(text)[0] != 'x') {
      bindings.push_back(
          {"z", AnyArray::temporary(narrow ? Dtype::f32 : Dtype::f64, {rows, columns})});
    }
    const AnyArray right = engine.evaluate(text, bindings).array();
    if (narrow) {
      CHECK(same_elements(loaded<float>(engine, out, dataset), right));
    } else {
      CHECK(same_elements(loaded<double>(engine, out, dataset), right));
    }
  }
  CHECK(files.folder.names() == "in.h5 out.h5");
  // Under its own name a dataset keeps what is said about it.
  CHECK(read_here(out, "/z3").attributes.count("unit") == 1);
  CHECK(read_here(out, "/z0").attributes.empty());
}

TEST_CASE("expressions from datasets to arrays in memory", "[hdf5][stream]") {
  Engine engine(workers(2));
  const Files files(engine);
  const hdf5::StreamEvaluated made =
      hdf5::evaluate(engine, "stream_new = 2*x - row",
                     {{"x", files.at("/x")}, {"row", files.at("/row")}}, {}, {}, little());
  const AnyArray there = AnyArray::attach("stream_new");
  const auto right = engine.evaluate("2*x - row", {{"x", files.x}, {"row", files.row}}).array();
  CHECK(same_elements(there, right));
  CHECK(same_elements(made.value.array(), right));
  hdf5::evaluate(engine, "stream_new += y", {{"y", files.at("/y")}}, {}, {}, little());
  const auto more = engine.evaluate("r + y", {{"r", right}, {"y", files.y}}).array();
  CHECK(same_elements(there, more));
  segment::remove("stream_new", true);
}

TEST_CASE("transform_file keeps attributes, and writes another dtype", "[hdf5][stream]") {
  Engine engine(workers(2));
  const Files files(engine);
  const std::string out = files.folder / "out.h5";
  hdf5::SaveOptions save;
  save.gzip = 1;
  hdf5::transform_file<double, float>(
      engine, files.at("/x"), {out, "/g/half"},
      [&](const Array<double>& in, const Array<float>& to, std::int64_t) {
        engine.transform(
            to, [](double v) { return static_cast<float>(v / 2); }, in);
      },
      save, little());
  const Array<float> half = loaded<float>(engine, out, "/g/half");
  CHECK(half(17, 3) == static_cast<float>(files.x(17, 3) / 2));
  CHECK(half(rows - 1, columns - 1) == static_cast<float>(files.x(rows - 1, columns - 1) / 2));
  CHECK(half.attributes().count("unit") == 1);
  // Into the file that is read, over what is read.
  save.replace = true;
  hdf5::transform_file<double, double>(
      engine, files.at("/x"), files.at("/x"),
      [&](const Array<double>& in, const Array<double>& to, std::int64_t) {
        engine.transform(
            to, [](double v) { return -v; }, in);
      },
      save, little());
  CHECK(loaded<double>(engine, files.file, "/x")(5, 5) == -files.x(5, 5));
  CHECK(same_elements(loaded<double>(engine, files.file, "/y"), files.y));
}

TEST_CASE("a worker that dies in a stream costs nothing", "[hdf5][stream][faults]") {
  const Folder folder;
  std::vector<std::byte> right;
  for (const char* point : {"", "io.load.block", "engine.tile.computed", "io.save.chunk"}) {
    CAPTURE(point);
    const OneFault fault(*point == 0 ? "none" : point, "kill", 4);
    Engine engine(workers(2));
    const Files files(engine);
    const std::string out = folder / (std::string("out-") + point + ".h5");
    hdf5::SaveOptions save;
    save.gzip = 1;
    hdf5::evaluate(engine, "z = x*2 + 1", {{"x", files.at("/x")}}, DatasetAddress{out, "/z"}, save,
                   little());
    const std::vector<std::byte> bytes = file_bytes(out);
    if (*point == 0) right = bytes;
    CHECK(bytes == right);
    CHECK((*point == 0 || fault.fired()));
  }
}

TEST_CASE("a stream that ends early leaves nothing", "[hdf5][stream]") {
  Engine engine(workers(2));
  const Files files(engine);
  const DatasetAddress out = {files.folder / "out.h5", "/z"};
  const auto transform = [&](auto kernel, hdf5::StreamOptions options) {
    return error_of([&] {
      hdf5::transform_file(engine, files.at("/x"), out, Dtype::f64, kernel, {}, options);
    });
  };
  int seen = 0;
  const auto copy = [&](const AnyArray& in, const AnyArray& to, std::int64_t) {
    engine.apply_to("copy", to, {in});
    ++seen;
  };
  CHECK_THAT(transform(
                 [&](const AnyArray& in, const AnyArray& to, std::int64_t first) {
                   copy(in, to, first);
                   if (seen == 2) throw std::runtime_error("enough");
                 },
                 little()),
             Contains("enough"));
  hdf5::StreamOptions watched = little();
  watched.job.watch = [](double done) { return done < 0.5; };
  CHECK_THAT(transform(copy, watched), Contains("Cancelled"));
  hdf5::StreamOptions late = little();
  late.job.deadline_ns = 1;
  CHECK_THAT(transform(copy, late), Contains("Timeout"));
  // Replaced by another while it is read.
  seen = 0;
  CHECK_THAT(transform(
                 [&](const AnyArray& in, const AnyArray& to, std::int64_t first) {
                   copy(in, to, first);
                   if (seen == 1) hdf5::save(engine, files.y, files.file, "/other");
                 },
                 little()),
             Contains("InUse") && Contains("changed"));
  CHECK(files.folder.names() == "in.h5");
}

TEST_CASE("a histogram's two passes see one file", "[hdf5][stream]") {
  Engine engine(workers(2));
  const Files files(engine);
  hdf5::StreamReport report;
  hdf5::statistics(engine, files.at("/x"), little(), &report);
  const double last = static_cast<double>(report.slabs - 1) / static_cast<double>(report.slabs);
  bool replaced = false;
  hdf5::StreamOptions options = little();
  options.job.watch = [&](double done) {
    if (done >= last && !replaced) {  // all is read for the first time
      replaced = true;
      hdf5::save(files.y, files.file, "/x", {.replace = true});
    }
    return true;
  };
  CHECK_THAT(error_of([&] { hdf5::histogram(engine, files.at("/x"), 20, {}, options); }),
             Contains("InUse"));
  CHECK(replaced);
}

TEST_CASE("a stream inside of a boundary, and of rows", "[hdf5][stream]") {
  Engine engine(workers(2));
  const Files files(engine);
  engine.at_boundary(
      [&] { CHECK(hdf5::statistics(engine, files.at("/x"), little()).count == rows * columns); });
  // Random numbers count from the first row that is taken, folded or written.
  hdf5::StreamOptions part = little();
  part.rows = hdf5::RowRange{100, 2'000, 1};
  const std::string out = files.folder / "out.h5";
  const hdf5::StreamEvaluated sum =
      hdf5::evaluate(engine, "sum(x + random_uniform(9))", {{"x", files.at("/x")}}, {}, {}, part);
  hdf5::evaluate(engine, "z = x + random_uniform(9)", {{"x", files.at("/x")}},
                 DatasetAddress{out, "/z"}, {}, part);
  CHECK(bits(engine.sum(loaded<double>(engine, out, "/z"))) == bits(sum.value.real()));
}

TEST_CASE("a stream that fails while the owner of its output is busy leaves nothing for long",
          "[hdf5][stream]") {
  Engine engine(workers(2));
  const Files files(engine);
  const std::string out = files.folder / "out.h5";
  Future<void> busy;
  CHECK_THAT(error_of([&] {
               hdf5::transform_file(
                   engine, files.at("/y"), {out, "/z"}, Dtype::f64,
                   [&](const AnyArray& in, const AnyArray& to, std::int64_t first) {
                     engine.apply_to("copy", to, {in});
                     if (first == 0) return;
                     busy = engine.for_each_async(2, [](std::int64_t) {
                       std::this_thread::sleep_for(std::chrono::milliseconds(1500));
                     });
                     throw std::runtime_error("enough");
                   },
                   {}, little());
             }),
             Contains("enough"));
  busy.get();
  CHECK(eventually([&] { return files.folder.names() == "in.h5"; }));
  hdf5::SaveOptions save;
  save.timeout_ns = 0;
  hdf5::save(engine, files.row, out, "/row", save);
}

TEST_CASE("rows of a dataset with scales", "[hdf5][stream]") {
  Engine engine(workers(2));
  const Folder folder;
  const std::string file = folder / "in.h5";
  const Array<double> x = noise(engine, {100, 3}, 1);
  const Array<double> time = noise(engine, {100}, 2);
  Attribute values;
  values.dtype = Dtype::f64;
  values.shape = {100};
  values.bytes.resize(800);
  std::memcpy(values.bytes.data(), time.data(), 800);
  hdf5::SaveOptions save;
  save.attributes = Attributes{{"dims.0", Attribute::strings({"time"})}, {"dims.0.time", values}};
  hdf5::save(engine, x, file, "/x", save);
  hdf5::StreamOptions part;
  part.rows = hdf5::RowRange{10, 90, 1};
  hdf5::transform_file<double, double>(
      engine, {file, "/x"}, {folder / "out.h5", "/x"},
      [&](const auto& in, const auto& to, std::int64_t) { engine.apply_to("copy", to, {in}); }, {},
      part);
  const Content scale = read_here(folder / "out.h5", "/time");
  REQUIRE(scale.bytes.size() == 640);
  const auto* const right = reinterpret_cast<const std::byte*>(time.data() + 10);
  CHECK(std::equal(scale.bytes.begin(), scale.bytes.end(), right));
}

TEST_CASE("what streams refuse, and streams of nothing", "[hdf5][stream]") {
  Engine engine(workers(2));
  const Files files(engine);
  const auto evaluate = [&](const char* text, const hdf5::StreamOptions& options,
                            const std::optional<DatasetAddress>& to = {}) {
    return error_of([&] {
      hdf5::evaluate(engine, text,
                     {{"x", files.at("/x")}, {"row", files.at("/row")}, {"one", files.at("/one")}},
                     to, {}, options);
    });
  };
  hdf5::StreamOptions tiny;
  tiny.memory_bytes = 100'000;
  CHECK_THAT(evaluate("sum(x)", tiny), Contains("InvalidArgument") && Contains("at least"));
  CHECK_THAT(evaluate("sum(x*row)", little()), Contains("ShapeMismatch"));
  CHECK_THAT(evaluate("x + 1", little()), Contains("assign"));
  CHECK_THAT(evaluate("sum(x)", little(), DatasetAddress{files.folder / "o.h5", "/o"}),
             Contains("InvalidArgument"));
  CHECK_THAT(evaluate("one + 1", little()), Contains("reads no dataset"));
  CHECK_THAT(evaluate("z = x + nothing", little()), Contains("NotFound"));
  CHECK_THAT(error_of([&] {
               hdf5::evaluate(engine, "sum(x)", {{"x", files.at("/x")}, {"x", files.at("/y")}});
             }),
             Contains("InvalidArgument") && Contains("bound to two"));
  CHECK_THAT(error_of([&] {
               hdf5::for_each_slab<float>(engine, files.at("/x"), [](const auto&, auto) {});
             }),
             Contains("TypeMismatch") && Contains("/x"));
  hdf5::StreamOptions steps = little();
  steps.rows = hdf5::RowRange{0, 10, 2};
  CHECK_THAT(evaluate("sum(x)", steps), Contains("InvalidArgument") && Contains("steps"));
  hdf5::StreamOptions beyond = little();
  beyond.rows = hdf5::RowRange{0, rows + 1, 1};
  CHECK_THAT(evaluate("sum(x)", beyond), Contains("ShapeMismatch"));
  CHECK_THAT(error_of([&] { hdf5::statistics(engine, files.at("/one")); }), Contains("single"));
  CHECK(files.folder.names() == "in.h5");

  const auto none = Array<double>::temporary({0, 4});
  hdf5::save(engine, none, files.file, "/none");
  CHECK(hdf5::statistics(engine, files.at("/none")).count == 0);
  hdf5::evaluate(engine, "z = 2*none", {{"none", files.at("/none")}},
                 DatasetAddress{files.file, "/none2"});
  CHECK(hdf5::info(engine, files.file, "/none2").shape == Shape{0, 4});
}

}  // namespace furrow::test
