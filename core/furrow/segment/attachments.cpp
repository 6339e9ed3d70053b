#include <furrow/segment/attachments.hpp>

#include <algorithm>
#include <mutex>

#include <furrow/os/file.hpp>
#include <furrow/os/memory.hpp>
#include <furrow/segment/address_space.hpp>
#include <furrow/segment/state.hpp>

namespace furrow::segment {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<Attachment> attachments;
  std::vector<AttachmentObserver*> observers;
};

// Leaked on purpose: arrays may be let go by destructors of static objects.
Registry& registry() {
  static auto* the_registry = new Registry;
  return *the_registry;
}

bool lies_in_range(std::uintptr_t address) {
  const AddressRange range = address_range();
  return address >= range.base && address - range.base < range.bytes;
}

}  // namespace

void observe_attachments(AttachmentObserver* observer) {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  r.observers.push_back(observer);
  for (const Attachment& attachment : r.attachments) observer->attached(attachment);
}

void unobserve_attachments(AttachmentObserver* observer) {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  std::erase(r.observers, observer);
}

void add_attachment(Attachment attachment) {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  r.attachments.push_back(std::move(attachment));
  for (AttachmentObserver* observer : r.observers) observer->attached(r.attachments.back());
}

void remove_attachment(std::uintptr_t address, Mapping mapping) {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  const auto found = std::find_if(r.attachments.begin(), r.attachments.end(),
                                  [&](const Attachment& a) { return a.address == address; });
  if (found == r.attachments.end()) return;
  const Attachment gone = std::move(*found);
  r.attachments.erase(found);
  const bool in_range = lies_in_range(address);
  if (mapping == Mapping::goes) os::unmap(gone.address, gone.bytes, in_range);
  for (AttachmentObserver* observer : r.observers) observer->detached(gone);
  // Only now: the place must not be given to the next segment before the observers know.
  if (mapping == Mapping::goes && in_range) free_addresses(gone.address, gone.bytes);
}

std::unique_lock<std::mutex> lock_attachments() { return std::unique_lock(registry().mutex); }

void forget_inherited_observers() {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  r.observers.clear();
}

void drop_inherited_attachments() {
  forget_inherited_observers();
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  for (const Attachment& a : r.attachments) {
    const bool in_range = lies_in_range(a.address);
    os::unmap(a.address, a.bytes, in_range);
    if (in_range) free_addresses(a.address, a.bytes);
    os::Descriptor(a.descriptor).close();
  }
  r.attachments.clear();
}

}  // namespace furrow::segment
