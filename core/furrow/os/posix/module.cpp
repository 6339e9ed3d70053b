#include <furrow/os/module.hpp>

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace furrow::os {
namespace {

// Reads the GNU build id note of a loaded module.
bool build_id_of(const dl_phdr_info& module, std::array<std::uint8_t, 20>& id) noexcept {
  for (int i = 0; i < module.dlpi_phnum; ++i) {
    const auto& header = module.dlpi_phdr[i];
    if (header.p_type != PT_NOTE) continue;
    const auto* note = reinterpret_cast<const char*>(module.dlpi_addr + header.p_vaddr);
    const char* const end = note + header.p_memsz;
    while (note + sizeof(ElfW(Nhdr)) <= end) {
      ElfW(Nhdr) head;
      std::memcpy(&head, note, sizeof head);
      const char* const owner = note + sizeof head;
      const char* const content = owner + ((head.n_namesz + 3U) & ~3U);
      const char* const next = content + ((head.n_descsz + 3U) & ~3U);
      if (next > end) break;
      if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 &&
          std::memcmp(owner, "GNU", 4) == 0) {
        id = {};
        std::memcpy(id.data(), content, std::min<std::size_t>(head.n_descsz, id.size()));
        return true;
      }
      note = next;
    }
  }
  return false;
}

struct Search {
  std::uintptr_t address = 0;
  CodeName name;
  bool found = false;
};

int match_address(dl_phdr_info* module, std::size_t, void* data) noexcept {
  auto& search = *static_cast<Search*>(data);
  for (int i = 0; i < module->dlpi_phnum; ++i) {
    const auto& header = module->dlpi_phdr[i];
    const std::uintptr_t begin = module->dlpi_addr + header.p_vaddr;
    if (header.p_type != PT_LOAD || search.address < begin ||
        search.address >= begin + header.p_memsz) {
      continue;
    }
    search.found = build_id_of(*module, search.name.build_id);
    search.name.offset = search.address - module->dlpi_addr;
    return 1;
  }
  return 0;
}

int match_build_id(dl_phdr_info* module, std::size_t, void* data) noexcept {
  auto& search = *static_cast<Search*>(data);
  std::array<std::uint8_t, 20> id;
  if (!build_id_of(*module, id) || id != search.name.build_id) return 0;
  search.address = module->dlpi_addr + search.name.offset;
  search.found = true;
  return 1;
}

}  // namespace

bool name_code(const void* address, CodeName& name) noexcept {
  Search search;
  search.address = reinterpret_cast<std::uintptr_t>(address);
  dl_iterate_phdr(match_address, &search);
  if (search.found) name = search.name;
  return search.found;
}

void* find_code(const CodeName& name) noexcept {
  Search search;
  search.name = name;
  dl_iterate_phdr(match_build_id, &search);
  return search.found ? reinterpret_cast<void*>(search.address) : nullptr;
}

void* load_module(const std::string& path, std::string& reason) {
  void* const module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) {
    const char* const text = ::dlerror();
    reason = text != nullptr ? text : "unknown";
  }
  return module;
}

void* find_symbol(void* module, const char* name) noexcept { return ::dlsym(module, name); }

}  // namespace furrow::os
