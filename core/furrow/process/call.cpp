#include <furrow/process/call.hpp>

#include <map>
#include <mutex>

#include <furrow/error.hpp>

namespace furrow::process {

os::CodeName name_of_code(const void* address) {
  static std::mutex mutex;
  static std::map<const void*, os::CodeName> known;  // looking into modules takes microseconds
  const std::lock_guard lock(mutex);
  const auto found = known.find(address);
  if (found != known.end()) return found->second;
  os::CodeName name;
  if (!os::name_code(address, name)) {
    throw Error(
        "this program has no build id, so its functions have no name in another process (link it "
        "with -Wl,--build-id)");
  }
  known.emplace(address, name);
  return name;
}

const void* code_of_name(std::span<const std::byte> bytes) {
  static os::CodeName last;
  static const void* code = nullptr;
  os::CodeName name;
  std::memcpy(&name, bytes.data(), sizeof name);
  if (code == nullptr || name.offset != last.offset || name.build_id != last.build_id) {
    code = os::find_code(name);
    last = name;
  }
  if (code == nullptr) {
    throw NotFound("the function is not in this program: a library is not loaded here");
  }
  return code;
}

}  // namespace furrow::process
