// furrow/kernels/elementwise/cast_descriptors.cpp
//
// What the registry says about copy and the three casts:
//
//                  integer to integer   real to integer   complex to real
//   cast           wraps                saturates         there is none
//   cast_saturate  saturates            saturates         there is none
//   cast_wrap      wraps                wraps             the real part
//
// `cast` gives what C defines and what Rust's `as` gives where C leaves it open; expressions use
// it.
#include <array>
#include <cstring>

#include <furrow/kernels/elementwise/cast.hpp>
#include <furrow/kernels/elementwise/descriptors.hpp>
#include <furrow/kernels/packed.hpp>

namespace furrow::kernels {
namespace {

constinit Dispatch<CastTable> casts{resolve_cast};

using Rule = CastRule;

template <Rule R, class From>
constexpr bool saturates = R == Rule::saturate ||
                           (R == Rule::standard && is_real_float(dtype_of<From>));

template <class T>
void copy_packed(const MapCall& call) noexcept {
  if (call.out != call.in[0] && call.count != 0) {
    std::memcpy(call.out, call.in[0], call.count * sizeof(T));
  }
}

template <Rule R, class From, class To>
void cast_any(const MapCall& call) noexcept {
  if constexpr (std::is_same_v<From, To>) {
    map_any(call, &copy_packed<To>, {sizeof(To), {sizeof(From)}});
  } else {
    map_any(call, casts.table().at<saturates<R, From>, From, To>(), {sizeof(To), {sizeof(From)}});
  }
}

template <Rule R, class From, class To>
void cast_reference(const MapCall& call) noexcept {
  for (std::size_t i = 0; i < call.count; ++i) {
    const auto at = static_cast<std::ptrdiff_t>(i);
    static_cast<To*>(call.out)[at * call.out_stride] = convert<saturates<R, From>, To>(
        static_cast<const From*>(call.in[0])[at * call.in_stride[0]]);
  }
}

template <Rule R, class From, class To>
constexpr Variant variant_of() noexcept {
  Variant variant{};
  variant.in[0] = dtype_of<From>;
  variant.out = dtype_of<To>;
  variant.map = &cast_any<R, From, To>;
  variant.map_reference = &cast_reference<R, From, To>;
  return variant;
}

template <class... Ts>
struct Types {
  static constexpr std::size_t count = sizeof...(Ts);
  template <Rule R, class From>
  static constexpr std::array<Variant, count> from = {variant_of<R, From, Ts>()...};
  static constexpr std::array<Variant, count> copies = {variant_of<Rule::standard, Ts, Ts>()...};
};

using All = Types<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                  std::uint16_t, std::uint32_t, std::uint64_t, f16, float, double, c64, c128>;
using Complex = Types<c64, c128>;
constexpr std::size_t real_types = All::count - Complex::count;

template <std::size_t Count>
struct List {
  std::array<Variant, Count> variants{};
  std::size_t next = 0;
  constexpr void append(const auto& more) noexcept {
    for (const Variant& variant : more) variants[next++] = variant;
  }
};

template <Rule R, class... Reals>
constexpr auto make_variants(Types<Reals...>) noexcept {
  using Targets = std::conditional_t<R == Rule::wrap, All, Complex>;
  List<real_types * All::count + Complex::count * Targets::count> list;
  (list.append(All::from<R, Reals>), ...);
  list.append(Targets::template from<R, c64>);
  list.append(Targets::template from<R, c128>);
  return list.variants;
}

template <Rule R>
constexpr auto variants_of = make_variants<R>(
    Types<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
          std::uint32_t, std::uint64_t, f16, float, double>());

constexpr Kernel describe(std::string_view name, std::string_view summary, std::string_view formula,
                          std::string_view numpy, std::string_view error,
                          std::span<const Variant> variants) noexcept {
  return {name, Family::elementwise, summary, formula, numpy, error, 1, {}, variants, false};
}

constexpr Kernel kernels[] = {
    describe("copy", "Copies, bit by bit.", "out = x", "x.copy()", "exact", All::copies),
    describe(
        "cast",
        "Converts to another dtype; integers wrap, reals to integers are cut off and saturate, "
        "NaN gives 0.",
        "out = (dtype)x", "x.astype(dtype)", "correctly rounded", variants_of<Rule::standard>),
    describe("cast_saturate",
             "Converts to another dtype; what is out of an integer's range becomes its least or "
             "greatest number, NaN 0.",
             "out = min(max(x, least), greatest)", "x.clip(least, greatest).astype(dtype)",
             "correctly rounded", variants_of<Rule::saturate>),
    describe("cast_wrap",
             "Converts to another dtype as C; to integers modulo 2^bits, infinities and NaN give "
             "0; complex to real drops the imaginary part.",
             "out = (dtype)x", "x.astype(dtype)", "correctly rounded", variants_of<Rule::wrap>),
};

}  // namespace

std::span<const Kernel> cast_kernels() noexcept { return kernels; }

MapFunction cast_function(CastRule rule, Dtype from, Dtype to) noexcept {
  const Variant* variant =
      find_variant(kernels[1 + static_cast<std::size_t>(rule)], std::span(&from, 1), to);
  return variant != nullptr ? variant->map : nullptr;
}

}  // namespace furrow::kernels
