// furrow/sync/mutex_hold.hpp
//
// Holds the lock inside of a Value or an Array for one call. Internal to the room.
#pragma once

#include <furrow/sync/mutex.hpp>

namespace furrow::mp {

class MutexHold {
 public:
  explicit MutexHold(MutexBody& body) : body_(body) { acquire_mutex(body, {}); }
  ~MutexHold() { release_own_mutex(body_); }
  MutexHold(const MutexHold&) = delete;
  MutexHold& operator=(const MutexHold&) = delete;

 private:
  MutexBody& body_;
};

}  // namespace furrow::mp
