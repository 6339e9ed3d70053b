#include <furrow/io/hdf5/links.hpp>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <system_error>
#include <vector>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/source.hpp>

namespace furrow::hdf5 {
namespace {

namespace fs = std::filesystem;

constexpr int hops_max = 16;  // as the library's own
constexpr std::size_t value_bytes_max = std::size_t{64} << 10;
constexpr int nesting_max = 4;
const char* const allow = "; allow it (LoadOptions::external, --external) if you trust the file";

using Parts = std::deque<std::string>;

Parts split(const std::string& path) {
  Parts parts;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    if (!part.empty() && part != ".") parts.push_back(part);
    at = end + 1;
  }
  return parts;
}

std::string joined(const Parts& parts) {
  std::string path;
  for (const std::string& part : parts) path += "/" + part;
  return path;
}

std::vector<char> value_of(hid_t file, const std::string& path, const H5L_info_t& info,
                           const std::string& asked) {
  if (info.u.val_size > value_bytes_max) throw Corrupt(asked + ": a link of it is damaged");
  std::vector<char> value(info.u.val_size + 1, '\0');
  check(H5Lget_val(file, path.c_str(), value.data(), value.size(), H5P_DEFAULT), asked);
  return value;
}

/// One walk from the root to a dataset.
class Walk {
 public:
  Walk(hid_t file, const std::string& path, const std::string& name, bool external)
      : file_(file), name_(name), external_(external), rest_(split(path)) {}

  Resolved run() {
    while (!rest_.empty()) {
      const std::string here = at_ + "/" + rest_.front();
      rest_.pop_front();
      const htri_t there = H5Lexists(file_, here.c_str(), H5P_DEFAULT);
      check(there, asked());
      if (there == 0) refuse_missing();
      H5L_info_t info;
      check(H5Lget_info(file_, here.c_str(), &info, H5P_DEFAULT), asked());
      if (info.type == H5L_TYPE_EXTERNAL) return leave(here, info);
      if (info.type == H5L_TYPE_SOFT) {
        follow(here, info);
      } else if (info.type == H5L_TYPE_HARD) {
        at_ = here;
        if (!rest_.empty()) require_group();
      } else {
        throw PermissionDenied("cannot follow " + name_ + ": \"" + here +
                               "\" is a link of a kind that only its maker knows");
      }
    }
    return {at_.empty() ? "/" : at_, ""};
  }

 private:
  std::string asked() const { return "cannot look for " + name_; }

  [[noreturn]] void refuse_missing() const {
    if (!link_.empty()) {
      throw NotFound("there is no " + name_ + ": " + dead_link(file_, link_));
    }
    throw NotFound("there is no " + name_ + "; " + list_datasets(file_));
  }

  void require_group() const {
    const Object inner = own<Object>(H5Oopen(file_, at_.c_str(), H5P_DEFAULT), asked());
    if (H5Iget_type(inner.get()) == H5I_GROUP) return;
    throw NotFound("there is no " + name_ + ": \"" + at_ + "\" is no group; " +
                   list_datasets(file_));
  }

  void follow(const std::string& here, const H5L_info_t& info) {
    if (++hops_ > hops_max) {
      throw NotFound("there is no " + name_ + ": \"" + here +
                     "\" is a link that leads in a circle");
    }
    link_ = here;
    const std::string target = value_of(file_, here, info, asked()).data();
    Parts parts = split(target);
    rest_.insert(rest_.begin(), parts.begin(), parts.end());
    if (!target.empty() && target.front() == '/') at_.clear();
  }

  Resolved leave(const std::string& here, const H5L_info_t& info) const {
    const std::vector<char> value = value_of(file_, here, info, asked());
    unsigned flags = 0;
    const char* file = nullptr;
    const char* path = nullptr;
    check(H5Lunpack_elink_val(value.data(), value.size() - 1, &flags, &file, &path), asked());
    if (!external_) {
      throw PermissionDenied("cannot follow " + name_ + ": \"" + here +
                             "\" is a link into another file, \"" + file + "\"" + allow);
    }
    return {joined(split(path)) + joined(rest_), file};
  }

  hid_t file_;
  const std::string& name_;
  bool external_;
  Parts rest_;
  std::string at_;
  std::string link_;
  int hops_ = 0;
};

using NameOf = ssize_t (*)(hid_t, std::size_t, char*, std::size_t);

std::string virtual_name(NameOf name_of, hid_t creation, std::size_t index,
                         const std::string& asked) {
  const ssize_t bytes = name_of(creation, index, nullptr, 0);
  if (bytes < 0) fail(asked);
  std::string text(static_cast<std::size_t>(bytes) + 1, '\0');
  if (name_of(creation, index, text.data(), text.size()) < 0) fail(asked);
  text.pop_back();
  return text;
}

void require_own(hid_t file, hid_t dataset, const std::string& name, int nesting);

/// A source in the same file: it may be anything itself.
void require_own_source(hid_t file, const std::string& path, const std::string& name, int nesting) {
  if (nesting > nesting_max || path.find('%') != std::string::npos) {
    throw PermissionDenied("cannot tell whether " + name + " is made of parts of other files" +
                           allow);
  }
  Resolved source;
  try {
    source = resolve(file, path, name, false);
  } catch (const NotFound&) {
    return;  // the library takes the fill value
  }
  const Dataset inner(H5Dopen2(file, source.path.c_str(), H5P_DEFAULT));
  if (inner.valid()) require_own(file, inner.get(), name, nesting);
}

void require_own(hid_t file, hid_t dataset, const std::string& name, int nesting) {
  const std::string asked = "cannot read what " + name + " is";
  const Properties creation = own<Properties>(H5Dget_create_plist(dataset), asked);
  if (H5Pget_layout(creation.get()) != H5D_VIRTUAL) {
    if (H5Pget_external_count(creation.get()) <= 0) return;
    char other[256] = {};
    H5Pget_external(creation.get(), 0, sizeof other - 1, other, nullptr, nullptr);
    throw PermissionDenied("the elements of " + name + " lie in another file, \"" + other + "\"" +
                           allow);
  }
  std::size_t count = 0;
  check(H5Pget_virtual_count(creation.get(), &count), asked);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string other = virtual_name(H5Pget_virtual_filename, creation.get(), i, asked);
    if (other != ".") {
      throw PermissionDenied(name + " is made of parts of other files, such as \"" + other + "\"" +
                             allow);
    }
    const std::string path = virtual_name(H5Pget_virtual_dsetname, creation.get(), i, asked);
    require_own_source(file, path, name, nesting + 1);
  }
}

}  // namespace

Resolved resolve(hid_t file, const std::string& path, const std::string& name, bool external) {
  return Walk(file, path, name, external).run();
}

std::string dead_link(hid_t file, const std::string& path) {
  const std::string name = "\"" + path + "\" is a ";
  H5L_info_t info{};
  if (H5Lget_info(file, path.c_str(), &info, H5P_DEFAULT) < 0 || info.type != H5L_TYPE_SOFT) {
    return name + "link that leads nowhere";
  }
  const std::string target = value_of(file, path, info, "cannot read a link").data();
  return name + "soft link to \"" + target + "\", which leads nowhere";
}

bool leads_nowhere(hid_t file, const std::string& path) {
  try {
    resolve(file, path, path, false);
  } catch (const NotFound&) {
    return true;
  } catch (const Error&) {
    // into another file, or damaged: nobody knows
  }
  return false;
}

std::string external_file(const std::string& from, const std::string& target) {
  if (fs::path(target).is_absolute()) return target;
  const fs::path beside = fs::path(from).parent_path() / target;
  std::error_code error;
  if (fs::exists(beside, error)) return beside.string();
  return fs::absolute(target, error).string();
}

void require_own_elements(hid_t file, hid_t dataset, const std::string& name) {
  require_own(file, dataset, name, 0);
}

}  // namespace furrow::hdf5
