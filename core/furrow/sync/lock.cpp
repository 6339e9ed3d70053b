#include <furrow/sync/lock.hpp>

#include <furrow/error.hpp>

namespace furrow::mp {
namespace {

constexpr ObjectKind lock_kind{ObjectType::lock, 1, "Lock"};
constexpr ObjectKind rlock_kind{ObjectType::rlock, 1, "RLock"};

}  // namespace

void LockBase::make(const ObjectKind& kind, std::string_view name, os::MutexKind mutex) {
  adopt(SharedObject::create(kind, name, sizeof(MutexBody), [mutex](std::byte* body) {
    start_mutex(*reinterpret_cast<MutexBody*>(body), mutex);
  }));
}

void LockBase::adopt(SharedObject object) {
  object_ = std::move(object);
  body_ = &object_.as<MutexBody>();
  object_.at_release([](std::byte* body) { abandon_mutex(*reinterpret_cast<MutexBody*>(body)); });
}

const std::string& LockBase::name() const {
  if (inside_)
    throw InvalidArgument("this lock lies inside of another object: send that object instead");
  return object_.name();
}

Lock::Lock() {
  if (!Decoding::active()) make(lock_kind, "", os::MutexKind::plain);
}

Lock Lock::create(std::string_view name) {
  Lock lock{NoObject{}};
  lock.make(lock_kind, name, os::MutexKind::plain);
  return lock;
}

Lock Lock::attach(std::string_view name) {
  Lock lock{NoObject{}};
  lock.adopt(SharedObject::attach(lock_kind, name, sizeof(MutexBody)));
  return lock;
}

RLock::RLock() {
  if (!Decoding::active()) make(rlock_kind, "", os::MutexKind::recursive);
}

RLock RLock::create(std::string_view name) {
  RLock lock{NoObject{}};
  lock.make(rlock_kind, name, os::MutexKind::recursive);
  return lock;
}

RLock RLock::attach(std::string_view name) {
  RLock lock{NoObject{}};
  lock.adopt(SharedObject::attach(rlock_kind, name, sizeof(MutexBody)));
  return lock;
}

}  // namespace furrow::mp
