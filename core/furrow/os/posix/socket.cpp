#include <furrow/os/socket.hpp>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

namespace furrow::os {
namespace {

std::error_code last_error() noexcept { return {errno, std::generic_category()}; }

bool fill_address(const std::string& path, sockaddr_un& address) noexcept {
  address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() > socket_path_max) {
    errno = path.empty() ? EINVAL : ENAMETOOLONG;
    return false;
  }
  ::memcpy(address.sun_path, path.data(), path.size());
  return true;
}

// A packet of a few bytes counts as almost 1 KiB of it. The system cuts this down to its limit.
constexpr int send_buffer_bytes = 1 << 20;

void widen(int socket) noexcept {
  ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes);
}

// What a packet may carry beside its bytes.
union Control {
  cmsghdr header;
  char bytes[CMSG_SPACE(packet_descriptors_max * sizeof(int))];
};

void take_descriptors(msghdr& message, Packet& packet) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      ::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
      packet.descriptors.emplace_back(fd);
    }
  }
}

}  // namespace

std::pair<Descriptor, Descriptor> socket_pair(std::error_code& error) {
  int ends[2] = {-1, -1};
  error = ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0 ? std::error_code()
                                                                             : last_error();
  widen(ends[0]);
  widen(ends[1]);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

std::error_code send_packet(int socket, std::span<const std::byte> head,
                            std::span<const std::byte> body, std::span<const int> descriptors,
                            bool may_wait) noexcept {
  iovec parts[2] = {{const_cast<std::byte*>(head.data()), head.size()},
                    {const_cast<std::byte*>(body.data()), body.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = body.empty() ? 1 : 2;
  Control control;
  if (descriptors.size() > packet_descriptors_max) return {EINVAL, std::generic_category()};
  if (!descriptors.empty()) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* const part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    ::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
  }
  const int flags = MSG_NOSIGNAL | (may_wait ? 0 : MSG_DONTWAIT);
  for (;;) {
    if (::sendmsg(socket, &message, flags) >= 0) return {};
    if (errno != EINTR) break;
  }
  if (errno == ECONNRESET || errno == ECONNREFUSED || errno == ENOTCONN) errno = EPIPE;
  return last_error();
}

namespace {

// Whether this process has room for the descriptors of the next packet, which it looks at and
// leaves where it is. Where there is none the kernel would drop them, and the packet with them.
bool has_room_for_descriptors(int socket) {
  Control control;
  msghdr message{};
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  if (::recvmsg(socket, &message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0) return true;
  Packet copies;  // closed again
  take_descriptors(message, copies);
  return (message.msg_flags & MSG_CTRUNC) == 0;
}

// What there is to receive brings descriptors. Waits for it where that is asked.
bool brings_descriptors(int socket, bool may_wait, std::error_code& error) noexcept {
  for (;;) {
    msghdr message{};
    if (::recvmsg(socket, &message, MSG_PEEK | (may_wait ? 0 : MSG_DONTWAIT)) >= 0) {
      error.clear();
      return (message.msg_flags & MSG_CTRUNC) != 0;
    }
    if (errno == EINTR || errno == ECONNRESET) continue;
    error = last_error();
    return false;
  }
}

}  // namespace

Packet receive_packet(int socket, std::span<std::byte> buffer, bool may_wait,
                      std::error_code& error) {
  Packet packet;
  iovec part{buffer.data(), buffer.size()};
  Control control;
  for (;;) {
    const bool brings = brings_descriptors(socket, may_wait, error);
    if (error) return packet;
    if (brings && !has_room_for_descriptors(socket)) {
      error = std::make_error_code(std::errc::too_many_files_open);
      return packet;
    }
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    const ssize_t got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (got < 0) {
      // Reset: the peer closed before it had read all. What it wrote can still be read.
      if (errno == EINTR || errno == ECONNRESET) continue;
      if (may_wait && (errno == EAGAIN || errno == EWOULDBLOCK)) continue;  // another took it
      error = last_error();
      return packet;
    }
    error.clear();
    packet.bytes = static_cast<std::size_t>(got);
    packet.cut = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    take_descriptors(message, packet);
    return packet;
  }
}

bool wait_sendable(int socket, std::int64_t timeout_ns) noexcept {
  pollfd entry{socket, POLLOUT, 0};
  timespec timeout{};
  if (timeout_ns >= 0) {
    timeout.tv_sec = static_cast<time_t>(timeout_ns / 1'000'000'000);
    timeout.tv_nsec = static_cast<long>(timeout_ns % 1'000'000'000);
  }
  return ::ppoll(&entry, 1, timeout_ns >= 0 ? &timeout : nullptr, nullptr) > 0;
}

Descriptor listen_at(const std::string& path, int backlog, std::error_code& error) {
  sockaddr_un address;
  Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The mode of the socket becomes that of its file: no moment in which others may connect.
  if (!socket.valid() || ::fchmod(socket.get(), 0600) != 0 || !fill_address(path, address) ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    error = last_error();
    return {};
  }
  if (::listen(socket.get(), backlog) != 0) {
    error = last_error();
    ::unlink(path.c_str());
    return {};
  }
  error.clear();
  return socket;
}

Descriptor accept_next(int listener, std::error_code& error) {
  for (;;) {
    Descriptor socket(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket.valid() && (errno == EINTR || errno == ECONNABORTED)) continue;
    error = socket.valid() ? std::error_code() : last_error();
    return socket;
  }
}

Descriptor connect_to(const std::string& path, std::error_code& error) {
  sockaddr_un address;
  Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid() || !fill_address(path, address) ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    error = last_error();
    return {};
  }
  const int flags = ::fcntl(socket.get(), F_GETFL);
  ::fcntl(socket.get(), F_SETFL, flags & ~O_NONBLOCK);
  error.clear();
  return socket;
}

std::uint64_t peer_process(int socket) noexcept {
  ucred peer{};
  socklen_t bytes = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0 || peer.pid <= 0) return 0;
  return static_cast<std::uint64_t>(peer.pid);
}

Descriptor open_path_only(const std::string& path, std::error_code& error) {
  Descriptor file(::open(path.c_str(), O_PATH | O_CLOEXEC | O_NOFOLLOW));
  error = file.valid() ? std::error_code() : last_error();
  return file;
}

Descriptor open_directory(const std::string& path, std::error_code& error) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  error = file.valid() ? std::error_code() : last_error();
  return file;
}

std::string path_of_descriptor(const Descriptor& file) {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file.get());
}

Descriptor duplicate(int descriptor, std::error_code& error) {
  Descriptor file(::fcntl(descriptor, F_DUPFD_CLOEXEC, 3));
  error = file.valid() ? std::error_code() : last_error();
  return file;
}

std::string temporary_directory() {
  const char* const wanted = ::getenv("TMPDIR");
  return wanted != nullptr && *wanted != '\0' ? wanted : "/tmp";
}

}  // namespace furrow::os
