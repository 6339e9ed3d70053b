// furrow/kernels/elementwise/select.cpp
//
// Minima, choices, signs and parts of complex numbers: plain loops.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/elementwise/select.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/elementwise/loop-inl.h>
#include <furrow/kernels/elementwise/select.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

// Bools are read as bytes, since g++ 12 vectorises no loop over bools and wider elements.
template <class T>
void run_where(const MapCall& call) noexcept {
  if (call.streaming)
    return map_streaming(call, &run_where<T>, {sizeof(T), {1, sizeof(T), sizeof(T)}});
  auto* out = static_cast<T*>(call.out);
  const auto* condition = static_cast<const std::uint8_t*>(call.in[0]);
  const auto* x = static_cast<const T*>(call.in[1]);
  const auto* y = static_cast<const T*>(call.in[2]);
  const std::size_t count = call.count;
  FURROW_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = SelectSpec<SelectOp::where, T>::by_bits(condition[i], x[i], y[i]);
  }
}

template <class... Ts>
constexpr void put_where(SelectTable& table) noexcept {
  ((table.at(SelectOp::where, dtype_of<Ts>) = &run_where<Ts>), ...);
  // These go as the integers that they are made of.
  table.at(SelectOp::where, Dtype::bool_) = &run_where<std::uint8_t>;
  table.at(SelectOp::where, Dtype::f16) = &run_where<std::uint16_t>;
}

template <SelectOp O, class... Ts>
constexpr void put(SelectTable& table) noexcept {
  ((table.at(O, dtype_of<Ts>) = &Loop<SelectSpec<O, Ts>>::run), ...);
}

template <SelectOp O, class... More>
constexpr void put_reals(SelectTable& table) noexcept {
  put<O, More..., std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
      std::uint16_t, std::uint32_t, std::uint64_t, float, double>(table);
}

constexpr SelectTable make_select() noexcept {
  using Op = SelectOp;
  SelectTable table;
  put_reals<Op::minimum, bool>(table);
  put_reals<Op::maximum, bool>(table);
  put_reals<Op::fmin, bool>(table);
  put_reals<Op::fmax, bool>(table);
  put_reals<Op::sign>(table);
  put<Op::copysign, float, double>(table);
  put_where<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
            std::uint32_t, std::uint64_t, float, double, c64, c128>(table);
  put<Op::real, c64, c128>(table);
  put<Op::imag, c64, c128>(table);
  put<Op::conj, c64, c128>(table);
  return table;
}

const SelectTable* select_table() {
  static constexpr SelectTable table = make_select();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

FURROW_EXPORT_TABLE(SelectTable, select);

}  // namespace furrow::kernels
#endif
