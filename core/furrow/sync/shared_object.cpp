#include <furrow/sync/shared_object.hpp>

#include <fmt/format.h>

#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include <furrow/error.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/file.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/os/process.hpp>

namespace furrow::mp {
namespace {

const char* name_of(std::uint32_t type) {
  static constexpr const char* names[] = {
      "",      "Lock",      "RLock",   "Semaphore",   "BoundedSemaphore",
      "Event", "Condition", "Barrier", "Value",       "RawValue",
      "Array", "RawArray",  "Queue",   "SimpleQueue", "JoinableQueue"};
  return type < std::size(names) && type > 0 ? names[type] : "object of another room";
}

std::string generated_name(const char* kind) {
  std::string name = fmt::format("mp-{}-{:016x}", kind, os::random_bits());
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return name;
}

/// Takes away what processes left that were killed to the last; once in a process, since the folder
/// has to be read for it.
void sweep_once(const Place& place) {
  static std::atomic<std::uint64_t> swept_by{0};  // a forked child is another process
  if (swept_by.exchange(os::this_process_id()) == os::this_process_id()) return;
  try {
    segment::sweep(false, place);
  } catch (const Error&) {
    // Nobody asked for it here; where it matters the next call says what is wrong.
  }
}

void check_head(const ObjectHead& head, const ObjectKind& kind, std::size_t data_bytes,
                std::string_view name) {
  if (std::memcmp(head.magic, object_magic, sizeof object_magic) != 0 ||
      head.body_bytes > data_bytes - sizeof(ObjectHead))
    throw Corrupt(fmt::format("\"{}\" is damaged: its object head is none", name));
  if (head.type != static_cast<std::uint32_t>(kind.type))
    throw TypeMismatch(
        fmt::format("\"{}\" is not a {} but a {}", name, kind.name, name_of(head.type)));
  if (head.version != kind.version)
    throw VersionMismatch(fmt::format("\"{}\" is a {} of layout {}, this furrow has layout {}",
                                      name, kind.name, head.version, kind.version));
  if (head.fingerprint != kind.fingerprint)
    throw TypeMismatch(
        fmt::format("\"{}\" is a {} of another C++ type (attach with the type it was made with)",
                    name, kind.name));
}

segment::Info info_of(const ObjectKind& kind, std::string_view name, const Place& place) {
  try {
    return segment::info(name, place);
  } catch (const NotFound&) {
    throw NotFound(
        fmt::format("no {} \"{}\": there is no file {}", kind.name, name, place.path_of(name)));
  }
}

}  // namespace

std::uint64_t fingerprint_of(const char* type_name, std::size_t bytes) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325u ^ bytes;  // FNV-1a
  for (; *type_name != '\0'; ++type_name)
    hash = (hash ^ static_cast<unsigned char>(*type_name)) * 0x100000001B3u;
  return hash;
}

struct SharedObject::Inner {
  std::shared_ptr<Segment> segment;
  std::uint64_t process = os::this_process_id();
  std::mutex naming;
  bool generated = false;
  Start finish;

  ObjectHead& head() const noexcept { return *reinterpret_cast<ObjectHead*>(segment->data()); }

  Inner() = default;
  Inner(const Inner&) = delete;
  Inner& operator=(const Inner&) = delete;
  ~Inner();
  void let_go() {
    if (finish) finish(segment->data() + sizeof(ObjectHead));
    const bool named_by_child = !segment->is_published() && head().named.load() != 0;
    if (!named_by_child) return;
    // The name does not belong to our segment object, so it would stay: take hold of it by the name
    // and let go again, as any other holder.
    const std::string name = segment->name();
    AttachOptions options;
    options.place = segment->place();
    segment.reset();
    try {
      Segment::attach(name, options);
    } catch (const Error&) {  // another one was quicker, or still holds it: then it is its own
    }
  }

  void publish_as_maker() const {
    try {
      segment->publish();
    } catch (const AlreadyExists&) {
      if (!generated) throw;  // else a child of ours did it at this moment
    }
  }

  /// In a forked child, of an object that has no name yet.
  void publish_as_child() const {
    const std::string path = segment->place().path_of(segment->name());
    const os::Descriptor file = os::open_descriptor_of(
        os::this_process_id(), static_cast<std::uint32_t>(segment->descriptor()), true);
    const std::error_code error = os::publish_unnamed(file, path);
    if (error && error != std::errc::file_exists)  // exists: another child named it just now
      throw IoError(fmt::format("an inherited object cannot be given the name \"{}\": {}",
                                segment->name(), error.message()));
  }
};

/// The objects that this process holds, by their files. A forked child begins with none.
struct SharedObject::Living {
  using File = std::pair<std::uint64_t, std::uint64_t>;  // device, inode

  std::uint64_t process = os::this_process_id();
  std::mutex mutex;
  std::map<File, std::weak_ptr<Inner>> objects;

  /// Never destroyed: objects may go with destructors of static ones. A child makes its own, since
  /// another thread may have held the parent's mutex when it was forked.
  static Living& here() {
    static std::atomic<Living*> the_living{nullptr};
    Living* found = the_living.load(std::memory_order_acquire);
    if (found != nullptr && found->process == os::this_process_id()) return *found;
    auto made = std::make_unique<Living>();
    if (the_living.compare_exchange_strong(found, made.get())) return *made.release();
    return *found;  // another thread of this process was quicker
  }
  static File file_of(const Segment& segment) {
    return {segment.identity().device, segment.identity().inode};
  }

  std::shared_ptr<Inner> find(const File& file) {
    const std::lock_guard lock(mutex);
    const auto found = objects.find(file);
    return found == objects.end() ? nullptr : found->second.lock();
  }
  /// `inner`, or the one that another thread entered for the same object.
  std::shared_ptr<Inner> enter(std::shared_ptr<Inner> inner) {
    const std::lock_guard lock(mutex);
    std::weak_ptr<Inner>& place = objects[file_of(*inner->segment)];
    if (std::shared_ptr<Inner> other = place.lock()) return other;
    place = inner;
    return inner;
  }
  void forget(const File& file) {
    const std::lock_guard lock(mutex);
    const auto found = objects.find(file);
    if (found != objects.end() && found->second.expired()) objects.erase(found);
  }
};

SharedObject::Inner::~Inner() {
  if (!segment || os::this_process_id() != process) return;
  Living::here().forget(Living::file_of(*segment));
  let_go();
}

std::shared_ptr<SharedObject::Inner> SharedObject::find_living(const std::string& path) {
  std::error_code error;
  const os::FileStatus status = os::status_of(path, error);
  return error ? nullptr : Living::here().find({status.device, status.inode});
}

SharedObject::SharedObject(std::shared_ptr<Inner> inner)
    : inner_(std::move(inner)), body_(inner_->segment->data() + sizeof(ObjectHead)) {}

SharedObject SharedObject::create(const ObjectKind& kind, std::string_view name,
                                  std::size_t body_bytes, const Start& start) {
  CreateOptions options;
  options.lifetime = Lifetime::owned;
  options.attribute_bytes = 0;
  options.publish = false;
  if (!name.empty()) sweep_once(options.place);
  const segment::Content content{
      segment::Kind::object, Dtype::none, {}, sizeof(ObjectHead) + body_bytes};
  auto inner = std::make_shared<Inner>();
  inner->generated = name.empty();
  inner->segment = Segment::create(name.empty() ? generated_name(kind.name) : std::string(name),
                                   content, options);
  auto* head = new (inner->segment->data()) ObjectHead{};
  std::memcpy(head->magic, object_magic, sizeof object_magic);
  head->type = static_cast<std::uint32_t>(kind.type);
  head->version = kind.version;
  head->fingerprint = kind.fingerprint;
  head->body_bytes = body_bytes;
  SharedObject object(Living::here().enter(std::move(inner)));
  if (start) start(object.body_);
  os::fault_point("sync.create.started");
  if (!name.empty()) object.name();
  return object;
}

SharedObject SharedObject::attach(const ObjectKind& kind, std::string_view name,
                                  std::size_t body_bytes_min) {
  AttachOptions options;
  sweep_once(options.place);
  if (std::shared_ptr<Inner> living = find_living(options.place.path_of(name)))
    return checked(std::move(living), kind, name, body_bytes_min);
  const segment::Info info = info_of(kind, name, options.place);
  if (info.kind != segment::Kind::object)
    throw TypeMismatch(fmt::format("\"{}\" is not a {} but {}", name, kind.name,
                                   info.kind == segment::Kind::array ? "an array" : "an engine"));
  if (!info.attached && info.lifetime == Lifetime::owned)
    throw NotFound(
        fmt::format("no {} \"{}\": all who held it are dead (make it again)", kind.name, name));
  auto inner = std::make_shared<Inner>();
  inner->segment = Segment::attach(name, options);
  return checked(Living::here().enter(std::move(inner)), kind, name, body_bytes_min);
}

SharedObject SharedObject::checked(std::shared_ptr<Inner> inner, const ObjectKind& kind,
                                   std::string_view name, std::size_t body_bytes_min) {
  if (inner->segment->data_bytes() < sizeof(ObjectHead))
    throw Corrupt(fmt::format("\"{}\" is damaged: too short for an object", name));
  check_head(inner->head(), kind, inner->segment->data_bytes(), name);
  if (inner->head().body_bytes < body_bytes_min)
    throw Corrupt(fmt::format("\"{}\" is damaged: too short for a {}", name, kind.name));
  return SharedObject(std::move(inner));
}

void SharedObject::at_release(Start finish) const {
  const std::lock_guard lock(inner_->naming);
  if (!inner_->finish) inner_->finish = std::move(finish);
}

std::size_t SharedObject::body_bytes() const noexcept { return inner_->head().body_bytes; }

const std::string& SharedObject::name() const {
  Inner& inner = *inner_;
  if (inner.head().named.load(std::memory_order_acquire) == 0) {
    const std::lock_guard lock(inner.naming);
    if (inner.process != os::this_process_id())
      inner.publish_as_child();
    else if (inner.head().named.load(std::memory_order_acquire) == 0)
      inner.publish_as_maker();
    inner.head().named.store(1, std::memory_order_release);
  }
  return inner.segment->name();
}

const Place& SharedObject::place() const noexcept { return inner_->segment->place(); }
int SharedObject::descriptor() const noexcept { return inner_->segment->descriptor(); }
std::uint64_t SharedObject::segment_bytes() const noexcept {
  return inner_->segment->header().segment_bytes;
}

}  // namespace furrow::mp
