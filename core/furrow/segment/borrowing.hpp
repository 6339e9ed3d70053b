// furrow/segment/borrowing.hpp
//
// Segments under somebody else's hold. Whoever gives a task to a worker holds the arrays among its
// arguments until the task has ended, so the worker needs no locks of its own on them, and keeps
// them mapped for the next task: attaching costs tens of microseconds, taking a kept one nothing.
//
// Lent      what a message names; its sender holds it until the task has ended
// Borrowed  no locks: the segment's life and name are the lender's. What a task still holds when it
//           ends (in a static object, say) gets locks of its own by settle().
// Kept      mapped, used by nothing. Its memory is not free while it is kept, whatever becomes of
//           its name; so it goes when a Borrowing ends that did not ask for it, or by drop_kept().
// Threads   any; a Borrowing is for the thread that made it
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <furrow/segment/segment.hpp>

namespace furrow::segment {

/// Something in shared memory, and a hold on it.
struct Lent {
  std::shared_ptr<const void> object;
  Place place;
  std::string name;  // of a segment; empty: of something else
};

/// While one lives, what its thread writes into messages by its name is collected in `held`, for
/// the sender to hold until the receiver holds it, or has done with it.
class Lending {
 public:
  using Held = std::vector<Lent>;
  explicit Lending(Held& held) noexcept;
  ~Lending();
  Lending(const Lending&) = delete;
  Lending& operator=(const Lending&) = delete;

  static void lend(const std::shared_ptr<Segment>& segment);
  /// A copy of the handle will hold the object that lies in the segment of this name.
  template <class Handle>
  static void lend_copy(const Handle& handle, const std::string& name) {
    if (active()) lend({std::make_shared<Handle>(handle), Place::default_place(), name});
  }

 private:
  static bool active() noexcept;
  static void lend(Lent lent);
  Held* outer_;
};

/// While one lives, attach() of its thread borrows: another process holds what is named there until
/// settle() has been called.
class Borrowing {
 public:
  Borrowing() noexcept;
  /// Lets go of what was kept and not asked for.
  ~Borrowing();
  Borrowing(const Borrowing&) = delete;
  Borrowing& operator=(const Borrowing&) = delete;

  /// The segment of that name and identity; borrowed where a Borrowing lives on this thread. Throws
  /// as Segment::attach does; NotFound where the name means another one by now.
  static std::shared_ptr<Segment> attach(std::string_view name, const FileIdentity& identity,
                                         const AttachOptions& options);

  /// The end of a task, its lender still holds all: what is in use gets its own locks.
  static void settle();

  static bool keeps_any() noexcept;
  /// Unmaps all that is kept.
  static void drop_kept() noexcept;

 private:
  friend class furrow::Segment;
  struct Books;
  static Books& books();
  /// What the last user of a borrowed segment leaves.
  static void keep(std::unique_ptr<Segment::State> state);
  static std::shared_ptr<Segment> find(const FileIdentity& identity, Access access);
};

}  // namespace furrow::segment
