// furrow/sync/by_name.hpp
//
// Handles in messages: written, the object's name; read, attached to it (message.hpp).
#pragma once

#include <string>

namespace furrow::mp {

/// Base of a handle that has name() and a static attach(name).
template <class Handle>
class GoesByName {
 public:
  template <class Archive>
  void save(Archive& archive) const {
    archive(static_cast<const Handle&>(*this).name());
  }
  template <class Archive>
  void load(Archive& archive) {
    std::string name;
    archive(name);
    static_cast<Handle&>(*this) = Handle::attach(name);
  }
};

}  // namespace furrow::mp
