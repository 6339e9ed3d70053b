// furrow/engine/eigen.hpp
//
// Eigen expressions on shared arrays, evaluated tile by tile by the workers.
//
//   furrow::eigen::assign(engine, z, [](auto x, auto y) { return 2 * x + y.sin(); }, x, y);
//
// Views     the lambda is called with Eigen::Map<const Eigen::Array<T, Dynamic, 1>> of one tile of
//           each input, in C order, and returns an expression of that many elements
// Use       coefficient-wise work; an expression that looks across elements (sum, reverse) sees
//           one tile only
// In place  an input may be the output itself; the job is exactly-once as any other
// Errors    as Engine::transform's
// Needs     Eigen 3.4
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <type_traits>

#include <furrow/engine/expression_job.hpp>

namespace furrow::eigen {

struct Adapt {
  template <class T>
  static auto view(T* data, std::size_t count) {
    using Plain = Eigen::Array<std::remove_const_t<T>, Eigen::Dynamic, 1>;
    using Kind = std::conditional_t<std::is_const_v<T>, const Plain, Plain>;
    return Eigen::Map<Kind>(data, static_cast<Eigen::Index>(count));
  }
  template <class V, class E>
  static void assign(V& out, const E& expression) {
    out = expression;
  }
};

template <Element T, class F, Element... In>
Future<void> assign_async(Engine& engine, const Array<T>& out, F f, const Array<In>&... in) {
  return engine::start_assign<Adapt>(engine, out, f, in...);
}

template <Element T, class F, Element... In>
void assign(Engine& engine, const Array<T>& out, F f, const Array<In>&... in) {
  assign_async(engine, out, f, in...).get();
}

}  // namespace furrow::eigen
