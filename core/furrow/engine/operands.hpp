// furrow/engine/operands.hpp
//
// Which arrays a job may take, how they are described to workers, and which protocol protects them.
#pragma once

#include <cstdint>

#include <furrow/engine/job.hpp>
#include <furrow/engine/layout.hpp>

namespace furrow::engine {

/// Throws ShapeMismatch (sizes differ), PermissionDenied (a written array is attached read-only),
/// InvalidArgument (an array that was never created; a written one that repeats its elements, or
/// that overlaps another operand without being the same elements: then the result would depend on
/// the order of tiles).
void check_operands(const Job& job);

/// How the elements of two arrays lie to each other, be one array attached twice or not.
enum class Overlap {
  none,
  same,    // all of them the same, in the same order
  partly,  // or it cannot be told
};
Overlap overlap_of(const AnyArray& a, const AnyArray& b);

/// Throws InvalidArgument when one element stands for several (broadcast_to): it is to be read.
void check_distinct(const AnyArray& array);

OperandLayout layout_of(const Operand& operand);

/// Adds flag_torn_on_death to `flags` where a crash cannot be made good.
Protocol choose_protocol(const Job& job, bool exactly_once, std::uint32_t& flags);

/// True for a kernel that writes long runs of an array, not one of its inputs, where all of its
/// memory is more than the caches hold: nobody finds the output there, so it need not pass through
/// them.
bool should_stream(const Job& job, Protocol protocol);

}  // namespace furrow::engine
