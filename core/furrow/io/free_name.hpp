// furrow/io/free_name.hpp
//
// Whether a load may give its array a name.
#pragma once

#include <string_view>

#include <furrow/segment/segment.hpp>

namespace furrow {

/// Throws AlreadyExists before any work is done; whoever takes the name meanwhile is met when it
/// is published.
void require_free(std::string_view name, const Place& place);

}  // namespace furrow
