// transform, fill, apply, for_each_tile, for_each, for_each_worker: dtypes, sizes, strides.
#include <atomic>
#include <numeric>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;
using Catch::Matchers::Contains;

namespace {

template <class T>
T value_of(std::int64_t i) {
  if constexpr (std::is_same_v<T, bool>) {
    return i % 3 == 0;
  } else if constexpr (std::is_same_v<T, f16>) {
    return f16(static_cast<float>(i % 100));
  } else if constexpr (is_complex(dtype_of<T>)) {
    return T(static_cast<typename T::value_type>(i % 100), 1);
  } else {
    return static_cast<T>(i % 100);
  }
}

template <class T>
T changed(T v) {
  if constexpr (std::is_same_v<T, bool>) {
    return !v;
  } else if constexpr (std::is_same_v<T, f16>) {
    return f16(static_cast<float>(v) + 1.0F);
  } else {
    return static_cast<T>(v + T(1));
  }
}

template <class T>
bool same(const T& a, const T& b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

template <class T>
void sizes(Engine& engine) {
  const auto tile = static_cast<std::int64_t>(tile_bytes / sizeof(T));
  for (const std::int64_t size :
       {std::int64_t{0}, std::int64_t{1}, tile - 1, tile, tile + 1, 2 * tile, 37 * tile + 11}) {
    INFO(dtype_name(dtype_of<T>) << ", " << size);
    auto x = Array<T>::create("x", {size}, owned());
    auto y = Array<T>::create("y", {size}, owned());
    for (std::int64_t i = 0; i < size; ++i) x(i) = value_of<T>(i);
    engine.transform(x, [](T v) { return changed(v); });
    engine.transform(
        y, [](T v) { return v; }, x);
    bool good = true;
    for (std::int64_t i = 0; i < size; ++i) good = good && same(y(i), changed(value_of<T>(i)));
    CHECK(good);
    engine.for_each_tile(
        x,
        [](Tile<T> out, Tile<const T> in) {
          for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] = out.index(i) == in.index(i) ? changed(in[i]) : T{};
          }
        },
        y);
    good = true;
    for (std::int64_t i = 0; i < size; ++i) good = good && same(x(i), changed(y(i)));
    CHECK(good);
    engine.fill(x, value_of<T>(7));
    good = true;
    for (std::int64_t i = 0; i < size; ++i) good = good && same(x(i), value_of<T>(7));
    CHECK(good);
  }
}

// All of a 3-d array's views with some axis reversed, thinned, moved or taken out.
std::vector<Array<std::int64_t>> views_of(const Array<std::int64_t>& x) {
  const Slice backwards{{}, {}, -1};
  const Slice thin{1, {}, 3};
  return {x,
          x.transpose(),
          x.slice(0, backwards),
          x.slice(2, backwards),
          x.slice(1, thin),
          x.slice(2, thin).slice(0, backwards),
          x.transpose().slice(1, thin),
          x.at(1, 5),
          x.at(2, 3),
          x.at(2, 3).transpose(),
          x.at(0, 2).column(1),
          x.slice(0, {2, 2, 1}),
          x.reshape({x.size()}).slice(0, {{}, {}, -2})};
}

}  // namespace

TEST_CASE("closures and fill: every dtype, sizes around a tile") {
  Engine engine(workers(3));
  sizes<bool>(engine);
  sizes<std::int8_t>(engine);
  sizes<std::uint16_t>(engine);
  sizes<std::int32_t>(engine);
  sizes<std::uint64_t>(engine);
  sizes<f16>(engine);
  sizes<float>(engine);
  sizes<double>(engine);
  sizes<std::complex<float>>(engine);
  sizes<std::complex<double>>(engine);
}

TEST_CASE("more tiles than groups: each is done once") {
  Engine engine(workers(3));
  constexpr std::int64_t size = 4096 * 8192 * 3 + 5;
  auto x = Array<std::uint8_t>::create("x", {size}, owned());
  engine.transform(x, [](std::uint8_t v) { return static_cast<std::uint8_t>(v + 1); });
  engine.for_each_tile(x, [](Tile<std::uint8_t> t) {
    for (std::uint8_t& v : t) ++v;
  });
  CHECK(std::all_of(x.span().begin(), x.span().end(), [](std::uint8_t v) { return v == 2; }));
  CHECK(engine.sum(x) == 2U * static_cast<std::uint64_t>(size));
}

TEST_CASE("views: strided, reversed, transposed, columns; nothing else is touched") {
  Engine engine(workers(2));
  auto x = Array<std::int64_t>::create("x", {7, 65, 33}, owned());
  const std::size_t count = views_of(x).size();
  for (std::size_t which = 0; which < count; ++which) {
    INFO("view " << which);
    std::iota(x.span().begin(), x.span().end(), 0);
    std::vector<std::int64_t> expected(x.span().begin(), x.span().end());
    const Array<std::int64_t> view = views_of(x)[which];
    // By hand, through addresses: what the view shows is multiplied.
    const auto each = [&](auto visit) {
      std::vector<std::int64_t> index(view.ndim(), 0);
      for (std::int64_t n = 0; n < view.size(); ++n) {
        std::int64_t rest = n;
        std::int64_t offset = 0;
        for (std::size_t axis = view.ndim(); axis-- > 0;) {
          offset += rest % view.extent(axis) * view.strides()[axis];
          rest /= view.extent(axis);
        }
        visit(view.data() + offset, n);
      }
    };
    std::int64_t sum = 0;
    each([&](const std::int64_t* p, std::int64_t) {
      expected[static_cast<std::size_t>(p - x.data())] = *p * -3;
      sum += *p * -3;
    });
    engine.transform(view, [](std::int64_t v) { return v * -3; });
    CHECK(std::equal(expected.begin(), expected.end(), x.data()));
    CHECK(engine.sum(view) == sum);
    // Tiles come in C order of the view.
    engine.for_each_tile(view, [](Tile<std::int64_t> t) {
      for (std::size_t i = 0; i < t.size(); ++i) t[i] = t.index(i);
    });
    bool ordered = true;
    each([&](const std::int64_t* p, std::int64_t n) { ordered = ordered && *p == n; });
    CHECK(ordered);
    // Out of place, from one view into its like of another array.
    auto y = Array<std::int64_t>::create("y", {7, 65, 33}, owned());
    const Array<std::int64_t> to = views_of(y)[which];
    engine.transform(
        to, [](std::int64_t v) { return v + 1; }, view);
    CHECK(engine.sum(to) == engine.sum(view) + view.size());
    CHECK(engine.sum(y) == engine.sum(to));
  }
}

TEST_CASE("an array of rank 0, and one of 8 axes") {
  Engine engine(workers(2));
  auto x = Array<double>::create("x", {}, owned());
  engine.fill(x, 2.5);
  engine.transform(x, [](double v) { return v * 2; });
  CHECK(engine.sum(x) == 5.0);
  auto y = Array<float>::create("y", {2, 3, 2, 3, 2, 3, 2, 3}, owned());
  engine.fill(y.transpose(), 1.0F);
  CHECK(engine.sum(y.slice(3, {{}, {}, 2}).slice(7, {{}, {}, -2})) == 6 * 6 * 6 * 6 * 4.0 / 9);
}

TEST_CASE("columns of one matrix: side by side, and each from the other") {
  Engine engine(workers(2));
  constexpr std::int64_t n = 5000;
  auto x = Array<double>::create("x", {n, 3}, owned());
  for (std::int64_t i = 0; i < n; ++i) x(i, 0) = static_cast<double>(i);
  auto one = engine.transform_async(
      x.column(1), [](double v) { return v + 1; }, x.column(0));
  auto two = engine.transform_async(
      x.column(2), [](double v) { return v * 2; }, x.column(0));
  one.get();
  two.get();
  engine.transform(
      x.column(0), [](double a, double b) { return b - a; }, x.column(1), x.column(2));
  bool good = true;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto v = static_cast<double>(i);
    good = good && x(i, 1) == v + 1 && x(i, 2) == 2 * v && x(i, 0) == v - 1;
  }
  CHECK(good);
}

TEST_CASE("an output that overlaps an input otherwise is refused, and nothing is written") {
  Engine engine(workers(2));
  constexpr std::int64_t n = 5000;
  auto x = Array<double>::create("x", {n}, owned());
  const auto one_more = [](double v) { return v + 1; };
  const auto refused = [&](const Array<double>& out, const Array<double>& in) {
    CHECK_THROWS_WITH(engine.transform(out, one_more, in), Contains("overlaps"));
  };
  refused(x.rows(1, n), x.rows(0, n - 1));
  refused(x.slice(0, {{}, {}, -1}), x);
  refused(x.slice(0, {0, n, 2}), x.slice(0, {0, n / 2, 1}));
  engine.transform(x.slice(0, {0, n, 2}), one_more, x.slice(0, {1, n, 2}));
  auto m = Array<double>::create("m", {70, 70}, owned());
  refused(m, m.transpose());
  auto again = Array<double>::attach("x");
  refused(x.rows(1, n), again.rows(0, n - 1));
  const AnyArray in[] = {again.rows(0, n - 1)};
  CHECK_THROWS_AS(engine.apply_to_async("abs", x.rows(1, n), in).get(), InvalidArgument);
  CHECK(engine.sum(x) == n / 2);
  CHECK(engine.sum(m) == 0);
}

TEST_CASE("two attachments of one array are in place, and exactly once") {
  OneFault fault("engine.tile.half_copied", "kill");
  Engine engine(workers(1));
  fault.disarm_here();
  auto x = Array<std::int64_t>::create("x", {20000}, owned());
  auto again = Array<std::int64_t>::attach("x");
  REQUIRE(x.data() != again.data());
  engine.transform(
      x, [](std::int64_t v) { return v + 1; }, again);
  CHECK(fault.fired());
  CHECK(std::all_of(x.span().begin(), x.span().end(), [](std::int64_t v) { return v == 1; }));
}

TEST_CASE("wrong arrays are refused with what is wrong") {
  Engine engine(workers(1));
  auto x = Array<double>::create("x", {100}, owned());
  auto y = Array<double>::create("y", {99}, owned());
  auto k = Array<std::int32_t>::create("k", {100}, owned());
  const auto same_value = [](double v) { return v; };
  CHECK_THROWS_AS(engine.transform(x, same_value, y), ShapeMismatch);
  CHECK_THROWS_AS(engine.transform(x, same_value, Array<double>()), InvalidArgument);
  CHECK_THROWS_AS(engine.apply("no such kernel", x), NotFound);
  CHECK_THROWS_AS(engine.apply("sum", x), InvalidArgument);
  CHECK_THROWS_AS(engine.reduce("scale", x), InvalidArgument);
  CHECK_THROWS_AS(engine.apply("exp", k), TypeMismatch);
  CHECK_THROWS_AS(engine.apply("scale", x), InvalidArgument);
  CHECK_THROWS_AS(engine.apply("scale", x, {1.0, 2.0}), InvalidArgument);
  CHECK_THROWS_AS(engine.apply("scale", k, {0.5}), InvalidArgument);
  CHECK_THROWS_AS(engine.fill(k, Value(3e10)), InvalidArgument);
  CHECK_THROWS_AS(engine.reduce("dot", x, y), ShapeMismatch);
  CHECK_THROWS_AS(engine.reduce("dot", x), InvalidArgument);
  CHECK_THROWS_AS(engine.min(y.rows(0, 0)), InvalidArgument);
  CHECK_THROWS_AS(engine.for_each(-1, [](std::int64_t) {}), InvalidArgument);
  CHECK_THROWS_AS(engine.for_each(INT64_MAX, [](std::int64_t) {}), InvalidArgument);
  CHECK(engine.sum(y.rows(0, 0)) == 0);
}

TEST_CASE("for_each visits every index once, for_each_worker every worker once") {
  for (const bool participate : {false, true}) {
    EngineOptions options = workers(3);
    options.participate = participate;
    Engine engine(options);
    for (const std::int64_t count : {0, 1, 2, 4095, 4096, 4097, 20001}) {
      auto seen = Array<std::int32_t>::create("seen", {count}, owned());
      const auto view = seen.view();
      engine.for_each(
          count, [view](std::int64_t i) { std::atomic_ref<std::int32_t>(view(i)).fetch_add(1); });
      CHECK(std::all_of(seen.span().begin(), seen.span().end(), [](int v) { return v == 1; }));
    }
    auto pids = Array<std::int64_t>::create("pids", {4, 8}, owned());
    const auto view = pids.view();
    for (int round = 0; round < 500; ++round) {
      engine.fill(pids, 0);
      engine.for_each_worker([view](std::size_t w) {
        const auto row = static_cast<std::int64_t>(w);
        view(row, 0) = ::getpid();
        view(row, 1) += 1;
      });
      const std::int64_t all = participate ? 4 : 3;
      for (std::int64_t w = 0; w < all; ++w) {
        REQUIRE(pids(w, 1) == 1);
        REQUIRE((pids(w, 0) == ::getpid()) == (participate && w == 0));
      }
    }
  }
}
