// furrow/kernels/elementwise/describe.hpp
//
// How a group of elementwise operations becomes entries of the registry: a struct says what the
// group has, Describe<Group> makes of it the functions that the registry points to.
//
//   struct Powers {
//     using Op = PowerOp;                                        // ends in end_of_list
//     static constexpr std::size_t input_count(Op) noexcept;
//     template <Op O, class T> static MapFunction packed() noexcept;       // of the target in use
//     template <Op O, class T> static T reference(const Scalar* p, T x, T y, T z) noexcept;
//   };
//   constexpr Kernel kernels[] = {Describe<Powers>::kernel<PowerOp::pow, Floats>({"pow", …}), …};
//
// All operands of such an operation have one type. Each group's kernels are a line in registry.cpp.
#pragma once

#include <furrow/kernels/packed.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::kernels {

struct Words {
  std::string_view name, summary, formula, numpy, error;
};

template <class Group>
struct Describe {
  using Op = typename Group::Op;

  /// What the registry calls: any strides, the target in use.
  template <Op O, class T>
  static void map(const MapCall& call) noexcept {
    constexpr std::size_t inputs = Group::input_count(O);
    const MapFunction function = Group::template packed<O, T>();
    if (is_packed(call, inputs)) return function(call);
    map_strided(call, function, {sizeof(T), sizeof(T), inputs});
  }

  template <Op O, class T>
  static void map_reference(const MapCall& call) noexcept {
    constexpr std::size_t inputs = Group::input_count(O);
    for (std::size_t i = 0; i < call.count; ++i) {
      const auto at = static_cast<std::ptrdiff_t>(i);
      T operand[inputs_max] = {};
      for (std::size_t k = 0; k < inputs; ++k) {
        operand[k] = static_cast<const T*>(call.in[k])[at * call.in_stride[k]];
      }
      static_cast<T*>(call.out)[at * call.out_stride] =
          Group::template reference<O, T>(call.parameters, operand[0], operand[1], operand[2]);
    }
  }

  template <Op O, class T>
  static constexpr Variant variant() noexcept {
    Variant variant{};
    for (std::size_t k = 0; k < Group::input_count(O); ++k) variant.in[k] = dtype_of<T>;
    variant.out = dtype_of<T>;
    variant.map = &map<O, T>;
    variant.map_reference = &map_reference<O, T>;
    return variant;
  }

  /// `List` is a Types<…>: the dtypes that the operation has.
  template <Op O, class List>
  static constexpr Kernel kernel(const Words& words,
                                 std::span<const Parameter> parameters = {}) noexcept {
    return {words.name,
            Family::elementwise,
            words.summary,
            words.formula,
            words.numpy,
            words.error,
            Group::input_count(O),
            parameters,
            List::template variants<Describe, O>,
            false};
  }
};

template <class... Ts>
struct Types {
  template <class Description, auto O>
  static constexpr std::array<Variant, sizeof...(Ts)> variants = {
      Description::template variant<O, Ts>()...};
};

using Floats = Types<float, double>;
using Ints = Types<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                   std::uint16_t, std::uint32_t, std::uint64_t>;
using Reals = Types<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                    std::uint16_t, std::uint32_t, std::uint64_t, float, double>;
using Numbers = Types<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                      std::uint16_t, std::uint32_t, std::uint64_t, float, double, c64, c128>;
using All = Types<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                  std::uint16_t, std::uint32_t, std::uint64_t, f16, float, double, c64, c128>;

/// The function for a dtype in and out; null when the kernel has none.
inline MapFunction map_function(const Kernel& kernel, Dtype dtype) noexcept {
  for (const Variant& variant : kernel.variants) {
    if (variant.out == dtype) return variant.map;
  }
  return nullptr;
}

}  // namespace furrow::kernels
