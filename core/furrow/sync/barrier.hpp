// furrow/sync/barrier.hpp
//
// So many parties wait for each other, again and again.
//
//   mp::Barrier barrier(3);
//   const std::size_t index = barrier.wait();   // 0 … 2, each once; the last to come has 2
//
// action    is run by the last to come, from its own handle, before anybody goes on. What it throws
//           breaks the barrier and goes through wait of that one
// Broken    by abort, by a timeout, by an action that throws, by a death: all who wait get
//           BrokenBarrier, and so does everybody who comes, until reset
// reset     who waits gets BrokenBarrier; the barrier is as new
// Death     of a party breaks it within 50 ms, if it was killed while it waited or ran the action,
//           and also if it was killed elsewhere and had waited here before: its process is known
//           then. One that leaves in order breaks nothing: by letting go of its last handle, by
//           exit(), by the end of an mp::Process (leaving.hpp has the details). Which processes
//           will be parties cannot be known before they first come: enter() says it earlier. With
//           some hundred parties it may take longer: one looks for all, for at most a twentieth of
//           its time
// Timeout   of a call, or else that of the handle. It holds also where a process was stopped
//           (SIGSTOP) in the middle of waiting; reset and enter wait for such a one
// Misuse    no parties: InvalidArgument
// Names     shared_object.hpp; copies of a handle are the same barrier. Action and timeout are the
//           handle's own: they are inherited over fork and copied, but go into no message
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <furrow/sync/by_name.hpp>
#include <furrow/sync/shared_object.hpp>
#include <furrow/sync/timeout.hpp>

namespace furrow::mp {

struct BarrierBody;
struct BarrierSlot;

class Barrier : public GoesByName<Barrier> {
 public:
  using Action = std::function<void()>;

  explicit Barrier(std::size_t parties, Action action = {}, Timeout timeout = {});
  static Barrier create(std::string_view name, std::size_t parties, Action action = {},
                        Timeout timeout = {});
  static Barrier attach(std::string_view name, Action action = {}, Timeout timeout = {});
  /// For messages: no barrier until one is read.
  Barrier() = default;

  /// Throws BrokenBarrier, saying why where that is known, and what the action throws.
  std::size_t wait(std::optional<Timeout> timeout = {}) const;
  void reset() const;
  void abort() const;

  /// This process is a party from now on, before it first waits; no longer one.
  void enter() const;
  void leave() const noexcept;

  std::size_t parties() const noexcept;
  std::size_t n_waiting() const noexcept;
  bool broken() const noexcept;

  const std::string& name() const { return object_.name(); }

 private:
  void adopt(SharedObject object, Action action, Timeout timeout);
  BarrierBody& body() const noexcept { return object_.as<BarrierBody>(); }
  /// Null: not now. Throws when it is broken.
  BarrierSlot* enlist(const Deadline& deadline, bool& last) const;
  void run_action(BarrierSlot& slot, const Deadline& deadline) const;
  std::size_t wait_in(BarrierSlot& slot, const Deadline& deadline) const;

  SharedObject object_;
  Action action_;
  Timeout timeout_;
};

}  // namespace furrow::mp
