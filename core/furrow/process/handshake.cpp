#include <furrow/process/handshake.hpp>

#include <sodium.h>

#include <cstring>
#include <string_view>
#include <utility>

#include <furrow/os/identity.hpp>

namespace furrow::process {
namespace {

constexpr std::array<char, 4> magic{'F', 'M', 'A', '1'};

Nonce fresh_nonce() {
  Nonce nonce;
  for (std::size_t at = 0; at < nonce.size(); at += 8) {
    const std::uint64_t bits = os::random_bits();
    std::memcpy(nonce.data() + at, &bits, sizeof bits);
  }
  return nonce;
}

const unsigned char* raw(const void* bytes) { return static_cast<const unsigned char*>(bytes); }

Proof proof_of(std::string_view role, const std::string& key, const Nonce& listener,
               const Nonce& client) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, raw(key.data()), key.size());
  crypto_auth_hmacsha256_update(&state, raw(role.data()), role.size());
  crypto_auth_hmacsha256_update(&state, raw(listener.data()), listener.size());
  crypto_auth_hmacsha256_update(&state, raw(client.data()), client.size());
  Proof proof;
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(proof.data()));
  return proof;
}

bool same(const Proof& a, std::span<const std::byte> b) {
  return b.size() == a.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

template <class... Parts>
std::vector<std::byte> message_of(const Parts&... parts) {
  std::vector<std::byte> message(magic.size() + (parts.size() + ... + 0));
  std::memcpy(message.data(), magic.data(), magic.size());
  std::size_t at = magic.size();
  const auto add = [&](const auto& part) {
    std::memcpy(message.data() + at, part.data(), part.size());
    at += part.size();
  };
  (add(parts), ...);
  return message;
}

// What follows the magic, when the whole has this length.
std::optional<std::span<const std::byte>> body_of(std::span<const std::byte> message,
                                                  std::size_t bytes) {
  if (message.size() != magic.size() + bytes ||
      std::memcmp(message.data(), magic.data(), magic.size()) != 0) {
    return std::nullopt;
  }
  return message.subspan(magic.size());
}

}  // namespace

ListenerHandshake::ListenerHandshake(std::string key)
    : key_(std::move(key)), nonce_(fresh_nonce()) {}

std::vector<std::byte> ListenerHandshake::challenge() const { return message_of(nonce_); }

std::optional<std::vector<std::byte>> ListenerHandshake::check(
    std::span<const std::byte> answer) const {
  Nonce client;
  const auto body = body_of(answer, client.size() + sizeof(Proof));
  if (!body) return std::nullopt;
  std::memcpy(client.data(), body->data(), client.size());
  if (!same(proof_of("client", key_, nonce_, client), body->subspan(client.size()))) {
    return std::nullopt;
  }
  return message_of(proof_of("listener", key_, nonce_, client));
}

ClientHandshake::ClientHandshake(std::string key) : key_(std::move(key)), nonce_(fresh_nonce()) {}

std::optional<std::vector<std::byte>> ClientHandshake::answer(
    std::span<const std::byte> challenge) {
  const auto body = body_of(challenge, other_.size());
  if (!body) return std::nullopt;
  std::memcpy(other_.data(), body->data(), other_.size());
  return message_of(nonce_, proof_of("client", key_, other_, nonce_));
}

bool ClientHandshake::check(std::span<const std::byte> reply) const {
  const auto body = body_of(reply, sizeof(Proof));
  return body && same(proof_of("listener", key_, other_, nonce_), *body);
}

}  // namespace furrow::process
