// furrow/engine/sweep.hpp
//
// Removing what crashes left behind: owned arrays, half-made segments, and the control segments of
// engines none of whose processes lives. Arrays that such an engine was changing when everything
// died at once are made whole first.
#pragma once

#include <vector>

#include <furrow/segment/segment.hpp>

namespace furrow {

/// What was removed or, on a dry run, would be. Every engine start calls this.
std::vector<segment::Swept> sweep(bool dry_run = false,
                                  const Place& place = Place::default_place());

}  // namespace furrow
