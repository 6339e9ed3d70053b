// Calls that throw InvalidArgument, with a text that names what is wrong.
#pragma once

#include <string>

#include <catch2/catch.hpp>

#include <furrow/error.hpp>

namespace furrow::test {

template <class Call>
void refused(Call call, const std::string& says) {
  try {
    call();
    FAIL("was accepted, and should say: " << says);
  } catch (const InvalidArgument& e) {
    CHECK_THAT(e.what(), Catch::Matchers::Contains(says));
  }
}

}  // namespace furrow::test
