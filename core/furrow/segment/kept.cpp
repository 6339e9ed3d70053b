#include <furrow/segment/kept.hpp>

#include <algorithm>
#include <vector>

namespace furrow::segment {
namespace {

struct Kept {
  std::shared_ptr<Segment> segment;
  bool used;
};

bool keeping = false;

// Leaked on purpose: what is still kept when the process ends goes with it.
std::vector<Kept>& kept() {
  static auto* const list = new std::vector<Kept>;
  return *list;
}

}  // namespace

void keep_segments() noexcept { keeping = true; }

std::shared_ptr<Segment> find_kept(const FileIdentity& identity, Access access) {
  if (!keeping) return nullptr;
  for (Kept& one : kept()) {
    if (one.segment->identity() != identity || one.segment->access() != access) continue;
    one.used = true;
    return one.segment;
  }
  return nullptr;
}

void keep(const std::shared_ptr<Segment>& segment) {
  if (keeping) kept().push_back({segment, true});
}

void drop_unused_segments() {
  if (!keeping || kept().empty()) return;
  std::erase_if(kept(), [](const Kept& one) { return !one.used; });
  for (Kept& one : kept()) one.used = false;
}

void drop_kept_segments() {
  if (keeping) kept().clear();
}

}  // namespace furrow::segment
