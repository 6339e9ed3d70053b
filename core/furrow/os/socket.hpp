// furrow/os/socket.hpp
//
// Packets between processes of one machine: local sockets that keep messages whole.
//
// Whole     a packet arrives entire or not at all, whoever is killed and however many processes
//           write to or read from the same end at once
// Signals   none: writing to nobody is an error (broken_pipe), never SIGPIPE
// Errors    by std::error_code; resource_unavailable_try_again where a call that must not wait
//           would have to
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <furrow/os/file.hpp>

namespace furrow::os {

/// Descriptors that fit into one packet (the kernel's own limit).
inline constexpr std::size_t packet_descriptors_max = 250;
/// Bytes that surely fit into one packet with the system's usual buffers.
inline constexpr std::size_t packet_bytes_max = std::size_t{64} << 10;

/// Two ends that see each other; what is written to one is read from the other.
std::pair<Descriptor, Descriptor> socket_pair(std::error_code& error);

struct Packet {
  std::size_t bytes = 0;  // 0: nobody holds the other end any more
  bool cut = false;       // it was longer than the buffer, or descriptors were lost
  std::vector<Descriptor> descriptors;
};

/// Sends head and body as one packet; copies of the descriptors go with it.
std::error_code send_packet(int socket, std::span<const std::byte> head,
                            std::span<const std::byte> body, std::span<const int> descriptors,
                            bool may_wait) noexcept;
/// too_many_files_open: this process has no room for the descriptors of the next packet, which
/// stays.
Packet receive_packet(int socket, std::span<std::byte> buffer, bool may_wait,
                      std::error_code& error);

/// Waits until a packet can be sent (or nobody reads any more). False after timeout_ns (negative:
/// no limit) and when a signal came.
bool wait_sendable(int socket, std::int64_t timeout_ns) noexcept;

/// A socket at `path`, for which only processes of this user have permission (mode 0600).
Descriptor listen_at(const std::string& path, int backlog, std::error_code& error);
/// The next who knocks. Does not wait: resource_unavailable_try_again when nobody does; wait_ready
/// tells when.
Descriptor accept_next(int listener, std::error_code& error);
/// Does not wait: resource_unavailable_try_again when too many knock at once.
Descriptor connect_to(const std::string& path, std::error_code& error);
/// Longest path of a socket.
inline constexpr std::size_t socket_path_max = 107;

/// The process that called connect_to or socket_pair at the other end; 0 where it cannot be told.
std::uint64_t peer_process(int socket) noexcept;

/// Keeps a file reachable (under path_of_descriptor) when its name is removed.
Descriptor open_path_only(const std::string& path, std::error_code& error);
/// A folder, for os::try_lock.
Descriptor open_directory(const std::string& path, std::error_code& error);
/// "/proc/<pid>/fd/<number>": names a descriptor of this process for others of the same user.
std::string path_of_descriptor(const Descriptor& file);

/// A second descriptor of the same open file.
Descriptor duplicate(int descriptor, std::error_code& error);

/// The environment's folder for short-lived files: TMPDIR, else /tmp.
std::string temporary_directory();

}  // namespace furrow::os
