// furrow/sync/by_name.hpp
//
// Handles in messages: written, the object's name; read, attached to it (message.hpp).
#pragma once

#include <string>

#include <furrow/segment/borrowing.hpp>

namespace furrow::mp {

/// Base of a handle that has name() and a static attach(name).
template <class Handle>
class GoesByName {
 public:
  template <class Archive>
  void save(Archive& archive) const {
    const auto& handle = static_cast<const Handle&>(*this);
    segment::Lending::lend_copy(handle, handle.name());
    archive(handle.name());
  }
  template <class Archive>
  void load(Archive& archive) {
    std::string name;
    archive(name);
    static_cast<Handle&>(*this) = Handle::attach(name);
  }
};

}  // namespace furrow::mp
