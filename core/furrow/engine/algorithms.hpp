// furrow/engine/algorithms.hpp
//
// The templates behind Engine's closures: how a C++ closure becomes a job. Included by
// engine/engine.hpp; include that.
//
// Travel  a closure is its captures' bytes plus the entry function below that is instantiated for
//         its type; workers find that function by build id and offset
#pragma once

#include <furrow/engine/engine.hpp>

namespace furrow {
namespace engine {

template <class F>
concept Shippable = std::is_trivially_copyable_v<F>;

template <class F>
std::span<const std::byte> captures_of(const F& f) {
  static_assert(sizeof(F) <= captures_bytes_max, "a closure may capture at most 4 KiB by value");
  return std::as_bytes(std::span<const F, 1>(&f, 1));
}

#define FURROW_CHECK_CAPTURES(F)                                                             \
  static_assert(std::is_trivially_copyable_v<F>,                                             \
                "this closure travels to other processes as bytes, so its captures must be " \
                "trivially copyable: capture numbers, pointers and views by value "          \
                "(v = x.view()), not Array, std::vector or std::string")

template <class F, class T, class... In>
struct TransformEntry {
  static void run(const void* captures, const TileCall& call) {
    const F& f = *static_cast<const F*>(captures);
    run_with(f, call, std::index_sequence_for<In...>{});
  }
  template <std::size_t... I>
  static void run_with(const F& f, const TileCall& call, std::index_sequence<I...>) {
    T* const out = static_cast<T*>(call.operand[0]);
    const auto in = std::make_tuple(static_cast<const In*>(call.operand[I + 1])...);
    const std::size_t count = call.count;
    // out is one of the inputs or overlaps none of them, so elements are independent.
#if defined(__clang__)
#pragma clang loop vectorize(assume_safety)
#else
#pragma GCC ivdep
#endif
    for (std::size_t i = 0; i < count; ++i) {
      out[i] = static_cast<T>(f(std::get<I>(in)[i]...));
    }
  }
};

template <class F, class T, class... In>
struct ForEachTileEntry {
  static void run(const void* captures, const TileCall& call) {
    const F& f = *static_cast<const F*>(captures);
    run_with(f, call, std::index_sequence_for<In...>{});
  }
  template <std::size_t... I>
  static void run_with(const F& f, const TileCall& call, std::index_sequence<I...>) {
    f(Tile<T>(static_cast<T*>(call.operand[0]), call.count, call.first),
      Tile<const In>(static_cast<const In*>(call.operand[I + 1]), call.count, call.first)...);
  }
};

template <class F>
struct ForEachEntry {
  static void run(const void* captures, const TileCall& call) {
    const F& f = *static_cast<const F*>(captures);
    for (std::size_t i = 0; i < call.count; ++i) f(call.first + static_cast<std::int64_t>(i));
  }
};

template <class F>
struct ForEachWorkerEntry {
  static void run(const void* captures, const TileCall& call) {
    (*static_cast<const F*>(captures))(call.worker);
  }
};

template <class A, class Add, class Combine>
struct ReduceCaptures {
  A identity;
  Add add;
  Combine combine;
};

template <class A, class T, class Add, class Combine>
struct ReduceEntry {
  using Captures = ReduceCaptures<A, Add, Combine>;
  static void run(const void* captures, const TileCall& call) {
    const auto& c = *static_cast<const Captures*>(captures);
    A& accumulator = *static_cast<A*>(call.partial);
    if constexpr (std::is_void_v<T>) {
      for (std::size_t i = 0; i < call.count; ++i) {
        c.add(accumulator, call.first + static_cast<std::int64_t>(i));
      }
    } else {
      const T* const x = static_cast<const T*>(call.operand[0]);
      for (std::size_t i = 0; i < call.count; ++i) c.add(accumulator, x[i]);
    }
  }
  static void combine(const void* captures, void* left, const void* right) {
    const auto& c = *static_cast<const Captures*>(captures);
    if (right == nullptr) {
      std::memcpy(left, &c.identity, sizeof(A));
    } else {
      c.combine(*static_cast<A*>(left), *static_cast<const A*>(right));
    }
  }
};

template <Element T>
Operand reading(const Array<T>& array) {
  return {array, Use::read};
}

template <class A, class T, class Add, class Combine>
Future<A> start_reduce(Engine& engine, Job job, const A& identity, Add add, Combine combine) {
  FURROW_CHECK_CAPTURES(A);
  static_assert(alignof(A) <= 16, "an accumulator is aligned to at most 16 bytes");
  FURROW_CHECK_CAPTURES(Add);
  FURROW_CHECK_CAPTURES(Combine);
  using Entry = ReduceEntry<A, T, Add, Combine>;
  const typename Entry::Captures captures{identity, add, combine};
  auto value = std::make_shared<A>(identity);
  job.entry = &Entry::run;
  job.combine = &Entry::combine;
  job.captures = captures_of(captures);
  job.partial_bytes = sizeof(A);
  job.finish = [value](const void* partial) {
    if (partial != nullptr) std::memcpy(value.get(), partial, sizeof(A));
  };
  return Future<A>(engine.start(std::move(job)), std::move(value));
}

}  // namespace engine

template <Element T>
Value Engine::to_value(T value) {
  if constexpr (is_complex(dtype_of<T>)) {
    return Value(std::complex<double>(value));
  } else if constexpr (std::is_same_v<T, f16>) {
    return Value(static_cast<double>(value));
  } else {
    return Value(value);
  }
}

template <Element T>
auto Engine::sum_result(const kernels::ReduceResult& result) {
  if constexpr (is_complex(dtype_of<T>)) {
    return std::complex<double>(result.f64[0], result.f64[1]);
  } else if constexpr (is_real_float(dtype_of<T>)) {
    return result.f64[0];
  } else if constexpr (is_signed_integer(dtype_of<T>)) {
    return result.i64;
  } else {
    return result.u64;
  }
}

template <Element T>
T Engine::extreme(std::string_view kernel, const Array<T>& x) {
  const kernels::ReduceResult result = reduce(kernel, x);
  if constexpr (is_signed_integer(dtype_of<T>)) {
    return static_cast<T>(result.i64);
  } else if constexpr (is_unsigned_integer(dtype_of<T>) || std::is_same_v<T, bool>) {
    return static_cast<T>(result.u64);
  } else {
    return static_cast<T>(result.f64[0]);
  }
}

template <Element T, class F, Element... In>
Future<void> Engine::transform_async(const Array<T>& out, F f, const Array<In>&... in) {
  FURROW_CHECK_CAPTURES(F);
  engine::Job job;
  job.count = out.size();
  job.captures = engine::captures_of(f);
  if constexpr (sizeof...(In) == 0) {
    static_assert(std::is_invocable_v<const F&, const T&>, "transform(x, f) calls f(element)");
    job.operands = {{out, engine::Use::write}, {out, engine::Use::read}};
    job.entry = &engine::TransformEntry<F, T, T>::run;
  } else {
    static_assert(sizeof...(In) < engine::operands_max, "a job takes at most 8 arrays");
    static_assert(std::is_invocable_v<const F&, const In&...>,
                  "transform(out, f, in...) calls f with one element of each input");
    job.operands = {{out, engine::Use::write}, engine::reading(in)...};
    job.entry = &engine::TransformEntry<F, T, In...>::run;
  }
  return Future<void>(start(std::move(job)));
}

template <Element T, class F, Element... In>
Future<void> Engine::for_each_tile_async(const Array<T>& x, F f, const Array<In>&... in) {
  FURROW_CHECK_CAPTURES(F);
  static_assert(sizeof...(In) < engine::operands_max, "a job takes at most 8 arrays");
  static_assert(std::is_invocable_v<const F&, Tile<T>, Tile<const In>...>,
                "for_each_tile(x, f, in...) calls f(Tile<T>, Tile<const In>...)");
  engine::Job job;
  job.count = x.size();
  job.operands = {{x, engine::Use::update}, engine::reading(in)...};
  job.entry = &engine::ForEachTileEntry<F, T, In...>::run;
  job.captures = engine::captures_of(f);
  return Future<void>(start(std::move(job)));
}

template <class F>
Future<void> Engine::for_each_async(std::int64_t count, F f, const JobOptions& options) {
  FURROW_CHECK_CAPTURES(F);
  static_assert(std::is_invocable_v<const F&, std::int64_t>, "for_each(count, f) calls f(index)");
  engine::Job job;
  job.count = count;
  job.tile_elements = 1;
  job.options = options;
  job.entry = &engine::ForEachEntry<F>::run;
  job.captures = engine::captures_of(f);
  return Future<void>(start(std::move(job)));
}

template <class F>
Future<void> Engine::for_each_worker_async(F f) {
  FURROW_CHECK_CAPTURES(F);
  static_assert(std::is_invocable_v<const F&, std::size_t>, "for_each_worker(f) calls f(worker)");
  engine::Job job;
  job.per_worker = true;
  job.entry = &engine::ForEachWorkerEntry<F>::run;
  job.captures = engine::captures_of(f);
  return Future<void>(start(std::move(job)));
}

template <class A, Element T, class Add, class Combine>
Future<A> Engine::reduce_async(const Array<T>& x, const A& identity, Add add, Combine combine,
                               const JobOptions& options) {
  engine::Job job;
  job.count = x.size();
  job.operands = {engine::reading(x)};
  job.options = options;
  return engine::start_reduce<A, T>(*this, std::move(job), identity, add, combine);
}

template <class A, class Add, class Combine>
Future<A> Engine::reduce_indices_async(std::int64_t count, std::int64_t tile, const A& identity,
                                       Add add, Combine combine, const JobOptions& options) {
  engine::Job job;
  job.count = count;
  job.tile_elements = tile;
  job.options = options;
  return engine::start_reduce<A, void>(*this, std::move(job), identity, add, combine);
}

}  // namespace furrow
