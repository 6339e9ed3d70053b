// A plugin with one kernel, and a closure whose code only this library has.
#include <furrow/engine/engine.hpp>
#include <furrow/engine/plugin.hpp>

namespace {

using namespace furrow;

void halve(const kernels::MapCall& call) noexcept {
  auto* const out = static_cast<double*>(call.out);
  const auto* const in = static_cast<const double*>(call.in[0]);
  for (std::size_t i = 0; i < call.count; ++i) {
    const auto k = static_cast<std::ptrdiff_t>(i);
    out[k * call.out_stride] = 0.5 * in[k * call.in_stride[0]];
  }
}

const kernels::Variant variants[] = {
    {{Dtype::f64, Dtype::none, Dtype::none}, Dtype::f64, halve, halve, {}, {}}};

const kernels::Kernel list[] = {{"halve",
                                 kernels::Family::elementwise,
                                 "Half of each element.",
                                 "out = x/2",
                                 "x / 2",
                                 "correctly rounded",
                                 1,
                                 {},
                                 variants,
                                 false}};

}  // namespace

extern "C" const Plugin* furrow_plugin() {
  static const Plugin plugin{plugin_version, list, std::size(list)};
  return &plugin;
}

extern "C" void add_three(Engine& engine, const Array<double>& x) {
  engine.transform(x, [](double v) { return v + 3; });
}
