// Going through groups: depth first, every object once, no link followed.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/links.hpp>
#include <furrow/io/hdf5/object.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t target_bytes_max = std::size_t{64} << 10;

struct Link {
  std::string name;
  H5L_type_t type;
  haddr_t address;  // of hard links
  std::size_t target_bytes;
};

herr_t note_link(hid_t, const char* name, const H5L_info_t* info, void* list) noexcept {
  try {
    const bool hard = info->type == H5L_TYPE_HARD;
    static_cast<std::vector<Link>*>(list)->push_back(
        {name, info->type, hard ? info->u.address : HADDR_UNDEF, hard ? 0 : info->u.val_size});
  } catch (...) {
    return -1;
  }
  return 0;
}

ObjectInfo describe_link(hid_t group, const Link& link, const std::string& path) {
  ObjectInfo info;
  info.path = path;
  info.kind = link.type == H5L_TYPE_SOFT       ? ObjectKind::soft_link
              : link.type == H5L_TYPE_EXTERNAL ? ObjectKind::external_link
                                               : ObjectKind::other;
  if (info.kind == ObjectKind::other) return info;
  std::vector<char> value(std::min(link.target_bytes, target_bytes_max) + 1);
  if (H5Lget_val(group, link.name.c_str(), value.data(), value.size() - 1, H5P_DEFAULT) < 0) {
    info.error = "cannot read where it leads";
    return info;
  }
  if (info.kind == ObjectKind::soft_link) {
    info.target = value.data();
    return info;
  }
  unsigned flags = 0;
  const char* file = nullptr;
  const char* object = nullptr;
  if (H5Lunpack_elink_val(value.data(), value.size() - 1, &flags, &file, &object) < 0) {
    info.error = "cannot read where it leads";
  } else {
    info.target = std::string(file) + ":" + object;
  }
  return info;
}

class Walk {
 public:
  explicit Walk(const Visit& visit) : visit_(visit) {}

  void run(Object root, const std::string& path) {
    H5O_info_t about{};
    if (H5Oget_info2(root.get(), &about, H5O_INFO_BASIC) >= 0) seen_.emplace(about.addr, path);
    if (!enter(std::move(root), path)) return;
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      if (frame.next == frame.links.size()) {
        frames_.pop_back();
      } else if (!step(frame, frame.links[frame.next++])) {
        return;
      }
    }
  }

 private:
  struct Frame {
    Object group;
    std::string prefix;  // "/a/"
    std::vector<Link> links;
    std::size_t next = 0;
  };

  /// Visits an object, and stacks it when it is a group. False: no more is wanted.
  bool enter(Object object, const std::string& path) {
    ObjectInfo info = describe_object(object.get(), path);
    const bool group = info.kind == ObjectKind::group;
    Frame frame;
    if (group) {
      frame.prefix = path == "/" ? path : path + "/";
      hsize_t position = 0;
      if (H5Literate(object.get(), H5_INDEX_NAME, H5_ITER_INC, &position, note_link, &frame.links) <
          0) {
        // Native order asks for less of the index; what it gives before it fails is shown.
        info.error = "cannot read all of its links";
      }
    }
    if (!visit_(std::move(info), object.get())) return false;
    if (group) {
      frame.group = std::move(object);
      frames_.push_back(std::move(frame));
    }
    return true;
  }

  bool step(const Frame& frame, const Link& link) {
    const std::string path = frame.prefix + link.name;
    if (link.type != H5L_TYPE_HARD) {
      ObjectInfo info = describe_link(frame.group.get(), link, path);
      const bool soft = info.kind == ObjectKind::soft_link && info.error.empty();
      info.leads_nowhere = soft && leads_nowhere(frame.group.get(), path);
      return visit_(std::move(info), H5I_INVALID_HID);
    }
    ObjectInfo info;
    info.path = path;
    const auto [there, is_new] = seen_.emplace(link.address, path);
    if (!is_new) {
      info.kind = ObjectKind::hard_link;
      info.target = there->second;
      return visit_(std::move(info), H5I_INVALID_HID);
    }
    try {
      Object object =
          own<Object>(H5Oopen(frame.group.get(), link.name.c_str(), H5P_DEFAULT), "cannot open it");
      return enter(std::move(object), path);
    } catch (const Error& error) {
      info.error = error.what();
    }
    return visit_(std::move(info), H5I_INVALID_HID);
  }

  const Visit& visit_;
  std::vector<Frame> frames_;
  std::map<haddr_t, std::string> seen_;
};

}  // namespace

void walk(hid_t file, const std::string& file_name, const std::string& path, const Visit& visit) {
  Walk(visit).run(open_object(file, file_name, path), path);
}

}  // namespace furrow::hdf5
