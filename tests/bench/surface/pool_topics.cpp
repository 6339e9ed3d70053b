// Pools and executors: furrow's beside a bare pair of pipes, and beside their own empty task.
#include <furrow/array/array.hpp>
#include <furrow/process/executor.hpp>
#include <furrow/process/pool.hpp>

#include "surface.hpp"

namespace furrow::bench {
namespace {

constexpr int turns = 20'000;
constexpr int flow = 200'000;

int nothing(int x) { return x; }

double pool_turn() {
  mp::Pool pool(2);
  const auto turn = [&] { pool.apply(nothing, 1); };
  each_ns(1000, turn);
  return each_ns(turns, turn);
}

double pipe_turn() {
  int there[2];
  int back[2];
  if (::pipe(there) != 0 || ::pipe(back) != 0) std::abort();
  const auto pass = [](int from, int to) {
    char byte = 0;
    if (::read(from, &byte, 1) != 1 || ::write(to, &byte, 1) != 1) std::abort();
  };
  return both_ns(
      turns,
      [&] {
        for (int i = 0; i < turns; ++i) pass(there[0], back[1]);
      },
      [&] {
        if (::write(there[1], "x", 1) != 1) std::abort();
        for (int i = 1; i < turns; ++i) pass(back[0], there[1]);
      });
}

double pool_flow() {
  mp::Pool pool(2);
  const std::vector<int> items(flow, 1);
  pool.map(nothing, items);
  return each_ns(1, [&] { pool.map(nothing, items, {.chunk_size = 1}); }) / flow;
}

double executor_turn() {
  mp::Executor executor(2);
  const auto turn = [&] { executor.submit(nothing, 1).result(); };
  each_ns(1000, turn);
  return each_ns(turns, turn);
}

double executor_flow() {
  mp::Executor executor(2);
  std::vector<mp::Future<int>> futures;
  return each_ns(1,
                 [&] {
                   for (int i = 0; i < flow; ++i) futures.push_back(executor.submit(nothing, i));
                   for (const auto& future : futures) future.result();
                 }) /
         flow;
}

double pool_large() {
  mp::Pool pool(2);
  const std::string text(64 << 20, 'x');
  return each_ns(5, [&] { pool.apply([](const std::string& s) { return s.size(); }, text); });
}

double pool_array() {
  CreateOptions options;
  options.lifetime = Lifetime::owned;
  const auto array = Array<double>::create("argument", {8 << 20}, options);
  for (std::int64_t i = 0; i < array.size(); ++i) array.data()[i] = 1;
  mp::Pool pool(2);
  const auto turn = [&] { pool.apply([](const Array<double>& x) { return x(77); }, array); };
  each_ns(1000, turn);
  return each_ns(turns, turn);
}

double pool_start() {
  return each_ns(50, [] { mp::Pool(2).apply(nothing, 1); });
}

}  // namespace

std::vector<Topic> pool_topics() {
  return {{"pool_turn", "furrow", pool_turn},         {"pool_turn", "bare", pipe_turn},
          {"pool_flow", "furrow", pool_flow},         {"executor_turn", "furrow", executor_turn},
          {"executor_flow", "furrow", executor_flow}, {"pool_large", "furrow", pool_large},
          {"pool_array", "furrow", pool_array},       {"pool_array", "bare", pool_turn},
          {"pool_start", "furrow", pool_start}};
}

}  // namespace furrow::bench
