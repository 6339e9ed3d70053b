// Arrays in messages: by name, and the same elements at the other end.
#include <catch2/catch.hpp>

#include <furrow/array/array.hpp>
#include <furrow/sync/message.hpp>

using namespace furrow;

namespace {

Array<double> numbers(const char* name) {
  CreateOptions options;
  options.lifetime = Lifetime::owned;
  auto array = Array<double>::create(name, {6, 4}, options);
  for (std::int64_t i = 0; i < 24; ++i) array.data()[i] = static_cast<double>(i);
  return array;
}

}  // namespace

TEST_CASE("reference: an array and its slices go by name and mean the same memory") {
  const Array<double> array = numbers("x");
  const mp::Bytes bytes = mp::encode(array);
  CHECK(bytes.size() < 600);  // whatever the array's size
  const auto same = mp::decode<Array<double>>(bytes);
  CHECK(same.shape() == array.shape());
  CHECK(same.data() != array.data());
  same(5, 3) = -1;
  CHECK(array(5, 3) == -1);
  const Array<double> slice =
      array.slice(0, {std::nullopt, std::nullopt, -2}).column(1);  // rows 5, 3, 1
  const auto there = mp::decode<Array<double>>(mp::encode(slice));
  REQUIRE(there.shape() == Shape{3});
  CHECK(there(0) == 21);
  CHECK(there(2) == 5);
  const auto turned = mp::decode<AnyArray>(mp::encode(AnyArray(array.transpose())));
  CHECK(turned.as<double>()(2, 1) == 6);
  const auto wide = mp::decode<Array<double>>(mp::encode(array.row(0).broadcast_to({9, 4})));
  CHECK(wide(8, 3) == 3);
  const auto none = mp::decode<Array<double>>(mp::encode(array.rows(2, 2)));
  CHECK(none.size() == 0);
  CHECK_FALSE(mp::decode<Array<double>>(mp::encode(Array<double>())).valid());
}

TEST_CASE("reference: access goes along, and the dtype is checked") {
  const Array<double> array = numbers("x");
  AttachOptions read_only;
  read_only.access = Access::read_only;
  const auto reader = Array<double>::attach("x", read_only);
  CHECK(mp::decode<Array<double>>(mp::encode(reader)).access() == Access::read_only);
  CHECK(mp::decode<Array<double>>(mp::encode(array)).access() == Access::read_write);
  CHECK_THROWS_AS(mp::decode<Array<float>>(mp::encode(array)), TypeMismatch);
}

TEST_CASE("reference: a temporary array, one that is gone, one that was replaced, a torn message") {
  CHECK_THROWS_AS(mp::encode(Array<double>::temporary({3})), NotSerialisable);
  std::string reference;
  {
    const Array<double> array = numbers("x");
    reference = array.reference();
  }
  CHECK_THROWS_AS(AnyArray::from_reference(reference), NotFound);
  const Array<double> other = numbers("x");
  // The file system may have given the new file the old one's number.
  if (other.reference() != reference) {
    CHECK_THROWS_AS(AnyArray::from_reference(reference), NotFound);
  }
  const std::string whole = other.reference();
  for (std::size_t length = 1; length < whole.size() - 2; ++length) {
    CHECK_THROWS_AS(AnyArray::from_reference(whole.substr(0, length)), Error);
  }
}
