// furrow/process/target.hpp
//
// What a new process runs: a callable with its arguments, called here after a fork, or packed into
// bytes for a program that is executed. Included by process/process.hpp; include that.
//
// Travel  the entry function below that is instantiated for the types of callable and arguments,
//         by build id and offset (os/module.hpp), and after it their bytes. A pointer to a function
//         travels the same way, since its value means nothing in another process.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <furrow/process/parcel.hpp>
#include <furrow/process/shipping.hpp>

namespace furrow::process {

struct ProcessAccess;

class Target {
 public:
  virtual ~Target() = default;
  virtual void call() = 0;
  /// Null when it can only be forked; then `reason` says why.
  virtual Entry entry(std::string& reason) const = 0;
  virtual std::vector<std::byte> pack() const = 0;
};

template <class F, class... Args>
class TargetOf final : public Target {
 public:
  template <class G, class... Given>
  explicit TargetOf(G&& f, Given&&... args)
      : f_(std::forward<G>(f)), arguments_(std::forward<Given>(args)...) {}

  void call() override { std::apply(std::move(f_), std::move(arguments_)); }

  Entry entry(std::string& reason) const override {
    if constexpr (!ships<F>) {
      reason = why_not_shipped<F>();
      return nullptr;
    } else if constexpr (!(serialisable<Args> && ...)) {
      reason = "one of its arguments cannot be serialised (give the type a serialize function)";
      return nullptr;
    } else {
      return &run;
    }
  }

  std::vector<std::byte> pack() const override {
    std::vector<std::byte> bytes;
    if constexpr (ships<F> && (serialisable<Args> && ...)) {
      ship(f_, bytes);
      std::apply([&](const Args&... args) { (process::pack(args, bytes), ...); }, arguments_);
    }
    return bytes;
  }

 private:
  static void run(Unpacker& in, const std::function<void()>& taken) {
    if constexpr (ships<F> && (serialisable<Args> && ...)) {
      Shipped<F> f(in);
      // Braces: in the order in which they were packed.
      std::tuple<Args...> arguments{in.take<Args>()...};
      in.done();
      taken();
      std::apply(std::move(f.get()), std::move(arguments));
    }
  }

  F f_;
  std::tuple<Args...> arguments_;
};

// A literal's pointer means nothing elsewhere: where the callable takes a string, it gets one.
template <class T>
using Kept =
    std::conditional_t<std::is_same_v<T, const char*> || std::is_same_v<T, char*>, std::string, T>;

template <class F, class... Args>
std::unique_ptr<Target> make_target(F&& f, Args&&... args) {
  using Callable = std::decay_t<F>;
  if constexpr (std::is_invocable_v<Callable, Kept<std::decay_t<Args>>...>) {
    return std::make_unique<TargetOf<Callable, Kept<std::decay_t<Args>>...>>(
        std::forward<F>(f), std::forward<Args>(args)...);
  } else {
    static_assert(std::is_invocable_v<Callable, std::decay_t<Args>...>,
                  "the callable cannot be called with these arguments (it gets them as rvalues of "
                  "its own process; take them by value or const reference)");
    return std::make_unique<TargetOf<Callable, std::decay_t<Args>...>>(std::forward<F>(f),
                                                                       std::forward<Args>(args)...);
  }
}

}  // namespace furrow::process
