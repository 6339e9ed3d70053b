// furrow/sync/decoding.hpp
//
// While a message becomes a value, handles of shared objects are made that attach at once to the
// object named in the message: in this time their default constructors make no object.
//
// Threads  each has its own
#pragma once

namespace furrow::mp {

class Decoding {
 public:
  Decoding() noexcept { ++depth(); }
  ~Decoding() { --depth(); }
  Decoding(const Decoding&) = delete;
  Decoding& operator=(const Decoding&) = delete;

  static bool active() noexcept { return depth() > 0; }

 private:
  static int& depth() noexcept {
    thread_local int the_depth = 0;
    return the_depth;
  }
};

}  // namespace furrow::mp
