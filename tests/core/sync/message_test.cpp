// Values that are made into bytes come back equal; bytes of something else are refused.
#include <catch2/catch.hpp>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <furrow/sync/message.hpp>

namespace furrow::mp {
namespace {

struct Plain {
  int a;
  double b;
  friend bool operator==(const Plain&, const Plain&) = default;
};

struct NoDefault {
  explicit NoDefault(int v) : value(v) {}
  int value;
};

struct WithText {
  std::string text;
  std::vector<int> numbers;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(text, numbers);
  }
  friend bool operator==(const WithText&, const WithText&) = default;
};

struct Refuses {
  template <class Archive>
  void save(Archive& /*archive*/) const {
    throw std::runtime_error("not today");
  }
  template <class Archive>
  void load(Archive& /*archive*/) {}
  std::string text;
};

template <class T>
void round_trip(const T& value) {
  CHECK(decode<T>(encode(value)) == value);
}

}  // namespace

TEST_CASE("Plain values go as their bytes") {
  CHECK(encode(Plain{1, 2.5}).size() == sizeof(Plain));
  round_trip(Plain{1, 2.5});
  round_trip(42);
  CHECK(decode<NoDefault>(encode(NoDefault(7))).value == 7);
}

TEST_CASE("Containers and classes with serialize come back equal") {
  round_trip(std::string("furrow\0with a hole", 18));
  round_trip(std::string());
  round_trip(std::vector<bool>{true, false, true});
  round_trip(std::vector<std::vector<int>>{{1}, {}, {2, 3}});
  CHECK(encode(std::string("plain")).size() == 5);
  round_trip(std::vector<std::string>{"a", "", "ccc"});
  round_trip(std::map<std::string, std::vector<double>>{{"x", {1, 2}}, {"y", {}}});
  round_trip(std::tuple<int, std::string, std::optional<double>>{1, "b", std::nullopt});
  round_trip(std::variant<int, std::string>{"text"});
  round_trip(std::pair<int, int>{3, 4});
  round_trip(WithText{"hello", {1, 2, 3}});
  round_trip(std::vector<double>(100'000, 1.5));
}

TEST_CASE("Bytes of another value are refused") {
  CHECK_THROWS_AS(decode<int>(encode(1.5)), NotSerialisable);
  using Texts = std::vector<std::string>;
  Bytes bytes = encode(Texts{"some", "text"});
  bytes.pop_back();
  CHECK_THROWS_AS(decode<Texts>(bytes), NotSerialisable);
  bytes = encode(Texts{"some", "text"});
  bytes.push_back({});
  CHECK_THROWS_AS(decode<Texts>(bytes), NotSerialisable);
  CHECK_THROWS_AS(decode<Texts>({}), NotSerialisable);
  CHECK_THROWS_AS(decode<std::vector<int>>(encode(std::string("odd"))), NotSerialisable);
}

TEST_CASE("A value that refuses says why") {
  CHECK_THROWS_WITH(encode(Refuses{}), Catch::Contains("not today"));
  CHECK_THROWS_AS(encode(Refuses{}), NotSerialisable);
}

}  // namespace furrow::mp
