// furrow/process/handshake.hpp
//
// How two ends of a new connection show each other that they have the same key, without sending it.
//
//   listener -> client   magic, nonce of the listener (32 random bytes)
//   client -> listener   magic, nonce of the client, HMAC("client", both nonces)
//   listener -> client   magic, HMAC("listener", both nonces)
//
// Method   HMAC-SHA256 with the key, by libsodium; compared in constant time. Each side's proof
//          names its role, so that none can be had by sending a challenge back to who made it.
// Source   RFC 2104; the roles against reflection as in ISO/IEC 9798-4
// Key      any number of bytes; both sides must have the same
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace furrow::process {

using Nonce = std::array<std::byte, 32>;
using Proof = std::array<std::byte, 32>;

class ListenerHandshake {
 public:
  explicit ListenerHandshake(std::string key);
  /// What is sent first.
  std::vector<std::byte> challenge() const;
  /// What is sent when the client's answer is right; else empty.
  std::optional<std::vector<std::byte>> check(std::span<const std::byte> answer) const;

 private:
  std::string key_;
  Nonce nonce_;
};

class ClientHandshake {
 public:
  explicit ClientHandshake(std::string key);
  /// What is sent in reply to the challenge; empty when it is no challenge of furrow's.
  std::optional<std::vector<std::byte>> answer(std::span<const std::byte> challenge);
  bool check(std::span<const std::byte> reply) const;

 private:
  std::string key_;
  Nonce nonce_;
  Nonce other_{};
};

/// Longest message of the handshake.
inline constexpr std::size_t handshake_bytes_max = 4 + 32 + 32;

}  // namespace furrow::process
