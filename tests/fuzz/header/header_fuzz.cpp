// Files that are torn, foreign, mutated or hostile, given to everything that reads a header.
//
// Claim  only furrow's own errors come out, and never a crash, a hang, or a read beyond the file
//        (which would be SIGBUS); what does get attached can be read and written to its last byte
// Seed   printed on failure; FURROW_FUZZ_SEED replays it, FURROW_FUZZ_TRIALS asks for more
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <furrow/array/array.hpp>
#include <furrow/os/file.hpp>
#include <furrow/segment/header.hpp>
#include <random>
#include <vector>

using furrow::AnyArray;
using furrow::Place;
namespace segment = furrow::segment;

namespace {

using Bytes = std::vector<std::uint8_t>;

unsigned long from_environment(const char* variable, unsigned long otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoul(text, nullptr, 10);
}

// One file that is overwritten again and again.
class Subject {
 public:
  Subject() {
    auto array = furrow::Array<std::int32_t>::create("subject", {10, 7});
    array.set_attributes({{"units", furrow::Attribute::text("EUR")}});
    array = {};
    std::error_code error;
    file_ = furrow::os::open_file(Place::default_place().path_of("subject"),
                                  furrow::os::OpenMode::read_write, error);
    // Held as by a holder: a header that says "owned" would have its file removed otherwise.
    REQUIRE(furrow::os::try_lock(file_, furrow::os::LockKind::shared, error));
    REQUIRE(furrow::os::try_lock_byte(file_, segment::holder_lock_byte,
                                      furrow::os::LockKind::shared, error));
    good_.resize(furrow::os::status_of(file_, error).bytes);
    REQUIRE(furrow::os::read_at(file_, 0, good_.data(), good_.size(), error) == good_.size());
  }
  ~Subject() { segment::remove("subject", true); }

  const Bytes& good() const { return good_; }

  void write(const Bytes& bytes) {
    REQUIRE(::ftruncate(file_.get(), static_cast<off_t>(bytes.size())) == 0);
    REQUIRE(::pwrite(file_.get(), bytes.data(), bytes.size(), 0) ==
            static_cast<ssize_t>(bytes.size()));
  }

  /// Everything that reads a header. True when the file was taken for an array.
  bool read_all() {
    for (const auto& info : segment::list()) REQUIRE(info.name == "subject");
    segment::sweep(true);
    try {
      segment::info("subject");
    } catch (const furrow::Error&) {
    }
    furrow::AttachOptions options;
    options.timeout_ns = 1'000'000;
    bool taken = false;
    for (const auto access : {furrow::Access::read_only, furrow::Access::read_write}) try {
        options.access = access;
        const AnyArray array = AnyArray::attach("subject", options);
        taken = true;
        touch(array);
      } catch (const furrow::Error&) {
      }
    return taken;
  }

 private:
  static void touch(const AnyArray& array) {
    REQUIRE(array.bytes() == array.segment()->data_bytes());
    auto* bytes = static_cast<volatile std::uint8_t*>(array.data());
    for (std::size_t i = 0; i < array.bytes(); ++i)
      if (array.access() == furrow::Access::read_write)
        bytes[i] = bytes[i];
      else
        static_cast<void>(bytes[i]);
    array.attributes();
  }

  furrow::os::Descriptor file_;
  Bytes good_;
};

void store(Bytes& bytes, std::size_t offset, std::uint64_t value, std::size_t count) {
  std::memcpy(bytes.data() + offset, &value, count);
}

// Makes a mutated page pass the first gate, so that the checks behind it are reached.
void sign(Bytes& bytes) {
  auto page = std::make_unique<segment::Header>();
  std::memcpy(static_cast<void*>(page.get()), bytes.data(), sizeof(segment::Header));
  store(bytes, offsetof(segment::Header, checksum), segment::checksum_of(*page), 8);
}

}  // namespace

TEST_CASE("every byte of the header, mutated") {
  Subject subject;
  int taken = 0;
  for (std::size_t i = 0; i < segment::header_bytes; ++i)
    for (const std::uint8_t flip : {0x01, 0x80, 0xFF}) {
      Bytes bytes = subject.good();
      bytes[i] ^= flip;
      subject.write(bytes);
      CAPTURE(i, flip);
      const bool was_taken = subject.read_all();
      // Nothing but generation, attributes and unused bytes may change unnoticed.
      REQUIRE(was_taken == (i >= offsetof(segment::Header, generation)));
      taken += was_taken;
    }
  CHECK(taken > 0);
}

TEST_CASE("files of every class of length") {
  Subject subject;
  Bytes bytes = subject.good();
  for (const std::size_t size : {0, 1, 7, 8, 100, 4095, 4096, 4097, 8191, 8192, 12287}) {
    CAPTURE(size);
    bytes.assign(subject.good().begin(), subject.good().begin() + static_cast<long>(size));
    subject.write(bytes);
    REQUIRE_FALSE(subject.read_all());
  }
  for (const std::size_t size : {12289, 16384, 100000}) {
    bytes = subject.good();
    bytes.resize(size);
    subject.write(bytes);
    REQUIRE_FALSE(subject.read_all());
  }
  for (const std::size_t size : {4096, 8192, 12288}) {
    subject.write(Bytes(size, 0));
    REQUIRE_FALSE(subject.read_all());
    subject.write(Bytes(size, 0xFF));
    REQUIRE_FALSE(subject.read_all());
  }
  // A torn page: the first part is there, the rest is not yet.
  for (std::size_t torn = 0; torn < 256 + Place::default_place().prefix.size(); ++torn) {
    bytes = subject.good();
    std::fill(bytes.begin() + static_cast<long>(torn), bytes.end(), 0);
    subject.write(bytes);
    REQUIRE_FALSE(subject.read_all());
  }
  subject.write(subject.good());
  REQUIRE(subject.read_all());
}

TEST_CASE("another version and another byte order are told apart") {
  Subject subject;
  Bytes bytes = subject.good();
  store(bytes, offsetof(segment::Header, layout_version), 7, 4);
  sign(bytes);
  subject.write(bytes);
  CHECK_THROWS_AS(AnyArray::attach("subject"), furrow::VersionMismatch);
  CHECK_THROWS_WITH(AnyArray::attach("subject"),
                    Catch::Contains("version 7") && Catch::Contains("version 1"));
  bytes = subject.good();
  store(bytes, offsetof(segment::Header, byte_order), 0x04030201, 4);
  sign(bytes);
  subject.write(bytes);
  CHECK_THROWS_WITH(AnyArray::attach("subject"), Catch::Contains("byte order"));
}

TEST_CASE("hostile headers with a right checksum") {
  const unsigned long seed = from_environment("FURROW_FUZZ_SEED", std::random_device{}());
  const unsigned long trials = from_environment("FURROW_FUZZ_TRIALS", 20000);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Subject subject;
  // Values at which sizes overflow, wrap, or point outside.
  const std::uint64_t nasty[] = {0,
                                 1,
                                 2,
                                 3,
                                 7,
                                 8,
                                 9,
                                 10,
                                 14,
                                 15,
                                 70,
                                 255,
                                 280,
                                 2048,
                                 4095,
                                 4096,
                                 8192,
                                 12288,
                                 1 << 20,
                                 0x7FFFFFFF,
                                 0x80000000,
                                 0xFFFFFFFF,
                                 std::uint64_t{1} << 32,
                                 std::uint64_t{1} << 61,
                                 std::uint64_t{1} << 62,
                                 std::uint64_t{1} << 63,
                                 ~std::uint64_t{0},
                                 ~std::uint64_t{0} - 4095};
  unsigned long taken = 0;
  for (unsigned long trial = 0; trial < trials; ++trial) {
    Bytes bytes = subject.good();
    for (std::uint64_t changes = random() % 4 + 1; changes > 0; --changes) {
      const std::uint64_t value = random() % 4 == 0 ? random() : nasty[random() % std::size(nasty)];
      if (random() % 8 == 0)
        store(bytes, offsetof(segment::Header, attributes_word), value, 8);
      else if (random() % 4 == 0)
        store(bytes, 20 + random() % 3 * 4, value, 4);  // kind, dtype, ndim
      else
        store(bytes, 32 + random() % 22 * 8, value, 8);  // shape … lifetime
    }
    sign(bytes);
    subject.write(bytes);
    CAPTURE(trial);
    taken += subject.read_all();
  }
  CHECK(taken > 0);       // some changes are harmless
  CHECK(taken < trials);  // and most are not
}
