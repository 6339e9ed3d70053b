#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include <furrow/engine/helpers.hpp>
#include <furrow/engine/recovery.hpp>
#include <furrow/engine/runner.hpp>
#include <furrow/os/memory.hpp>

namespace furrow::engine {
namespace {

// A dead coordinator's arrays, mapped wherever there is room: the process that settles may have
// arrays of its own at the addresses that the dead ones knew.
class Salvage {
 public:
  explicit Salvage(const ControlView& view) {
    const std::size_t used = view.control().attachments_used.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < std::min(used, attachments_max); ++i) {
      map(view.attachment(i), view.control().engine_id);
    }
  }
  ~Salvage() {
    for (const Piece& piece : pieces_) os::unmap(piece.here, piece.bytes, false);
  }
  Salvage(const Salvage&) = delete;
  Salvage& operator=(const Salvage&) = delete;

  /// Where the byte at `there` lies in this process; empty when its array is gone.
  std::optional<std::uint64_t> find(std::uint64_t there) const noexcept {
    for (const Piece& piece : pieces_) {
      if (there >= piece.there && there - piece.there < piece.bytes)
        return piece.here + (there - piece.there);
    }
    return std::nullopt;
  }

 private:
  struct Piece {
    std::uint64_t there;
    std::uintptr_t here;
    std::size_t bytes;
  };

  void map(const Attachment& entry, std::uint64_t engine_id) {
    if (entry.version.load() % 2 != 0 || entry.address == 0 || entry.writable == 0) return;
    char path[attachment_path_bytes];
    std::memcpy(path, entry.path, sizeof path);
    path[sizeof path - 1] = '\0';
    std::error_code error;
    const os::Descriptor file = os::open_file(path, os::OpenMode::read_write, error);
    if (error) return;  // an owned array that is gone already
    const os::FileStatus status = os::status_of(file, error);
    if (error || status.device != entry.device || status.inode != entry.inode ||
        status.bytes < entry.bytes) {
      return;
    }
    const std::uintptr_t here = os::map_file(file.get(), entry.bytes, true, 0, error);
    if (here == 0) return;
    // Another engine has worked on it since: its results are newer than what lies in our scratch.
    const auto& header = *reinterpret_cast<const segment::Header*>(here);
    if (header.last_writer.load(std::memory_order_acquire) != engine_id) {
      os::unmap(here, entry.bytes, false);
      return;
    }
    pieces_.push_back({entry.address, here, entry.bytes});
  }

  std::vector<Piece> pieces_;
};

// Makes the written operands' addresses those of this process. One that is gone is settled no
// more, which must not keep the others from it.
void relocate(const Salvage& salvage, LoadedJob& job) {
  for (std::size_t i = 0; i < job.description.operand_count; ++i) {
    OperandLayout& operand = job.description.operands[i];
    if (operand.use == Use::read) continue;
    const std::optional<std::uint64_t> here = salvage.find(operand.address);
    if (here) {
      operand.address = *here;
    } else {
      operand.use = Use::read;
    }
  }
}

}  // namespace

void settle(const ControlView& view) {
  const Salvage salvage(view);
  LoadedJob job;
  for (std::size_t slot = 0; slot < job_slots; ++slot) {
    const std::uint32_t active = view.control().active_jobs.load(std::memory_order_acquire);
    if ((active >> slot & 1U) == 0) continue;
    if (load_job(view, slot, job, false) == LoadResult::gone) continue;
    relocate(salvage, job);
    for (std::size_t w = 0; w < view.slots(); ++w) recover(view, job, w, true);
  }
}

}  // namespace furrow::engine
