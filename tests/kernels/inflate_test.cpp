// tests/kernels/inflate_test.cpp
//
// inflate() against zlib and libdeflate: streams of every level, strategy, window and memory level,
// of every size; cut off, changed and made up ones. Between guard pages, on every target: what it
// accepts is right, what is whole it accepts, and it touches nothing beside its buffers.
#include <libdeflate.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <furrow/kernels/bytes/inflate.hpp>
#include <furrow/kernels/bytes/inflate_codes.hpp>
#include <furrow/kernels/dispatch.hpp>

#include "samples.hpp"

namespace furrow::kernels::test {
namespace {

using Bytes = std::vector<std::byte>;
using Random = std::mt19937_64;

/// Memory between two pages that nobody may touch; spans of it end, or begin, right at one.
class Guarded {
 public:
  explicit Guarded(std::size_t bytes_max) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    bytes_ = (bytes_max + page - 1) / page * page;
    all_ = bytes_ + 2 * page;
    void* at = mmap(nullptr, all_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    base_ = static_cast<std::byte*>(at);
    begin_ = base_ + page;
    if (mprotect(base_, page, PROT_NONE) != 0 || mprotect(begin_ + bytes_, page, PROT_NONE) != 0)
      throw std::bad_alloc();
  }
  ~Guarded() { munmap(base_, all_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  std::span<std::byte> take(std::size_t bytes, bool at_end) {
    REQUIRE(bytes <= bytes_);
    return {at_end ? begin_ + bytes_ - bytes : begin_, bytes};
  }

 private:
  std::byte* base_;
  std::byte* begin_;
  std::size_t bytes_;
  std::size_t all_;
};

constexpr std::size_t bytes_max = std::size_t{1} << 20;

struct Bench {
  Guarded in{2 * bytes_max};
  Guarded out{bytes_max};
  std::unique_ptr<InflateTables> tables = std::make_unique<InflateTables>();
  std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> peer{
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor};

  struct Result {
    std::size_t taken;
    std::span<std::byte> out;
  };
  /// The buffers' ends, or their beginnings, lie at guard pages.
  Result inflated(const Bytes& stream, std::size_t size, bool at_end) {
    const std::span<std::byte> from = in.take(stream.size(), at_end);
    if (!stream.empty()) std::memcpy(from.data(), stream.data(), stream.size());
    const std::span<std::byte> to = out.take(size, at_end);
    if (size != 0) std::memset(to.data(), 0xA5, size);
    return {inflate(*tables, to, from), to};
  }
};

/// The targets that inflate, and how many they are.
template <class F>
void on_every_inflater(F f) {
  std::size_t inflaters = 0;
  for (const std::string_view name : targets()) {
    CAPTURE(name);
    REQUIRE(force_target(name));
    if (resolve_inflate(dispatch_slot())->decode == nullptr) continue;
    ++inflaters;
    f();
  }
  force_target("");
  if (inflaters == 0) WARN("no target of this machine inflates");
}

struct Way {
  int level = 6;
  int strategy = Z_DEFAULT_STRATEGY;
  int window = 15;
  int memory = 8;
};

/// As zlib writes it; `flush_every` bytes end a block, and every second time with a stored one.
Bytes deflated(const Bytes& data, Way way, std::size_t flush_every = 0) {
  z_stream z{};
  REQUIRE(deflateInit2(&z, way.level, Z_DEFLATED, -way.window, way.memory, way.strategy) == Z_OK);
  Bytes out(deflateBound(&z, static_cast<uLong>(data.size())) + 64 +
            (flush_every == 0 ? 0 : 32 * (data.size() / flush_every + 1)));
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  std::size_t at = 0;
  for (unsigned turn = 0; flush_every != 0 && at + flush_every < data.size(); ++turn) {
    z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(data.data() + at));
    z.avail_in = static_cast<uInt>(flush_every);
    REQUIRE(deflate(&z, turn % 2 == 0 ? Z_BLOCK : Z_FULL_FLUSH) == Z_OK);
    REQUIRE(z.avail_in == 0);
    at += flush_every;
  }
  z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(data.data() + at));
  z.avail_in = static_cast<uInt>(data.size() - at);
  REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

Bytes deflated_by_libdeflate(const Bytes& data, int level) {
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(
      libdeflate_alloc_compressor(level), libdeflate_free_compressor);
  Bytes out(libdeflate_deflate_compress_bound(compressor.get(), data.size()));
  out.resize(libdeflate_deflate_compress(compressor.get(), data.data(), data.size(), out.data(),
                                         out.size()));
  REQUIRE(!out.empty());
  return out;
}

Bytes bytes_of(std::size_t size, const std::function<unsigned(std::size_t)>& f) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(f(i) & 255);
  return bytes;
}

/// Doubles of a smooth field with noise, rounded to 1e-3; floats; integers.
Bytes numbers(Random& random, std::size_t size, unsigned kind) {
  std::normal_distribution<double> noise;
  Bytes bytes(size + 8);
  for (std::size_t i = 0; i < size; i += kind == 0 ? 8 : 4) {
    const double x = 10 * std::sin(static_cast<double>(i) / 5600) + 0.02 * noise(random);
    const double rounded = std::round(1000 * x) / 1000;
    const auto f = static_cast<float>(std::sin(static_cast<double>(i) / 2800));
    const auto n = static_cast<std::int32_t>(random() % 1000);
    if (kind == 0) std::memcpy(&bytes[i], &rounded, sizeof rounded);
    if (kind == 1) std::memcpy(&bytes[i], &f, sizeof f);
    if (kind == 2) std::memcpy(&bytes[i], &n, sizeof n);
  }
  bytes.resize(size);
  return bytes;
}

/// Byte b with a frequency of 2^-(b+1), in runs of no match: codes as long as there may be.
Bytes long_codes(Random& random, std::size_t size) {
  return bytes_of(size, [&](std::size_t) {
    const auto zeros = static_cast<unsigned>(std::countr_zero(random() | 1U << 30));
    return zeros < 9 ? zeros * 11 : static_cast<unsigned>(100 + random() % 156);
  });
}

std::vector<Bytes> samples(std::size_t size) {
  Random random(base_seed());
  std::vector<Bytes> all;
  for (unsigned kind = 0; kind < 3; ++kind) all.push_back(numbers(random, size, kind));
  all.push_back(bytes_of(size, [&](std::size_t) { return static_cast<unsigned>(random()); }));
  all.push_back(bytes_of(size, [&](std::size_t) { return random() % 10 == 0 ? 1U : 0U; }));
  all.push_back(bytes_of(size, [&](std::size_t) { return random() % 500 == 0 ? 7U : 0U; }));
  all.push_back(bytes_of(size, [](std::size_t) { return 0U; }));
  all.push_back(long_codes(random, size));
  // Periods of 1 to 40, each for a while, then broken: every short distance, every length.
  std::size_t period = 1;
  std::size_t left = 0;
  Bytes periodic(size);
  for (std::size_t i = 0; i < size; ++i) {
    if (left == 0) {
      period = 1 + random() % 40;
      left = period + random() % 300;
    }
    periodic[i] =
        i < period || random() % 400 == 0 ? std::byte(random() & 255) : periodic[i - period];
    --left;
  }
  all.push_back(std::move(periodic));
  return all;
}

void require_whole(Bench& bench, const Bytes& stream, const Bytes& data) {
  for (const bool at_end : {true, false}) {
    const Bench::Result result = bench.inflated(stream, data.size(), at_end);
    REQUIRE(result.taken == stream.size());
    REQUIRE(std::equal(data.begin(), data.end(), result.out.begin(), result.out.end()));
  }
}

/// What is accepted is what libdeflate makes of it, of as many bytes.
bool agrees(Bench& bench, const Bytes& stream, std::size_t size, bool at_end) {
  const Bench::Result result = bench.inflated(stream, size, at_end);
  if (result.taken == 0) return false;
  Bytes expected(size);
  std::size_t taken = 0;
  REQUIRE(libdeflate_deflate_decompress_ex(bench.peer.get(), stream.data(), stream.size(),
                                           expected.data(), size, &taken,
                                           nullptr) == LIBDEFLATE_SUCCESS);
  REQUIRE(taken == result.taken);
  REQUIRE(std::equal(expected.begin(), expected.end(), result.out.begin(), result.out.end()));
  return true;
}

/// Bits as deflate packs them; codes are given with their first bit highest.
class BitWriter {
 public:
  BitWriter& bits(unsigned value, unsigned n) {
    for (unsigned i = 0; i < n; ++i) put(value >> i & 1);
    return *this;
  }
  BitWriter& code(unsigned value, unsigned n) {
    while (n-- > 0) put(value >> n & 1);
    return *this;
  }
  /// A symbol of the fixed code (RFC 1951, 3.2.6).
  BitWriter& fixed(unsigned symbol) {
    if (symbol < 144) return code(0x30 + symbol, 8);
    if (symbol < 256) return code(0x190 + symbol - 144, 9);
    if (symbol < 280) return code(symbol - 256, 7);
    return code(0xC0 + symbol - 280, 8);
  }
  Bytes padded(std::size_t zeros = 0) const {
    Bytes all = bytes_;
    all.resize(all.size() + zeros);
    return all;
  }

 private:
  void put(unsigned bit) {
    if (count_++ % 8 == 0) bytes_.push_back(std::byte{0});
    bytes_.back() |= static_cast<std::byte>(bit << ((count_ - 1) % 8));
  }
  Bytes bytes_;
  std::size_t count_ = 0;
};

}  // namespace

TEST_CASE("streams of every level and strategy are inflated", "[bytes][inflate]") {
  Bench bench;
  std::vector<std::pair<Bytes, std::size_t>> streams;
  const std::vector<Bytes> data = samples(40'001);
  for (std::size_t i = 0; i < data.size(); ++i) {
    for (int level = 0; level <= 9; ++level) streams.emplace_back(deflated(data[i], {level}), i);
    for (const int strategy : {Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED}) {
      for (const int level : {1, 6}) streams.emplace_back(deflated(data[i], {level, strategy}), i);
    }
    for (int window = 9; window <= 14; ++window) {
      streams.emplace_back(deflated(data[i], {6, Z_DEFAULT_STRATEGY, window, window - 8}), i);
    }
    for (const std::size_t every : {100, 1'000, 30'000}) {
      for (const int strategy : {Z_DEFAULT_STRATEGY, Z_FIXED}) {
        streams.emplace_back(deflated(data[i], {4, strategy}, every), i);
      }
    }
    for (const int level : {1, 4, 6, 9, 12}) {
      streams.emplace_back(deflated_by_libdeflate(data[i], level), i);
    }
  }
  on_every_inflater([&] {
    for (const auto& [stream, i] : streams) {
      CAPTURE(i, stream.size());
      require_whole(bench, stream, data[i]);
    }
  });
}

TEST_CASE("a chunk of 1 MiB of numbers is inflated", "[bytes][inflate]") {
  Bench bench;
  Random random(base_seed());
  for (unsigned kind = 0; kind < 3; ++kind) {
    const Bytes data = numbers(random, bytes_max, kind);
    const Bytes stream = deflated(data, {4});
    on_every_inflater([&] { require_whole(bench, stream, data); });
  }
}

TEST_CASE("every size is inflated, and no other than the right one", "[bytes][inflate]") {
  Bench bench;
  std::vector<std::size_t> sizes;
  for (std::size_t size = 0; size <= 420; ++size) sizes.push_back(size);
  for (std::size_t size = 600; size <= 5'000; size += 211) sizes.push_back(size);
  const std::vector<Bytes> all = samples(5'000);
  on_every_inflater([&] {
    for (const Bytes& whole : all) {
      for (const std::size_t size : sizes) {
        const Bytes data(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        for (const int strategy : {Z_DEFAULT_STRATEGY, Z_FIXED}) {
          CAPTURE(size, strategy);
          const Bytes stream = deflated(data, {6, strategy});
          require_whole(bench, stream, data);
          REQUIRE(bench.inflated(stream, size + 1, true).taken == 0);
          if (size != 0) REQUIRE(bench.inflated(stream, size - 1, true).taken == 0);
        }
      }
    }
  });
}

TEST_CASE("bytes behind the data are left alone", "[bytes][inflate]") {
  Bench bench;
  const std::vector<Bytes> all = samples(20'000);
  on_every_inflater([&] {
    for (const Bytes& data : all) {
      Bytes stream = deflated(data, {6});
      const std::size_t bytes = stream.size();
      for (const std::size_t more : {1, 7, 8, 100}) {
        stream.resize(bytes + more, std::byte{0xFF});
        REQUIRE(bench.inflated(stream, data.size(), true).taken == bytes);
      }
    }
  });
}

TEST_CASE("a stream that is cut off is declined", "[bytes][inflate]") {
  Bench bench;
  const std::vector<Bytes> all = samples(3'000);
  on_every_inflater([&] {
    for (const Bytes& data : all) {
      for (const Bytes& whole : {deflated(data, {6}), deflated(data, {4}, 500)}) {
        const std::size_t step = 1 + whole.size() / 500;
        for (std::size_t size = 0; size < whole.size(); size += step) {
          const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
          REQUIRE(bench.inflated(cut, data.size(), true).taken == 0);
        }
      }
    }
  });
}

TEST_CASE("of changed and of random streams none is accepted that is wrong", "[bytes][inflate]") {
  Bench bench;
  Random random(base_seed());
  std::size_t accepted = 0;
  const std::vector<Bytes> all = samples(6'000);
  on_every_inflater([&] {
    for (const Bytes& data : all) {
      for (const int strategy : {Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_FIXED}) {
        const Bytes whole =
            deflated(data, {6, strategy}, strategy == Z_DEFAULT_STRATEGY ? 2'000 : 0);
        for (unsigned trial = 0; trial < 300; ++trial) {
          Bytes changed = whole;
          // Headers decide most: half of the changes are made there.
          const std::size_t reach =
              trial % 2 == 0 ? std::min<std::size_t>(100, whole.size()) : whole.size();
          for (unsigned k = 0; k <= trial % 3; ++k) {
            changed[random() % reach] ^= std::byte{1} << static_cast<int>(random() % 8);
          }
          accepted += agrees(bench, changed, data.size(), trial % 4 < 2) ? 1 : 0;
        }
      }
    }
    for (unsigned trial = 0; trial < 5'000; ++trial) {
      const Bytes noise = bytes_of(1 + random() % 400,
                                   [&](std::size_t) { return static_cast<unsigned>(random()); });
      accepted += agrees(bench, noise, random() % 500, trial % 2 == 0) ? 1 : 0;
    }
    // Data in which bits of literals changed are data still.
    CHECK(accepted > 0);
  });
}

TEST_CASE("what RFC 1951 does not allow is declined", "[bytes][inflate]") {
  Bench bench;
  const auto fixed = [] { return BitWriter().bits(1, 1).bits(1, 2); };
  // One literal; then a match of 258 by the code that is not meant for it, 1 back: that is allowed.
  auto odd = fixed().fixed('a').fixed(284).bits(31, 5).code(0, 5).fixed(256);
  // Symbols that do not exist, a distance before the beginning, a block of kind 3.
  const auto symbol_286 = fixed().fixed('a').fixed(286).code(0, 5).fixed(256);
  const auto distance_30 = fixed().fixed('a').fixed(257).code(30, 5).fixed(256);
  const auto too_far = fixed().fixed('a').fixed(257).code(1, 5).fixed(256);
  const auto kind_3 = BitWriter().bits(1, 1).bits(3, 2);
  const auto stored = BitWriter().bits(1, 1).bits(0, 2).bits(0, 5).bits(4, 16).bits(0xFFFF - 5, 16);
  on_every_inflater([&] {
    // In the careful part near the end of the input, and in the quick one far from it.
    for (const std::size_t zeros : {0, 1'000}) {
      CHECK(agrees(bench, odd.padded(zeros), 259, true));
      CHECK(bench.inflated(symbol_286.padded(zeros), 4, true).taken == 0);
      CHECK(bench.inflated(distance_30.padded(zeros), 4, true).taken == 0);
      CHECK(bench.inflated(too_far.padded(zeros), 4, true).taken == 0);
      CHECK(bench.inflated(kind_3.padded(zeros), 4, true).taken == 0);
      CHECK(bench.inflated(stored.padded(zeros + 4), 4, true).taken == 0);
      for (const std::size_t size : {2'000, 20'000}) {
        CHECK(bench.inflated(symbol_286.padded(zeros), size, true).taken == 0);
        CHECK(bench.inflated(distance_30.padded(zeros), size, true).taken == 0);
        CHECK(bench.inflated(too_far.padded(zeros), size, true).taken == 0);
      }
    }
  });
}

TEST_CASE("a block says at most 286 symbols of literals and lengths", "[bytes][inflate]") {
  Bench bench;
  // 'a' and the end of the block have codes of one bit; a length's code: 18 "0", 0 "10", 1 "11".
  const auto stream = [](unsigned symbols) {
    auto s = BitWriter().bits(1, 1).bits(2, 2).bits(symbols - 257, 5).bits(0, 5).bits(14, 4);
    for (unsigned i = 0; i < 18; ++i) s.bits(i == 2 ? 1 : i == 3 || i == 17 ? 2 : 0, 3);
    const auto zeros = [&s](unsigned n) { s.code(0, 1).bits(n - 11, 7); };
    zeros(97);
    s.code(3, 2);
    zeros(138);
    zeros(20);
    s.code(3, 2);
    zeros(symbols - 257);
    s.code(2, 2);
    return s.code(0, 1).code(0, 1).code(1, 1).padded(1'000);
  };
  on_every_inflater([&] {
    CHECK(agrees(bench, stream(286), 2, true));
    CHECK(bench.inflated(stream(287), 2, true).taken == 0);
    CHECK(bench.inflated(stream(288), 2, true).taken == 0);
  });
}

TEST_CASE("where no target inflates, everything is declined", "[bytes][inflate]") {
  Bench bench;
  const Bytes data = samples(1'000).front();
  const Bytes stream = deflated(data, {6});
  for (const std::string_view name : targets()) {
    CAPTURE(name);
    REQUIRE(force_target(name));
    const bool inflates = resolve_inflate(dispatch_slot())->decode != nullptr;
    CHECK(inflates == (name == "AVX2" || name == "AVX3"));
    CHECK(bench.inflated(stream, data.size(), true).taken == (inflates ? stream.size() : 0));
  }
  force_target("");
}

}  // namespace furrow::kernels::test
