// tests/support/leftovers.hpp
//
// A name prefix of its own for the test process (FURROW_PREFIX = "t<pid>-", unless it is set), and
// at the end the list of what still lies under that prefix in shared memory.
#pragma once

#include <set>
#include <string>

namespace furrow::test {

class Leftovers {
 public:
  /// Sets the prefix. What an earlier process of the same pid left under it is removed.
  Leftovers();

  /// The names that were not there before, blank-separated; workers that are just ending get two
  /// seconds to be gone.
  std::string left_behind() const;

 private:
  std::set<std::string> present() const;

  std::string folder_;
  std::string prefix_;
  std::set<std::string> before_;
};

}  // namespace furrow::test
