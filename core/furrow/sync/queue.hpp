// furrow/sync/queue.hpp
//
// Queue, SimpleQueue and JoinableQueue: values from any number of producers to any number of
// consumers, in other processes or in this one.
//
//   mp::Queue<std::string> queue(10);            // at most 10 items
//   queue.put("hello");                          // waits while it is full
//   std::string text = queue.get(100ms);         // furrow::Empty when nothing came
//   if (auto more = queue.try_get()) use(*more); // no waiting, no exception
//
// Types      what message.hpp can encode; trivially copyable values go as their bytes
// Durable    when put returns, the value is in shared memory: it outlives its producer. Unlike
//            Python, where a thread of the producer sends it some time later
// Full       unlike Python's, a queue without maxsize is not endless: put waits when capacity_bytes
//            (1 MiB unless asked otherwise) are taken. Long values lie beside it, up to
//            large_bytes_max in sum (1 GiB); one beyond that is MessageTooLarge
// Timeouts   bound the whole call, and negative ones are zero. Nothing: for ever
// Crash      a killed producer or consumer takes at most its own item with it and blocks nobody
//            (ring.hpp)
// Closing    is for this handle and its copies in this process: put and get after it are Closed
// Exact      qsize, empty and full, on every system; a moment later they may be otherwise
// Errors     Full, Empty, Closed, MessageTooLarge, OutOfSpace; NotSerialisable for a message that
//            is no T. What is taken and is no T is gone
// Names      shared_object.hpp; attaching with another T is TypeMismatch
#pragma once

#include <atomic>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <furrow/error.hpp>
#include <furrow/segment/borrowing.hpp>
#include <furrow/sync/message.hpp>
#include <furrow/sync/ring.hpp>

namespace furrow::mp {

/// What the three kinds have in common.
template <class T>
class QueueBase {
 public:
  /// False: no room in time.
  bool try_put(const T& value, Timeout timeout = Timeout::none()) const {
    check_open("put");
    if constexpr (goes_as_bytes<T>) {
      return ring_.put(std::as_bytes(std::span(&value, 1)), timeout);
    } else if constexpr (goes_as_elements<T>) {
      return ring_.put(std::as_bytes(std::span(value.data(), value.size())), timeout);
    } else {
      thread_local Bytes buffer;
      buffer.clear();
      encode(value, buffer);
      const bool done = ring_.put(buffer, timeout);
      if (buffer.capacity() > keep_bytes) Bytes().swap(buffer);
      return done;
    }
  }
  /// Nothing: nothing came in time.
  std::optional<T> try_get(Timeout timeout = Timeout::none()) const {
    check_open("get");
    if constexpr (goes_as_bytes<T>) {
      ValueSink sink;
      if (!ring_.get(sink, timeout)) return std::nullopt;
      return sink.value();
    } else if constexpr (goes_as_elements<T>) {
      ElementSink sink;
      if (!ring_.get(sink, timeout)) return std::nullopt;
      return std::move(sink.value);
    } else {
      BufferSink sink;
      if (!ring_.get(sink, timeout)) return std::nullopt;
      return decode<T>(sink.buffer);
    }
  }

  bool empty() const {
    check_open("empty");
    return ring_.size() == 0;
  }
  void close() const noexcept { closed_->store(true); }
  bool closed() const noexcept { return closed_->load(); }

  /// Gives the queue a name if it has none.
  const std::string& name() const { return ring_.object().name(); }

  friend bool operator==(const QueueBase& a, const QueueBase& b) noexcept {
    return a.ring_.object() == b.ring_.object();
  }

 protected:
  QueueBase() = default;
  explicit QueueBase(Ring ring)
      : ring_(std::move(ring)), closed_(std::make_shared<std::atomic<bool>>(false)) {}

  static ObjectKind kind_of(ObjectType type, const char* name) {
    return {type, 2, name, fingerprint_of<T>()};
  }
  void check_open(const char* call) const {
    if (closed_->load(std::memory_order_relaxed))
      throw Closed(std::string(call) + " on a queue that was closed in this process");
  }
  const Ring& ring() const noexcept { return ring_; }

  template <class Queue, class Archive>
  static void load_into(Queue& queue, Archive& archive) {
    std::string name;
    archive(name);
    queue = Queue::attach(name);
  }

 private:
  static constexpr std::size_t keep_bytes = std::size_t{1} << 20;

  struct ValueSink final : MessageSink {
    alignas(T) std::byte storage[sizeof(T)];
    Bytes other;  // of another length: sender and receiver do not agree
    std::byte* room(std::size_t bytes) override {
      if (bytes == sizeof(T)) return storage;
      other.resize(bytes + 1);
      return other.data();
    }
    T value() const {
      if (!other.empty()) detail::throw_wrong_size(other.size() - 1, sizeof(T));
      return *std::launder(reinterpret_cast<const T*>(storage));
    }
  };
  struct ElementSink final : MessageSink {
    T value;
    std::byte* room(std::size_t bytes) override {
      detail::fit_elements(value, bytes);
      return reinterpret_cast<std::byte*>(value.data());
    }
  };
  struct BufferSink final : MessageSink {
    Bytes buffer;
    std::byte* room(std::size_t bytes) override {
      buffer.resize(bytes);
      return buffer.data();
    }
  };

  Ring ring_;
  std::shared_ptr<std::atomic<bool>> closed_;
};

/// With limits, timeouts and counts.
template <class T>
class Queue : public QueueBase<T> {
 public:
  explicit Queue(std::size_t maxsize = 0) {
    if (!Decoding::active()) *this = create("", {.items_max = maxsize});
  }
  explicit Queue(const QueueOptions& options) { *this = create("", options); }
  static Queue create(std::string_view name, const QueueOptions& options = {}) {
    return Queue(Ring::create(kind(), name, options));
  }
  static Queue attach(std::string_view name) { return Queue(Ring::attach(kind(), name)); }

  /// Throws Full when the time runs out.
  void put(const T& value, Timeout timeout = {}) const {
    if (!this->try_put(value, timeout)) throw Full("a queue had no room for an item in time");
  }
  void put_nowait(const T& value) const { put(value, Timeout::none()); }
  /// Throws Empty when the time runs out.
  T get(Timeout timeout = {}) const {
    std::optional<T> value = this->try_get(timeout);
    if (!value) throw Empty("a queue had no item in time");
    return *std::move(value);
  }
  T get_nowait() const { return get(Timeout::none()); }

  std::size_t qsize() const {
    this->check_open("qsize");
    return this->ring().size();
  }
  bool full() const {
    this->check_open("full");
    return this->ring().full();
  }

  /// Python's: there is no thread to wait for, since put is done when it returns.
  void join_thread() const {
    if (!this->closed()) throw InvalidArgument("join_thread is for a queue that was closed");
  }
  void cancel_join_thread() const noexcept {}

  template <class Archive>
  void save(Archive& archive) const {
    segment::Lending::lend_copy(*this, this->name());
    archive(this->name());
  }
  template <class Archive>
  void load(Archive& archive) {
    QueueBase<T>::load_into(*this, archive);
  }

 protected:
  explicit Queue(Ring ring) : QueueBase<T>(std::move(ring)) {}

 private:
  static ObjectKind kind() { return QueueBase<T>::kind_of(ObjectType::queue, "Queue"); }
};

/// Put, get, empty, close: Python's plainest. Without a limit on items and without timeouts.
template <class T>
class SimpleQueue : public QueueBase<T> {
 public:
  SimpleQueue() {
    if (!Decoding::active()) *this = create("");
  }
  static SimpleQueue create(std::string_view name, const QueueOptions& options = {}) {
    return SimpleQueue(Ring::create(kind(), name, options));
  }
  static SimpleQueue attach(std::string_view name) {
    return SimpleQueue(Ring::attach(kind(), name));
  }

  void put(const T& value) const { this->try_put(value, {}); }
  T get() const { return *this->try_get({}); }

  template <class Archive>
  void save(Archive& archive) const {
    segment::Lending::lend_copy(*this, this->name());
    archive(this->name());
  }
  template <class Archive>
  void load(Archive& archive) {
    QueueBase<T>::load_into(*this, archive);
  }

 private:
  explicit SimpleQueue(Ring ring) : QueueBase<T>(std::move(ring)) {}
  static ObjectKind kind() {
    return QueueBase<T>::kind_of(ObjectType::simple_queue, "SimpleQueue");
  }
};

/// A Queue whose items are reported done, so that somebody can wait until all are.
template <class T>
class JoinableQueue : public Queue<T> {
 public:
  explicit JoinableQueue(std::size_t maxsize = 0) : Queue<T>(Ring()) {
    if (!Decoding::active()) *this = create("", {.items_max = maxsize});
  }
  static JoinableQueue create(std::string_view name, const QueueOptions& options = {}) {
    return JoinableQueue(Ring::create(kind(), name, options, true));
  }
  static JoinableQueue attach(std::string_view name) {
    return JoinableQueue(Ring::attach(kind(), name));
  }

  /// Once for every item that was taken. Throws InvalidArgument when there were not so many.
  void task_done() const { this->ring().task_done(); }
  /// Until every item that was put is reported done. False: the time ran out. PeerDied, once, when
  /// a process was killed that had taken items and not reported them; they count as done then, and
  /// joining again waits for the others. (Of a process that ended in order, leaving.hpp, others may
  /// report the items.)
  bool join(Timeout timeout = {}) const { return this->ring().join(timeout); }
  std::size_t unfinished() const { return this->ring().unfinished(); }

  template <class Archive>
  void load(Archive& archive) {
    QueueBase<T>::load_into(*this, archive);
  }

 private:
  explicit JoinableQueue(Ring ring) : Queue<T>(std::move(ring)) {}
  static ObjectKind kind() {
    return QueueBase<T>::kind_of(ObjectType::joinable_queue, "JoinableQueue");
  }
};

}  // namespace furrow::mp
