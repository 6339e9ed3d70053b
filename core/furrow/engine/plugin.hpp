// furrow/engine/plugin.hpp
//
// Kernels from a shared library, loaded while an engine runs.
//
//   // mine.cpp, built as mine.so
//   static const furrow::kernels::Kernel kernels[] = {{"halve", …}};
//   extern "C" const furrow::Plugin* furrow_plugin() {
//     static const furrow::Plugin plugin{furrow::plugin_version, kernels, std::size(kernels)};
//     return &plugin;
//   }
//
//   engine.load_plugin("./mine.so");
//   engine.apply("halve", x);
//
// Life     a plugin stays loaded, here and in the workers, until the process ends
// Version  a plugin is built with the furrow that loads it; another version is refused
#pragma once

#include <cstddef>
#include <cstdint>

#include <furrow/engine/layout.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow {

inline constexpr std::uint32_t plugin_version = 1;

/// What a library's `extern "C" const furrow::Plugin* furrow_plugin()` returns.
struct Plugin {
  std::uint32_t version;
  const kernels::Kernel* kernels;
  std::size_t kernel_count;
};

namespace engine {

/// In a worker: loads what the coordinator published since the last call. One that cannot be loaded
/// here leaves its kernels unknown, and this worker declines jobs that need them.
void load_published_plugins(const ControlView& view, std::uint32_t& loaded);

}  // namespace engine
}  // namespace furrow
