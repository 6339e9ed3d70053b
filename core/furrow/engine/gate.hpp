// furrow/engine/gate.hpp
//
// What holds new work of an engine back while somebody needs it to stand still: a snapshot of live
// arrays is consistent only between operations.
//
// Operation  a job, or several (a sort, a scan): then Writing marks its begin and its end
// Passing    threads that are inside an operation, or that closed the gate, are never held back
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace furrow::engine {

class Gate {
 public:
  /// While a job is posted, and from the begin of an operation of several jobs to its end. Waits
  /// while the gate is closed to this thread.
  void enter();
  void leave() noexcept;

  /// True in a thread that is inside, or keeps it closed. A thread that works for one that is, and
  /// ends before it leaves, is inside with it: adopt() is the first thing that it does.
  bool holds() const;
  void adopt();

  /// Waits until nobody else keeps it closed and nobody is inside. Throws InvalidArgument inside of
  /// an operation, which would wait for itself.
  void close();
  void open() noexcept;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t inside_ = 0;
  bool closed_ = false;
};

class GatePass {
 public:
  explicit GatePass(Gate& gate) : gate_(gate) { gate_.enter(); }
  ~GatePass() { gate_.leave(); }
  GatePass(const GatePass&) = delete;
  GatePass& operator=(const GatePass&) = delete;

 private:
  Gate& gate_;
};

}  // namespace furrow::engine
