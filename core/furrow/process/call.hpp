// furrow/process/call.hpp
//
// How a callable and its arguments become a task's bytes, and the function that runs them in a
// worker. Included by pool.hpp and executor.hpp; include those.
//
// Travel     the entry functions below that are instantiated for the types, by build id and offset
//            (os/module.hpp); a closure's captures as they lie in memory; a function by its name,
//            since pointers to code differ between programs that were executed; arguments as
//            messages
// Arguments  by value: each is decoded into an object of its own, which the callable gets as
//            rvalue. String literals and string_views arrive as std::string.
// Held       what goes by its name (arrays, queues, locks), at any depth, is held until the task is
//            resolved; what a result names, until the result is dropped
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include <furrow/process/crew.hpp>
#include <furrow/process/crew_worker.hpp>
#include <furrow/process/shipping.hpp>
#include <furrow/segment/borrowing.hpp>

namespace furrow::process {

/// Stands for the result of a callable that returns nothing, where results are collected.
struct Nothing {
  friend bool operator==(Nothing, Nothing) { return true; }
};

// --- Types --------------------------------------------------------------------------------------

template <class T>
struct CarriedAs {
  using type = T;
};
template <>
struct CarriedAs<const char*> {
  using type = std::string;
};
template <>
struct CarriedAs<char*> {
  using type = std::string;
};
template <>
struct CarriedAs<std::string_view> {
  using type = std::string;
};
/// What an argument is on its way.
template <class T>
using Carried = typename CarriedAs<std::decay_t<T>>::type;

template <class R>
using ResultOf = std::conditional_t<std::is_void_v<R>, Nothing, std::decay_t<R>>;

// --- Callables ----------------------------------------------------------------------------------

template <class F>
void check_callable() {
  static_assert(is_function_pointer<F> || std::is_class_v<F>,
                "a pointer to a member does not travel: use a lambda");
  static_assert(std::is_trivially_copyable_v<F>,
                "this closure travels to other processes as bytes, so its captures must be "
                "trivially copyable: give strings, vectors and arrays as arguments");
  static_assert(sizeof(F) <= shipped_bytes_max, "a closure may capture at most 4 KiB by value");
}

template <class F>
void put_callable(const F& f, mp::Bytes& out) {
  check_callable<F>();
  ship(f, out);
}

/// Runs one part of a task; what it throws becomes the outcome.
template <class Part>
TaskOutcome guarded(TaskOutcome failed, mp::Bytes& result, Part part,
                    std::optional<std::uint64_t> item = {}) {
  try {
    part();
    return TaskOutcome::returned;
  } catch (...) {
    result.clear();
    describe_exception(result, item);
    return failed;
  }
}

template <class Result>
void put_result(const Result& result, mp::Bytes& out) {
  const segment::Lending lent(lent_results());
  pack(result, out);
}

template <class F, class... Args>
struct Invocation {
  static_assert(std::is_invocable_v<F&, Args...>,
                "the callable cannot be called with these arguments (it gets them as rvalues of "
                "another process: take them by value or by const reference)");
  using Returned = std::invoke_result_t<F&, Args...>;
  using Result = ResultOf<Returned>;
  static_assert((serialisable<Args> && ...),
                "an argument's type cannot go in a message: give it a serialize() (cereal) and a "
                "default constructor; pointers and views cannot go at all");
  static_assert(serialisable<Result>,
                "the type of what the callable returns cannot go in a message: give it a "
                "serialize() (cereal) and a default constructor; pointers and views cannot go");

  static TaskOutcome run(std::span<const std::byte> argument, mp::Bytes& out) {
    std::optional<Shipped<F>> f;
    std::optional<std::tuple<Args...>> arguments;
    const TaskOutcome decoded = guarded(TaskOutcome::not_decoded, out, [&] {
      Unpacker in(argument);
      f.emplace(in);
      const segment::Borrowing held_by_parent;
      // Braces: in the order in which they were put.
      arguments.emplace(std::tuple<Args...>{in.take<Args>()...});
    });
    if (decoded != TaskOutcome::returned) return decoded;
    const auto call = [&](Args&... args) -> decltype(auto) {
      return std::invoke(f->get(), std::move(args)...);
    };
    if constexpr (std::is_void_v<Returned>) {
      std::apply(call, *arguments);
      return TaskOutcome::returned;
    } else {
      const Result result = std::apply(call, *arguments);
      return guarded(TaskOutcome::not_encoded, out, [&] { put_result(result, out); });
    }
  }
};

/// A callable on many items, one after the other; Star: an item is a tuple of arguments.
template <class F, class Item, bool star>
struct ChunkInvocation {
  static decltype(auto) call(F& f, Item& item) {
    static_assert(star || std::is_invocable_v<F&, Item>,
                  "the callable cannot be called with an item (it gets it as an rvalue of another "
                  "process: take it by value or by const reference)");
    if constexpr (star) {
      return std::apply(f, std::move(item));
    } else {
      return std::invoke(f, std::move(item));
    }
  }
  static_assert(serialisable<Item>,
                "an item's type cannot go in a message: give it a serialize() (cereal) and a "
                "default constructor; pointers and views cannot go at all");
  using Returned = decltype(call(std::declval<F&>(), std::declval<Item&>()));
  using Result = ResultOf<Returned>;
  static_assert(serialisable<Result>,
                "the type of what the callable returns cannot go in a message: give it a "
                "serialize() (cereal) and a default constructor; pointers and views cannot go");

  static TaskOutcome run_item(F& f, Item& item, std::uint64_t i, mp::Bytes& out) {
    if constexpr (std::is_void_v<Returned>) {
      call(f, item);
      return TaskOutcome::returned;
    } else {
      const Result result = call(f, item);
      return guarded(
          TaskOutcome::not_encoded, out, [&] { put_result(result, out); }, i);
    }
  }

  /// What fails says which item of the chunk it was.
  static TaskOutcome run(std::span<const std::byte> argument, mp::Bytes& out) {
    Unpacker in(argument);
    std::optional<Shipped<F>> f;
    std::uint64_t count = 0;
    TaskOutcome outcome = guarded(TaskOutcome::not_decoded, out, [&] {
      f.emplace(in);
      count = in.take_length();
    });
    for (std::uint64_t i = 0; i < count && outcome == TaskOutcome::returned; ++i) {
      std::optional<Item> item;
      outcome = guarded(
          TaskOutcome::not_decoded, out,
          [&] {
            const segment::Borrowing held_by_parent;
            item.emplace(in.take<Item>());
          },
          i);
      if (outcome != TaskOutcome::returned) break;
      try {
        outcome = run_item(f->get(), *item, i, out);
      } catch (...) {
        out.clear();
        describe_exception(out, i);
        return TaskOutcome::threw;
      }
    }
    return outcome;
  }
};

/// The name of an entry function, looked up once.
template <TaskEntry entry>
const os::CodeName& entry_name() {
  static const os::CodeName name = name_of_code(reinterpret_cast<const void*>(entry));
  return name;
}

template <class A>
decltype(auto) carried(const A& argument) {
  if constexpr (std::is_same_v<Carried<A>, A>) {
    return (argument);
  } else {
    return Carried<A>(argument);
  }
}

/// Appends an argument; what goes by its name, at any depth, must not vanish meanwhile.
template <class A>
void give(const A& argument, Call& call) {
  const segment::Lending lent(call.held);
  pack(argument, call.argument);
}

template <class F, class... Args>
Call make_call(const F& f, const Args&... args) {
  Call call;
  call.entry = entry_name<&Invocation<F, Carried<Args>...>::run>();
  call.type = typeid(F).name();
  put_callable(f, call.argument);
  (give(carried<Args>(args), call), ...);
  return call;
}

}  // namespace furrow::process
