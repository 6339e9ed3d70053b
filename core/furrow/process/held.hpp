// furrow/process/held.hpp
//
// A lock, queue, value … of sync/ that a manager keeps alive; made by a Manager.
//
// Calls    go to shared memory, not through the manager: they are as fast as those of the object
// Threads  as the object's own
#pragma once

#include <utility>

#include <furrow/process/manager_client.hpp>
#include <furrow/sync/message.hpp>
#include <furrow/sync/shared_object.hpp>

namespace furrow::mp {

/// A shared object of sync/ that a manager keeps alive.
template <class L>
class Held : public L {
 public:
  Held(L object, process::ProxyReference reference)
      : L(std::move(object)), reference_(std::move(reference)) {}
  /// Refers to nothing until it is read from a message.
  Held() : L(none()) {}
  template <class Archive>
  void save(Archive& archive) const {
    reference_.save(archive);
    L::save(archive);
  }
  template <class Archive>
  void load(Archive& archive) {
    reference_.load(archive);
    L::load(archive);
  }

 private:
  static L none() {
    const Decoding nothing;
    return L();
  }
  process::ProxyReference reference_;
};

}  // namespace furrow::mp
