// furrow/engine/xtensor.hpp
//
// xtensor expressions on shared arrays, evaluated tile by tile by the workers.
//
//   furrow::xtensor::assign(engine, z, [](auto& x, auto& y) { return 2 * x + xt::sin(y); }, x, y);
//
// Views     the lambda is called with a row-major adaptor of rank 1 of one tile of each input, in
//           C order. Take them by reference: an xtensor expression refers to its operands.
// Use       element-wise work; an expression that looks across elements (xt::sum) sees one tile
// In place  an input may be the output itself; the job is exactly-once as any other
// Errors    as Engine::transform's
// Needs     xtensor 0.24
#pragma once

#include <array>
#include <cstddef>
#include <xtensor/xadapt.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xtensor.hpp>

#include <furrow/engine/expression_job.hpp>

namespace furrow::xtensor {

struct Adapt {
  template <class T>
  static auto view(T* data, std::size_t count) {
    return xt::adapt<xt::layout_type::row_major>(data, count, xt::no_ownership(),
                                                 std::array<std::size_t, 1>{count});
  }
  template <class V, class E>
  static void assign(V& out, const E& expression) {
    xt::noalias(out) = expression;
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

}  // namespace furrow::xtensor
