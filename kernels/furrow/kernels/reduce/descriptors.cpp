// furrow/kernels/reduce/descriptors.cpp
//
// What the registry says about the reductions: how a call is cut into tiles, how partials combine
// and what they mean at the end.
#include <furrow/kernels/reduce/descriptors.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <furrow/kernels/packed.hpp>
#include <furrow/kernels/reduce/entries.hpp>
#include <furrow/kernels/reduce/partials.hpp>
#include <furrow/kernels/reduce/reference.hpp>

namespace furrow::kernels {
namespace {

constinit Dispatch<ReduceTable> floating{resolve_reduce_floating};
constinit Dispatch<ReduceTable> complex_products{resolve_reduce_complex};
constinit Dispatch<ReduceTable> exact{resolve_reduce_exact};
constinit Dispatch<ReduceTable> special{resolve_reduce_special};
constinit Dispatch<ReduceTable> places{resolve_reduce_places};

// --- partials: combine and finish ----------------------------------------------------------------

using Op = ReduceOp;

constexpr bool is_moments(Op op) noexcept {
  return op == Op::mean_variance || op == Op::nanmean_variance;
}
constexpr bool is_number_place(Op op) noexcept {
  return op == Op::nanargmin || op == Op::nanargmax;
}
constexpr bool is_place(Op op) noexcept {
  return op == Op::argmin || op == Op::argmax || is_number_place(op);
}
constexpr bool is_count(Op op) noexcept {
  return op == Op::count || op == Op::count_nan || op == Op::any || op == Op::all;
}
constexpr bool is_special(Op op) noexcept { return op >= Op::norm1 && op <= Op::nanmean_variance; }
constexpr bool is_norm(Op op) noexcept { return op >= Op::norm1 && op <= Op::norm_inf; }

/// What a sum or an extreme of T is: f64, i64 or u64.
template <class T>
using WideOf =
    std::conditional_t<is_real_float(dtype_of<T>), double,
                       std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>;

template <Op O, class T>
constexpr auto partial_of() noexcept {
  if constexpr (is_moments(O)) {
    return MomentsPartial{};
  } else if constexpr (is_place(O)) {
    return PlacePartial<WideOf<T>>{};
  } else if constexpr (O == Op::norm2) {
    return NormPartial{};
  } else if constexpr (!is_count(O) && is_complex(dtype_of<T>)) {
    return ComplexPartial{};
  } else if constexpr (!is_count(O) && (is_norm(O) || is_real_float(dtype_of<T>))) {
    return RealPartial{};
  } else if constexpr (!is_count(O) && std::is_signed_v<T>) {
    return SignedPartial{};
  } else {
    return UnsignedPartial{};
  }
}
template <Op O, class T>
using PartialOf = decltype(partial_of<O, T>());

template <Op O, class V>
V combine_values(V x, V y) noexcept {
  constexpr bool wraps = std::is_integral_v<V>;
  switch (O) {
    case Op::product:
    case Op::nanprod:
      if constexpr (wraps) {
        return static_cast<V>(static_cast<std::uint64_t>(x) * static_cast<std::uint64_t>(y));
      }
      return x * y;
    case Op::min: return x < y || x != x ? x : y;
    case Op::max:
    case Op::norm_inf: return x > y || x != x ? x : y;
    case Op::nanmin: return x < y || y != y ? x : y;
    case Op::nanmax: return x > y || y != y ? x : y;
    case Op::any: return x != 0 || y != 0 ? 1 : 0;
    case Op::all: return x != 0 && y != 0 ? 1 : 0;
    default:
      if constexpr (wraps) {
        return static_cast<V>(static_cast<std::uint64_t>(x) + static_cast<std::uint64_t>(y));
      }
      return x + y;
  }
}

template <ReduceOp O, class P>
void combine(const void* left, const void* right, void* out) noexcept {
  const P& x = *static_cast<const P*>(left);
  const P& y = *static_cast<const P*>(right);
  P both{};
  if constexpr (std::is_same_v<P, MomentsPartial>) {
    both = combine_moments(x, y);
  } else if constexpr (is_number_place(O)) {
    both = better_number_place<O == Op::nanargmax>(x, y);
  } else if constexpr (is_place(O)) {
    both = better_place<O == Op::argmax>(x, y);
  } else if constexpr (O == Op::norm2) {
    both = combine_norms(x, y);
  } else if constexpr (std::is_same_v<P, ComplexPartial> && O == Op::product) {
    both = combine_products(x, y);
  } else if constexpr (std::is_same_v<P, ComplexPartial>) {
    both = {x.real + y.real, x.imaginary + y.imaginary};
  } else {
    both.value = combine_values<O>(x.value, y.value);
  }
  std::memcpy(out, &both, sizeof both);
}

template <ReduceOp O, class P>
void identity(void* partial) noexcept {
  P empty{};
  if constexpr (std::is_same_v<P, ComplexPartial>) {
    if constexpr (O == Op::product) empty.real = 1;
  } else if constexpr (O == Op::product || O == Op::nanprod || O == Op::all) {
    empty.value = 1;
  }
  std::memcpy(partial, &empty, sizeof empty);
}

template <Op O, class P>
void finish(const void* partial, ReduceResult* out) noexcept {
  const P& x = *static_cast<const P*>(partial);
  *out = {};
  if constexpr (std::is_same_v<P, MomentsPartial>) {
    // The mean of nothing is NaN, its M2 is 0.
    out->f64[0] = x.count != 0 ? x.mean : std::numeric_limits<double>::quiet_NaN();
    out->f64[1] = x.m2;
    out->u64 = x.count;
  } else if constexpr (std::is_same_v<P, ComplexPartial>) {
    out->f64[0] = x.real;
    out->f64[1] = x.imaginary;
  } else if constexpr (is_place(O)) {
    out->i64 = static_cast<std::int64_t>(x.index);
    out->f64[0] = static_cast<double>(x.index);
  } else if constexpr (O == Op::norm2) {
    const double root = std::sqrt(x.sum);
    out->f64[0] = x.scale == 0 ? root : root * (x.scale > 0 ? norm_up : norm_down);
  } else {
    out->f64[0] = static_cast<double>(x.value);
    if constexpr (std::is_same_v<P, SignedPartial>) out->i64 = x.value;
    if constexpr (std::is_same_v<P, UnsignedPartial>) out->u64 = x.value;
  }
}

template <Op O, class P>
constexpr ResultKind result_kind = std::is_same_v<P, MomentsPartial>   ? ResultKind::moments
                                   : std::is_same_v<P, ComplexPartial> ? ResultKind::complex
                                   : is_place(O) || std::is_same_v<P, SignedPartial>
                                       ? ResultKind::signed_integer
                                   : O == Op::any || O == Op::all ? ResultKind::boolean
                                   : std::is_same_v<P, UnsignedPartial>
                                       ? ResultKind::unsigned_integer
                                       : ResultKind::real;

// --- one call: any count, any strides -----------------------------------------------------------

template <std::size_t Inputs>
constexpr bool is_packed(const ReduceCall& call) noexcept {
  return call.in_stride[0] == 1 && (Inputs == 1 || call.in_stride[1] == 1);
}

/// Whether the SIMD function takes calls of any length, and cuts them itself.
template <Op O, class T>
constexpr bool takes_runs =
    (O == Op::sum || O == Op::dot || O == Op::min || O == Op::max) && std::is_floating_point_v<T>;

template <ReduceOp O, class T>
void simd_tile(const ReduceCall& call, void* partial) noexcept {
  constexpr bool in_f64 = !is_count(O) && (!std::is_integral_v<T> || O == Op::mean_variance);
  constexpr bool complex_product = is_complex(dtype_of<T>) && (O == Op::product || O == Op::dot);
  const ReduceTable& table = complex_product ? complex_products.table()
                             : is_special(O) ? special.table()
                             : is_place(O)   ? places.table()
                             : in_f64        ? floating.table()
                                             : exact.table();
  const TileFunction function = table.at(O, dtype_of<T>);
  constexpr std::size_t inputs = input_count_of(O);
  if (is_packed<inputs>(call)) return function(call, partial);
  alignas(64) std::byte gathered[inputs][reduce_tile_bytes];
  ReduceCall tile = call;
  tile.stream = false;
  for (std::size_t k = 0; k < inputs; ++k) {
    gather(gathered[k], call.in[k], call.in_stride[k], call.count, sizeof(T));
    tile.in[k] = gathered[k];
    tile.in_stride[k] = 1;
  }
  function(tile, partial);
}

/// Cuts a longer call into tiles, and combines them as combine_tree does.
template <ReduceOp O, class T, TileFunction Tile>
void any_count(const ReduceCall& call, void* partial) noexcept {
  using P = PartialOf<O, T>;
  constexpr std::size_t elements = tile_elements(sizeof(T));
  if (call.count <= elements) return Tile(call, partial);
  ReduceCall tile = call;
  // What fits into the first-level cache is not fetched ahead: there it would only cost.
  tile.stream = call.stream || call.count * sizeof(T) > 6 * reduce_tile_bytes;
  if constexpr (takes_runs<O, T> && Tile == &simd_tile<O, T>) {
    if (is_packed<input_count_of(O)>(call)) return Tile(tile, partial);
  }
  const auto in_place = [](const P& left, const P& right, P& out) {
    combine<O, P>(&left, &right, &out);
  };
  TreeCounter<P, 64, decltype(in_place)> tree(in_place);
  for (std::size_t begin = 0; begin < call.count; begin += elements) {
    tile.count = std::min(elements, call.count - begin);
    tile.first_index = call.first_index + begin;
    for (std::size_t k = 0; k < input_count_of(O); ++k) {
      tile.in[k] = static_cast<const T*>(call.in[k]) +
                   static_cast<std::ptrdiff_t>(begin) * call.in_stride[k];
    }
    P next;
    Tile(tile, &next);
    tree.add(next);
  }
  *static_cast<P*>(partial) = tree.total();
}

// --- descriptors --------------------------------------------------------------------------------

constexpr bool has_identity(ReduceOp op) noexcept {
  switch (op) {
    case Op::min:
    case Op::max:
    case Op::argmin:
    case Op::argmax:
    case Op::nanargmin:
    case Op::nanargmax:
    case Op::nanmin:
    case Op::nanmax:
    case Op::norm_inf: return false;
    default: return true;
  }
}

template <ReduceOp O, class T, TileFunction Tile>
constexpr ReduceFunctions functions_of() noexcept {
  using P = PartialOf<O, T>;
  static_assert(sizeof(P) <= partial_bytes_max && sizeof(P) % 16 == 0);
  ReduceFunctions functions{};
  functions.partial_bytes = sizeof(P);
  functions.tile = &any_count<O, T, Tile>;
  functions.combine = &combine<O, P>;
  if constexpr (has_identity(O)) functions.identity = &identity<O, P>;
  functions.finish = &finish<O, P>;
  functions.result = result_kind<O, P>;
  return functions;
}

constexpr Dtype out_of(ResultKind kind) noexcept {
  switch (kind) {
    case ResultKind::complex: return Dtype::c128;
    case ResultKind::signed_integer: return Dtype::i64;
    case ResultKind::unsigned_integer: return Dtype::u64;
    case ResultKind::boolean: return Dtype::bool_;
    default: return Dtype::f64;
  }
}

template <ReduceOp O, class T>
constexpr Variant variant_of() noexcept {
  Variant variant{};
  for (std::size_t k = 0; k < input_count_of(O); ++k) variant.in[k] = dtype_of<T>;
  variant.out = out_of(result_kind<O, PartialOf<O, T>>);
  variant.reduce = functions_of<O, T, &simd_tile<O, T>>();
  variant.reduce_reference = functions_of<O, T, &reference_tile<O, T>>();
  return variant;
}

template <class... Ts>
struct Types {
  template <ReduceOp O>
  static constexpr std::array<Variant, sizeof...(Ts)> variants = {variant_of<O, Ts>()...};
};

using std::int16_t;
using std::int32_t;
using std::int64_t;
using std::int8_t;
using std::uint16_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;
using All = Types<bool, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t,
                  f16, float, double, c64, c128>;
using Ordered = Types<bool, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t,
                      uint64_t, f16, float, double>;
using Numbers =
    Types<int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, float, double>;
using ComplexToo = Types<int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t,
                         float, double, c64, c128>;
using MayBeNan = Types<f16, float, double, c64, c128>;
using RealFloats = Types<f16, float, double>;
using WideFloats = Types<float, double>;

struct Words {
  std::string_view name, summary, formula, numpy, error;
};

template <ReduceOp O, class List>
constexpr Kernel kernel(const Words& words) noexcept {
  return {words.name,
          Family::reduce,
          words.summary,
          words.formula,
          words.numpy,
          words.error,
          input_count_of(O),
          {},
          List::template variants<O>,
          has_identity(O)};
}

constexpr Kernel kernels[] = {
    kernel<Op::sum, All>({"sum", "Sum; floats in f64, integers wrap in 64 bits.", "sum x[i]",
                          "x.sum(dtype=np.float64)", "(68 + log2 tiles) eps*sum |x[i]|; f32: 132"}),
    kernel<Op::product, ComplexToo>({"prod", "Product; floats in f64, integers wrap in 64 bits.",
                                     "prod x[i]", "x.prod(dtype=np.float64)",
                                     "count * eps, relative; complex: 3 count * eps"}),
    kernel<Op::mean_variance, Ordered>(
        {"mean_variance", "Count, mean and M2, the sum of squared distances from the mean.",
         "mean = sum x[i] / n, M2 = sum (x[i] - mean)^2", "x.mean(), x.var() * x.size",
         "two passes in each tile, Chan's update between tiles"}),
    kernel<Op::min, Ordered>(
        {"min", "Least element; NaN when one is NaN.", "min x[i]", "x.min()", "exact"}),
    kernel<Op::max, Ordered>(
        {"max", "Greatest element; NaN when one is NaN.", "max x[i]", "x.max()", "exact"}),
    kernel<Op::dot, ComplexToo>(
        {"dot", "Inner product, nothing conjugated; floats in f64, integers wrap in 64 bits.",
         "sum x[i]*y[i]", "np.dot(x, y)", "(68 + log2 tiles) eps*sum |x[i]*y[i]|; f32: 132"}),
    kernel<Op::count, All>({"count_nonzero",
                            "Number of elements that are not zero; NaN is not zero.",
                            "#{i : x[i] != 0}", "np.count_nonzero(x)", "exact"}),
    kernel<Op::count_nan, MayBeNan>({"count_nan", "Number of elements that are NaN.",
                                     "#{i : x[i] is NaN}", "np.isnan(x).sum()", "exact"}),
    kernel<Op::argmin, Ordered>({"argmin", "First place of the least element, or of the first NaN.",
                                 "least i : x[i] = min x", "x.argmin()", "exact"}),
    kernel<Op::argmax, Ordered>({"argmax",
                                 "First place of the greatest element, or of the first NaN.",
                                 "least i : x[i] = max x", "x.argmax()", "exact"}),
    kernel<Op::any, All>({"any", "True when an element is not zero; NaN is not zero.",
                          "x[0] | x[1] | ...", "x.any()", "exact"}),
    kernel<Op::all, All>({"all", "True when no element is zero; NaN is not zero.",
                          "x[0] & x[1] & ...", "x.all()", "exact"}),
    kernel<Op::norm1, Numbers>({"norm1", "Sum of absolute values, in f64.", "sum |x[i]|",
                                "np.linalg.norm(x, 1)", "(68 + log2 tiles) eps; f32: 132"}),
    kernel<Op::norm2, ComplexToo>(
        {"norm2", "Euclidean norm, in f64; squares neither overflow nor underflow.",
         "sqrt(sum |x[i]|^2)", "np.linalg.norm(x)", "(35 + log2(tiles)/2) eps; f32: 67"}),
    kernel<Op::norm_inf, Numbers>({"norm_inf", "Greatest absolute value, in f64.", "max |x[i]|",
                                   "np.linalg.norm(x, np.inf)", "exact; 64-bit integers: 0.5 ULP"}),
    kernel<Op::nansum, RealFloats>({"nansum", "Sum of what is not NaN; 0 when all is NaN.",
                                    "sum x[i], x[i] not NaN", "np.nansum(x, dtype=np.float64)",
                                    "as sum"}),
    kernel<Op::nanprod, WideFloats>({"nanprod", "Product of what is not NaN; 1 when all is NaN.",
                                     "prod x[i], x[i] not NaN", "np.nanprod(x, dtype=np.float64)",
                                     "count * eps, relative"}),
    kernel<Op::nanmin, RealFloats>({"nanmin", "Least element that is not NaN; NaN when all is NaN.",
                                    "min x[i], x[i] not NaN", "np.nanmin(x)", "exact"}),
    kernel<Op::nanmax, RealFloats>({"nanmax",
                                    "Greatest element that is not NaN; NaN when all is NaN.",
                                    "max x[i], x[i] not NaN", "np.nanmax(x)", "exact"}),
    kernel<Op::nanmean_variance, RealFloats>(
        {"nanmean_variance", "Count, mean and M2 of what is not NaN; mean NaN when all is NaN.",
         "as mean_variance, x[i] not NaN", "np.nanmean(x), np.nanvar(x) * count",
         "as mean_variance"}),
    kernel<Op::nanargmin, RealFloats>(
        {"nanargmin", "First place of the least element that is not NaN; -1 when all is NaN.",
         "least i : x[i] = nanmin x", "np.nanargmin(x)", "exact"}),
    kernel<Op::nanargmax, RealFloats>(
        {"nanargmax", "First place of the greatest element that is not NaN; -1 when all is NaN.",
         "least i : x[i] = nanmax x", "np.nanargmax(x)", "exact"}),
};

}  // namespace

ComplexPartial fold_complex_product(double (&real)[16], double (&imaginary)[16]) noexcept {
  for (std::size_t half = 8; half != 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) {
      const ComplexPartial product =
          combine_products({real[i], imaginary[i]}, {real[i + half], imaginary[i + half]});
      real[i] = product.real;
      imaginary[i] = product.imaginary;
    }
  }
  return {real[0], imaginary[0]};
}

std::span<const Kernel> reduce_kernels() noexcept { return kernels; }

const ReduceFunctions* reduce_functions(ReduceOp op, Dtype dtype) noexcept {
  for (const Variant& variant : kernels[static_cast<std::size_t>(op)].variants) {
    if (variant.in[0] == dtype) return &variant.reduce;
  }
  return nullptr;
}

}  // namespace furrow::kernels
