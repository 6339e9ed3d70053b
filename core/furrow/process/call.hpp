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
// rvalue.
//            String literals and string_views arrive as std::string.
// Speed      numbers, strings and vectors of what goes as bytes go without an archive
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

namespace furrow::process {

inline constexpr std::size_t captures_bytes_max = 4096;

/// Stands for the result of a callable that returns nothing, where results are collected.
struct Nothing {
  friend bool operator==(Nothing, Nothing) { return true; }
};

// --- Types --------------------------------------------------------------------------------------

template <class T>
struct StoredAs {
  using type = T;
};
template <>
struct StoredAs<const char*> {
  using type = std::string;
};
template <>
struct StoredAs<char*> {
  using type = std::string;
};
template <>
struct StoredAs<std::string_view> {
  using type = std::string;
};
/// What an argument is on its way.
template <class T>
using Stored = typename StoredAs<std::decay_t<T>>::type;

template <class R>
using ResultOf = std::conditional_t<std::is_void_v<R>, Nothing, std::decay_t<R>>;

template <class T>
struct IsByteVector : std::false_type {};
template <class T>
struct IsByteVector<std::vector<T>>
    : std::bool_constant<mp::goes_as_bytes<T> && !std::is_same_v<T, bool>> {};

// --- Bytes --------------------------------------------------------------------------------------

inline void put_bytes(const void* from, std::size_t count, mp::Bytes& out) {
  const auto* const bytes = static_cast<const std::byte*>(from);
  out.insert(out.end(), bytes, bytes + count);
}

/// Appends a value, so that it can be told from what follows.
template <class T>
void put(const T& value, mp::Bytes& out) {
  if constexpr (mp::goes_as_bytes<T>) {
    mp::encode(value, out);
  } else if constexpr (std::is_same_v<T, std::string> || IsByteVector<T>::value) {
    const std::uint64_t count = value.size();
    put_bytes(&count, sizeof count, out);
    if (count != 0) put_bytes(value.data(), count * sizeof(*value.data()), out);
  } else {
    const std::size_t at = out.size();
    out.resize(at + sizeof(std::uint64_t));
    mp::encode(value, out);
    const std::uint64_t count = out.size() - at - sizeof count;
    std::memcpy(out.data() + at, &count, sizeof count);
  }
}

/// Takes values in the order in which they were put.
class Parser {
 public:
  explicit Parser(std::span<const std::byte> bytes) noexcept : left_(bytes) {}

  std::span<const std::byte> bytes(std::uint64_t count) {
    if (count > left_.size()) throw NotSerialisable("a message is cut short");
    const auto taken = left_.first(count);
    left_ = left_.subspan(count);
    return taken;
  }

  template <class T>
  T get() {
    if constexpr (mp::goes_as_bytes<T>) {
      return mp::decode<T>(bytes(sizeof(T)));
    } else if constexpr (std::is_same_v<T, std::string> || IsByteVector<T>::value) {
      using Item = typename T::value_type;
      const auto count = get<std::uint64_t>();
      if (count > left_.size()) throw NotSerialisable("a message is cut short");
      const auto content = bytes(count * sizeof(Item));
      T value(count, Item());
      if (count != 0) std::memcpy(value.data(), content.data(), content.size());
      return value;
    } else {
      return mp::decode<T>(bytes(get<std::uint64_t>()));
    }
  }

 private:
  std::span<const std::byte> left_;
};

// --- Callables ----------------------------------------------------------------------------------

os::CodeName name_of_code(const void* address);  // throws Error when it has no name
/// Throws NotFound. Of the thread that runs tasks.
const void* code_of_name(std::span<const std::byte> name);

template <class F>
void check_callable() {
  static_assert(is_function_pointer<F> || std::is_class_v<F>,
                "a pointer to a member does not travel: use a lambda");
  static_assert(std::is_trivially_copyable_v<F>,
                "this closure travels to other processes as bytes, so its captures must be "
                "trivially copyable: give strings, vectors and arrays as arguments");
  static_assert(sizeof(F) <= captures_bytes_max, "a closure may capture at most 4 KiB by value");
}

template <class F>
void put_callable(const F& f, mp::Bytes& out) {
  check_callable<F>();
  if constexpr (is_function_pointer<F>) {
    const os::CodeName name = name_of_code(reinterpret_cast<const void*>(f));
    put_bytes(&name, sizeof name, out);
  } else {
    const std::size_t at = out.size();
    out.resize(at + sizeof f);
    if constexpr (!std::is_empty_v<F>) {
      std::memcpy(out.data() + at, static_cast<const void*>(&f), sizeof f);
    }
  }
}

/// A callable at its destination.
template <class F>
class Arrived {
 public:
  explicit Arrived(Parser& parser) {
    if constexpr (is_function_pointer<F>) {
      const auto code =
          reinterpret_cast<F>(const_cast<void*>(code_of_name(parser.bytes(sizeof(os::CodeName)))));
      std::memcpy(bytes_, &code, sizeof code);
    } else {
      std::memcpy(bytes_, parser.bytes(sizeof(F)).data(), sizeof(F));
    }
  }
  Arrived(const Arrived&) = delete;
  Arrived& operator=(const Arrived&) = delete;
  F& get() noexcept { return *std::launder(reinterpret_cast<F*>(bytes_)); }

 private:
  alignas(F) std::byte bytes_[sizeof(F)];
};

/// Runs one part of a task; what it throws becomes the outcome.
template <class Part>
TaskOutcome guarded(TaskOutcome failed, mp::Bytes& result, Part part) {
  try {
    part();
    return TaskOutcome::returned;
  } catch (...) {
    result.clear();
    describe_exception(result);
    return failed;
  }
}

template <class F, class... Args>
struct Invocation {
  static_assert(std::is_invocable_v<F&, Args...>,
                "the callable cannot be called with these arguments (it gets them as rvalues of "
                "another process: take them by value or by const reference)");
  using Returned = std::invoke_result_t<F&, Args...>;
  using Result = ResultOf<Returned>;

  static TaskOutcome run(std::span<const std::byte> argument, mp::Bytes& out) {
    std::optional<Arrived<F>> f;
    std::optional<std::tuple<Args...>> arguments;
    const TaskOutcome decoded = guarded(TaskOutcome::not_decoded, out, [&] {
      Parser parser(argument);
      f.emplace(parser);
      // Braces: in the order in which they were put.
      arguments.emplace(std::tuple<Args...>{parser.get<Args>()...});
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
      return guarded(TaskOutcome::not_encoded, out, [&] { put(result, out); });
    }
  }
};

/// A callable on many items, one after the other; Star: an item is a tuple of arguments.
template <class F, class Item, bool star>
struct ChunkInvocation {
  static decltype(auto) call(F& f, Item& item) {
    if constexpr (star) {
      return std::apply(f, std::move(item));
    } else {
      return std::invoke(f, std::move(item));
    }
  }
  using Returned = decltype(call(std::declval<F&>(), std::declval<Item&>()));
  using Result = ResultOf<Returned>;

  static TaskOutcome run(std::span<const std::byte> argument, mp::Bytes& out) {
    Parser parser(argument);
    std::optional<Arrived<F>> f;
    std::uint64_t count = 0;
    TaskOutcome outcome = guarded(TaskOutcome::not_decoded, out, [&] {
      f.emplace(parser);
      count = parser.get<std::uint64_t>();
    });
    for (std::uint64_t i = 0; i < count && outcome == TaskOutcome::returned; ++i) {
      std::optional<Item> item;
      outcome = guarded(TaskOutcome::not_decoded, out, [&] { item.emplace(parser.get<Item>()); });
      if (outcome != TaskOutcome::returned) break;
      if constexpr (std::is_void_v<Returned>) {
        call(f->get(), *item);
      } else {
        const Result result = call(f->get(), *item);
        outcome = guarded(TaskOutcome::not_encoded, out, [&] { put(result, out); });
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
decltype(auto) stored(const A& argument) {
  if constexpr (std::is_same_v<Stored<A>, A>) {
    return (argument);
  } else {
    return Stored<A>(argument);
  }
}

template <class F, class... Args>
Call make_call(const F& f, const Args&... args) {
  Call call;
  call.entry = entry_name<&Invocation<F, Stored<Args>...>::run>();
  call.type = typeid(F).name();
  put_callable(f, call.argument);
  (put(stored<Args>(args), call.argument), ...);
  return call;
}

}  // namespace furrow::process
