// furrow's side of every topic. Arrays by an engine's workers; what is measured in the cache of one
// core by furrow::kernels alone.
#include <cmath>

#include <furrow/compute/linalg.hpp>
#include <furrow/compute/quantile.hpp>
#include <furrow/compute/scan.hpp>
#include <furrow/compute/sort.hpp>
#include <furrow/kernels/registry.hpp>

#include "stage.hpp"

namespace bench {
namespace {

furrow::Engine& workers(const Operands& o) { return engine(o.workers); }

void scale(Operands& o) { workers(o).apply_to("multiply", stage().z, {stage().x, 3}); }
void add(Operands& o) { workers(o).apply_to("add", stage().z, {stage().x, stage().y}); }
void triad(Operands& o) { workers(o).apply_to("fma", stage().z, {stage().x, 3, stage().y}); }

void sum(Operands& o) { o.result = workers(o).sum(stage().x); }
void dot(Operands& o) { o.result = workers(o).dot(stage().x, stage().y); }
void min(Operands& o) { o.result = workers(o).min(stage().x); }

void fused(Operands& o) {
  workers(o).evaluate("z = where(x > 0, log(x), 0) + 2*y",
                      {{"x", stage().x}, {"y", stage().y}, {"z", stage().z}});
}
void fused_polynomial(Operands& o) {
  workers(o).evaluate("z = ((x*0.5 + y)*x - y)*x + 2*y",
                      {{"x", stage().x}, {"y", stage().y}, {"z", stage().z}});
}

void sort(Operands& o) { furrow::sort(workers(o), stage().x); }
void median(Operands& o) { o.result = furrow::median(workers(o), stage().x).data()[0]; }
void cumsum(Operands& o) { furrow::cumsum(workers(o), stage().x, stage().z); }

void gemm(Operands& o) {
  const auto k = std::llround(std::sqrt(static_cast<double>(o.n)));
  const auto matrix = [k](const furrow::Array<double>& a) {
    return a.reshape({k, k}).as<double>();
  };
  furrow::matmul(workers(o), matrix(stage().x), matrix(stage().y), matrix(stage().z));
}

furrow::AnyArray rows() {
  constexpr auto length = static_cast<std::int64_t>(row_length);
  return stage().x.reshape({stage().x.size() / length, length});
}
void slab(Operands& o) {
  workers(o).apply("affine", rows().columns(1, slab_length + 1), {0.999, 0.001});
}
void contiguous(Operands& o) {
  const std::int64_t n = rows().shape()[0] * static_cast<std::int64_t>(slab_length);
  workers(o).apply("affine", stage().x.slice(0, {0, n, 1}), {0.999, 0.001});
}

void random_uniform(Operands& o) { workers(o).apply("random_uniform", stage().z, {7}); }
void random_normal(Operands& o) { workers(o).apply("random_normal", stage().z, {7}); }

const furrow::kernels::Variant& variant_of(const char* name) {
  using namespace furrow;

  constexpr Dtype in[] = {Dtype::f64, Dtype::f64};
  const kernels::Kernel& kernel = *kernels::find(name);
  const kernels::Variant* const one = kernels::find_variant(kernel, {in, 1}, Dtype::f64);
  return one != nullptr ? *one : *kernels::find_variant(kernel, in, Dtype::f64);
}

struct Name {
  char text[16];
  consteval Name(const char* name) : text() {  // NOLINT: a string literal is the name
    for (int i = 0; name[i] != 0; ++i) text[i] = name[i];
  }
};

template <Name name>
void map(Operands& o) {
  static const furrow::kernels::Variant& variant = variant_of(name.text);
  furrow::kernels::MapCall call{};
  call.out = o.z;
  call.in[0] = o.x;
  call.in[1] = o.y;
  call.out_stride = call.in_stride[0] = call.in_stride[1] = 1;
  call.count = o.n;
  variant.map(call);
}

}  // namespace

std::span<const Peer> furrow_cases() {
  static constexpr const char* us = "furrow";
  static constexpr Peer cases[] = {
      {"scale", us, scale},
      {"add", us, add},
      {"triad", us, triad},
      {"sum", us, sum},
      {"dot", us, dot},
      {"min", us, min},
      {"fused", us, fused},
      {"fused_polynomial", us, fused_polynomial},
      {"sort", us, sort},
      {"median", us, median},
      {"cumsum", us, cumsum},
      {"gemm", us, gemm},
      {"slab", us, slab},
      {"slab", "furrow_contiguous", contiguous},
      {"random_uniform", us, random_uniform},
      {"random_normal", us, random_normal},
      {"exp", us, map<"exp">},
      {"log", us, map<"log">},
      {"sin", us, map<"sin">},
      {"cos", us, map<"cos">},
      {"tanh", us, map<"tanh">},
      {"pow", us, map<"pow">},
      {"atan", us, map<"atan">},
      {"erf", us, map<"erf">},
      {"cbrt", us, map<"cbrt">},
      {"tan", us, map<"tan">},
      {"asin", us, map<"asin">},
      {"sinh", us, map<"sinh">},
      {"cosh", us, map<"cosh">},
      {"asinh", us, map<"asinh">},
      {"acosh", us, map<"acosh">},
      {"atanh", us, map<"atanh">},
      {"log1p", us, map<"log1p">},
      {"log2", us, map<"log2">},
      {"log10", us, map<"log10">},
  };
  return cases;
}

}  // namespace bench
