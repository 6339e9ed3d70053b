#include <furrow/process/shipping.hpp>

#include <array>
#include <map>
#include <mutex>
#include <tuple>

namespace furrow::process {

namespace {

// Leaked on purpose: callables may be shipped by destructors of static objects.
std::mutex& mutex() {
  static auto* the_mutex = new std::mutex;
  return *the_mutex;
}

using Key = std::tuple<std::array<std::uint8_t, 20>, std::uint64_t>;

}  // namespace

os::CodeName name_of_code(const void* address) {
  static auto* const known = new std::map<const void*, os::CodeName>;
  const std::lock_guard lock(mutex());
  const auto found = known->find(address);
  if (found != known->end()) return found->second;
  os::CodeName name;
  if (!os::name_code(address, name)) {
    throw Error(
        "this program has no build id, so its functions have no name in another process (link it "
        "with -Wl,--build-id)");
  }
  known->emplace(address, name);
  return name;
}

void* code_of_name(const os::CodeName& name) {
  static auto* const known = new std::map<Key, void*>;
  const std::lock_guard lock(mutex());
  void*& code = (*known)[Key(name.build_id, name.offset)];
  if (code == nullptr) code = os::find_code(name);
  if (code == nullptr) {
    throw NotFound(
        "the function that another process asks for is not in this program: it is another build, "
        "or a library that is not loaded here");
  }
  return code;
}

void ship_code(AnyCode code, std::vector<std::byte>& bytes) {
  pack(name_of_code(reinterpret_cast<const void*>(code)), bytes);
}

AnyCode find_shipped_code(Unpacker& in) {
  return reinterpret_cast<AnyCode>(code_of_name(in.take<os::CodeName>()));
}

}  // namespace furrow::process
