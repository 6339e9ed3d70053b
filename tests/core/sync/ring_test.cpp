// The ring where its numbers wrap around: counts after 2^32 messages, the annex after twice its
// size.
#include <furrow/sync/ring.hpp>

#include <catch2/catch.hpp>
#include <string>

#include "child.hpp"

namespace furrow::mp {
namespace {
using namespace furrow::test;

constexpr ObjectKind kind{ObjectType::queue, 1, "Queue"};

struct Text final : MessageSink {
  std::string text;
  std::byte* room(std::size_t bytes) override {
    text.resize(bytes);
    return reinterpret_cast<std::byte*>(text.data());
  }
};

bool put(const Ring& ring, const std::string& text) {
  return ring.put(std::as_bytes(std::span(text.data(), text.size())), Timeout::none());
}

std::string get(const Ring& ring) {
  Text sink;
  return ring.get(sink, Timeout::none()) ? sink.text : "nothing";
}

/// As if so many messages and bytes had gone through it.
void advance(const Ring& ring, std::uint32_t count, std::uint64_t ring_at, std::uint64_t annex_at) {
  auto& body = ring.object().as<RingBody>();
  body.puts.word = body.gets.word = body.done.word = count;
  for (RingSide* side : {&body.producers, &body.consumers}) {
    side->seen = count;
    for (RingPlace* place : {&side->places[0], &side->places[1], &side->seen_place}) {
      place->ring = ring_at;
      place->annex = annex_at;
    }
  }
}

TEST_CASE("Counts wrap around after 2^32 messages") {
  const Ring ring = Ring::create(kind, "", {.items_max = 5, .capacity_bytes = 4096}, true);
  advance(ring, 0xFFFFFFFAU, std::uint64_t{1} << 37, 0);
  for (int i = 0; i < 20; ++i) {
    const std::string first = "a" + std::to_string(i);
    CHECK(put(ring, first));
    CHECK(put(ring, "b"));
    CHECK(ring.size() == 2);
    CHECK_FALSE(ring.full());
    CHECK(ring.unfinished() == 2);
    CHECK(get(ring) == first);
    CHECK(get(ring) == "b");
    ring.task_done();
    ring.task_done();
    CHECK(ring.join(Timeout::none()));
    CHECK_THROWS_AS(ring.task_done(), InvalidArgument);
  }
  for (int i = 0; i < 5; ++i) CHECK(put(ring, "x"));
  CHECK(ring.full());
  CHECK_FALSE(put(ring, "x"));
}

TEST_CASE("Large messages are whole where the annex begins anew") {
  const Ring ring = Ring::create(kind, "", {.capacity_bytes = 4096, .large_bytes_max = 1 << 20});
  advance(ring, 7, 4096 * 3 + 40, (std::uint64_t{1} << 40) - 3 * annex_unit);
  std::vector<std::string> texts;
  for (int i = 0; i < 8; ++i) {
    texts.emplace_back(9000 + 100 * i, static_cast<char>('a' + i));
    REQUIRE(put(ring, texts.back()));
  }
  for (const std::string& text : texts) CHECK(get(ring) == text);
  CHECK(ring.size() == 0);
  struct stat s {};
  REQUIRE(::fstat(ring.object().descriptor(), &s) == 0);
  CHECK(s.st_blocks * 512 <= static_cast<long>(ring.object().segment_bytes() + kept_bytes()));
}

TEST_CASE("The annex takes what it may hold wherever it begins anew") {
  const Ring ring = Ring::create(kind, "", {.capacity_bytes = 4096, .large_bytes_max = 1 << 16});
  advance(ring, 0, 0, (std::uint64_t{1} << 40) - 3 * annex_unit);
  for (int i = 0; i < 40; ++i) {
    // One message as long as may be, or several that fill it together.
    const int count = i % 3 + 1;
    std::vector<std::string> texts;
    for (int k = 0; k < count; ++k) {
      texts.emplace_back((15 / count + (count == 1 ? 1 : 0)) * annex_unit,
                         static_cast<char>('a' + (i + k) % 26));
      REQUIRE(put(ring, texts.back()));
    }
    CHECK_FALSE(put(ring, std::string(3 * annex_unit, 'x')));
    REQUIRE(put(ring, "short"));
    for (const std::string& text : texts) REQUIRE(get(ring) == text);
    REQUIRE(get(ring) == "short");
  }
  struct stat s {};
  REQUIRE(::fstat(ring.object().descriptor(), &s) == 0);
  CHECK(s.st_size <= static_cast<long>(ring.object().segment_bytes()) + (2 << 16));
  CHECK(s.st_blocks * 512 <= static_cast<long>(ring.object().segment_bytes() + kept_bytes()));
}

TEST_CASE("A producer killed where the annex begins anew leaves no memory") {
  const Ring ring = Ring::create(kind, "", {.capacity_bytes = 4096, .large_bytes_max = 1 << 20});
  advance(ring, 0, 0, (std::uint64_t{1} << 40) - annex_unit);
  const std::string text(50'000, 'x');
  CHECK(child_killed_at("ring.put.copied", [&] { put(ring, text); }).wait() == -SIGKILL);
  CHECK(put(ring, text));
  CHECK(child_killed_at("ring.committed", [&] { get(ring); }).wait() == -SIGKILL);
  CHECK(get(ring) == "nothing");
  struct stat s {};
  REQUIRE(::fstat(ring.object().descriptor(), &s) == 0);
  CHECK(s.st_blocks * 512 <= static_cast<long>(ring.object().segment_bytes() + kept_bytes()));
}

}  // namespace
}  // namespace furrow::mp
