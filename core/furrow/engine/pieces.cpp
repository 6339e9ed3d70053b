#include <furrow/engine/pieces.hpp>

#include <utility>

#include <fmt/format.h>

#include <furrow/engine/program_job.hpp>

namespace furrow::engine {

namespace expression = kernels::expression;

void PieceFold::add(Engine& engine, Job job, std::int64_t granule, const Combine& combine) {
  if (job.count == 0) return;
  if (ended_) {
    throw InvalidArgument(fmt::format(
        "a piece follows one that was no multiple of {} elements: only the last may be", granule));
  }
  if (job.count > granule * piece_groups_max) {
    throw InvalidArgument(fmt::format("a piece has {} elements, and may have {} at most", job.count,
                                      granule * piece_groups_max));
  }
  const std::size_t bytes = job.partial_bytes;
  if (fold_ == nullptr) fold_ = std::make_unique<Fold>(bytes);
  job.group_tiles = piece_group_tiles;
  job.gather = [this, bytes, &combine](const void* partial) {
    fold_->push(partial, bytes, combine);
  };
  const std::int64_t count = job.count;
  Future<void>(engine.start(std::move(job))).get();
  count_ += count;
  ended_ = count % granule != 0;
}

const void* PieceFold::partial(const Combine& combine) {
  return count_ == 0 ? nullptr : fold_->result(combine);
}

namespace {

PieceFold::Combine combine_of(const expression::Reduction& reduction) {
  return [combine = reduction.variant->reduce.combine](void* left, const void* right) {
    combine(left, right, left);
  };
}

}  // namespace

PiecewiseExpression::PiecewiseExpression(Engine& engine, std::string text,
                                         std::span<const Binding> bindings)
    : engine_(engine), text_(std::move(text)) {
  const expression::Syntax syntax = expression::parse(text_);
  if (syntax.error) raise(*syntax.error, text_);
  const ExpressionNames names(text_, syntax, bindings, Place::default_place());
  const expression::Compiled compiled = expression::compile(syntax, names.sources());
  if (compiled.error) raise(*compiled.error, text_);
  if (!compiled.reduction) {
    throw InvalidArgument(fmt::format(
        "\"{}\" does not fold to a number: write sum(…), max(…) or another reduction", text_));
  }
  for (const std::size_t source : compiled.used) {
    const AnyArray& array = names.array_of(source);
    if (form_of(array.shape()) == compiled.form) continue;
    throw ShapeMismatch(
        fmt::format("\"{}\" folds values of shape {}, and \"{}\" has shape {}: arrays that come in "
                    "pieces are not broadcast",
                    text_, to_string(shape_of(compiled.form)), names.sources()[source].name,
                    to_string(array.shape())));
  }
  reduction_ = *compiled.reduction;
  granule_ = piece_group_tiles *
             static_cast<std::int64_t>(expression::reduce_tile_elements(compiled.program));
}

void PiecewiseExpression::add(std::span<const Binding> pieces, const JobOptions& options) {
  const expression::Syntax syntax = expression::parse(text_);
  const ExpressionNames names(text_, syntax, pieces, Place::default_place());
  expression::Compiled compiled = expression::compile(syntax, names.sources());
  if (compiled.error) raise(*compiled.error, text_);
  compiled.program.first_index = fold_.count();
  fold_.add(engine_, fold_program(compiled, names, options), granule_, combine_of(reduction_));
}

Evaluated PiecewiseExpression::result() {
  const void* partial = fold_.partial(combine_of(reduction_));
  return Evaluated(expression::finish(reduction_, fold_.count(), partial));
}

ExpressionOutlook outlook_of(const std::string& text, std::span<const Binding> bindings,
                             bool target_elsewhere) {
  const expression::Syntax syntax = expression::parse(text);
  if (syntax.error) raise(*syntax.error, text);
  const ExpressionNames names(text, syntax, bindings, Place::default_place(), target_elsewhere);
  std::optional<expression::Target> known;
  if (names.target()) {
    known = expression::Target{names.target()->dtype(), form_of(names.target()->shape())};
  }
  const expression::Compiled compiled = expression::compile(syntax, names.sources(), known);
  if (compiled.error) raise(*compiled.error, text);
  ExpressionOutlook outlook;
  outlook.is_number = compiled.reduction || (compiled.constant && compiled.target.empty());
  outlook.dtype = compiled.dtype;
  outlook.shape = shape_of(compiled.form);
  outlook.target = compiled.target;
  for (const auto& free : syntax.free_names()) outlook.names.push_back(free.name);
  return outlook;
}

}  // namespace furrow::engine
