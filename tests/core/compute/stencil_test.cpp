// Stencils, convolutions and moving averages of arrays on an engine: the same bits for any number
// of workers, in place, exactly once under kill -9; NumPy (and SciPy, where it is) as the peer;
// errors before anything is written.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>

#include <furrow/compute/stencil.hpp>

#include "faults/fault_support.hpp"
#include "numpy_cases.hpp"
#include "torment.hpp"

namespace furrow::test {
namespace {

template <class T>
Array<T> numbers(const Shape& shape, std::uint64_t seed = 1) {
  const auto x = Array<T>::temporary(shape);
  std::mt19937_64 random(seed);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    x.data()[i] = static_cast<T>(std::ldexp(static_cast<double>(random() >> 11), -46));
  }
  return Array<T>(x);
}

template <class T>
Array<T> copy_of(const Array<T>& x) {
  auto copy = Array<T>::temporary(x.shape());
  std::memcpy(copy.data(), x.data(), x.bytes());
  return copy;
}

bool same(const AnyArray& a, const AnyArray& b) {
  return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

constexpr Boundary boundaries[] = {Boundary::constant, Boundary::nearest, Boundary::wrap,
                                   Boundary::reflect, Boundary::mirror};

const char* mode_name(Boundary boundary) {
  const char* names[] = {"constant", "nearest", "wrap", "reflect", "mirror"};
  return names[static_cast<int>(boundary)];
}

const char* mode_name(Overlap mode) {
  const char* names[] = {"full", "same", "valid"};
  return names[static_cast<int>(mode)];
}

}  // namespace

TEST_CASE("stencils have the same bits for 1, 2, 3 and 5 workers, in place too") {
  const auto image = numbers<double>({700, 900});
  const auto volume = numbers<float>({60, 70, 80});
  const auto line = numbers<double>({600'001});
  const auto square = numbers<double>({5, 5}, 2);
  const auto cube = numbers<float>({3, 3, 3}, 3);
  const auto taps = numbers<double>({31}, 4);
  std::vector<AnyArray> first;
  for (const std::size_t count : {1, 2, 3, 5}) {
    Engine engine(with_workers(count));
    std::vector<AnyArray> results;
    const auto in_place_image = copy_of(image);
    stencil(engine, in_place_image, square, in_place_image);
    const auto out_image = Array<double>::temporary(image.shape());
    stencil(engine, image, square, out_image);
    CHECK(same(out_image, in_place_image));
    const auto in_place_volume = copy_of(volume);
    stencil(engine, in_place_volume, cube, in_place_volume, {.boundary = Boundary::wrap});
    const auto in_place_line = copy_of(line);
    convolve(engine, in_place_line, taps, in_place_line, {.mode = Overlap::same});
    CHECK(same(in_place_line, convolve(engine, line, taps, {.mode = Overlap::same})));
    const auto mean = copy_of(line);
    moving_average(engine, mean, 50, mean, {.boundary = Boundary::mirror});
    results = {in_place_image, in_place_volume, in_place_line, mean};
    results.push_back(correlate(engine, image, taps, {.mode = Overlap::full, .axis = 0}));
    results.push_back(moving_average(engine, image, 20, {.axis = 0}));
    results.push_back(moving_average(engine, line, 5000));
    if (first.empty()) first = results;
    for (std::size_t k = 0; k < results.size(); ++k) CHECK(same(results[k], first[k]));
  }
}

TEST_CASE("stencils in place are exactly-once while workers are killed") {
  const auto image = numbers<double>({600, 1000});
  const auto square = numbers<double>({7, 7}, 2);
  const auto taps = numbers<double>({101}, 4);
  Engine calm(with_workers(2));
  const auto right = Array<double>::temporary(image.shape());
  stencil(calm, image, square, right);
  const auto right_line = convolve(calm, image, taps, {.mode = Overlap::same, .axis = 0});
  const auto right_mean = moving_average(calm, image, 60, {.boundary = Boundary::nearest});
  Engine engine(with_workers(3));
  const Killer killer(engine);
  int rounds = 0;
  while (killer.kills() < 30 || rounds < 3) {
    ++rounds;
    auto x = copy_of(image);
    stencil(engine, x, square, x);
    CHECK(same(x, right));
    x = copy_of(image);
    convolve(engine, x, taps, x, {.mode = Overlap::same, .axis = 0});
    CHECK(same(x, right_line));
    x = copy_of(image);
    moving_average(engine, x, 60, x, {.boundary = Boundary::nearest});
    CHECK(same(x, right_mean));
  }
}

TEST_CASE("a worker killed after a step of a stencil has written: same bits") {
  const auto image = numbers<double>({300, 1000});
  const auto line = numbers<double>({200'000}, 3);
  const auto square = numbers<double>({7, 7}, 2);
  const auto taps = numbers<double>({101}, 4);
  const auto results = [&](Engine& engine) {
    std::vector<Array<double>> all = {copy_of(image), copy_of(image), copy_of(image),
                                      copy_of(line)};
    stencil(engine, all[0], square, all[0]);
    convolve(engine, all[1], taps, all[1], {.mode = Overlap::same, .axis = 0});
    moving_average(engine, all[2], 60, all[2], {.boundary = Boundary::nearest});
    // Through sums of 1024 neighbours, and sums of these.
    moving_average(engine, all[3], 5000, all[3], {.boundary = Boundary::mirror});
    all.push_back(moving_average(engine, line, 3 * 1024).as<double>());
    return all;
  };
  Engine calm(with_workers(2));
  const auto right = results(calm);
  calm.stop();
  for (const int nth : {1, 2, 3, 5, 8, 13, 21}) {
    OneFault fault("engine.tile.computed", "kill", nth);
    Engine engine(with_workers(2));
    fault.disarm_here();
    const auto found = results(engine);
    INFO("pass " << nth);
    for (std::size_t k = 0; k < right.size(); ++k) CHECK(same(found[k], right[k]));
    CHECK(fault.fired());
  }
}

TEST_CASE("strides of x, weights and output change no bit") {
  Engine engine(with_workers(2));
  const auto x = numbers<double>({60, 80});
  const auto weights = numbers<double>({3, 5}, 2);
  const auto right = Array<double>::temporary({60, 80});
  stencil(engine, x, weights, right);
  const auto turned = Array<double>::temporary({80, 60});
  for (std::int64_t i = 0; i < 60; ++i) {
    for (std::int64_t k = 0; k < 80; ++k) turned(k, i) = x(i, k);
  }
  const auto wide = Array<double>::temporary({60, 160});
  const auto holes = wide.slice(1, {1, 160, 2});
  const auto turned_weights = Array<double>::temporary({5, 3});
  for (std::int64_t i = 0; i < 15; ++i) turned_weights(i % 5, i / 5) = weights(i / 5, i % 5);
  stencil(engine, turned.transpose(), turned_weights.transpose(), holes);
  bool equal = true;
  for (std::int64_t i = 0; i < 60 * 80; ++i)
    equal = equal && holes(i / 80, i % 80) == right.data()[i];
  CHECK(equal);
  const auto backwards = x.slice(1, {{}, {}, -1});
  const auto mean = moving_average(engine, backwards, 7);
  const auto plain = moving_average(engine, x, 7);
  CHECK(mean.shape() == plain.shape());
  stencil(engine, backwards, weights, backwards, {.boundary = Boundary::wrap});
  moving_average(engine, holes, 3, holes, {.boundary = Boundary::wrap});
}

namespace {

template <class T>
void numpy_lines(Engine& engine, NumpyCases& cases) {
  for (const auto& [shape, taps, axis] : {std::tuple{Shape{50}, 4, 0},
                                          {Shape{7}, 7, -1},
                                          {Shape{3, 40, 5}, 6, 1},
                                          {Shape{9, 8}, 3, 0}}) {
    const auto x = sample_array<T>(shape, 3, true);
    const auto w = sample_array<T>({taps}, 4, true);
    for (const Overlap mode : {Overlap::full, Overlap::same, Overlap::valid}) {
      cases.add("convolve")
          .array("x", x)
          .array("w", w)
          .array("convolved", convolve(engine, x, w, {mode, axis}))
          .array("correlated", correlate(engine, x, w, {mode, axis}))
          .value("mode", mode_name(mode))
          .value("axis", axis);
    }
  }
}

template <class T>
void numpy_stencils(Engine& engine, NumpyCases& cases) {
  for (const auto& [shape, taps] : {std::pair{Shape{30}, Shape{5}},
                                    {Shape{20, 17}, Shape{3, 4}},
                                    {Shape{6, 9, 11}, Shape{3, 2, 5}},
                                    {Shape{3, 4}, Shape{3, 4}}}) {
    const auto x = sample_array<T>(shape, 5, true);
    const auto w = sample_array<T>(taps, 6, true);
    for (const Boundary boundary : boundaries) {
      for (const bool backwards : {false, true}) {
        const auto out = Array<T>::temporary(shape);
        stencil(engine, x, w, out, {boundary, 2.0, backwards});
        cases.add("stencil")
            .array("x", x)
            .array("w", w)
            .array("out", out)
            .value("mode", mode_name(boundary))
            .value("value", 2.0)
            .value("backwards", backwards ? 1 : 0);
      }
    }
  }
}

}  // namespace

TEST_CASE("convolutions, stencils and moving averages agree with NumPy") {
  Engine engine(with_workers(2));
  NumpyCases cases("stencil_cases");
  numpy_lines<double>(engine, cases);
  numpy_lines<float>(engine, cases);
  numpy_lines<std::int32_t>(engine, cases);
  numpy_lines<std::uint64_t>(engine, cases);
  numpy_stencils<double>(engine, cases);
  numpy_stencils<float>(engine, cases);
  numpy_stencils<std::int64_t>(engine, cases);
  const auto x = sample_array<double>({40, 30}, 8, true);
  for (const Boundary boundary : boundaries) {
    for (const std::int64_t window : {1, 4, 9, 30}) {
      cases.add("moving_average")
          .array("x", x)
          .array("whole", moving_average(engine, x, window, {.axis = 0}))
          .array("padded", moving_average(engine, x, window, {1, boundary, 2.0}))
          .value("window", window)
          .value("mode", mode_name(boundary))
          .value("value", 2.0);
    }
  }
  CHECK(cases.check() == 0);
}

TEST_CASE("a stencil that cannot be is refused before anything is written") {
  Engine engine(with_workers(1));
  const auto x = numbers<double>({20, 30});
  const auto out = copy_of(x);
  const auto w = numbers<double>({5});
  const auto square = numbers<double>({3, 3});
  const auto none = Array<double>::temporary({0});
  const ConvolveOptions same_size = {.mode = Overlap::same};
  CHECK_THROWS_AS(convolve(engine, x, none, out, same_size), InvalidArgument);
  CHECK_THROWS_AS(convolve(engine, none, w), InvalidArgument);
  CHECK_THROWS_AS(convolve(engine, x, square, out, same_size), InvalidArgument);
  CHECK_THROWS_AS(convolve(engine, x, w, out, {Overlap::same, 2}), InvalidArgument);
  CHECK_THROWS_AS(convolve(engine, x, w, out, {Overlap::full, 0}), ShapeMismatch);
  CHECK_THROWS_WITH(convolve(engine, x, numbers<double>({21}), out, {Overlap::same, 0}),
                    Catch::Contains("21 weights along an axis of 20 elements"));
  CHECK_THROWS_AS(correlate(engine, x, numbers<double>({31})), InvalidArgument);
  CHECK_THROWS_AS(convolve(engine, x, numbers<float>({5}), out, same_size), TypeMismatch);
  CHECK_THROWS_AS(convolve(engine, x, w, Array<float>::temporary({20, 30}), same_size),
                  TypeMismatch);
  CHECK_THROWS_AS(convolve(engine, Array<c64>::temporary({9}), Array<c64>::temporary({2})),
                  TypeMismatch);
  CHECK_THROWS_AS(convolve(engine, out.rows(0, 10), w, out.rows(1, 11), same_size),
                  InvalidArgument);
  CHECK_THROWS_AS(stencil(engine, x, w, out), InvalidArgument);
  CHECK_THROWS_AS(stencil(engine, x, Array<double>::temporary({3, 0}), out), InvalidArgument);
  CHECK_THROWS_AS(stencil(engine, x, square, out.transpose()), ShapeMismatch);
  CHECK_THROWS_AS(stencil(engine, x, square, out, {.boundary = Boundary::absent}), InvalidArgument);
  CHECK_THROWS_AS(stencil(engine, AnyArray(), square, out), InvalidArgument);
  const auto whole = Array<std::int32_t>::temporary({4});
  CHECK_THROWS_AS(stencil(engine, whole, whole, whole, {Boundary::constant, 0.5}), InvalidArgument);
  CHECK_THROWS_AS(moving_average(engine, x, 0, out, {.boundary = Boundary::wrap}), InvalidArgument);
  CHECK_THROWS_AS(moving_average(engine, x, 31), InvalidArgument);
  CHECK_THROWS_AS(moving_average(engine, x, 3, out, {}), ShapeMismatch);
  CHECK_THROWS_AS(moving_average(engine, whole, 2), TypeMismatch);
  CHECK_THROWS_AS(moving_average(engine, x, 3, {.axis = 5}), InvalidArgument);
  CHECK(same(out, x));
  stencil(engine, Array<double>::temporary({0, 3}), square, Array<double>::temporary({0, 3}));
}

}  // namespace furrow::test
