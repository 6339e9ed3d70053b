// The engine's workers as the executor of an algorithm's steps, on scratch that has no name.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

#include <furrow/compute/on_engine.hpp>
#include <furrow/kernels/execution.hpp>
#include <furrow/segment/segment.hpp>

namespace furrow::test {
namespace {

/// Two steps: squares into scratch, then sums of neighbours.
template <class Each>
void neighbour_squares(Each each, View<double> scratch, View<double> out) {
  const std::int64_t n = scratch.size();
  each(n, [scratch](std::int64_t i) { scratch(i) = static_cast<double>(i * i); });
  each(n, [scratch, out, n](std::int64_t i) { out(i) = scratch(i) + scratch((i + 1) % n); });
}

View<double> view_of(std::vector<double>& values) {
  return {values.data(), {static_cast<std::int64_t>(values.size())}, {1}};
}

TEST_CASE("an algorithm's steps run on an engine, on threads and here with the same result") {
  EngineOptions options;
  options.workers = 2;
  Engine engine(options);
  const auto scratch = Array<double>::temporary({1000});
  const auto out = Array<double>::temporary({1000});
  std::vector<double> here_scratch(1000);
  std::vector<double> here(1000);
  neighbour_squares(kernels::Serial{}, view_of(here_scratch), view_of(here));
  neighbour_squares(compute::OnEngine{engine}, scratch.view(), out.view());
  CHECK(std::vector<double>(out.data(), out.data() + 1000) == here);
  const std::vector<double> expected = here;
  std::fill(here.begin(), here.end(), 0);
  neighbour_squares(kernels::Threads{2}, view_of(here_scratch), view_of(here));
  CHECK(here == expected);
}

TEST_CASE("scratch has no name, and nothing of it is left") {
  const std::size_t before = segment::list().size();
  const auto scratch = Array<double>::temporary({100, 3});
  CHECK(scratch.shape() == Shape{100, 3});
  CHECK(segment::list().size() == before);
}

}  // namespace
}  // namespace furrow::test
