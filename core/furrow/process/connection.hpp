// furrow/process/connection.hpp
//
// Messages from process to process, as Python's Pipe and Connection.
//
//   auto [here, there] = mp::Pipe();
//   there.send(std::vector<double>{1, 2});
//   auto numbers = here.recv<std::vector<double>>(100ms);
//
// Messages  typed values (sync/message.hpp) or bytes, up to message_bytes_max. Each arrives whole
//           or not at all: they are single packets, and those of more than 64 KiB lie in a memory
//           file whose descriptor is the packet. So a writer that is killed in the middle of send
//           leaves nothing half sent, also when others hold the same end (Python's reader waits for
//           ever then), and several processes may read from or write to one end at once, without a
//           lock.
// Ends      a Connection is a handle: copies share one descriptor, and the last closes it. A forked
//           child has its own copy of it; a process that is executed gets it as an argument; any
//           process through another Connection. EndOfFile comes when the last copy of the other
//           end in any process is closed or killed, and all that was sent has been read.
// Pipe      duplex: both ends send and receive. Else the first only receives, the second only
//           sends.
// Time      a timeout bounds the whole call
// Errors    EndOfFile, BrokenPipe (never SIGPIPE), Timeout, Closed, InvalidState (wrong direction),
//           BufferTooShort (holds the message), MessageTooLarge, OutOfSpace (no memory for a large
//           one), NotSerialisable (another type), Corrupt (no furrow program at the other end)
// Threads   as processes: any of them may send or receive at once
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <furrow/error.hpp>
#include <furrow/process/parcel.hpp>
#include <furrow/sync/message.hpp>
#include <furrow/sync/timeout.hpp>

namespace furrow::mp {

inline constexpr std::uint64_t message_bytes_max = std::uint64_t{1} << 36;

/// A message was longer than the room for it. It has been received, and is in here.
class BufferTooShort : public Error {
 public:
  BufferTooShort(const std::string& text, Bytes message)
      : Error(text), message_(std::make_shared<Bytes>(std::move(message))) {}
  const Bytes& message() const noexcept { return *message_; }

 private:
  std::shared_ptr<Bytes> message_;
};

class Connection {
 public:
  /// Closed from the beginning.
  Connection() = default;

  template <class T>
  void send(const T& value, Timeout timeout = {}) const {
    if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      send_text(std::string(std::string_view(value)), timeout);
    } else {
      const process::Loading loading;
      const Bytes bytes = encode(value);
      send_message(bytes, loading.descriptors(), timeout);
    }
  }
  template <class T>
  T recv(Timeout timeout = {}) const {
    Message message = receive(timeout);
    const process::Unloading unloading(std::move(message.descriptors));
    return decode<T>(message.view());
  }

  void send_bytes(std::span<const std::byte> bytes, Timeout timeout = {}) const;
  void send_bytes(const void* bytes, std::size_t count, Timeout timeout = {}) const {
    send_bytes({static_cast<const std::byte*>(bytes), count}, timeout);
  }
  /// Throws BufferTooShort for a message of more than `limit` bytes.
  Bytes recv_bytes(std::uint64_t limit = message_bytes_max, Timeout timeout = {}) const;
  /// Into buffer[offset …]; the number of bytes.
  std::size_t recv_bytes_into(std::span<std::byte> buffer, std::size_t offset = 0,
                              Timeout timeout = {}) const;

  /// True when a message or the end can be received without waiting.
  bool poll(Timeout timeout = Timeout::none()) const;

  bool readable() const noexcept;
  bool writable() const noexcept;
  bool closed() const noexcept;
  /// For all copies of this handle in this process.
  void close() const noexcept;
  /// For mp::wait and the system's own waiting. Throws Closed.
  int fileno() const;

  template <class Archive>
  void save(Archive& archive) const {
    archive(process::load_descriptor(fileno()), readable(), writable());
  }
  template <class Archive>
  void load(Archive& archive) {
    std::uint32_t number = 0;
    bool reads = false;
    bool writes = false;
    archive(number, reads, writes);
    *this = Connection(process::unload_descriptor(number), reads, writes);
  }

  // For the room's own use: bytes with descriptors, and a connected packet socket taken over.
  void send_parcel(std::span<const std::byte> bytes, const std::vector<int>& descriptors,
                   Timeout timeout = {}) const {
    send_message(bytes, descriptors, timeout);
  }
  Bytes recv_parcel(std::vector<os::Descriptor>& descriptors, Timeout timeout = {}) const;
  Connection(os::Descriptor socket, bool readable, bool writable);

 private:
  struct State;
  // A message that came: in a buffer, or in a file that is mapped.
  struct Message {
    Message();
    Message(Message&&) noexcept;
    ~Message();
    std::span<const std::byte> view() const noexcept;
    Bytes bytes;
    std::uintptr_t mapped = 0;
    std::size_t mapped_bytes = 0;
    std::vector<os::Descriptor> descriptors;
  };

  State& open(bool to_read) const;
  void send_text(const std::string& text, Timeout timeout) const;
  void send_message(std::span<const std::byte> bytes, const std::vector<int>& descriptors,
                    Timeout timeout) const;
  Message receive(Timeout timeout) const;

  std::shared_ptr<State> state_;
};

/// Two connected ends. Throws Error when the system has no descriptors left.
std::pair<Connection, Connection> Pipe(bool duplex = true);

}  // namespace furrow::mp
