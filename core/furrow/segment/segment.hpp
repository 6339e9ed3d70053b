// furrow/segment/segment.hpp
//
// A segment: named shared memory with a header that says what it holds. Arrays are views of it.
//
// Creation  invisible or complete: the memory is reserved and the header written before the name
//           appears, in one step. A full place is OutOfSpace here, never a SIGBUS later.
// Liveness  every holder keeps a shared lock (flock) on the file, which the kernel drops when the
//           process dies, SIGKILL included. No pids, no heartbeats.
// Lifetime  persistent: until removed by name. owned: goes with its last holder; what a crash
//           leaves behind is removed by sweep(), which every engine start and `furrow gc` call.
// Fork      a child shares its parent's hold; it must not touch the parent's Segment objects but
//           attach by itself (furrow's own workers do).
// Threads   const functions may be called from any thread
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <furrow/error.hpp>
#include <furrow/kernels/dtype.hpp>
#include <furrow/segment/layout.hpp>
#include <furrow/segment/place.hpp>

namespace furrow {

struct Attribute;

enum class Lifetime : std::uint32_t { persistent = 0, owned = 1 };
enum class Access : std::uint32_t { read_only = 0, read_write = 1 };

struct CreateOptions {
  Lifetime lifetime = Lifetime::persistent;
  unsigned mode = 0600;                // permission bits of the file
  std::string note{};                  // free text, at most 1023 bytes
  std::size_t attribute_bytes = 2000;  // room for attributes (segment/attributes.hpp)
  // false: nobody sees it until Segment::publish; a creator that dies before leaves nothing. With
  // it an array is filled first and appears with its contents.
  bool publish = true;
  // false, of an array that is not published yet: its memory is not taken at once but by whoever
  // fills it, workers side by side, through the file (os::write_at, which says when the place is
  // full; touching the mapping would not). Publishing takes what is still missing.
  bool reserve = true;
  Place place = Place::default_place();
};

struct AttachOptions {
  Access access = Access::read_write;
  std::int64_t timeout_ns = 2'000'000'000;  // for a segment that is still being created
  Place place = Place::default_place();
};

namespace segment {

class Borrowing;  // segment/borrowing.hpp

/// What a new segment holds.
struct Content {
  Kind kind = Kind::array;
  Dtype dtype = Dtype::none;
  std::span<const std::int64_t> shape;  // C order; empty: one element
  std::uint64_t data_bytes = 0;  // kinds engine, object: bytes wanted; arrays: from the shape
};

/// What tells one file from another, also after its name was given to a new one.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// What `furrow info` shows.
struct Info {
  std::string name;  // without the prefix
  Kind kind;
  Dtype dtype;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  // bytes
  std::uint64_t data_bytes;
  std::uint64_t segment_bytes;
  Lifetime lifetime;
  bool attached;            // somebody holds it, this process included
  std::int64_t created_at;  // nanoseconds since 1970
  std::uint64_t creator_pid;
  std::uint64_t generation;
  std::string note;
};

}  // namespace segment

class Segment {
 public:
  /// Throws AlreadyExists, OutOfSpace (says what it needs and what is free), InvalidArgument,
  /// PermissionDenied. Nothing is left behind by a failure or a SIGKILL at any point.
  static std::shared_ptr<Segment> create(std::string_view name, const segment::Content& content,
                                         const CreateOptions& options = {});

  /// Throws NotFound, Timeout (still being created), Corrupt, VersionMismatch, PermissionDenied.
  static std::shared_ptr<Segment> attach(std::string_view name, const AttachOptions& options = {});

  /// Gives a segment that was created with publish = false its name. With `replace` an older one of
  /// that name goes first. Throws AlreadyExists; InUse when the older one is attached.
  void publish(bool replace = false);
  bool is_published() const noexcept;  // others may find it by its name

  /// Lets go: unmaps, unlocks, and removes the name of an owned segment that nobody else holds.
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  const std::string& name() const noexcept;  // without the prefix
  const Place& place() const noexcept;
  Access access() const noexcept;
  Lifetime lifetime() const noexcept;
  segment::FileIdentity identity() const noexcept;
  /// The open file, for as long as this object lives: workers reach it by os::open_descriptor_of.
  int descriptor() const noexcept;
  /// All of its memory is there: it may be touched. False for those made without `reserve`, until
  /// they are published.
  bool is_reserved() const noexcept;
  const segment::Header& header() const noexcept;
  segment::Info info() const;

  /// First byte of the array data; the same address in every process of an engine.
  std::byte* data() const noexcept;
  std::size_t data_bytes() const noexcept;

  /// Adds one to the generation (after a job that wrote).
  void bump_generation() const noexcept;
  /// Notes which engine is about to write: a dead one's leftovers are no longer put in then.
  void mark_writer(std::uint64_t engine_id) const noexcept;

 private:
  struct State;
  explicit Segment(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
  friend std::map<std::string, Attribute, std::less<>> read_attributes(const Segment&);
  friend class segment::Borrowing;
  friend void write_attributes(Segment&, const std::map<std::string, Attribute, std::less<>>&);
};

namespace segment {

/// Removes a name. Throws NotFound; InUse when somebody is attached and `force` is false. With
/// force the holders keep their memory, and the name is free at once.
void remove(std::string_view name, bool force = false, const Place& place = Place::default_place());

/// All segments with the place's prefix, by name; unreadable ones are left out.
std::vector<Info> list(const Place& place = Place::default_place());

/// One segment, without attaching to it. Throws as attach does.
Info info(std::string_view name, const Place& place = Place::default_place());

/// What sweep removed or, on a dry run, would remove: names without the prefix, and their bytes.
struct Swept {
  std::string name;
  std::uint64_t bytes;
};

/// Removes owned arrays, owned objects and half-made segments that no process holds. Engine control
/// segments are left to furrow::sweep (engine/sweep.hpp), which repairs before it removes.
std::vector<Swept> sweep(bool dry_run = false, const Place& place = Place::default_place());

/// The same of what these processes made, by their ids, and nobody else.
std::vector<Swept> sweep_of(const std::vector<std::uint64_t>& creators,
                            const Place& place = Place::default_place());

}  // namespace segment
}  // namespace furrow
