// furrow/io/hdf5/owner_steps.hpp
//
// The steps of a session as they travel to the workers.
//
// Owner   a step goes to every worker; the one that has the session's file does it, once, and the
//         others pass. A push goes as tiles, too, in which the others help
// Crash   an answer is posted when all is done: without one, somebody has died
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/mailbox.hpp>
#include <furrow/io/hdf5/owned_sinks.hpp>
#include <furrow/io/hdf5/push.hpp>
#include <furrow/io/hdf5/work.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/replace_file.hpp>

namespace furrow::hdf5 {

/// What a session and its owner share beyond one step.
struct Note {
  std::atomic<std::uint32_t> dropped;
  std::atomic<os::Publishing> publishing;
};

/// A step of a session, as it travels to the workers: only the owner does it, and only once.
template <class F>
struct OwnerStep {
  Mail* mail;
  std::uint64_t session;
  F f;

  void operator()(std::size_t) const { run(); }
  bool run() const {
    Sink* const sink = find_sink(session);
    if (sink == nullptr) return false;
    if (mail->state.load(std::memory_order_acquire) !=
        static_cast<std::uint32_t>(MailState::empty)) {
      return true;
    }
    guard(*mail, [&] {
      const QuietErrors quiet;
      if constexpr (std::is_void_v<decltype(f(*sink, *mail))>) {
        f(*sink, *mail);
        post_answer(*mail, {});
      } else {
        post_answer(*mail, f(*sink, *mail));
      }
    });
    return true;
  }
};

inline bool goes_on(Mail& mail, double done) noexcept {
  mail.done.store(done, std::memory_order_relaxed);
  return mail.leave.load(std::memory_order_relaxed) == 0;
}

/// The rows that only H5Dwrite can write, then the chunks.
struct PushRows {
  std::int64_t end;  // the last row + 1
  Slab direct;       // no data: none
  bool chunks;
  PushPlan plan;
  Ring ring;

  void operator()(Sink& sink, Mail& mail) const {
    const auto watch = [&mail](double done) { return goes_on(mail, done); };
    sink.extend(end);
    if (direct.data != nullptr) sink.write_rows(direct, watch);
    if (chunks) push_chunks(sink, plan, ring, watch);
  }
};

struct HelpRows {
  OwnerStep<PushRows> step;
  void operator()(std::int64_t tile) const {
    // The owner has its own part, wherever it meets the push first.
    if (step.run()) return;
    help(step.f.plan, step.f.ring, static_cast<std::uint32_t>(tile) + 1);
  }
};

struct ReadHead {
  std::int64_t begin;
  std::int64_t end;
  void* to;
  void operator()(Sink& sink, Mail&) const { sink.read_rows(begin, end, to); }
};

struct NextDataset {
  WireWriter operator()(Sink& sink, Mail& mail) const {
    sink.next(decode_request(request_of(mail)));
    WireWriter answer;
    answer.put(sink.target());
    return answer;
  }
};

inline void require_wanted(const Sink& sink, Mail& mail) {
  if (goes_on(mail, 1)) return;
  throw Cancelled("cannot save to \"" + sink.path() + "\": it was cancelled; nothing was saved");
}

/// Apart from Publish, so that the coordinator can hold on to the file in between (SettledFile).
struct Settle {
  WireWriter operator()(Sink& sink, Mail& mail) const {
    require_wanted(sink, mail);
    sink.finish();
    os::fault_point("io.save.settled");
    WireWriter answer;
    answer.text(sink.temporary());
    return answer;
  }
};

struct Publish {
  std::uint64_t session;
  Note* note;
  void operator()(Sink& sink, Mail& mail) const {
    // First said, then asked: a coordinator that has left and finds nothing begun can be sure.
    note->publishing.store(os::Publishing::begun);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    try {
      require_wanted(sink, mail);
    } catch (...) {
      note->publishing.store(os::Publishing::no);
      throw;
    }
    sink.publish(&note->publishing);
    drop_sink(session);
  }
};

struct Drop {
  std::uint64_t session;
  Note* note;
  void operator()(std::size_t) const {
    if (find_sink(session) == nullptr) return;
    const QuietErrors quiet;
    drop_sink(session);
    note->dropped.store(1, std::memory_order_release);
  }
};

}  // namespace furrow::hdf5
