// furrow/kernels/elementwise/math.cpp
//
// exp, log, sin and cos.
#include <furrow/kernels/elementwise/entries.hpp>
#include <furrow/kernels/elementwise/reference.hpp>

namespace furrow::kernels {
namespace {

template <ElementwiseOp O>
constexpr void put(ElementwiseTable& table) noexcept {
  table.at(O, Dtype::f32) = &reference_map<O, float>;
  table.at(O, Dtype::f64) = &reference_map<O, double>;
}

constexpr ElementwiseTable make_math() noexcept {
  ElementwiseTable table;
  put<ElementwiseOp::exp>(table);
  put<ElementwiseOp::log>(table);
  put<ElementwiseOp::sin>(table);
  put<ElementwiseOp::cos>(table);
  return table;
}

constexpr ElementwiseTable table = make_math();

}  // namespace

const ElementwiseTable* resolve_math(std::size_t) noexcept { return &table; }

}  // namespace furrow::kernels
