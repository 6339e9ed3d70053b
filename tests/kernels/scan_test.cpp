// tests/kernels/scan_test.cpp
//
// Scans against the order that the header states, written out in plain C++; the same bits for every
// layout, cut, executor and fused target; NaN, zeros and infinities; integers against the obvious
// loop; NumPy as the peer.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstdio>
#include <fstream>

#include <furrow/kernels/scan/steps.hpp>

#include "compare.hpp"
#include "samples.hpp"

namespace furrow::kernels::test {
namespace {

const std::int64_t sizes[] = {1,  2,   3,   7,   8,    15,   16,   17,   31,   33,   63,
                              64, 127, 128, 129, 1000, 1023, 1024, 1025, 1040, 2048, 5000};

double apply(ScanOp op, double x, double y) {
  switch (op) {
    case ScanOp::sum: return x + y;
    case ScanOp::product: return x * y;
    case ScanOp::min: return x < y || std::isnan(x) ? x : y;
    case ScanOp::max: return y < x || std::isnan(x) ? x : y;
  }
  return 0;
}

double identity(ScanOp op) {
  const double inf = std::numeric_limits<double>::infinity();
  const double all[] = {-0.0, 1, inf, -inf};
  return all[static_cast<int>(op)];
}

/// The order of the header: Sklansky's tree in 16, a chain of groups, high + low between tiles.
std::vector<double> reference(ScanOp op, const std::vector<double>& x, bool exclusive) {
  std::vector<double> out(x.size());
  double high = identity(op);
  double low = -0.0;
  for (std::size_t tile = 0; tile < x.size(); tile += 1024) {
    double before = identity(op);
    const std::size_t end = std::min(tile + 1024, x.size());
    for (std::size_t g = tile; g < end; g += 16) {
      double part[16];
      for (std::size_t i = 0; i < 16; ++i) part[i] = g + i < end ? x[g + i] : identity(op);
      for (std::size_t half = 1; half < 16; half *= 2) {
        for (std::size_t i = 0; i < 16; ++i) {
          if ((i & half) != 0) part[i] = apply(op, part[(i & ~(2 * half - 1)) + half - 1], part[i]);
        }
      }
      for (std::size_t i = g; i < std::min(g + 16, end); ++i) {
        const double local = apply(op, before, part[i - g]);
        out[i] = op == ScanOp::sum ? high + (low + local) : apply(op, high, local);
      }
      before = apply(op, before, part[15]);
    }
    if (op != ScanOp::sum) {
      high = apply(op, high, before);
      continue;
    }
    const double step = low + before;
    const double sum = high + step;
    const double back = sum - high;
    const double rest = (high - (sum - back)) + (step - back);
    high = sum;
    low = std::isfinite(rest) && rest != 0 ? rest : -0.0;
  }
  if (!exclusive) return out;
  out.insert(out.begin(), op == ScanOp::sum ? 0.0 : identity(op));
  out.pop_back();
  return out;
}

template <class T>
std::vector<T> samples(std::int64_t count, Mood mood, std::uint64_t more = 0) {
  Engine engine(base_seed() + more);
  std::vector<T> x(static_cast<std::size_t>(count));
  for (auto&& value : x) value = sample<T>(engine, mood);
  return x;
}

struct Room {
  std::vector<ScanState> states;
  std::vector<std::uint64_t> totals;
  std::vector<std::byte> packed;
  explicit Room(const ScanCut& cut)
      : states(static_cast<std::size_t>(cut.state_count) + 1),
        totals(static_cast<std::size_t>(cut.total_count) + 1),
        packed(static_cast<std::size_t>(cut.packed_bytes) + 1) {}
  ScanScratch view() { return {states.data(), totals.data(), packed.data()}; }
};

template <class Each>
void run(Each each, const ScanArrays& arrays, ScanOp op, bool exclusive, bool protect) {
  const ScanPlan plan = plan_scan(arrays, op, exclusive);
  const ScanCut cut = cut_scan(plan, protect);
  Room room(cut);
  scan(each, plan, cut, room.view());
}

template <class F>
void on_every_target(F f) {
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    REQUIRE(target() == name);
    INFO(name);
    f();
  }
  force_target("");
}

constexpr ScanOp ops[] = {ScanOp::sum, ScanOp::product, ScanOp::min, ScanOp::max};

TEST_CASE("a line of doubles is scanned in the stated order, to the bit, on every target") {
  on_every_target([] {
    for (const Mood mood : {Mood::ordinary, Mood::wild}) {
      for (const std::int64_t n : sizes) {
        const std::vector<double> x = samples<double>(n, mood, static_cast<std::uint64_t>(n));
        for (const ScanOp op : ops) {
          for (const bool exclusive : {false, true}) {
            const std::vector<double> expected = reference(op, x, exclusive);
            std::vector<double> out(x.size() + 2, 77);
            scan<double, double>(op, x, {out.data() + 1, x.size()}, exclusive);
            std::vector<double> in_place = x;
            scan<double, double>(op, in_place, in_place, exclusive);
            bool same = out.front() == 77 && out.back() == 77;
            for (std::size_t i = 0; i < x.size(); ++i) {
              same =
                  same && same_bits(expected[i], out[i + 1]) && same_bits(expected[i], in_place[i]);
            }
            INFO("op " << static_cast<int>(op) << " n " << n << " exclusive " << exclusive);
            CHECK(same);
          }
        }
      }
    }
  });
}

struct Layout {
  std::vector<std::int64_t> shape, strides;
  std::size_t axis;
};
const Layout layouts[] = {{{2500, 40}, {40, 1}, 0},
                          {{40, 2500}, {1, 40}, 1},
                          {{40, 2500}, {2500, 1}, 1},
                          {{3, 1100, 300}, {330000, 300, 1}, 1},
                          {{1500, 3}, {3, 1}, 0},
                          {{5000, 7}, {7, 1}, 1},
                          {{2, 3, 50, 17}, {2550, 850, 17, 1}, 2},
                          {{2100}, {3}, 0},
                          {{2100}, {-1}, 0},
                          {{5000, 4}, {8, 2}, 1},
                          {{9, 2100}, {-1, 9}, 1},
                          {{70000}, {1}, 0}};

TEST_CASE("columns, strides, short lines, cuts and executors change no bit of a scan") {
  on_every_target([&] {
    for (const Layout& layout : layouts) {
      std::int64_t size = 1;
      std::int64_t reach = 1;
      std::int64_t first = 0;
      for (std::size_t k = 0; k < layout.shape.size(); ++k) {
        size *= layout.shape[k];
        reach += (layout.shape[k] - 1) * std::abs(layout.strides[k]);
        if (layout.strides[k] < 0) first -= (layout.shape[k] - 1) * layout.strides[k];
      }
      const std::vector<double> x = samples<double>(reach, Mood::ordinary);
      for (const ScanOp op : {ScanOp::sum, ScanOp::max}) {
        for (const bool exclusive : {false, true}) {
          // Expected: line by line.
          std::vector<double> expected = x;
          const std::int64_t rows = layout.shape[layout.axis];
          const std::int64_t row = layout.strides[layout.axis];
          for (std::int64_t index = 0; index < size / rows; ++index) {
            std::int64_t offset = first;
            std::int64_t rest = index;
            for (std::size_t k = layout.shape.size(); k-- != 0;) {
              if (k == layout.axis) continue;
              offset += rest % layout.shape[k] * layout.strides[k];
              rest /= layout.shape[k];
            }
            std::vector<double> line;
            for (std::int64_t i = 0; i < rows; ++i) {
              line.push_back(x[static_cast<std::size_t>(offset + i * row)]);
            }
            line = reference(op, line, exclusive);
            for (std::int64_t i = 0; i < rows; ++i) {
              expected[static_cast<std::size_t>(offset + i * row)] =
                  line[static_cast<std::size_t>(i)];
            }
          }
          INFO("shape[0] " << layout.shape[0] << ", axes " << layout.shape.size() << ", op "
                           << static_cast<int>(op) << " exclusive " << exclusive);
          std::vector<double> out = x;
          const ScanArrays apart = {x.data() + first, out.data() + first, Dtype::f64,
                                    Dtype::f64,       layout.shape,       layout.strides,
                                    layout.strides,   layout.axis};
          ScanArrays within = apart;
          within.in = within.out;
          run(Serial{}, apart, op, exclusive, false);
          CHECK(out == expected);
          for (const bool protect : {false, true}) {
            out = x;
            run(Serial{}, within, op, exclusive, protect);
            CHECK(out == expected);
          }
          out = x;
          run(Threads{3}, within, op, exclusive, true);
          CHECK(out == expected);
        }
      }
    }
  });
}

// Steps from the last to the first: no state is ever there, and each is computed.
struct Backwards {
  template <class F>
  void operator()(std::int64_t count, F f) const {
    for (std::int64_t i = count - 1; i >= 0; --i) f(i);
  }
};

TEST_CASE("links of long lines, in any order, give the bits of one pass") {
  for (const ScanOp op : {ScanOp::sum, ScanOp::product, ScanOp::min, ScanOp::max}) {
    const std::int64_t n = 7 * scan_link_tiles * scan_tile_elements + 777;
    const std::vector<double> x = samples<double>(n, Mood::ordinary);
    const std::int64_t shape[] = {n};
    const std::int64_t stride[] = {1};
    std::vector<double> expected(x.size());
    scan<double, double>(op, x, expected);
    std::vector<double> out;
    const auto check = [&](const auto& each, std::int64_t workers) {
      out.assign(x.size(), 0);
      const ScanPlan plan = plan_scan(
          {x.data(), out.data(), Dtype::f64, Dtype::f64, shape, stride, stride, 0}, op, false);
      const ScanCut cut = cut_scan(plan, false, workers);
      REQUIRE(cut.chain);
      Room room(cut);
      std::fill(room.totals.begin(), room.totals.end(), 1);  // what an earlier scan left
      scan(each, plan, cut, room.view());
      CHECK(std::memcmp(out.data(), expected.data(), x.size() * sizeof(double)) == 0);
    };
    for (const std::int64_t workers : {1, 2, 3, 20}) {
      check(Serial{}, workers);
      check(Backwards{}, workers);
      check(Threads{3}, workers);
    }
  }
}

TEST_CASE("windows of a long line, folded first, give the bits of one pass") {
  const std::int64_t n = 3 * scan_window_elements + 777;
  const std::vector<double> x = samples<double>(n, Mood::ordinary);
  const std::int64_t shape[] = {n};
  const std::int64_t stride[] = {1};
  std::vector<double> expected(x.size());
  scan<double, double>(ScanOp::sum, x, expected);
  on_every_target([&] {
    if (target() != targets().front()) return;
    std::vector<double> out(x.size());
    const ScanArrays arrays = {x.data(), out.data(), Dtype::f64, Dtype::f64,
                               shape,    stride,     stride,     0};
    REQUIRE(!cut_scan(plan_scan(arrays, ScanOp::sum, false), false).carry);
    run(Serial{}, arrays, ScanOp::sum, false, false);
    CHECK(out == expected);
    out = x;
    ScanArrays within = arrays;
    within.in = out.data();
    run(Serial{}, within, ScanOp::sum, false, false);
    CHECK(out == expected);
    out = x;
    run(Serial{}, within, ScanOp::sum, false, true);
    CHECK(out == expected);
  });
}

TEST_CASE("sums lose less than the stated bound, and never step down over numbers that are >= 0") {
  const std::int64_t n = 1 << 20;
  Engine engine(base_seed());
  std::vector<double> x(n);
  for (double& value : x) value = std::ldexp(static_cast<double>(engine() >> 11), -53);
  std::vector<double> out(x.size());
  scan<double, double>(ScanOp::sum, x, out);
  long double exact = 0;
  double worst = 0;
  bool rises = true;
  for (std::size_t i = 0; i < x.size(); ++i) {
    exact += x[i];
    worst = std::max(worst, static_cast<double>(std::fabs(out[i] - exact) / exact));
    rises = rises && (i == 0 || out[i] >= out[i - 1]);
  }
  CHECK(worst <= 70 * std::ldexp(1.0, -53));
  CHECK(rises);
  for (double& value : x) value = std::ldexp(value, -static_cast<int>(engine() % 60));
  scan<double, double>(ScanOp::sum, x, out);
  for (std::size_t i = 1; i < x.size(); ++i) rises = rises && out[i] >= out[i - 1];
  CHECK(rises);
}

template <class T, class R>
void check_integers(ScanOp op) {
  for (const std::int64_t n : {1, 5, 1024, 3000}) {
    const std::vector<T> x = samples<T>(n, Mood::wild, static_cast<std::uint64_t>(n));
    std::vector<std::conditional_t<std::is_same_v<R, bool>, std::uint8_t, R>> out(x.size());
    std::vector<std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>> in(x.begin(),
                                                                                 x.end());
    const std::int64_t shape[] = {n};
    const std::int64_t stride[] = {1};
    run(Serial{}, {in.data(), out.data(), dtype_of<T>, dtype_of<R>, shape, stride, stride, 0}, op,
        false, false);
    std::uint64_t bits = op == ScanOp::product ? 1 : 0;
    R most = static_cast<R>(x[0]);
    bool same = true;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto wide = static_cast<std::uint64_t>(static_cast<std::int64_t>(x[i]));
      bits = op == ScanOp::sum ? bits + wide : bits * wide;
      const R value = static_cast<R>(x[i]);
      most = (op == ScanOp::max ? most < value : value < most) ? value : most;
      const R expected = op == ScanOp::sum || op == ScanOp::product ? static_cast<R>(bits) : most;
      same = same && static_cast<R>(out[i]) == expected;
    }
    INFO(dtype_name(dtype_of<T>) << " " << dtype_name(dtype_of<R>) << " op " << static_cast<int>(op)
                                 << " n " << n);
    CHECK(same);
  }
}

template <class T, class Wide>
void check_integer_type() {
  for (const ScanOp op : ops) {
    REQUIRE(scan_takes(op, dtype_of<T>, dtype_of<T>));
    check_integers<T, T>(op);
  }
  check_integers<T, Wide>(ScanOp::sum);
  check_integers<T, Wide>(ScanOp::product);
}

TEST_CASE("integers wrap, and have all their dtypes") {
  on_every_target([] {
    check_integer_type<std::int8_t, std::int64_t>();
    check_integer_type<std::int16_t, std::int64_t>();
    check_integer_type<std::int32_t, std::int64_t>();
    check_integer_type<std::int64_t, std::uint64_t>();
    check_integer_type<std::uint8_t, std::uint64_t>();
    check_integer_type<std::uint16_t, std::uint64_t>();
    check_integer_type<std::uint32_t, std::int64_t>();
    check_integer_type<std::uint64_t, std::int64_t>();
    check_integers<bool, std::int64_t>(ScanOp::sum);
    check_integers<bool, bool>(ScanOp::min);
    check_integers<bool, bool>(ScanOp::max);
  });
  CHECK(!scan_takes(ScanOp::sum, Dtype::bool_, Dtype::bool_));
  CHECK(!scan_takes(ScanOp::sum, Dtype::f64, Dtype::f32));
  CHECK(!scan_takes(ScanOp::min, Dtype::i8, Dtype::i64));
  CHECK(!scan_takes(ScanOp::sum, Dtype::c64, Dtype::c64));
}

TEST_CASE("narrow floats are scanned as doubles and rounded once") {
  on_every_target([] {
    const std::vector<float> x = samples<float>(5000, Mood::ordinary);
    const std::vector<double> wide(x.begin(), x.end());
    for (const ScanOp op : ops) {
      const std::vector<double> expected = reference(op, wide, false);
      std::vector<float> out(x.size());
      scan<float, float>(op, x, out);
      bool same = true;
      for (std::size_t i = 0; i < x.size(); ++i) {
        same = same && same_bits(out[i], static_cast<float>(expected[i]));
      }
      CHECK(same);
    }
    std::vector<double> out(x.size());
    scan<float, double>(ScanOp::sum, x, out);
    CHECK(out == reference(ScanOp::sum, wide, false));
  });
}

TEST_CASE("NaN and infinities go on to the end of a scan, zeros keep their sign") {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  on_every_target([&] {
    for (const std::size_t at : {0, 5, 16, 1023, 1024, 2500}) {
      for (const ScanOp op : ops) {
        std::vector<double> x(3000, 1.0);
        x[at] = nan;
        scan<double, double>(op, x, x);
        CHECK((at == 0 || !std::isnan(x[at - 1])));
        CHECK(std::isnan(x[at]));
        CHECK(std::isnan(x.back()));
      }
      std::vector<double> x(3000, 1.0);
      x[at] = inf;
      scan<double, double>(ScanOp::sum, x, x);
      CHECK(x[at] == inf);
      CHECK(x.back() == inf);
      x.assign(3000, -0.0);
      scan<double, double>(ScanOp::sum, x, x);
      CHECK(std::signbit(x[at]));
    }
  });
}

template <class T, class R>
void write_case(std::ofstream& file, ScanOp op, Mood mood) {
  const std::vector<T> x = samples<T>(3001, mood);
  std::vector<R> out(x.size());
  scan<T, R>(op, x, out);
  const char* names[] = {"cumsum", "cumprod", "minimum", "maximum"};
  file << names[static_cast<int>(op)] << ' ' << dtype_name(dtype_of<T>) << ' '
       << dtype_name(dtype_of<R>) << ' ' << x.size() << '\n';
  file.write(reinterpret_cast<const char*>(x.data()),
             static_cast<std::streamsize>(x.size() * sizeof(T)));
  file.write(reinterpret_cast<const char*>(out.data()),
             static_cast<std::streamsize>(out.size() * sizeof(R)));
}

TEST_CASE("scans agree with NumPy's") {
  const std::string path = "scan_cases.bin";
  {
    std::ofstream file(path, std::ios::binary);
    for (const ScanOp op : ops) {
      write_case<double, double>(file, op, Mood::ordinary);
      write_case<float, float>(file, op, Mood::ordinary);
      write_case<std::int8_t, std::int8_t>(file, op, Mood::wild);
      write_case<std::uint16_t, std::uint16_t>(file, op, Mood::wild);
      write_case<std::int64_t, std::int64_t>(file, op, Mood::wild);
      write_case<std::uint64_t, std::uint64_t>(file, op, Mood::wild);
    }
    write_case<std::int8_t, std::int64_t>(file, ScanOp::sum, Mood::wild);
    write_case<std::uint32_t, std::uint64_t>(file, ScanOp::product, Mood::wild);
    write_case<float, double>(file, ScanOp::sum, Mood::ordinary);
    write_case<double, double>(file, ScanOp::min, Mood::wild);
    write_case<double, double>(file, ScanOp::max, Mood::wild);
    write_case<f16, f16>(file, ScanOp::max, Mood::wild);
  }
  CHECK(std::system((FURROW_PYTHON " " FURROW_TEST_FOLDER "/scan_peer.py " + path).c_str()) == 0);
  std::remove(path.c_str());
}

}  // namespace
}  // namespace furrow::kernels::test
