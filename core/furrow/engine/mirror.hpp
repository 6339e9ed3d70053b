// furrow/engine/mirror.hpp
//
// The coordinator's attachments, published in the control segment and mapped by each worker at the
// same addresses.
//
// Locks    workers hold none: they live for the coordinator, whose hold is enough. When it lets an
//          array go, the name goes at once and the workers unmap when next they look.
// Failure  a worker that cannot map an attachment says so in its page and declines jobs
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include <furrow/engine/layout.hpp>
#include <furrow/segment/attachments.hpp>

namespace furrow::engine {

/// The coordinator's side.
class Publisher final : public segment::AttachmentObserver {
 public:
  explicit Publisher(const ControlView& view) : view_(view) {}
  void attached(const segment::Attachment& attachment) override;
  void detached(const segment::Attachment& attachment) override;
  /// Arrays that found no place in the table; they get the first that becomes free.
  std::size_t overflow() const noexcept { return overflow_.load(std::memory_order_acquire); }

 private:
  bool is_foreign() const noexcept;
  bool publish(const segment::Attachment& attachment);

  ControlView view_;
  std::vector<segment::Attachment> waiting_;
  std::atomic<std::size_t> overflow_{0};
};

/// A worker's side.
class Mirror {
 public:
  explicit Mirror(const ControlView& view) : view_(view) {}
  ~Mirror();
  Mirror(const Mirror&) = delete;
  Mirror& operator=(const Mirror&) = delete;

  /// Maps and unmaps until this process has what the coordinator has. Cheap when nothing changed.
  void sync() {
    if (view_.control().attachments_version.load(std::memory_order_acquire) != seen_) update();
  }
  /// Attachments that could not be mapped.
  std::uint32_t failures() const noexcept { return failures_; }
  /// True when the address lies in an attachment that is mapped here.
  bool covers(std::uint64_t address) const noexcept { return overlaps(address, 1); }
  /// True once for each attachment: its pages have no entries in this process's page table yet.
  bool take_untouched(std::uint64_t address) noexcept;

 private:
  struct Mapped {
    std::uint64_t version = 0;
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;
    bool failed = false;
    bool touched = false;
  };
  void update();
  void update_entry(std::size_t i);
  bool map(Mapped& mapped, const Attachment& entry) const;
  bool overlaps(std::uint64_t address, std::uint64_t bytes) const noexcept;

  ControlView view_;
  std::uint32_t seen_ = 0;
  std::uint32_t failures_ = 0;
  std::vector<Mapped> mapped_;
};

/// Raises the bell and wakes the workers that sleep.
void ring(const ControlView& view) noexcept;

}  // namespace furrow::engine
