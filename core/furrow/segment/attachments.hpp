// furrow/segment/attachments.hpp
//
// Which segments this process has mapped, and where. An engine mirrors this list into its workers,
// so that a closure may use a pointer into any array that its coordinator holds.
//
// Threads  observers are called with the list locked: they must not attach or detach
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include <furrow/segment/segment.hpp>

namespace furrow::segment {

struct Attachment {
  std::uintptr_t address;  // of the header page
  std::size_t bytes;       // mapped from there: header, data, attributes
  std::string path;
  FileIdentity identity;
  Access access;
  int descriptor;  // open in this process as long as the attachment lasts
};

class AttachmentObserver {
 public:
  virtual ~AttachmentObserver() = default;
  virtual void attached(const Attachment& attachment) = 0;
  virtual void detached(const Attachment& attachment) = 0;  // already unmapped here
};

/// Reports every present attachment, then every change, until unobserve.
void observe_attachments(AttachmentObserver* observer);
void unobserve_attachments(AttachmentObserver* observer);

/// Held over a fork: furrow's own threads may be letting arrays go at that moment.
std::unique_lock<std::mutex> lock_attachments();

/// In a forked child that keeps what its parent has mapped: forgets the parent's engines, which
/// must not hear of what the child attaches.
void forget_inherited_observers();

/// In a forked child: unmaps and closes all that the parent held, without removing names. The
/// parent's Segment objects must not be used or destroyed there afterwards.
void drop_inherited_attachments();

}  // namespace furrow::segment
