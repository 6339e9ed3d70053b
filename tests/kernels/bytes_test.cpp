// tests/kernels/bytes_test.cpp
//
// Shuffles, byte order, bools and the checksum against plain loops, on every target, at every size
// around a register and any alignment; and against chunks that h5py wrote.
#include <catch2/catch.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <furrow/kernels/bytes/bytes.hpp>
#include <furrow/kernels/bytes/table.hpp>
#include <furrow/kernels/dispatch.hpp>

#include "samples.hpp"

namespace furrow::kernels::test {
namespace {

using Bytes = std::vector<std::byte>;
constexpr std::byte guard{0xA5};
constexpr std::size_t margin = 64;

Bytes random_bytes(std::mt19937_64& random, std::size_t count) {
  Bytes bytes(count);
  for (std::byte& b : bytes) b = std::byte(random() & 255);
  return bytes;
}

/// What f(out, in) writes, with `in` and `out` at odd addresses and guards around `out`.
template <class F>
Bytes applied(F f, const Bytes& in, std::size_t shift) {
  Bytes input(in.size() + margin);
  std::copy(in.begin(), in.end(), input.begin() + static_cast<std::ptrdiff_t>(shift));
  Bytes output(in.size() + 2 * margin, guard);
  const std::size_t at = margin - shift;
  f(std::span(output).subspan(at, in.size()),
    std::span<const std::byte>(input).subspan(shift, in.size()));
  for (std::size_t i = 0; i < output.size(); ++i) {
    if (i < at || i >= at + in.size()) REQUIRE(output[i] == guard);
  }
  return {output.begin() + static_cast<std::ptrdiff_t>(at),
          output.begin() + static_cast<std::ptrdiff_t>(at + in.size())};
}

Bytes shuffled(const Bytes& in, std::size_t item) {
  Bytes out = in;
  const std::size_t n = in.size() / item;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < item; ++k) out[k * n + i] = in[i * item + k];
  }
  return out;
}

/// As H5checksum.c describes it, in the plainest way.
std::uint32_t checksum(const Bytes& in) {
  std::uint64_t s1 = 0;
  std::uint64_t s2 = 0;
  bool any = false;
  for (std::size_t i = 0; i < in.size(); i += 2) {
    const std::uint64_t word = std::to_integer<std::uint64_t>(in[i]) << 8 |
                               (i + 1 < in.size() ? std::to_integer<std::uint64_t>(in[i + 1]) : 0);
    any = any || word != 0;
    s1 = (s1 + word) % 65535;
    s2 = (s2 + s1) % 65535;
  }
  const auto half = [&](std::uint64_t s) { return s == 0 && any ? 65535 : s; };
  return static_cast<std::uint32_t>(half(s2) << 16 | half(s1));
}

template <class F>
void on_every_target(F f) {
  for (const std::string_view name : targets()) {
    CAPTURE(name);
    REQUIRE(force_target(name));
    f();
  }
  force_target("");
}

}  // namespace

TEST_CASE("each target has byte functions of its own") {
  std::set<const void*> tables;
  on_every_target([&] {
    CHECK(tables.insert(resolve_shuffle(dispatch_slot())).second);
    CHECK(tables.insert(resolve_bytes(dispatch_slot())).second);
    CHECK(tables.insert(reinterpret_cast<const void*>(resolve_bytes(dispatch_slot())->fletcher))
              .second);
  });
}

TEST_CASE("shuffles of any item and size, and back") {
  std::mt19937_64 random(base_seed());
  on_every_target([&] {
    for (const std::size_t item : {1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 33}) {
      for (std::size_t count = 0; count < 140; count += count < 70 ? 1 : 23) {
        const std::size_t tail = random() % item;
        const std::size_t shift = random() % 17;
        CAPTURE(item, count, tail, shift);
        const Bytes in = random_bytes(random, item * count + tail);
        const Bytes expected = shuffled(in, item);
        const Bytes out =
            applied([&](auto to, auto from) { shuffle_bytes(to, from, item); }, in, shift);
        REQUIRE(out == expected);
        const Bytes back =
            applied([&](auto to, auto from) { unshuffle_bytes(to, from, item); }, out, shift);
        REQUIRE(back == in);
      }
    }
  });
}

TEST_CASE("byte swaps and bools, in place too") {
  std::mt19937_64 random(base_seed());
  on_every_target([&] {
    for (const std::size_t item : {1, 2, 4, 8}) {
      for (std::size_t count = 0; count < 300; count += count < 100 ? 1 : 37) {
        const std::size_t shift = random() % 17;
        CAPTURE(item, count, shift);
        const Bytes in = random_bytes(random, item * count);
        Bytes expected = in;
        for (std::size_t i = 0; i < count; ++i) {
          for (std::size_t k = 0; k < item; ++k) {
            expected[i * item + k] = in[i * item + item - 1 - k];
          }
        }
        REQUIRE(applied([&](auto to, auto from) { swap_bytes(to, from, item); }, in, shift) ==
                expected);
        Bytes same = in;
        swap_bytes(same, same, item);
        REQUIRE(same == expected);
        for (std::size_t i = 0; i < in.size(); ++i) {
          expected[i] = std::byte(in[i] != std::byte{0} ? 1 : 0);
        }
        REQUIRE(applied([](auto to, auto from) { normalise_bools(to, from); }, in, shift) ==
                expected);
        same = in;
        normalise_bools(same, same);
        REQUIRE(same == expected);
      }
    }
  });
}

TEST_CASE("bfloat16 becomes the float whose upper half it is") {
  std::mt19937_64 random(base_seed());
  on_every_target([&] {
    for (std::size_t count = 0; count < 300; count += count < 100 ? 1 : 37) {
      const std::size_t shift = random() % 17;
      CAPTURE(count, shift);
      Bytes in(shift + 2 * count);  // NaNs, denormals and infinities are among them
      for (std::byte& byte : in) byte = std::byte(random() & 0xFF);
      std::vector<float> out(count + 1, 1.0f);
      widen_bfloat16(std::span(out).first(count), std::span(in).subspan(shift));
      for (std::size_t i = 0; i < count; ++i) {
        std::uint32_t found = 0;
        std::memcpy(&found, &out[i], sizeof found);
        const auto low = std::to_integer<std::uint32_t>(in[shift + 2 * i]);
        const auto high = std::to_integer<std::uint32_t>(in[shift + 2 * i + 1]);
        REQUIRE(found == (high << 24 | low << 16));
      }
      REQUIRE(out[count] == 1.0f);
    }
  });
}

TEST_CASE("the checksum of any size, of zeros and of the largest words") {
  std::mt19937_64 random(base_seed());
  on_every_target([&] {
    for (std::size_t size = 0; size < 100'000; size += size < 300 ? 1 : 7919) {
      CAPTURE(size);
      const Bytes in = random_bytes(random, size);
      const std::size_t shift = size % 5;
      Bytes moved(size + shift);
      std::copy(in.begin(), in.end(), moved.begin() + static_cast<std::ptrdiff_t>(shift));
      REQUIRE(fletcher32(std::span<const std::byte>(moved).subspan(shift)) == checksum(in));
      for (const int value : {0, 255}) {
        const Bytes same(size, std::byte(value));
        REQUIRE(fletcher32(same) == checksum(same));
      }
    }
    // Long enough for every sum to reach its bound.
    const Bytes large(3'000'001, std::byte{255});
    REQUIRE(fletcher32(large) == checksum(large));
  });
  CHECK(fletcher32_matches(0x12345678, 0x12345678));
  CHECK(fletcher32_matches(0x34127856, 0x12345678));
  CHECK_FALSE(fletcher32_matches(0x56781234, 0x12345678));
}

TEST_CASE("chunks are as h5py writes them") {
  const std::string path = "bytes_peer_" + std::to_string(std::random_device{}()) + ".bin";
  REQUIRE(std::system((FURROW_PYTHON " -B " FURROW_TEST_FOLDER "/bytes_peer.py " + path).c_str()) ==
          0);
  std::ifstream file(path, std::ios::binary);
  std::size_t item = 0;
  std::size_t count = 0;
  std::uint32_t stored = 0;
  int cases = 0;
  for (; file >> item >> count >> stored; ++cases) {
    file.get();
    Bytes elements(item * count);
    Bytes chunk(item * count);
    file.read(reinterpret_cast<char*>(elements.data()),
              static_cast<std::streamsize>(elements.size()));
    file.read(reinterpret_cast<char*>(chunk.data()), static_cast<std::streamsize>(chunk.size()));
    CAPTURE(item, count);
    Bytes out(chunk.size());
    shuffle_bytes(out, elements, item);
    CHECK(out == chunk);
    CHECK(fletcher32(chunk) == stored);
  }
  CHECK(cases == 64);
  std::remove(path.c_str());
}

}  // namespace furrow::kernels::test
