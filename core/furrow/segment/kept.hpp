// furrow/segment/kept.hpp
//
// Segments that a worker leaves attached from one task to the next: a stream of tasks on one large
// array attaches to it once.
//
// Holds    a kept segment is held as any other. The worker lets go of what the task at hand has not
//          asked for, and of everything when it has nothing to do: nobody finds an array in use
//          that no task uses, but for some microseconds.
// Threads  of one thread; nothing is kept in a process that has not asked for it
#pragma once

#include <memory>

#include <furrow/segment/segment.hpp>

namespace furrow::segment {

/// From now on this process keeps what is attached by reference.
void keep_segments() noexcept;
/// The same file, attached the same way; null when it is not kept.
std::shared_ptr<Segment> find_kept(const FileIdentity& identity, Access access);
void keep(const std::shared_ptr<Segment>& segment);
/// Lets go of what was neither kept nor found since the last call.
void drop_unused_segments();
void drop_kept_segments();

}  // namespace furrow::segment
