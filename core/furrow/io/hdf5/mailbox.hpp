// furrow/io/hdf5/mailbox.hpp
//
// One request of a coordinator to its workers, and their answer: bytes in an `owned` array that
// lives as long as the call. Text, attributes and exact error classes travel in it; closures take
// the pointer along.
//
//   +------+---------+------------------------+
//   | Mail | request | answer, or error text  |
//   +------+---------+------------------------+
//
// Order   written by the coordinator before the job, by workers in the job, read after it: the job
//         itself orders these. Only `state` is fought over, by workers that fail at the same time
// Crash   an answer cut off by the death of its worker is written again by the next
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include <furrow/array/array.hpp>
#include <furrow/error.hpp>
#include <furrow/io/hdf5/wire.hpp>

namespace furrow::hdf5 {

enum class MailState : std::uint32_t { empty = 0, writing = 1, answer = 2, error = 3 };

struct alignas(64) Mail {
  std::atomic<std::uint32_t> state;  // MailState
  std::uint32_t error;               // which class of furrow/error.hpp
  std::uint64_t request_bytes;
  std::uint64_t answer_bytes;  // of the whole answer, also when it did not fit
  std::uint64_t answer_capacity;
  // Of one long step, so that it can be watched and stopped inside of its only tile.
  std::atomic<double> done;          // 0 to 1, from the worker
  std::atomic<std::uint32_t> leave;  // 1: the coordinator wants no more of it
};
static_assert(sizeof(Mail) == 64 && std::atomic<std::uint32_t>::is_always_lock_free &&
              std::atomic<double>::is_always_lock_free);

// --- in the coordinator ---

class Mailbox {
 public:
  Mailbox(const Place& place, const WireWriter& request, std::size_t answer_capacity);
  ~Mailbox();
  Mailbox(Mailbox&&) = default;
  Mailbox& operator=(Mailbox&&) = delete;

  Mail* mail() const noexcept { return static_cast<Mail*>(array_.data()); }
  /// Its memory, for a job that may outlast the call.
  const AnyArray& array() const noexcept { return array_; }
  /// Throws what a worker noted, in its own class.
  void rethrow() const;
  /// Bytes of the answer; more than it had room for: ask again with a larger mailbox.
  std::uint64_t answer_bytes() const noexcept { return mail()->answer_bytes; }
  bool fits() const noexcept { return mail()->answer_bytes <= mail()->answer_capacity; }
  /// REQUIRES: fits().
  WireReader answer() const;
  /// Forgets the answer: another job of the same request.
  void reuse() noexcept;
  /// All its jobs have ended: its memory is kept for the next mailbox of this process.
  void ended() noexcept { ended_ = true; }

 private:
  AnyArray array_;
  bool ended_ = false;
};

// --- in a worker ---

WireReader request_of(const Mail& mail) noexcept;
void post_answer(Mail& mail, const WireWriter& answer) noexcept;
/// The first of several errors counts.
void post_error(Mail& mail, const Error& error) noexcept;

}  // namespace furrow::hdf5
