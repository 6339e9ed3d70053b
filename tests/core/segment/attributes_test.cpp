// Attributes: round trips, updates that are whole or not at all, and hostile bytes.
#include <furrow/segment/attributes.hpp>

#include <catch2/catch.hpp>
#include <cstring>
#include <furrow/array/array.hpp>
#include <random>

#include "child.hpp"

using furrow::Array;
using furrow::Attribute;
using furrow::Attributes;
using furrow::Dtype;
using furrow::test::owned;

namespace {

// A table whose every value tells its number, so that a mixture of two is seen.
Attributes numbered(int number) {
  Attributes result;
  for (int i = 0; i < 10; ++i) result["key" + std::to_string(i)] = Attribute::integer(number);
  result["text"] = Attribute::text(std::string(static_cast<std::size_t>(number % 100), 'x'));
  return result;
}

bool is_numbered(const Attributes& table) {
  if (table.size() != 11) return false;
  return table == numbered(static_cast<int>(table.at("key0").as_number()));
}

}  // namespace

TEST_CASE("attributes of every type come back as they were set") {
  auto options = owned();
  options.attribute_bytes = 8000;
  auto array = Array<double>::create("attributes", {3}, options);
  CHECK(array.attributes().empty());
  Attributes table;
  table["units"] = Attribute::text("EUR");
  table["empty"] = Attribute::text("");
  table["utf8 name äöü"] = Attribute::text("größer");
  table["columns"] = Attribute::strings({"DAX", "SMI", "", "FTSE"});
  table["no columns"] = Attribute::strings({});
  table["one column"] = Attribute::strings({""});
  table["pi"] = Attribute::number(3.14159);
  table["count"] = Attribute::integer(-7);
  for (std::uint32_t number = 1; number <= 14; ++number) {
    Attribute value;
    value.dtype = static_cast<Dtype>(number);
    value.shape = {2, 3};
    value.bytes.assign(6 * furrow::item_bytes(value.dtype), std::byte(number));
    table["dtype" + std::to_string(number)] = value;
    value.shape = {0};
    value.bytes.clear();
    table["none of dtype" + std::to_string(number)] = value;
  }
  array.set_attributes(table);
  const auto back = Array<double>::attach("attributes").attributes();
  CHECK(back == table);
  CHECK(back.at("columns").as_strings() == std::vector<std::string>{"DAX", "SMI", "", "FTSE"});
  CHECK(back.at("no columns").as_strings().empty());
  CHECK(back.at("one column").as_strings() == std::vector<std::string>{""});
  CHECK(back.at("columns").as_text() == "DAX, SMI, , FTSE");
  CHECK(back.at("pi").as_number() == 3.14159);
  CHECK(back.at("count").as_number() == -7);
  CHECK_THROWS_AS(back.at("units").as_number(), furrow::TypeMismatch);
  CHECK_THROWS_AS(back.at("dtype3").as_number(), furrow::TypeMismatch);
  CHECK_THROWS_AS(back.at("pi").as_strings(), furrow::TypeMismatch);
  array.set_attributes({});
  CHECK(array.attributes().empty());
}

TEST_CASE("a table that does not fit is OutOfSpace and changes nothing") {
  auto array = Array<double>::create("small", {3}, owned());
  array.set_attributes(numbered(5));
  Attributes big;
  big["big"] = Attribute::text(std::string(3000, 'x'));
  CHECK_THROWS_WITH(array.set_attributes(big),
                    Catch::Contains(std::to_string(furrow::attribute_bytes_of(big))));
  CHECK(array.attributes() == numbered(5));
  auto options = owned();
  options.attribute_bytes = furrow::attribute_bytes_of(big);
  auto roomy = Array<double>::create("roomy", {3}, options);
  roomy.set_attributes(big);
  CHECK(roomy.attributes() == big);
  options.attribute_bytes = 0;
  auto none = Array<double>::create("none", {3}, options);
  none.set_attributes({});
  CHECK(none.attributes().empty());
  CHECK_THROWS_AS(none.set_attributes(numbered(1)), furrow::OutOfSpace);
}

TEST_CASE("values that contradict themselves are refused") {
  auto array = Array<double>::create("refused", {3}, owned());
  Attribute value = Attribute::number(1);
  value.shape = {2};
  CHECK_THROWS_AS(array.set_attributes({{"x", value}}), furrow::InvalidArgument);
  value.shape = {-1};
  CHECK_THROWS_AS(array.set_attributes({{"x", value}}), furrow::InvalidArgument);
  CHECK_THROWS_AS(array.set_attributes({{"", Attribute::number(1)}}), furrow::InvalidArgument);
  CHECK_THROWS_AS(Attribute::strings({std::string("a\0b", 3)}), furrow::InvalidArgument);
}

TEST_CASE("kill -9 of a writer leaves the old table or the new one, and the lock free") {
  auto array = Array<double>::create("killed", {3}, owned());
  int expected = 0;
  array.set_attributes(numbered(0));
  for (int round = 1; round <= 6; ++round)
    for (const char* point : {"locked", "copied", "published"}) {
      const int number = expected + 1;
      CHECK(furrow::test::run_child_to(std::string("attributes.write.") + point, [&] {
              Array<double>::attach("killed").set_attributes(numbered(number));
            }) == -SIGKILL);
      if (point == std::string("published")) expected = number;
      REQUIRE(array.attributes() == numbered(expected));
      array.set_attributes(numbered(++expected));
    }
}

TEST_CASE("a writer that is stopped makes the next one time out, not hang") {
  auto array = Array<double>::create("stopped", {3}, owned());
  const pid_t child = furrow::test::start_child([] {
    furrow::os::set_fault("attributes.write.copied:stop");
    Array<double>::attach("stopped").set_attributes(numbered(1));
    return 0;
  });
  int status = 0;
  REQUIRE(::waitpid(child, &status, WUNTRACED) == child);
  CHECK_THROWS_AS(array.set_attributes(numbered(2)), furrow::Timeout);
  CHECK(array.attributes().empty());
  ::kill(child, SIGKILL);
  furrow::test::wait_for(child);
  array.set_attributes(numbered(3));
  CHECK(array.attributes() == numbered(3));
}

TEST_CASE("readers see whole tables while several processes write") {
  auto array = Array<double>::create("busy", {3}, owned());
  array.set_attributes(numbered(1));
  std::vector<pid_t> writers;
  for (int i = 0; i < 2; ++i)
    writers.push_back(furrow::test::start_child([i] {
      auto same = Array<double>::attach("busy");
      for (int number = 0; number < 5000; ++number) same.set_attributes(numbered(2 * number + i));
      return 0;
    }));
  for (int round = 0; round < 20000; ++round) REQUIRE(is_numbered(array.attributes()));
  for (const pid_t writer : writers) CHECK(furrow::test::wait_for(writer) == 0);
  CHECK((array.segment()->header().attributes_word.load() >> 32 & 0x7FFFFFFF) == 10001);
}

TEST_CASE("hostile bytes in the attributes are Corrupt, never a crash") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  auto array = Array<double>::create("hostile", {3}, owned());
  auto& header = const_cast<furrow::segment::Header&>(array.segment()->header());
  auto* area = reinterpret_cast<std::uint8_t*>(&header) + header.attributes_offset;
  array.set_attributes(numbered(42));
  const std::size_t length = header.attributes_word.load() & 0xFFFFFFFF;
  std::uint8_t* half = area + header.attributes_bytes / 2;
  const std::vector<std::uint8_t> good(half, half + length);
  int corrupt = 0;
  const auto read = [&] {
    try {
      array.attributes();
    } catch (const furrow::Corrupt&) {
      ++corrupt;
    }
  };
  for (std::size_t i = 0; i < length; ++i)
    for (const std::uint8_t value : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
      half[i] = value;
      read();
      half[i] = good[i];
    }
  for (int trial = 0; trial < 20000; ++trial) {
    for (int changes = 0; changes < 4; ++changes) half[random() % length] = random() % 256;
    read();
    std::copy(good.begin(), good.end(), half);
  }
  CHECK(corrupt > 1000);
  const std::uint64_t word = header.attributes_word.load();
  for (const std::uint64_t bad : {~std::uint64_t{0}, word + 1, word + 8, word - 8,
                                  word | 0xFFFFFFF8, std::uint64_t{8}, std::uint64_t{2048}}) {
    header.attributes_word.store(bad);
    read();
  }
  header.attributes_word.store(word);
  CHECK(array.attributes() == numbered(42));
}
