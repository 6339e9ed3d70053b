#include <furrow/engine/plugin.hpp>

#include <cstring>
#include <filesystem>
#include <span>
#include <string>

#include <fmt/format.h>

#include <furrow/engine/coordinator.hpp>

namespace furrow::engine {
namespace {

using PluginFunction = const Plugin* (*)();

// Null with a reason when the library is no plugin of this version.
const Plugin* open_plugin(const std::string& path, std::string& reason) {
  void* const module = os::load_module(path, reason);
  if (module == nullptr) return nullptr;
  const auto function = reinterpret_cast<PluginFunction>(os::find_symbol(module, "furrow_plugin"));
  if (function == nullptr) {
    reason = "it has no function furrow_plugin";
    return nullptr;
  }
  const Plugin* const plugin = function();
  if (plugin == nullptr) reason = "its furrow_plugin gives nothing";
  return plugin;
}

// Its kernels may be in the list already, through another engine of this process or its parent.
bool is_new(const Plugin& plugin) {
  if (plugin.kernel_count == 0) return false;
  const kernels::Kernel* const found = kernels::find(plugin.kernels[0].name);
  return found == nullptr || found->variants.data() != plugin.kernels[0].variants.data();
}

}  // namespace

void load_published_plugins(const ControlView& view, std::uint32_t& loaded) {
  const Control& control = view.control();
  const std::uint32_t published = control.plugins.load(std::memory_order_acquire);
  for (; loaded < published && loaded < plugins_max; ++loaded) {
    std::string reason;
    const Plugin* const plugin = open_plugin(control.plugin_paths[loaded], reason);
    if (plugin == nullptr || plugin->version != plugin_version) continue;
    kernels::add(std::span(plugin->kernels, plugin->kernel_count));
  }
}

void Coordinator::load_plugin(const std::string& path) {
  std::error_code error;
  const std::string whole = std::filesystem::canonical(path, error).string();
  if (error) throw NotFound(fmt::format("plugin \"{}\": {}", path, error.message()));
  const std::lock_guard lock(mutex_);
  Control& control = view_.control();
  const std::uint32_t count = control.plugins.load();
  for (std::uint32_t i = 0; i < count; ++i) {
    if (whole == control.plugin_paths[i]) return;  // loaded already
  }
  if (count == plugins_max || whole.size() >= plugin_path_bytes) {
    throw OutOfSpace(
        fmt::format("plugin \"{}\": an engine takes at most {} plugins, with paths of "
                    "less than {} bytes",
                    whole, plugins_max, plugin_path_bytes));
  }
  std::string reason;
  const Plugin* const plugin = open_plugin(whole, reason);
  if (plugin == nullptr) throw Corrupt(fmt::format("\"{}\" is no plugin: {}", whole, reason));
  if (plugin->version != plugin_version) {
    throw VersionMismatch(
        fmt::format("plugin \"{}\" is of version {}, this furrow takes {} (build "
                    "it anew)",
                    whole, plugin->version, plugin_version));
  }
  if (is_new(*plugin) && !kernels::add(std::span(plugin->kernels, plugin->kernel_count))) {
    throw AlreadyExists(
        fmt::format("plugin \"{}\": a kernel's name is taken, or there are too many", whole));
  }
  std::memcpy(control.plugin_paths[count], whole.c_str(), whole.size() + 1);
  control.plugins.store(count + 1, std::memory_order_release);
}

}  // namespace furrow::engine
