// furrow/engine/program_job.hpp
//
// Jobs whose closure is a compiled expression. Private to the engine room.
#pragma once

#include <furrow/engine/expression_names.hpp>
#include <furrow/engine/job.hpp>

namespace furrow::engine {

/// Writes the expression's values into `target`, and waits.
void run_program(Engine& engine, kernels::expression::Compiled& compiled,
                 const ExpressionNames& names, const AnyArray& target, const JobOptions& options);

/// Folds them; what is to become of the partials is up to the caller.
Job fold_program(const kernels::expression::Compiled& compiled, const ExpressionNames& names,
                 const JobOptions& options);

}  // namespace furrow::engine
