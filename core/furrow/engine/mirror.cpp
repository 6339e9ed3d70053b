#include <furrow/engine/mirror.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

#include <furrow/os/file.hpp>
#include <furrow/os/futex.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/os/memory.hpp>
#include <furrow/os/process.hpp>

namespace furrow::engine {

void ring(const ControlView& view) noexcept {
  Control& control = view.control();
  // Pairs with a worker that marks itself parked and then looks at the bell again.
  control.bell.fetch_add(1, std::memory_order_seq_cst);
  const std::size_t words = (view.slots() + 63) / 64;
  for (std::size_t i = 0; i < words; ++i) {
    if (control.parked[i].load(std::memory_order_seq_cst) == 0) continue;
    os::futex_wake(control.bell, os::wake_all);
    return;
  }
}

// --- The coordinator's side ---------------------------------------------------------------------

// A child that the program forked inherits the observer, and must leave the table alone.
bool Publisher::is_foreign() const noexcept {
  return os::this_process_id() != view_.control().coordinator_pid;
}

void Publisher::attached(const segment::Attachment& attachment) {
  if (is_foreign()) return;
  if (publish(attachment)) return;
  waiting_.push_back(attachment);
  overflow_.store(waiting_.size(), std::memory_order_release);
}

bool Publisher::publish(const segment::Attachment& attachment) {
  Control& control = view_.control();
  for (std::size_t i = 0; i < attachments_max; ++i) {
    Attachment& entry = view_.attachment(i);
    if (entry.address != 0) continue;
    if (attachment.path.size() >= attachment_path_bytes) break;
    const std::uint64_t version = entry.version.load(std::memory_order_relaxed);
    entry.version.store(version + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    entry.address = attachment.address;
    entry.bytes = attachment.bytes;
    entry.device = attachment.identity.device;
    entry.inode = attachment.identity.inode;
    entry.writable = attachment.access == Access::read_write ? 1 : 0;
    entry.descriptor = static_cast<std::uint32_t>(attachment.descriptor);
    std::memcpy(entry.path, attachment.path.c_str(), attachment.path.size() + 1);
    entry.version.store(version + 2, std::memory_order_release);
    if (control.attachments_used.load(std::memory_order_relaxed) <= i) {
      control.attachments_used.store(static_cast<std::uint32_t>(i + 1), std::memory_order_release);
    }
    control.attachments_version.fetch_add(1, std::memory_order_release);
    return true;
  }
  return false;
}

void Publisher::detached(const segment::Attachment& attachment) {
  if (is_foreign()) return;
  Control& control = view_.control();
  for (std::size_t i = 0; i < attachments_max; ++i) {
    Attachment& entry = view_.attachment(i);
    if (entry.address != attachment.address) continue;
    entry.version.fetch_add(1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    entry.address = 0;
    entry.version.fetch_add(1, std::memory_order_release);
    control.attachments_version.fetch_add(1, std::memory_order_release);
    break;
  }
  std::erase_if(waiting_, [&](const segment::Attachment& w) {
    return w.address == attachment.address || publish(w);
  });
  overflow_.store(waiting_.size(), std::memory_order_release);
  ring(view_);  // so that sleeping workers let the memory go
}

// --- The workers' side --------------------------------------------------------------------------

Mirror::~Mirror() {
  for (const Mapped& mapped : mapped_) {
    if (mapped.address != 0) os::unmap(mapped.address, mapped.bytes, true);
  }
}

void Mirror::update() {
  Control& control = view_.control();
  seen_ = control.attachments_version.load(std::memory_order_acquire);
  mapped_.resize(std::min<std::size_t>(control.attachments_used.load(std::memory_order_acquire),
                                       attachments_max));
  // Unmap first: a new attachment may lie where an old one was.
  for (std::size_t i = 0; i < mapped_.size(); ++i) {
    Mapped& mapped = mapped_[i];
    if (view_.attachment(i).version.load(std::memory_order_acquire) == mapped.version) continue;
    if (mapped.address != 0) os::unmap(mapped.address, mapped.bytes, true);
    mapped = {};
  }
  for (std::size_t i = 0; i < mapped_.size(); ++i) update_entry(i);
  failures_ = static_cast<std::uint32_t>(
      std::count_if(mapped_.begin(), mapped_.end(), [](const Mapped& m) { return m.failed; }));
}

void Mirror::update_entry(std::size_t i) {
  Mapped& mapped = mapped_[i];
  const Attachment& source = view_.attachment(i);
  const std::uint64_t version = source.version.load(std::memory_order_acquire);
  if (version == mapped.version || version % 2 != 0) return;  // odd: the next sync gets it
  Attachment entry{};
  entry.address = source.address;
  entry.bytes = source.bytes;
  entry.device = source.device;
  entry.inode = source.inode;
  entry.writable = source.writable;
  entry.descriptor = source.descriptor;
  std::memcpy(entry.path, source.path, sizeof entry.path);
  entry.path[sizeof entry.path - 1] = '\0';
  std::atomic_thread_fence(std::memory_order_acquire);
  if (source.version.load(std::memory_order_relaxed) != version) return;
  // An array that went after the first pass may still lie here: the next update, which its going
  // has made due, unmaps it first.
  if (mapped.address != 0 || overlaps(entry.address, entry.bytes)) return;
  mapped.version = version;
  if (entry.address != 0) mapped.failed = !map(mapped, entry);
}

bool Mirror::take_untouched(std::uint64_t address) noexcept {
  for (Mapped& m : mapped_) {
    if (address < m.address || address >= m.address + m.bytes) continue;
    return !std::exchange(m.touched, true);
  }
  return false;
}

bool Mirror::overlaps(std::uint64_t address, std::uint64_t bytes) const noexcept {
  return std::any_of(mapped_.begin(), mapped_.end(), [&](const Mapped& m) {
    return m.address < address + bytes && address < m.address + m.bytes;
  });
}

bool Mirror::map(Mapped& mapped, const Attachment& entry) const {
  const Control& control = view_.control();
  if (entry.address < control.range_base ||
      entry.address + entry.bytes > control.range_base + control.range_bytes) {
    return false;
  }
  const bool writable = entry.writable != 0;
  std::error_code error;
  os::Descriptor file = os::open_file(
      entry.path, writable ? os::OpenMode::read_write : os::OpenMode::read_only, error);
  const auto is_it = [&] {
    const os::FileStatus status = os::status_of(file, error);
    return !error && status.device == entry.device && status.inode == entry.inode;
  };
  if (!file.valid() || !is_it()) {  // removed by force, or the name has gone to another
    file = os::open_descriptor_of(control.coordinator_pid, entry.descriptor, writable);
    if (!file.valid() || !is_it()) return false;
  }
  if (os::map_file(file.get(), entry.bytes, writable, entry.address, error) == 0) return false;
  mapped.address = entry.address;
  mapped.bytes = entry.bytes;
  return true;
}

}  // namespace furrow::engine
