// furrow/sync/describe.hpp
//
// What a shared object is, and what state it is in, for people: `furrow ls`.
//
// Looks     only: nothing is locked, nothing is changed, so it is what one moment showed, and of an
//           object that others change meanwhile its parts may be of two moments
// Trusts    nothing: bytes that are no object, or of another version, are said to be so
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace furrow::mp {

struct ObjectDescription {
  std::string type;   // "Lock"
  std::string state;  // "held by thread 4711", "3 messages, at most 10"
};

/// `data`: what the object's segment holds, from its first byte behind the segment's header on.
ObjectDescription describe_object(std::span<const std::byte> data);

}  // namespace furrow::mp
