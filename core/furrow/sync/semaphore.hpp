// furrow/sync/semaphore.hpp
//
// Semaphore and BoundedSemaphore: so many permits, taken by acquire and brought back by release.
//
//   mp::BoundedSemaphore four(4);
//   { std::unique_lock hold(four); … }        // or acquire(100ms) and release()
//
// Killed     OnDeath::give_back: permits that a process held when it ended come back, at the latest
// holders    50 ms after somebody waits for them. Who holds is a process: a permit is its own from
//            acquire until it releases one; releasing more than it holds takes from another's
//            account. Up to 63 processes may hold at a time; permits of further ones do not come
//            back. OnDeath::keep: they are gone, as in Python
// Default    BoundedSemaphore gives back: what is released was acquired. Semaphore keeps: whoever
//            likes may release it (one process produces permits, another consumes them), and then
//            nobody can say what a dead process held
// Misuse     releasing a BoundedSemaphore beyond its bound is NotHeld
// Crash      killed in acquire: it has the permit or has not; in release likewise. Several permits
//            released at a time, of which others hold some (give_back), come back one holder after
//            the other: killed in it, of some holders they are back, of the rest they are not
// Speed      keep: one atomic operation; give_back: under a robust lock
// Names      shared_object.hpp; copies of a handle are the same semaphore
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <furrow/sync/by_name.hpp>
#include <furrow/sync/shared_object.hpp>
#include <furrow/sync/timeout.hpp>

namespace furrow::mp {

enum class OnDeath : std::uint32_t { keep = 0, give_back = 1 };

struct SemaphoreBody;

class SemaphoreBase {
 public:
  /// False: the time ran out.
  bool acquire(Timeout timeout = {}) const;
  void release(std::uint32_t permits = 1) const;
  /// Permits to be had at this moment.
  std::uint32_t get_value() const;

  // The names that the standard library's guards use.
  void lock() const { acquire(); }
  bool try_lock() const { return acquire(Timeout::none()); }
  void unlock() const { release(); }

  /// Permits that came back from processes that died.
  std::uint32_t given_back() const noexcept;

  const std::string& name() const { return object_.name(); }

 protected:
  SemaphoreBase() = default;
  void make(const ObjectKind& kind, std::string_view name, std::uint32_t value, bool bounded,
            OnDeath on_death);
  void open(const ObjectKind& kind, std::string_view name);

 private:
  SemaphoreBody& body() const noexcept { return object_.as<SemaphoreBody>(); }
  SharedObject object_;
};

class Semaphore : public SemaphoreBase, public GoesByName<Semaphore> {
 public:
  explicit Semaphore(std::uint32_t value = 1, OnDeath on_death = OnDeath::keep);
  static Semaphore create(std::string_view name, std::uint32_t value = 1,
                          OnDeath on_death = OnDeath::keep);
  static Semaphore attach(std::string_view name);

 private:
  explicit Semaphore(NoObject /*tag*/) {}
};

class BoundedSemaphore : public SemaphoreBase, public GoesByName<BoundedSemaphore> {
 public:
  explicit BoundedSemaphore(std::uint32_t value = 1, OnDeath on_death = OnDeath::give_back);
  static BoundedSemaphore create(std::string_view name, std::uint32_t value = 1,
                                 OnDeath on_death = OnDeath::give_back);
  static BoundedSemaphore attach(std::string_view name);

 private:
  explicit BoundedSemaphore(NoObject /*tag*/) {}
};

}  // namespace furrow::mp
