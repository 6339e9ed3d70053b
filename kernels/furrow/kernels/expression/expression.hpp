// furrow/kernels/expression/expression.hpp
//
// Expressions on the caller's memory, compiled once and run in one pass.
//
//   using namespace furrow::kernels::expression;
//   Compiled c = compile("where(x > 0, log(x), 0) + 2*y", {array("x", x), array("y", y)});
//   if (c.error) … to_string(*c.error, text) …
//   run(c, z.data());                          // on this thread; run(c, z.data(), Threads{4})
//   Answer s = reduce(compile("sum(x*y)", …));
//
// Grammar   syntax.hpp
// Types     promotion.hpp: NumPy 1.24's; functions as the registry has them (operations.hpp)
// Shapes    NumPy's broadcasting; arrays of rank 0 are numbers, read while compiling
// Bits      those of the same operations one by one (no multiply-add is made of a*x + b); the same
//           for any executor and any cut
// Errors    a Diagnostic with the place in the text; everything is checked before anything runs
// Memory    program.hpp; reduce() keeps at most 4096 partials
#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <furrow/kernels/execution.hpp>
#include <furrow/kernels/expression/build.hpp>
#include <furrow/kernels/expression/program.hpp>
#include <furrow/kernels/expression/syntax.hpp>

namespace furrow::kernels::expression {

struct Compiled {
  std::optional<Diagnostic> error;  // then the rest does not count
  Program program;
  Dtype dtype = Dtype::none;  // of the elements, or of a reduction's number
  Form form;                  // of the values
  std::string target;         // the name that is assigned to; empty: none
  std::optional<Reduction> reduction;
  std::optional<Answer> constant;  // an expression of numbers alone has this value
  std::vector<std::size_t> used;   // positions of the sources that the program reads
};

/// `target`: what the array that is assigned to is like, when there is one.
Compiled compile(const Syntax& syntax, std::span<const Source> sources,
                 const std::optional<Target>& target = std::nullopt);
Compiled compile(std::string_view text, std::span<const Source> sources,
                 const std::optional<Target>& target = std::nullopt);
inline Compiled compile(std::string_view text, std::initializer_list<Source> sources) {
  return compile(text, std::span<const Source>(sources.begin(), sources.size()));
}

/// A packed array of one axis.
template <Element T>
Source array(std::string name, std::span<const T> x) {
  Source source;
  source.name = std::move(name);
  source.dtype = dtype_of<T>;
  source.form.ndim = 1;
  source.form.extent[0] = static_cast<std::int64_t>(x.size());
  source.stride[0] = 1;
  source.data = x.data();
  return source;
}

/// Elements that an executor's step goes through.
inline constexpr std::int64_t step_elements = 64 * 1024;

/// Writes form.size() elements of `dtype`. `out` may be one of the arrays.
template <class Each = Serial>
void run(const Compiled& compiled, void* out, const Each& each = {}) {
  const std::int64_t count = compiled.form.size();
  struct Step {
    Program program;
    std::byte* out;
    std::int64_t count;
    std::size_t item;
    void operator()(std::int64_t i) const {
      const std::int64_t first = i * step_elements;
      const auto length = static_cast<std::size_t>(std::min(step_elements, count - first));
      run_tile(program, out + static_cast<std::size_t>(first) * item, first, length);
    }
  };
  each((count + step_elements - 1) / step_elements,
       Step{compiled.program, static_cast<std::byte*>(out), count, item_bytes(compiled.dtype)});
}

/// The number of an expression that reduces.
template <class Each = Serial>
Answer reduce(const Compiled& compiled, const Each& each = {}) {
  const std::int64_t count = compiled.form.size();
  if (count == 0) return finish(*compiled.reduction, 0, nullptr);
  const auto tile = static_cast<std::int64_t>(reduce_tile_elements(compiled.program));
  // Groups of a power of two of tiles are whole subtrees of the tree that combines all tiles.
  std::int64_t group = 16;
  while ((count + tile * group - 1) / (tile * group) > 4096) group *= 2;
  const std::int64_t groups = (count + tile * group - 1) / (tile * group);
  std::vector<Partial> partials(static_cast<std::size_t>(groups));
  struct Step {
    Program program;
    Partial* partials;
    std::int64_t count, tile, group;
    void operator()(std::int64_t g) const {
      reduce_tiles(program, g * group * tile, std::min(count, (g + 1) * group * tile), partials[g]);
    }
  };
  each(groups, Step{compiled.program, partials.data(), count, tile, group});
  combine_partials(compiled.program, partials.data(), static_cast<std::size_t>(groups));
  return finish(*compiled.reduction, count, partials.data());
}

}  // namespace furrow::kernels::expression
