// furrow/engine/expression_job.hpp
//
// What engine/eigen.hpp and engine/xtensor.hpp share: a job that evaluates an expression of tiles
// into a tile. Include one of those.
#pragma once

#include <cstddef>
#include <utility>

#include <furrow/engine/engine.hpp>

namespace furrow::engine {

/// `Adapt` turns a tile into the library's view of it, and assigns an expression to one:
///   template <class T> static auto view(T* data, std::size_t count);
///   template <class V, class E> static void assign(V& out, const E& expression);
template <class Adapt, class F, class T, class... In>
struct AssignEntry {
  static void run(const void* captures, const TileCall& call) {
    run_with(*static_cast<const F*>(captures), call, std::index_sequence_for<In...>{});
  }
  template <std::size_t... I>
  static void run_with(const F& f, const TileCall& call, std::index_sequence<I...>) {
    auto out = Adapt::view(static_cast<T*>(call.operand[0]), call.count);
    // An expression may refer to its operands: they must outlive its evaluation.
    const auto in =
        std::make_tuple(Adapt::view(static_cast<const In*>(call.operand[I + 1]), call.count)...);
    Adapt::assign(out, f(std::get<I>(in)...));
  }
};

template <class Adapt, Element T, class F, Element... In>
Future<void> start_assign(Engine& engine, const Array<T>& out, F f, const Array<In>&... in) {
  FURROW_CHECK_CAPTURES(F);
  static_assert(sizeof...(In) < operands_max, "a job takes at most 8 arrays");
  Job job;
  job.count = out.size();
  job.operands = {{out, Use::write}, reading(in)...};
  job.entry = &AssignEntry<Adapt, F, T, In...>::run;
  job.captures = captures_of(f);
  return Future<void>(engine.start(std::move(job)));
}

}  // namespace furrow::engine
