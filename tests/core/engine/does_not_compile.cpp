// Closures whose captures cannot travel: one case each is chosen by a macro, none of them compiles.
// Without a macro it compiles, so that a failure is the case's.
#include <string>
#include <vector>

#include <furrow/engine/engine.hpp>

void use(furrow::Engine& engine, furrow::Array<double> x) {
  const auto view = x.view();
  engine.transform(x, [view](double v) { return v + view(0); });
#ifdef FURROW_CASE_captures_array
  engine.transform(x, [x](double v) { return v + x(0); });
#endif
#ifdef FURROW_CASE_captures_vector
  const std::vector<double> table{1, 2};
  engine.for_each_tile(x, [table](furrow::Tile<double> t) { t[0] = table[0]; });
#endif
#ifdef FURROW_CASE_captures_string_in_reduce
  const std::string text("a");
  engine.reduce(
      x, 0.0, [text](double& sum, double v) { sum += v * static_cast<double>(text.size()); },
      [](double& left, double right) { left += right; });
#endif
}
