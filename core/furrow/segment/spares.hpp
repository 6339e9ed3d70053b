// furrow/segment/spares.hpp
//
// Memory of temporary arrays that have gone, kept for the next ones of the same size, as malloc
// keeps what was freed: the kernel hands out and clears every page of a new segment, and every
// worker maps it anew. A spare one stays mapped everywhere.
//
// Which     unpublished and owned, so nobody but this process and its engines' workers ever saw it;
//           not when the process forked since it was made, for the child may go on reading it
//           (it keeps what was there when it was forked mapped until it ends), nor on hugetlbfs
// Bounded   at most spare_bytes_max, and an eighth of what the place has free. All of it goes when
//           the place is full, when an engine stops, and with the process, however that ends
// Contents  zeros, as new memory has
// Threads   any
#pragma once

#include <cstdint>

namespace furrow::segment {

inline constexpr std::uint64_t spare_bytes_max = std::uint64_t{32} << 20;

/// Gives all of it back. False: there was none.
bool drop_spares() noexcept;

}  // namespace furrow::segment
