// Reductions along axes: NumPy's answers for every shape, combination of axes, mask and dtype; the
// same bits for any number of workers, killed ones too; errors before anything is written.
#include <furrow/compute/reduce.hpp>

#include <cstring>

#include "faults/fault_support.hpp"
#include "numpy_cases.hpp"

namespace furrow::test {
namespace {

const std::string peer = FURROW_REDUCE_PEER;

const std::vector<std::string> names = {
    "sum",     "prod",   "mean",   "var",           "std",    "min",      "max",       "argmin",
    "argmax",  "any",    "all",    "norm",          "norm1",  "norm_inf", "nansum",    "nanprod",
    "nanmean", "nanvar", "nanstd", "count_nonzero", "nanmin", "nanmax",   "nanargmin", "nanargmax"};

bool needs_elements(const std::string& name) {
  return name.find("min") != std::string::npos || name.find("max") != std::string::npos ||
         name == "norm_inf";
}

AnyArray packed(Engine& engine, const AnyArray& x) {
  AnyArray copy = AnyArray::temporary(x.dtype(), x.shape());
  engine.apply_to_async("copy", copy, std::vector<AnyArray>{x}).get();
  return copy;
}

/// Adds one case: every reduction of x along these axes.
class Cases {
 public:
  Cases(Engine& engine, NumpyCases& cases) : engine_(engine), cases_(cases) {}

  void add(const std::string& what, const AnyArray& x, const AnyArray& where) {
    auto one = cases_.add("reduce");
    one.array("x", packed(engine_, x)).value("what", what);
    if (where.valid()) one.array("where", packed(engine_, where));
    int next = 0;
    const std::size_t subsets = x.ndim() <= 4 ? std::size_t{1} << x.ndim() : 20;
    for (std::size_t subset = 0; subset < subsets; ++subset) {
      ReduceOptions options;
      for (std::size_t k = 0; k < x.ndim(); ++k) {
        if (((subset * (x.ndim() <= 4 ? 1 : 13)) >> k & 1) == 0) continue;
        const auto axis = static_cast<std::int64_t>(k);
        options.axes.push_back(subset % 2 == 0 ? axis : axis - static_cast<std::int64_t>(x.ndim()));
      }
      options.keepdims = subset % 3 == 1;
      options.ddof = static_cast<double>(subset % 2);
      for (const bool masked : {false, true}) {
        if (masked && !where.valid()) continue;
        options.where = masked ? where : AnyArray();
        for (const std::string& name : names) add_result(one, next, name, x, options);
      }
    }
  }

 private:
  void add_result(NumpyCases::Case& one, int& next, const std::string& name, const AnyArray& x,
                  const ReduceOptions& options) {
    const bool masked = options.where.valid();
    if (masked && name == "norm_inf") return;  // NumPy's has no mask and no start
    AnyArray result;
    try {
      result = reduce(engine_, name, x, options);
    } catch (const TypeMismatch&) {
      return;
    } catch (const InvalidArgument&) {
      // Only of nothing; NumPy throws, too, but for masks it asks for a value to start from.
      REQUIRE(needs_elements(name));
      REQUIRE((masked || x.size() == 0 || name.substr(0, 6) == "nanarg"));
      return;
    }
    const std::string key = "r" + std::to_string(next++);
    std::string call = name + (options.keepdims ? " 1 " : " 0 ") + std::to_string(options.ddof) +
                       (masked ? " 1" : " 0");
    for (const std::int64_t axis : options.axes) call += " " + std::to_string(axis);
    one.value(key + "_call", call).array(key, result);
  }

  Engine& engine_;
  NumpyCases& cases_;
};

TEST_CASE("reductions are NumPy's: shapes from rank 0 to 8, views, every combination of axes") {
  Engine engine(workers(2));
  NumpyCases cases("reduce-shapes");
  Cases add(engine, cases);
  std::uint64_t seed = 7;
  const Shape shapes[] = {{},        {0},         {1},          {7},
                          {3000},    {0, 3},      {3, 0},       {1, 9},
                          {9, 1},    {40, 70},    {2500, 3},    {3, 2500},
                          {5, 1, 6}, {4, 30, 50}, {2, 3, 4, 5}, {2, 1, 3, 2, 1, 2, 3, 2}};
  for (const Shape& shape : shapes) {
    const auto x = sample_array<double>(shape, ++seed);
    const auto where = sample_array<bool>(shape, ++seed);
    add.add("plain", x, where);
    if (shape.ndim() < 2) continue;
    add.add("transposed", x.transpose(), where.transpose());
    add.add("backwards", x.slice(0, {{}, {}, -1}).slice(1, {{}, {}, -2}),
            where.slice(1, {{}, {}, 2}));
    if (shape.ndim() == 2) add.add("row mask", x, sample_array<bool>({shape[1]}, ++seed));
  }
  CHECK(cases.check(peer) == 0);
}

template <class T>
void add_dtype(Cases& add, std::uint64_t seed) {
  for (const Shape& shape : {Shape{6, 40}, Shape{3, 3000}, Shape{3000, 3}, Shape{300, 40}}) {
    const auto x = sample_array<T>(shape, ++seed);
    add.add(std::string(dtype_name(dtype_of<T>)), x, sample_array<bool>(shape, ++seed));
    add.add("transposed", x.transpose(), {});
  }
}

TEST_CASE("reductions are NumPy's in every real dtype") {
  Engine engine(workers(2));
  NumpyCases cases("reduce-dtypes");
  Cases add(engine, cases);
  add_dtype<bool>(add, 1);
  add_dtype<std::int8_t>(add, 2);
  add_dtype<std::uint8_t>(add, 3);
  add_dtype<std::int16_t>(add, 4);
  add_dtype<std::uint16_t>(add, 5);
  add_dtype<std::int32_t>(add, 6);
  add_dtype<std::uint32_t>(add, 7);
  add_dtype<std::int64_t>(add, 8);
  add_dtype<std::uint64_t>(add, 9);
  add_dtype<float>(add, 10);
  CHECK(cases.check(peer) == 0);
}

TEST_CASE("sums that cancel are within the bound on every axis, against exact arithmetic") {
  Engine engine(workers(2));
  NumpyCases cases("reduce-exact");
  for (const Shape& shape : {Shape{5000, 40}, Shape{40, 5000}, Shape{20, 100, 60}}) {
    auto x = sample_array<double>(shape, 3, true);
    std::mt19937_64 random(5);
    for (std::int64_t i = 0; i + 1 < x.size(); i += 2) {  // pairs that cancel, far apart in size
      x.data()[i] = std::ldexp(x.data()[i], static_cast<int>(random() % 60));
      x.data()[i + 1] = -x.data()[i] * (1 + 0x1p-45);
    }
    auto one = cases.add("exact");
    one.array("x", x);
    for (std::size_t k = 0; k < shape.ndim(); ++k) {
      const auto axis = static_cast<std::int64_t>(k);
      one.array("sum" + std::to_string(k), sum(engine, x, {.axes = {axis}}));
    }
  }
  CHECK(cases.check(peer) == 0);
}

/// Chooses something of every row and column.
Array<bool> dense_mask(const Shape& shape, std::uint64_t seed) {
  auto where = sample_array<bool>(shape, seed);
  for (std::int64_t i = 0; i < where.size(); i += 3) where.data()[i] = true;
  return where;
}

std::string bits_of(const AnyArray& x) { return {static_cast<const char*>(x.data()), x.bytes()}; }

std::string all_bits(Engine& engine, const Array<double>& x, const Array<bool>& where) {
  std::string bits;
  for (const char* name : {"sum", "var", "nanmean", "norm", "argmax", "min"}) {
    for (std::int64_t axis = 0; axis < 2; ++axis) {
      for (const bool masked : {false, true}) {
        bits += bits_of(reduce(engine, name, x,
                               {.axes = {axis}, .where = masked ? AnyArray(where) : AnyArray()}));
      }
    }
  }
  return bits;
}

TEST_CASE("reductions along axes: the same bits for 1, 2, 3 and 5 workers") {
  for (const Shape& shape : {Shape{3, 70000}, Shape{70000, 3}, Shape{600, 500}}) {
    const auto x = sample_array<double>(shape, 11, true);
    const auto where = dense_mask(shape, 12);
    std::string first;
    for (const std::size_t count : {1, 2, 3, 5}) {
      Engine engine(workers(count));
      const std::string bits = all_bits(engine, x, where);
      if (first.empty()) first = bits;
      CHECK((bits == first));
    }
  }
}

TEST_CASE("the fast axis and the slow one give the same bits, and the whole array too") {
  Engine engine(workers(2));
  const auto x = sample_array<double>({5000, 30}, 21, true);
  const auto y = packed(engine, x.transpose()).as<double>();
  for (const char* name :
       {"sum", "mean", "var", "std", "prod", "norm", "nansum", "nanvar", "max"}) {
    INFO(name);
    const AnyArray slow = reduce(engine, name, x, {.axes = {0}});
    CHECK(bits_of(slow) == bits_of(reduce(engine, name, y, {.axes = {1}})));
  }
  CHECK(sum(engine, x)() == engine.sum(x));
  CHECK(sum(engine, x, {.axes = {0}})(7) == engine.sum(x.column(7)));
  CHECK(min(engine, x)() == engine.min(x));
}

TEST_CASE("a worker killed in the middle of a reduction changes nothing") {
  const auto x = sample_array<double>({4000, 300}, 31, true);
  const auto where = dense_mask({4000, 300}, 32);
  std::string expected;
  {
    Engine engine(workers(1));
    expected = all_bits(engine, x, where);
  }
  for (const int nth : {1, 5, 40}) {
    OneFault fault("engine.tile.computed", "kill", nth);
    Engine engine(workers(2));
    fault.disarm_here();
    CHECK((all_bits(engine, x, where) == expected));
    CHECK(fault.fired());
    CHECK(deaths(engine) > 0);
  }
}

TEST_CASE("into an array of one's own: strided, or x itself where nothing is reduced") {
  Engine engine(workers(2));
  const auto x = sample_array<double>({50, 20}, 41, true);
  const auto wide = Array<double>::temporary({20, 3});
  engine.fill(wide, -1.0);
  reduce_to(engine, "sum", wide.column(1), x, {.axes = {0}});
  const auto plain = sum(engine, x, {.axes = {0}});
  for (std::int64_t j = 0; j < 20; ++j) {
    REQUIRE(wide(j, 1) == plain(j));
    REQUIRE(wide(j, 0) == -1);
    REQUIRE(wide(j, 2) == -1);
  }
  const auto y = Array<double>::temporary({1, 9});
  engine.fill(y, -3.0);
  reduce_to(engine, "norm1", y, y, {.axes = {0}, .keepdims = true});
  for (std::int64_t j = 0; j < 9; ++j) REQUIRE(y(0, j) == 3);
}

TEST_CASE("the mask itself may be the output, a worker killed after it wrote") {
  constexpr std::int64_t n = 300'000;
  const int nth = GENERATE(1, 2, 3, 5, 9);
  const auto x = Array<bool>::temporary({n, 1});
  const auto mask = Array<bool>::temporary({n, 1});
  for (std::int64_t i = 0; i < n; ++i) {
    x(i, 0) = i % 3 == 0;
    mask(i, 0) = i % 2 == 0;
  }
  // What is not chosen is true: a step that read its own output would find every element chosen.
  OneFault fault("engine.tile.computed", "kill", nth);
  Engine engine(workers(2));
  fault.disarm_here();
  reduce_to(engine, "all", mask, x, {.axes = {1}, .keepdims = true, .where = mask});
  CHECK(fault.fired());
  bool right = true;
  for (std::int64_t i = 0; i < n; ++i) right = right && mask(i, 0) == (i % 3 == 0 || i % 2 != 0);
  CHECK(right);
}

TEST_CASE("norms along a slow axis: no sign of zero, no overflow, no underflow") {
  Engine engine(workers(1));
  const auto x = Array<double>::temporary({50, 4});
  for (std::int64_t i = 0; i < 50; ++i) {
    x(i, 0) = -0.0;
    x(i, 1) = 0x1p700;
    x(i, 2) = 0x1p-700;
    x(i, 3) = -2;
  }
  const auto greatest = norm_inf(engine, x, {.axes = {0}});
  CHECK((greatest(0) == 0 && !std::signbit(greatest(0))));
  CHECK(greatest(3) == 2);
  const auto length = norm(engine, x, {.axes = {0}});
  CHECK(length(0) == 0);
  CHECK(length(1) == Approx(std::sqrt(50.0) * 0x1p700).epsilon(1e-15));
  CHECK(length(2) / 0x1p-700 == Approx(std::sqrt(50.0)).epsilon(1e-15));
  CHECK(length(3) == Approx(std::sqrt(200.0)).epsilon(1e-15));
}

TEST_CASE("inner products along axes: of views, broadcast, masked, in every dtype") {
  Engine engine(workers(2));
  const auto x = sample_array<double>({40, 1300}, 3, true);
  const auto y = sample_array<double>({40, 1300}, 4, true);
  const auto row = sample_array<double>({1300}, 5, true);
  const auto where = sample_array<bool>({40, 1300}, 6);
  const auto exact = [&](const auto& chosen, const auto& other, std::int64_t axis,
                         std::int64_t at) {
    long double sum = 0;
    for (std::int64_t i = 0; i < x.extent(static_cast<std::size_t>(axis)); ++i) {
      const std::int64_t r = axis == 0 ? i : at;
      const std::int64_t c = axis == 0 ? at : i;
      if (chosen(r, c)) sum += static_cast<long double>(x(r, c)) * other(r, c);
    }
    return static_cast<double>(sum);
  };
  const auto all = [](std::int64_t, std::int64_t) { return true; };
  const auto of_y = [&](std::int64_t r, std::int64_t c) { return y(r, c); };
  const auto of_row = [&](std::int64_t, std::int64_t c) { return row(c); };
  const auto close = [](double value, double expected) {
    CHECK(value == Approx(expected).epsilon(1e-13).margin(1e-12));
  };
  for (const std::int64_t axis : {0, 1}) {
    const auto plain = dot(engine, x, y, {.axes = {axis}});
    const auto masked = dot(engine, x, row, {.axes = {axis}, .keepdims = true, .where = where});
    CHECK(masked.shape() == (axis == 0 ? Shape{1, 1300} : Shape{40, 1}));
    for (std::int64_t k = 0; k < plain.size(); ++k) {
      close(plain(k), exact(all, of_y, axis, k));
      close(masked.data()[k], exact(where, of_row, axis, k));
    }
    // Down the slow axis as along the fast one: the same elements, the same bits.
    const auto turned = dot(engine, x.transpose(), y.transpose(), {.axes = {1 - axis}});
    CHECK(std::memcmp(plain.data(), turned.data(), plain.bytes()) == 0);
  }
  CHECK(dot(engine, x, y)() == engine.dot(x, y));
  const auto out = Array<double>::temporary({40});
  dot_to(engine, out, x, y, {.axes = {1}});
  CHECK(out(7) == dot(engine, x, y, {.axes = {1}})(7));
  const auto bytes = Array<std::uint8_t>::temporary({3, 5});
  engine.fill(bytes, std::uint8_t{200});
  CHECK(dot(engine, bytes, bytes, {.axes = {0}})(4) == std::uint64_t{120'000});
  const auto floats = Array<float>::temporary({70'000});
  engine.fill(floats, 1.0F + 0x1p-12F);  // its square is no f32
  CHECK(dot(engine, floats, floats)() ==
        static_cast<float>(70'000 * static_cast<double>(1.0F + 0x1p-12F) * (1.0F + 0x1p-12F)));
  const auto z = Array<c64>::temporary({3, 2});
  for (std::int64_t k = 0; k < 6; ++k) z.data()[k] = {static_cast<float>(k), 1};
  CHECK(prod(engine, z, {.axes = {0}})(1) == c64(6, 22));  // (1+i) (3+i) (5+i)
  CHECK(dot(engine, z, z, {.axes = {1}})(0) == c64(-1, 2));
  CHECK(norm(engine, z)() == std::sqrt(61.0F));
  CHECK_THROWS_AS(dot(engine, x, y.slice(0, {{}, 20}), {.axes = {0}}), ShapeMismatch);
  CHECK_THROWS_AS(dot(engine, AnyArray(x), AnyArray(floats)), TypeMismatch);
  CHECK_THROWS_AS(reduce(engine, "dot", x), InvalidArgument);
}

TEST_CASE("reductions refuse what they cannot do before anything is written") {
  Engine engine(workers(1));
  const auto x = sample_array<double>({4, 5}, 51);
  const auto out = Array<double>::temporary({5});
  engine.fill(out, 7.0);
  const auto to = [&](const char* name, const AnyArray& from, const ReduceOptions& options) {
    reduce_to(engine, name, out, from, options);
  };
  CHECK_THROWS_AS(to("median", x, {.axes = {0}}), NotFound);
  CHECK_THROWS_AS(to("sum", x, {.axes = {2}}), InvalidArgument);
  CHECK_THROWS_AS(to("sum", x, {.axes = {-3}}), InvalidArgument);
  CHECK_THROWS_AS(to("sum", x, {.axes = {0, -2}}), InvalidArgument);
  CHECK_THROWS_AS(to("sum", x, {.axes = {1}}), ShapeMismatch);
  CHECK_THROWS_AS(to("argmin", x, {.axes = {0}}), TypeMismatch);
  CHECK_THROWS_AS(to("min", Array<c128>::temporary({4, 5}), {.axes = {0}}), TypeMismatch);
  CHECK_THROWS_AS(to("min", Array<double>::temporary({0, 5}), {.axes = {0}}), InvalidArgument);
  CHECK_THROWS_AS(to("sum", x, {.axes = {0}, .where = x}), TypeMismatch);
  CHECK_THROWS_AS(to("sum", x, {.axes = {0}, .where = Array<bool>::temporary({4})}), ShapeMismatch);
  const auto where = Array<bool>::temporary({4, 5});
  engine.fill(where, true);
  for (std::int64_t i = 0; i < 4; ++i) where(i, 3) = false;
  CHECK_THROWS_AS(to("max", x, {.axes = {0}, .where = where}), InvalidArgument);
  const auto places = Array<std::int64_t>::temporary({5});
  engine.fill(places, std::int64_t{7});
  CHECK_THROWS_AS(reduce_to(engine, "argmax", places, x, {.axes = {0}, .where = where}),
                  InvalidArgument);
  const auto holes = Array<double>::temporary({4, 5});
  for (std::int64_t i = 0; i < 20; ++i) holes.data()[i] = i % 5 == 2 ? std::nan("") : 1;
  CHECK_THROWS_WITH(reduce_to(engine, "nanargmin", places, holes, {.axes = {0}}),
                    "nanargmin: output 2 of 5 has nothing but NaN");
  for (const std::int64_t v : places.span()) CHECK(v == 7);
  for (const double v : out.span()) CHECK(v == 7);
  CHECK(std::isnan(mean(engine, x, {.axes = {0}, .where = where})(3)));
  CHECK(sum(engine, x, {.axes = {0}, .where = where})(3) == 0);
  CHECK(min(engine, Array<double>::temporary({0, 5}), {.axes = {1}}).size() == 0);
}

}  // namespace
}  // namespace furrow::test
