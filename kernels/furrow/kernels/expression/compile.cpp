// furrow/kernels/expression/compile.cpp
#include <furrow/kernels/expression/assemble.hpp>
#include <furrow/kernels/expression/expression.hpp>

namespace furrow::kernels::expression {

Compiled compile(const Syntax& syntax, std::span<const Source> sources,
                 const std::optional<Target>& target) {
  Compiled compiled;
  compiled.error = syntax.error;
  if (compiled.error) return compiled;
  Built built = build(syntax, sources, target);
  compiled.error = std::move(built.error);
  if (compiled.error) return compiled;
  const Node& root = syntax.nodes[syntax.statements.back().root];
  Assembled assembled = assemble(built, sources, root.where);
  compiled.error = std::move(assembled.error);
  if (compiled.error) return compiled;
  compiled.program = assembled.program;
  compiled.used = std::move(assembled.used);
  compiled.dtype = built.dtype;
  compiled.form = built.form;
  compiled.target = syntax.target();
  compiled.reduction = built.reduction;
  const Vertex& value = built.graph[built.roots[0]];
  if (!built.reduction && value.is_constant()) compiled.constant = {value.dtype, value.value};
  return compiled;
}

Compiled compile(std::string_view text, std::span<const Source> sources,
                 const std::optional<Target>& target) {
  return compile(parse(text), sources, target);
}

}  // namespace furrow::kernels::expression
