// tests/kernels/registry_test.cpp
//
// The list itself: complete descriptors, lookups, and the choice of the SIMD target.
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <furrow/kernels/elementwise/entries.hpp>
#include <furrow/kernels/registry.hpp>

#include "samples.hpp"

namespace furrow::kernels::test {
namespace {

TEST_CASE("every descriptor is complete") {
  std::set<std::string> names;
  for (const Kernel& kernel : all()) {
    INFO(kernel.name);
    CHECK(names.insert(std::string(kernel.name)).second);
    CHECK(find(kernel.name) == &kernel);
    for (const std::string_view words :
         {kernel.summary, kernel.formula, kernel.numpy, kernel.error}) {
      CHECK(!words.empty());
    }
    CHECK(kernel.input_count <= inputs_max);
    CHECK(kernel.parameters.size() <= parameters_max);
    CHECK(!kernel.variants.empty());
    std::set<std::vector<Dtype>> signatures;
    for (const Variant& variant : kernel.variants) {
      std::vector<Dtype> signature(variant.in, variant.in + inputs_max);
      signature.push_back(variant.out);
      CHECK(signatures.insert(signature).second);
      for (std::size_t k = 0; k < inputs_max; ++k) {
        CHECK((variant.in[k] != Dtype::none) == (k < kernel.input_count));
      }
      CHECK(find_variant(kernel, {variant.in, kernel.input_count}, variant.out) == &variant);
      const bool reduces = kernel.family == Family::reduce;
      CHECK((variant.map != nullptr && variant.map_reference != nullptr) == !reduces);
      CHECK((variant.reduce.tile != nullptr) == reduces);
      if (!reduces) continue;
      for (const ReduceFunctions& functions : {variant.reduce, variant.reduce_reference}) {
        CHECK(functions.combine != nullptr);
        CHECK(functions.finish != nullptr);
        CHECK((functions.identity != nullptr) == kernel.has_identity);
        CHECK(functions.partial_bytes <= partial_bytes_max);
        CHECK(functions.partial_bytes % 16 == 0);
        CHECK(functions.result != ResultKind::none);
      }
    }
  }
}

TEST_CASE("what does not exist is not found") {
  CHECK(find("no_such_kernel") == nullptr);
  CHECK(find("") == nullptr);
  const Dtype f64_pair[] = {Dtype::f64, Dtype::f64};
  const Dtype mixed[] = {Dtype::f64, Dtype::f32};
  const Kernel& axpby = *find("axpby");
  CHECK(find_variant(axpby, f64_pair, Dtype::f64) != nullptr);
  CHECK(find_variant(axpby, f64_pair, Dtype::none) != nullptr);
  CHECK(find_variant(axpby, f64_pair, Dtype::f32) == nullptr);
  CHECK(find_variant(axpby, mixed, Dtype::f64) == nullptr);
  CHECK(find_variant(axpby, {f64_pair, 1}, Dtype::f64) == nullptr);
  const Dtype complex[] = {Dtype::c128};
  CHECK(find_variant(*find("cast"), complex, Dtype::f64) == nullptr);
}

TEST_CASE("a forced target is the one that runs") {
  REQUIRE(!targets().empty());
  const std::string_view best = targets().front();
  const auto asked = std::getenv("FURROW_TARGET");
  if (asked == nullptr) CHECK(target() == best);
  std::set<const void*> tables;
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    CHECK(target() == name);
    // Each target has a table of its own, full of functions of its own.
    const ElementwiseTable* table = resolve_arithmetic(dispatch_slot());
    CHECK(tables.insert(table).second);
    CHECK(tables.insert(reinterpret_cast<const void*>(table->at(ElementwiseOp::scale, Dtype::f64)))
              .second);
  }
  CHECK(!force_target("no_such_target"));
  CHECK(target() == targets().back());
  CHECK(force_target(""));
}

TEST_CASE("targets without a fused multiply-add show it") {
  // (1 + e)^2 - (1 + 2e) is e^2 fused and 0 in two roundings: the code that ran tells its target.
  const double x = 1 + 0x1p-30;
  double out = 0;
  MapCall call{};
  call.out = &out;
  call.out_stride = call.in_stride[0] = 1;
  call.in[0] = &x;
  call.count = 1;
  call.parameters[0].f64 = x;
  call.parameters[1].f64 = -(1 + 0x1p-29);
  const Dtype f64 = Dtype::f64;
  const Variant* affine = find_variant(*find("affine"), {&f64, 1}, f64);
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    affine->map(call);
    INFO(name);
    CHECK(out == (is_fused(name) ? 0x1p-60 : 0.0));
  }
  force_target("");
}

}  // namespace
}  // namespace furrow::kernels::test
