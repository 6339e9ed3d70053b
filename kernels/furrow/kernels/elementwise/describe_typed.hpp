// furrow/kernels/elementwise/describe_typed.hpp
//
// Entries of the registry for operations whose operands differ in type (comparisons, where) and
// for those whose specification is one scalar function without parameters.
//
//   struct Comparisons {
//     using Op = CompareOp;                                      // ends in end_of_list
//     template <Op O, class T> using Spec = …;                   // has static bool of(T x, T y)
//     template <Op O, class T> static MapFunction packed() noexcept;       // of the target in use
//   };
//   constexpr Kernel kernels[] = {TypedKernels<Comparisons>::kernel<CompareOp::less, All>({…}), …};
//
// The types of `of` are the dtypes of the variant; T is only its name.
#pragma once

#include <array>
#include <utility>

#include <furrow/kernels/elementwise/describe.hpp>
#include <furrow/kernels/packed.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::kernels {

/// What the type of a scalar function says.
template <class Function>
struct Signature;

template <class Out_, class... In>
struct Signature<Out_(In...) noexcept> {
  using Out = Out_;
  static constexpr std::size_t inputs = sizeof...(In);
  static constexpr MapBytes bytes{sizeof(Out), {sizeof(In)...}};

  static constexpr Variant variant() noexcept {
    Variant variant{};
    std::size_t k = 0;
    ((variant.in[k++] = dtype_of<In>), ...);
    variant.out = dtype_of<Out>;
    return variant;
  }

  /// The specification: one element after the other, any strides.
  template <class Spec>
  static void reference(const MapCall& call) noexcept {
    reference_with<Spec>(call, std::index_sequence_for<In...>{});
  }

 private:
  template <class Spec, std::size_t... K>
  static void reference_with(const MapCall& call, std::index_sequence<K...>) noexcept {
    for (std::size_t i = 0; i < call.count; ++i) {
      const auto at = static_cast<std::ptrdiff_t>(i);
      static_cast<Out*>(call.out)[at * call.out_stride] =
          Spec::of(static_cast<const In*>(call.in[K])[at * call.in_stride[K]]...);
    }
  }
};

template <class Spec>
using SignatureOf = Signature<decltype(Spec::of)>;

template <class Group>
struct TypedKernels {
  using Op = typename Group::Op;
  template <Op O, class T>
  using Spec = typename Group::template Spec<O, T>;

  /// What the registry calls: any strides, the target in use.
  template <Op O, class T>
  static void map(const MapCall& call) noexcept {
    map_any(call, Group::template packed<O, T>(), SignatureOf<Spec<O, T>>::bytes);
  }

  template <Op O, class T>
  static constexpr Variant variant() noexcept {
    Variant variant = SignatureOf<Spec<O, T>>::variant();
    variant.map = &map<O, T>;
    variant.map_reference = &SignatureOf<Spec<O, T>>::template reference<Spec<O, T>>;
    return variant;
  }

  /// `List` is a Types<…>: the types T that the operation has.
  template <Op O, class List>
  static constexpr Kernel kernel(const Words& words) noexcept {
    return {words.name,
            Family::elementwise,
            words.summary,
            words.formula,
            words.numpy,
            words.error,
            List::template variants<TypedKernels, O>[0].in[2] != Dtype::none   ? 3U
            : List::template variants<TypedKernels, O>[0].in[1] != Dtype::none ? 2U
                                                                               : 1U,
            {},
            List::template variants<TypedKernels, O>,
            false};
  }
};

/// The variants of two groups as those of one kernel.
template <const auto& First, const auto& Second>
inline constexpr auto joined_variants = [] {
  std::array<Variant, First.size() + Second.size()> all{};
  for (std::size_t i = 0; i < First.size(); ++i) all[i] = First[i];
  for (std::size_t i = 0; i < Second.size(); ++i) all[First.size() + i] = Second[i];
  return all;
}();

}  // namespace furrow::kernels
