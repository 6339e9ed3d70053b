// furrow/engine/operands.hpp
//
// Which arrays a job may take, how they are described to workers, and which protocol protects them.
#pragma once

#include <cstdint>

#include <furrow/engine/job.hpp>
#include <furrow/engine/layout.hpp>

namespace furrow::engine {

/// Throws ShapeMismatch (sizes differ), PermissionDenied (a written array is attached read-only),
/// InvalidArgument (a written array overlaps another operand without being the same elements: then
/// the result would depend on the order of tiles).
void check_operands(const Job& job);

OperandLayout layout_of(const Operand& operand);

/// Adds flag_torn_on_death to `flags` where a crash cannot be made good.
Protocol choose_protocol(const Job& job, bool exactly_once, std::uint32_t& flags);

/// True for a kernel that writes long runs of an array, not one of its inputs, where all of its
/// memory is more than the caches hold: nobody finds the output there, so it need not pass through
/// them.
bool should_stream(const Job& job, Protocol protocol);

}  // namespace furrow::engine
