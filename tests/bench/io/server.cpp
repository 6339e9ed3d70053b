// Does one piece of work with files a line, and answers with nanoseconds. measure.py asks.
//
//   load FILE · load_f64 FILE · load_into FILE · slab FILE LOW HIGH      /x; then its road
//   save FILE GZIP ROWS COLUMNS       what `fill FILE` loaded, in chunks; 0 0: none
//   stream_read FILE · stream_sum FILE · stream_sqrt OUT FILE     in slabs, in 256 MiB
//   npy_load FILE · npy_load_into FILE · npy_save FILE     what `npy_fill FILE` loaded
//   peak FILE                         the bytes that stream_sum takes in all processes, and what it
//                                     may take
//   check                             the sum of what was loaded last
//   clear
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5_stream.hpp>
#include <furrow/io/npy.hpp>
#include <furrow/process/initialize.hpp>

#include "support/engine_memory.hpp"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

const char* const dataset = "/x";
const char* const name = "loaded";

struct Stage {
  furrow::Engine engine;
  furrow::AnyArray held;
  std::string road;
  std::string streamed;       // the file that came in slabs,
  std::optional<double> sum;  // and what they added up to, where that was the work
};

furrow::CreateOptions owned() {
  furrow::CreateOptions options;
  options.lifetime = furrow::Lifetime::owned;
  return options;
}

void load(Stage& s, std::istream& words, const furrow::hdf5::LoadOptions& wanted) {
  std::string file;
  words >> file;
  furrow::hdf5::LoadOptions options = wanted;
  options.create = owned();
  furrow::hdf5::LoadReport report;
  s.held = furrow::hdf5::load(s.engine, file, dataset, name, options, &report);
  s.road = report.road;
}

void slab(Stage& s, std::istream& words) {
  std::string file;
  furrow::hdf5::LoadOptions options;
  options.select.resize(2);
  words >> file >> options.select[1].begin >> options.select[1].end;
  std::istringstream again(file);
  load(s, again, options);
}

/// Converted on the way.
void load_f64(Stage& s, std::istream& words) {
  load(s, words, {.dtype = furrow::Dtype::f64, .convert = true});
}

void load_into(Stage& s, std::istream& words) {
  std::string file;
  words >> file;
  furrow::hdf5::LoadReport report;
  furrow::hdf5::load(s.engine, file, dataset, s.held, {}, &report);
  s.road = report.road;
}

void save(Stage& s, std::istream& words) {
  std::string file;
  furrow::hdf5::SaveOptions options;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  words >> file >> options.gzip >> rows >> columns;
  if (rows != 0) options.chunk = {std::min(rows, s.held.extent(0)), columns};
  furrow::hdf5::save(s.engine, s.held, file, dataset, options);
}

void stream_read(Stage& s, std::istream& words) {
  words >> s.streamed;
  const auto nothing = [](const furrow::AnyArray&, std::int64_t) {};
  s.road = furrow::hdf5::for_each_slab(s.engine, {s.streamed, dataset}, nothing).road;
}

void stream_sum(Stage& s, std::istream& words) {
  words >> s.streamed;
  const furrow::hdf5::StreamEvaluated result =
      furrow::hdf5::evaluate(s.engine, "sum(x)", {{"x", {s.streamed, dataset}}});
  s.sum = result.value.real();
  s.road = result.report.road;
}

std::string peak(Stage& s, std::istream& words) {
  const std::uint64_t bytes = furrow::test::peak_of(s.engine, [&] { stream_sum(s, words); });
  return std::to_string(bytes) + " " + std::to_string(furrow::hdf5::StreamOptions().memory_bytes);
}

void stream_sqrt(Stage& s, std::istream& words) {
  std::string from;
  std::string to;
  words >> to >> from;
  const furrow::hdf5::StreamEvaluated result =
      furrow::hdf5::evaluate(s.engine, "y = sqrt(abs(x))", {{"x", {from, dataset}}},
                             furrow::hdf5::DatasetAddress{to, dataset});
  s.road = result.report.road;
}

void npy_load(Stage& s, std::istream& words) {
  std::string file;
  words >> file;
  furrow::npy::LoadOptions options;
  options.create = owned();
  s.held = furrow::npy::load(s.engine, file, name, options);
}

struct Word {
  bool fresh;  // what was loaded before goes, outside of the time
  bool writes;
  std::function<void(Stage&, std::istream&)> work;
};

const std::map<std::string, Word>& all_words() {
  static const std::map<std::string, Word> words = {
      {"load", {true, false, [](Stage& s, std::istream& w) { load(s, w, {}); }}},
      {"fill", {true, false, [](Stage& s, std::istream& w) { load(s, w, {}); }}},
      {"slab", {true, false, slab}},
      {"load_f64", {true, false, load_f64}},
      {"load_into", {false, false, load_into}},
      {"save", {false, true, save}},
      {"stream_read", {true, false, stream_read}},
      {"stream_sum", {true, false, stream_sum}},
      {"stream_sqrt", {false, true, stream_sqrt}},
      {"npy_load", {true, false, npy_load}},
      {"npy_fill", {true, false, npy_load}},
      {"npy_load_into",
       {false, false,
        [](Stage& s, std::istream& w) {
          std::string file;
          w >> file;
          furrow::npy::load(s.engine, file, s.held);
        }}},
      {"npy_save",
       {false, true,
        [](Stage& s, std::istream& w) {
          std::string file;
          w >> file;
          furrow::npy::save(s.engine, s.held, file);
        }}},
  };
  return words;
}

/// An array that exists is one that was loaded before.
void prepare(Stage& s, const std::string& word, const std::string& arguments) {
  const bool into = word.ends_with("_into");
  if (!into || s.held.valid()) return;
  std::istringstream words(arguments);
  all_words().at(word == "load_into" ? "load" : "npy_load").work(s, words);
}

double checked(Stage& s) {
  if (s.sum) return *s.sum;
  if (!s.streamed.empty()) {
    return furrow::hdf5::statistics(s.engine, {s.streamed, dataset}).sum;
  }
  const furrow::AnyArray wide = furrow::AnyArray::temporary(furrow::Dtype::f64, s.held.shape());
  s.engine.evaluate("out = 1.0*x", {{"out", wide}, {"x", s.held}});
  return s.engine.sum(wide.as<double>());
}

int serve() {
  Stage s;
  std::cout.precision(17);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word == "clear") {
      s.held = {};
      std::cout << "ok" << std::endl;
      continue;
    }
    if (word == "check") {
      std::cout << checked(s) << std::endl;
      continue;
    }
    if (word == "peak") {
      std::cout << peak(s, words) << std::endl;
      continue;
    }
    const Word& found = all_words().at(word);
    const std::string arguments = line.substr(word.size());
    if (found.fresh) s.held = {};
    if (found.writes) {
      std::istringstream first(arguments);
      std::string file;
      first >> file;
      std::filesystem::remove(file);
    }
    prepare(s, word, arguments);
    s.road.clear();
    s.streamed.clear();
    s.sum.reset();
    const auto began = Clock::now();
    found.work(s, words);
    const std::chrono::duration<double, std::nano> took = Clock::now() - began;
    std::cout << took.count() << ' ' << s.road << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  try {
    return bench::serve();
  } catch (const std::exception& error) {
    std::cerr << "server: " << error.what() << '\n';
    return 1;
  }
}
