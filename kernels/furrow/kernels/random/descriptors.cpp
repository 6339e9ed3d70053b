// furrow/kernels/random/descriptors.cpp
//
// What the registry says about the random fills, and the functions it points to.
#include <furrow/kernels/random/descriptors.hpp>

#include <furrow/kernels/packed.hpp>
#include <furrow/kernels/random/entries.hpp>
#include <furrow/kernels/random/reference.hpp>

namespace furrow::kernels {
namespace {

constinit Dispatch<RandomTable> simd{resolve_random};

template <RandomOp O, class T>
void random_any(const MapCall& call) noexcept {
  const MapFunction function = simd.table().at(O, dtype_of<T>);
  if (is_packed(call, 0)) return function(call);
  map_strided(call, function, {sizeof(T), 0, 0});
}

template <RandomOp O, class T>
constexpr Variant variant_of() noexcept {
  Variant variant{};
  variant.out = dtype_of<T>;
  variant.map = &random_any<O, T>;
  variant.map_reference = &reference_random_map<O, T>;
  return variant;
}

template <RandomOp O, class... Ts>
constexpr std::array<Variant, sizeof...(Ts)> variants = {variant_of<O, Ts>()...};

constexpr Parameter seed = {"seed", Parameter::Kind::count, false, 0};
constexpr Parameter stream = {"stream", Parameter::Kind::count, true, 0};
constexpr Parameter bits_parameters[] = {seed, stream};
constexpr Parameter uniform_parameters[] = {seed,
                                            stream,
                                            {"low", Parameter::Kind::real, true, 0},
                                            {"high", Parameter::Kind::real, true, 1}};
constexpr Parameter normal_parameters[] = {seed,
                                           stream,
                                           {"mean", Parameter::Kind::real, true, 0},
                                           {"std", Parameter::Kind::real, true, 1}};

constexpr Kernel kernels[] = {
    {"random_bits", Family::random,
     "Random bits: the words of Philox4x32-10, which are those of C++26's std::philox4x32.",
     "out[i] = words[i]", "rng.integers(2**32, dtype=np.uint32)", "exact", 0, bits_parameters,
     variants<RandomOp::bits, std::uint32_t, std::uint64_t>, false},
    {"random_uniform", Family::random,
     "Uniforms in the open interval (0, 1), scaled to low and high.",
     "out[i] = low + (high - low)*u[i]", "rng.uniform(low, high)", "exact for 0 and 1", 0,
     uniform_parameters, variants<RandomOp::uniform, float, double>, false},
    {"random_normal", Family::random, "Normals by Box and Muller, two from two uniforms.",
     "out[i] = mean + std*z[i]", "rng.normal(mean, std)",
     "3 ULP of the exact Box-Muller; f32: 0.501 ULP", 0, normal_parameters,
     variants<RandomOp::normal, float, double>, false},
};

}  // namespace

std::span<const Kernel> random_kernels() noexcept { return kernels; }

MapFunction random_function(RandomOp op, Dtype dtype) noexcept {
  for (const Variant& variant : kernels[static_cast<std::size_t>(op)].variants) {
    if (variant.out == dtype) return variant.map;
  }
  return nullptr;
}

}  // namespace furrow::kernels
