// A worker is killed at every labelled point of every protocol: the job still ends, with the bits
// of an undisturbed run.
#include <cstring>
#include <map>
#include <set>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

constexpr std::int64_t tile = 1024;  // of 8-byte elements
constexpr std::int64_t many = 50 * tile + 3;

// What a job leaves: the bytes of its array, or its result.
using Bytes = std::vector<unsigned char>;

template <class T>
Bytes bytes_of(const T& value) {
  Bytes bytes(sizeof(T));
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

Bytes content(const AnyArray& array) {
  const std::size_t size = array.segment()->data_bytes();
  const auto* data = reinterpret_cast<const unsigned char*>(array.segment()->data());
  return Bytes(data, data + size);
}

// Exact in integers: a tile that is changed twice, or not at all, has other bits.
constexpr auto step = [](std::int64_t v) { return 3 * v + 1; };
constexpr auto tile_step = [](Tile<std::int64_t> t) {
  for (std::int64_t& v : t) v = 3 * v + 1;
};
struct Chain {
  double weighted;
  double count;
};

using Integers = Array<std::int64_t>;
using Reals = Array<double>;

template <class A>
A filled(const char* name, std::int64_t count, std::int64_t columns = 1) {
  auto array =
      columns == 1 ? A::create(name, {count}, owned()) : A::create(name, {count, columns}, owned());
  auto* data = array.data();
  for (std::int64_t i = 0; i < count * columns; ++i) {
    data[i] = static_cast<typename A::value_type>((i * 2654435761) % 1000 + 1);
  }
  return array;
}

enum Protocol { direct, bulk, commit, undo, reduce };

struct Case {
  const char* name;
  Protocol protocol;
  Bytes (*run)(Engine&, std::int64_t count);
};

const Case cases[] = {
    {"closure in place", commit,
     [](Engine& engine, std::int64_t n) {
       auto x = filled<Integers>("x", n);
       engine.transform(x, step);
       return content(x);
     }},
    {"closure in place, a column", commit,
     [](Engine& engine, std::int64_t n) {
       auto x = filled<Integers>("x", n, 2);
       engine.transform(x.column(1), step);
       return content(x);
     }},
    {"closure on tiles", undo,
     [](Engine& engine, std::int64_t n) {
       auto x = filled<Integers>("x", n);
       engine.for_each_tile(x, tile_step);
       return content(x);
     }},
    {"closure on tiles of a column", commit,
     [](Engine& engine, std::int64_t n) {
       auto x = filled<Integers>("x", n, 2);
       engine.for_each_tile(x.column(0), tile_step);
       return content(x);
     }},
    {"closure into another array", direct,
     [](Engine& engine, std::int64_t n) {
       auto x = filled<Integers>("x", n);
       auto y = filled<Integers>("y", n);
       engine.transform(y, step, x);
       return content(y);
     }},
    {"closure into a reversed column", direct,
     [](Engine& engine, std::int64_t n) {
       auto x = filled<Integers>("x", n);
       auto y = filled<Integers>("y", n, 2);
       engine.transform(y.column(1).slice(0, {{}, {}, -1}), step, x);
       return content(y);
     }},
    {"kernel in place", commit,
     [](Engine& engine, std::int64_t n) {
       auto x = filled<Reals>("x", n);
       engine.apply("scale", x, {3.0});
       return content(x);
     }},
    {"kernel in place, a column", commit,
     [](Engine& engine, std::int64_t n) {
       auto x = filled<Reals>("x", n, 2);
       engine.apply("scale", x.column(1), {3.0});
       return content(x);
     }},
    {"kernel into another array", bulk,
     [](Engine& engine, std::int64_t n) {
       auto x = filled<Reals>("x", n);
       auto y = filled<Reals>("y", n);
       const AnyArray in[] = {x};
       const Value parameters[] = {3.0};
       engine.apply_to_async("scale", y, in, parameters).get();
       return content(y);
     }},
    {"kernel into a column", direct,
     [](Engine& engine, std::int64_t n) {
       auto x = filled<Reals>("x", n);
       auto y = filled<Reals>("y", n, 2);
       const AnyArray in[] = {x};
       const Value parameters[] = {3.0};
       engine.apply_to_async("scale", y.column(0), in, parameters).get();
       return content(y);
     }},
    {"reduction by a kernel", reduce,
     [](Engine& engine, std::int64_t n) {
       auto x = filled<Reals>("x", n);
       for (double& v : x.span()) v = 1 / v;
       return bytes_of(engine.sum(x));
     }},
    {"reduction by a kernel, a column", reduce,
     [](Engine& engine, std::int64_t n) {
       auto x = filled<Reals>("x", n, 2);
       return bytes_of(engine.reduce("mean_variance", x.column(1)).f64);
     }},
    {"reduction by a closure", reduce,
     [](Engine& engine, std::int64_t n) {
       auto x = filled<Reals>("x", n);
       return bytes_of(engine.reduce(
           x, Chain{0, 0},
           [](Chain& c, double v) {
             c.count += 1;
             c.weighted += c.count / v;
           },
           [](Chain& left, const Chain& right) {
             left.weighted += right.weighted + left.count * 1e-3;
             left.count += right.count;
           }));
     }},
};

const std::map<std::string, std::set<Protocol>> points = {
    {"engine.job.entering", {direct, bulk, commit, undo, reduce}},
    {"engine.group.claiming", {direct, bulk, commit, undo, reduce}},
    {"engine.group.claimed", {direct, bulk, commit, undo, reduce}},
    {"engine.group.finished", {direct, bulk, commit, undo, reduce}},
    {"engine.group.done", {direct, bulk, commit, undo, reduce}},
    {"engine.tile.saved", {undo}},
    {"engine.tile.undoing", {undo}},
    {"engine.tile.computed", {direct, commit, undo}},
    {"engine.tile.committing", {commit}},
    {"engine.tile.half_copied", {commit}},
    {"engine.tile.copied", {commit}},
};

// The case's bits without and with one worker killed at the point.
void kill_at(const Case& one, const std::string& point, int nth, std::int64_t count,
             StartMethod start, bool must_fire) {
  INFO(one.name << ", killed at " << point << ", pass " << nth << ", " << count << " elements");
  Bytes undisturbed;
  {
    Engine engine(workers(1));
    undisturbed = one.run(engine, count);
  }
  OneFault fault(point, "kill", nth);
  EngineOptions options = workers(2);
  options.start = start;
  Engine engine(options);
  fault.disarm_here();
  const Bytes bits = one.run(engine, count);
  CHECK((bits == undisturbed));
  CHECK(fault.fired() == must_fire);
  if (must_fire) CHECK(eventually([&] { return deaths(engine) == 1; }));
}

}  // namespace

TEST_CASE("killed at every point of every protocol, a job gives the same bits") {
  for (const auto& [point, protocols] : points) {
    for (const Case& one : cases) {
      const bool passes = protocols.count(one.protocol) != 0;
      kill_at(one, point, 1, many, StartMethod::fork, passes);
    }
  }
}

TEST_CASE("killed in a later tile of a group, a job gives the same bits") {
  constexpr std::int64_t two_tiles_a_group = 4096 * tile + 7;
  for (const auto& [point, protocols] : points) {
    if (point == "engine.job.entering") continue;
    for (const Case& one : cases) {
      const std::string name = one.name;
      if (name != "closure in place" && name != "closure on tiles") continue;
      if (protocols.count(one.protocol) == 0) continue;
      kill_at(one, point, 4, two_tiles_a_group, StartMethod::fork, true);
    }
  }
}

TEST_CASE("killed in an executed worker, a job gives the same bits") {
  for (const auto& [point, protocols] : points) {
    for (const Case& one : cases) {
      const std::string name = one.name;
      if (name != "closure in place" && name != "reduction by a closure") continue;
      if (protocols.count(one.protocol) == 0) continue;
      kill_at(one, point, 1, many, StartMethod::execute, true);
    }
  }
}

TEST_CASE("a worker that slept while its job ended leaves the next jobs of the slot alone") {
  OneFault fault("engine.job.entering", "stop");
  Engine engine(workers(2));
  fault.disarm_here();
  auto x = filled<Integers>("x", many);
  auto y = filled<Integers>("y", many);
  std::vector<std::int64_t> expected(x.span().begin(), x.span().end());
  engine.transform(y, step);  // one of the two stops on its way in; the other does it all
  REQUIRE(fault.fired());
  const std::vector<pid_t> pids = worker_pids(engine);
  REQUIRE(pids.size() == 2);
  // Jobs in the same slot, while the sleeper wakes up in the middle with the old one in its hand.
  for (int round = 0; round < 200; ++round) {
    if (round == 20) {
      for (const pid_t pid : pids) ::kill(pid, SIGCONT);
    }
    engine.transform(x, [](std::int64_t v) { return v + 1; });
  }
  for (std::int64_t& v : expected) v += 200;
  CHECK(std::equal(expected.begin(), expected.end(), x.data()));
  CHECK(deaths(engine) == 0);
}

TEST_CASE("an exception whose reporter dies is still an error") {
  OneFault fault("engine.failure.recording", "kill");
  Engine engine(workers(2));
  fault.disarm_here();
  auto x = filled<Integers>("x", many);
  CHECK_THROWS_AS(engine.for_each_tile(x,
                                       [](Tile<std::int64_t> t) {
                                         if (t.index() == 5 * tile) throw std::runtime_error("no");
                                       }),
                  KernelFailed);
  CHECK(fault.fired());
}
