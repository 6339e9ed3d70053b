#include <catch2/catch.hpp>

#include <furrow/engine/engine.hpp>
#include <furrow/os/module.hpp>

namespace {

furrow::EngineOptions two_workers() {
  furrow::EngineOptions options;
  options.workers = 2;
  return options;
}

furrow::Array<double> ones() {
  furrow::CreateOptions owned;
  owned.lifetime = furrow::Lifetime::owned;
  auto x = furrow::Array<double>::create("x", {100'000}, owned);
  for (double& v : x.span()) v = 1.0;
  return x;
}

}  // namespace

TEST_CASE("a plugin's kernel runs in workers that were there before it, in place") {
  furrow::Engine engine(two_workers());
  const auto x = ones();
  CHECK_THROWS_AS(engine.apply("halve", x), furrow::NotFound);
  engine.load_plugin(FURROW_PLUGIN);
  engine.load_plugin(FURROW_PLUGIN);  // once more is no error
  engine.apply("halve", x);
  CHECK(engine.sum(x) == 50'000.0);
  CHECK_THROWS_AS(engine.apply("halve", x, {1.0}), furrow::InvalidArgument);
}

TEST_CASE("a second engine of the process takes the same plugin") {
  furrow::Engine first(two_workers());
  first.load_plugin(FURROW_PLUGIN);
  furrow::Engine second(two_workers());
  second.load_plugin(FURROW_PLUGIN);
  const auto x = ones();
  first.apply("halve", x);
  second.apply("halve", x);
  CHECK(second.sum(x) == 25'000.0);
}

TEST_CASE("a closure whose code is in a plugin runs in the workers") {
  furrow::Engine engine(two_workers());
  engine.load_plugin(FURROW_PLUGIN);
  std::string reason;
  void* const module = furrow::os::load_module(FURROW_PLUGIN, reason);
  REQUIRE(module != nullptr);
  const auto add_three = reinterpret_cast<void (*)(furrow::Engine&, const furrow::Array<double>&)>(
      furrow::os::find_symbol(module, "add_three"));
  REQUIRE(add_three != nullptr);
  const auto x = ones();
  add_three(engine, x);
  CHECK(engine.sum(x) == 400'000.0);
}

TEST_CASE("what is no plugin is refused with a reason") {
  furrow::Engine engine(two_workers());
  CHECK_THROWS_AS(engine.load_plugin("/nowhere/mine.so"), furrow::NotFound);
  CHECK_THROWS_AS(engine.load_plugin("/proc/self/status"), furrow::Corrupt);
}
