// Keeps the operands of one topic and times a piece of work on them, when it is asked to on stdin:
//
//   who                                    -> a line "topic who" for each, then "end"
//   open TOPIC N LOW HIGH FRESH            -> "ok"; FRESH 1: x is what it was before every piece
//   run WHO WORKERS                        -> nanoseconds
//   check WHO WORKERS                      -> the result, or the sum of z or x after it
//   close                                  -> "ok"
#include <chrono>
#include <cmath>
#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <furrow/kernels/registry.hpp>
#include <furrow/process/initialize.hpp>

#include "stage.hpp"

namespace bench {

Stage& stage() {
  static Stage instance;
  return instance;
}

furrow::Engine& engine(int workers) {
  static std::map<int, std::unique_ptr<furrow::Engine>> engines;
  std::unique_ptr<furrow::Engine>& one = engines[workers];
  if (!one) {
    furrow::EngineOptions options;
    options.workers = static_cast<std::size_t>(workers);
    one = std::make_unique<furrow::Engine>(options);
  }
  return *one;
}

namespace {

using Clock = std::chrono::steady_clock;

std::vector<Peer> everybody() {
  std::vector<Peer> all;
  for (const auto peers : {furrow_cases(), stream_peers(), openmp_peers(), eigen_peers(),
                           xtensor_peers(), standard_peers(), vector_math_peers()}) {
    all.insert(all.end(), peers.begin(), peers.end());
  }
  return all;
}

struct Topic {
  std::string name;
  bool fresh = false;
};

void open(Topic& topic) {
  std::int64_t n = 0;
  double low = 0;
  double high = 0;
  std::cin >> topic.name >> n >> low >> high >> topic.fresh;
  Stage& s = stage();
  const furrow::Shape shape{n};
  s.x = furrow::Array<double>::temporary(shape);
  s.y = furrow::Array<double>::temporary(shape);
  s.z = furrow::Array<double>::temporary(shape);
  engine(1).apply("random_uniform", s.x, {1, 0, low, high});
  engine(1).apply("random_uniform", s.y, {2, 0, low, high});
  engine(1).fill(s.z, 0.0);
  if (topic.fresh) {
    s.fresh = furrow::Array<double>::temporary(shape);
    engine(1).apply_to("copy", s.fresh, {s.x});
  }
  s.operands = {s.x.data(), s.y.data(), s.z.data(), static_cast<std::size_t>(n), 1, 0};
}

void begin_fresh(const Topic& topic) {
  const Operands& o = stage().operands;
  if (topic.fresh) std::memcpy(o.x, stage().fresh.data(), o.n * sizeof(double));
}

// Of one piece of work: short pieces are repeated for 10 ms, long ones done once.
double timed(const Topic& topic, const Peer& peer) {
  constexpr double enough = 10e6;
  double total = 0;
  int pieces = 0;
  while (pieces == 0 || (total < enough && pieces < 100000)) {
    begin_fresh(topic);
    const int together = topic.fresh ? 1 : std::max(1, pieces);  // doubling: the clock costs too
    const auto began = Clock::now();
    for (int i = 0; i < together; ++i) {
      peer.work(stage().operands);
      asm volatile("" : : "r"(&stage().operands) : "memory");
    }
    total += std::chrono::duration<double, std::nano>(Clock::now() - began).count();
    pieces += together;
  }
  return total / pieces;
}

// One number that two who did the same agree on, but for rounding.
double checked(const Topic& topic, const Peer& peer) {
  Operands& o = stage().operands;
  begin_fresh(topic);
  std::memset(o.z, 0, o.n * sizeof(double));
  o.result = std::nan("");
  peer.work(o);
  if (!std::isnan(o.result)) return o.result;
  const double* const out = topic.fresh ? o.x : o.z;
  double sum = 0;
  for (std::size_t i = 0; i < o.n; ++i) sum += out[i] * static_cast<double>(i % 7 + 1);
  return sum;
}

int serve() {
  const std::vector<Peer> all = everybody();
  Topic topic;
  std::cout.precision(17);
  for (std::string word; std::cin >> word;) {
    if (word == "who") {
      for (const Peer& p : all) std::cout << p.topic << ' ' << p.who << '\n';
      std::cout << "end" << std::endl;
    } else if (word == "open") {
      open(topic);
      std::cout << "ok" << std::endl;
    } else if (word == "close") {
      stage() = {};
      std::cout << "ok" << std::endl;
    } else if (word == "run" || word == "check") {
      std::string who;
      std::cin >> who >> stage().operands.workers;
      for (const Peer& p : all) {
        if (topic.name != p.topic || who != p.who) continue;
        std::cout << (word == "run" ? timed(topic, p) : checked(topic, p)) << std::endl;
      }
    } else {
      std::cerr << "server: what is \"" << word << "\"?\n";
      return 2;
    }
  }
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  return bench::serve();
}
