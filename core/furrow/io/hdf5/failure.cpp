#include <cstring>
#include <string>
#include <vector>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/handle.hpp>

namespace furrow::hdf5 {
namespace {

struct Entry {
  hid_t minor;
  std::string text;
};

herr_t collect(unsigned, const H5E_error2_t* entry, void* list) noexcept {
  try {
    const char* text = entry->desc == nullptr ? "" : entry->desc;
    static_cast<std::vector<Entry>*>(list)->push_back({entry->min_num, text});
  } catch (...) {
    return -1;
  }
  return 0;
}

/// "file write failed: time = …, error message = 'No space left on device', buf = …" says it in the
/// part between the quotes.
std::string shortened(const std::string& text) {
  const std::string mark = "error message = '";
  const std::size_t begin = text.find(mark);
  if (begin == std::string::npos) return text;
  const std::size_t end = text.find('\'', begin + mark.size());
  return text.substr(begin + mark.size(), end - begin - mark.size());
}

bool says(const std::vector<Entry>& stack, int code) {
  const std::string text = std::strerror(code);
  for (const Entry& entry : stack)
    if (entry.text.find(text) != std::string::npos) return true;
  return false;
}

bool has(const std::vector<Entry>& stack, hid_t minor) {
  for (const Entry& entry : stack)
    if (entry.minor == minor) return true;
  return false;
}

}  // namespace

void fail(const std::string& asked) {
  std::vector<Entry> stack;
  const hid_t id = H5Eget_current_stack();
  if (id >= 0) {
    H5Ewalk2(id, H5E_WALK_UPWARD, collect, &stack);
    H5Eclose_stack(id);
  }
  // The first entry is the deepest: what really happened. The others say on whose behalf.
  const std::string reason =
      stack.empty() ? "the HDF5 library gives no reason" : shortened(stack.front().text);
  const std::string message = asked + ": " + reason;
  if (has(stack, H5E_NOTHDF5)) {
    throw Corrupt(asked + ": it is no HDF5 file, or its first bytes are damaged");
  }
  if (has(stack, H5E_TRUNCATED)) throw Corrupt(asked + ": it is cut short (" + reason + ")");
  if (has(stack, H5E_CANTLOCKFILE) || says(stack, EAGAIN)) {
    throw InUse(asked + ": another program has it open for writing (" + reason + ")");
  }
  if (says(stack, ENOSPC) || says(stack, EDQUOT)) throw OutOfSpace(message);
  if (says(stack, EACCES) || says(stack, EPERM) || says(stack, EROFS)) {
    throw PermissionDenied(message);
  }
  throw IoError(message);
}

}  // namespace furrow::hdf5
