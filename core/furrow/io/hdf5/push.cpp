#include <furrow/io/hdf5/push.hpp>

#include <algorithm>
#include <memory>
#include <vector>

#include <furrow/error.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/fault.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t head_bytes_max = std::size_t{256} << 20;
constexpr std::size_t ticket_bytes = std::size_t{256} << 10;
constexpr std::size_t kept_bytes_max = std::size_t{8} << 20;
constexpr std::int64_t chunks_per_ticket_max = 4096;
constexpr std::uint32_t owner = 0;
constexpr std::int64_t patience_ns_min = 2'000'000;
constexpr std::int64_t patience_ns_max = 2'000'000'000;
constexpr std::int64_t look_up_ns = 50'000'000;        // how often a waiting owner asks its watch
constexpr std::int64_t helper_waits_ns = 200'000'000;  // then it does something else

thread_local std::vector<std::byte> gathered;  // kept for the next chunk

/// Large chunks are rare: their memory is not kept from one push to the next.
class Trim {
 public:
  Trim() = default;
  ~Trim() {
    trim_filters(kept_bytes_max);
    if (gathered.size() > kept_bytes_max) std::vector<std::byte>().swap(gathered);
  }
  Trim(const Trim&) = delete;
  Trim& operator=(const Trim&) = delete;
};

/// The chunks of one ticket into `heads` and `bytes`.
void encode_ticket(const PushPlan& plan, std::uint64_t ticket, ChunkHead* heads, std::byte* bytes) {
  if (gathered.size() < plan.grid.chunk_bytes()) gathered.resize(plan.grid.chunk_bytes());
  const std::int64_t begin = static_cast<std::int64_t>(ticket) * plan.chunks_per_ticket;
  const std::int64_t end = std::min(begin + plan.chunks_per_ticket, plan.grid.chunks());
  for (std::int64_t chunk = begin; chunk < end; ++chunk) {
    const Encoded encoded =
        encode_chunk(plan.grid.chain(), plan.grid.elements(chunk, gathered.data()), bytes);
    heads[chunk - begin] = {encoded.bytes, encoded.mask};
    bytes += encoded.bytes;
  }
}

void write_ticket(Sink& sink, const PushPlan& plan, std::uint64_t ticket, const ChunkHead* heads,
                  const std::byte* bytes) {
  const std::int64_t begin = static_cast<std::int64_t>(ticket) * plan.chunks_per_ticket;
  const std::int64_t end = std::min(begin + plan.chunks_per_ticket, plan.grid.chunks());
  for (std::int64_t chunk = begin; chunk < end; ++chunk) {
    const ChunkHead& head = heads[chunk - begin];
    sink.write_chunk(plan.grid.offset(chunk), bytes,
                     {static_cast<std::size_t>(head.bytes), static_cast<std::uint32_t>(head.mask)});
    bytes += head.bytes;
  }
}

/// What the owner does, with what it needs from one ticket to the next.
class Owner {
 public:
  Owner(Sink& sink, const PushPlan& plan, const Ring& ring,
        const std::function<bool(double)>& watch)
      : sink_(sink), plan_(plan), ring_(ring), watch_(watch) {}

  void run() {
    const std::uint64_t tickets = plan_.tickets();
    waiting_since_ = os::monotonic_ns();
    while (next_ < tickets) {
      const std::uint32_t readied =
          ring_.valid() ? ring_.header().readied.load(std::memory_order_seq_cst) : 0;
      if (write_ready() || filter_one()) continue;
      const std::int64_t waited = os::monotonic_ns() - waiting_since_;
      const std::int64_t patience = std::clamp(2 * filter_ns_, patience_ns_min, patience_ns_max);
      if (ring_.valid() && waited < patience) {
        ring_.wait_ready(readied, std::min(patience - waited, look_up_ns));
        look_up();
      } else {
        filter_privately();
      }
    }
  }

 private:
  void look_up() const {
    const double done = static_cast<double>(next_) / static_cast<double>(plan_.tickets());
    if (watch_ && !watch_(done)) {
      throw Cancelled("cannot save to \"" + sink_.path() +
                      "\": it was cancelled; nothing was saved");
    }
  }

  void written() {
    ++next_;
    waiting_since_ = os::monotonic_ns();
    look_up();
  }

  bool write_ready() {
    Slot* const slot = ring_.valid() ? ring_.find_ready(next_) : nullptr;
    if (slot == nullptr) return false;
    write_ticket(sink_, plan_, next_, ring_.heads(*slot), ring_.bytes(*slot));
    ring_.release(*slot);
    written();
    return true;
  }

  bool filter_one() {
    if (!ring_.valid()) return false;
    std::uint64_t ticket = 0;
    bool no_slot = false;
    Slot* const slot = ring_.take(owner, ticket, no_slot);
    if (slot == nullptr) return false;
    const std::int64_t begin = os::monotonic_ns();
    encode_ticket(plan_, ticket, ring_.heads(*slot), ring_.bytes(*slot));
    waiting_since_ = os::monotonic_ns();
    filter_ns_ = waiting_since_ - begin;
    ring_.mark_ready(*slot, owner, ticket);
    return true;
  }

  void filter_privately() {
    if (!memory_) memory_.reset(new std::byte[plan_.slot_bytes()]);
    auto* const heads = reinterpret_cast<ChunkHead*>(memory_.get());
    std::byte* const bytes = reinterpret_cast<std::byte*>(heads + plan_.chunks_per_ticket);
    const std::int64_t begin = os::monotonic_ns();
    encode_ticket(plan_, next_, heads, bytes);
    filter_ns_ = os::monotonic_ns() - begin;
    write_ticket(sink_, plan_, next_, heads, bytes);
    written();
  }

  Sink& sink_;
  const PushPlan& plan_;
  const Ring& ring_;
  const std::function<bool(double)>& watch_;
  std::uint64_t next_ = 0;               // the ticket to be written
  std::int64_t filter_ns_ = 25'000'000;  // what a ticket took last
  std::int64_t waiting_since_ = 0;
  std::unique_ptr<std::byte[]> memory_;
};

}  // namespace

void require_fits(const Target& target, Dtype dtype, const Shape& shape, const std::string& name) {
  if (dtype != target.dtype) {
    throw TypeMismatch("cannot write " + std::string(dtype_name(dtype)) + " into " + name +
                       ", which holds " + std::string(dtype_name(target.dtype)));
  }
  bool fits = shape.ndim() == target.shape.ndim();
  for (std::size_t axis = 1; fits && axis < shape.ndim(); ++axis) {
    fits = shape[axis] == target.shape[axis];
  }
  if (fits) return;
  throw ShapeMismatch("cannot write shape " + to_string(shape) + " into " + name +
                      ", which has shape " + to_string(target.shape) +
                      ": all axes but the first must agree");
}

Roads roads_of(const Target& target, const Slab& rows) noexcept {
  Roads roads;
  if (!target.filtered_here) {
    roads.direct = rows;
    return roads;
  }
  roads.chunks = rows;
  const std::int64_t layer = target.chunk[0];
  roads.head_begin = rows.begin / layer * layer;
  Shape head = target.shape;
  head[0] = rows.begin - roads.head_begin;
  roads.head_bytes = static_cast<std::size_t>(size_of(head)) * item_bytes(target.dtype);
  if (roads.head_bytes <= head_bytes_max) return roads;
  // Too much to be read: the library does the layer that is shared, chunk by chunk.
  roads.head_bytes = 0;
  roads.direct = rows;
  const std::int64_t shared = std::min(roads.head_begin + layer - rows.begin, rows.shape[0]);
  roads.direct.shape[0] = shared;
  roads.chunks.begin += shared;
  roads.chunks.shape[0] -= shared;
  roads.chunks.data =
      static_cast<const std::byte*>(rows.data) +
      shared * rows.strides[0] * static_cast<std::int64_t>(item_bytes(target.dtype));
  if (roads.chunks.shape[0] == 0) roads.chunks.data = nullptr;
  return roads;
}

PushPlan::PushPlan(const Target& target, const Slab& slab) noexcept : grid(target, slab) {
  const auto fit =
      static_cast<std::int64_t>(ticket_bytes / std::max<std::size_t>(grid.chunk_bytes(), 1));
  chunks_per_ticket = std::clamp<std::int64_t>(fit, 1, chunks_per_ticket_max);
}

std::uint64_t PushPlan::tickets() const noexcept {
  return static_cast<std::uint64_t>((grid.chunks() + chunks_per_ticket - 1) / chunks_per_ticket);
}

void help(const PushPlan& plan, const Ring& ring, std::uint32_t holder) {
  const Trim trim;
  ring.reclaim(holder);
  while (ring.header().leave.load(std::memory_order_acquire) == 0) {
    std::uint64_t ticket = 0;
    bool no_slot = false;
    Slot* const slot = ring.take(holder, ticket, no_slot);
    if (slot != nullptr) {
      encode_ticket(plan, ticket, ring.heads(*slot), ring.bytes(*slot));
      os::fault_point("io.save.encoded");
      ring.mark_ready(*slot, holder, ticket);
    } else if (!no_slot || !ring.wait_free(helper_waits_ns)) {
      return;
    }
  }
}

void push_chunks(Sink& sink, const PushPlan& plan, const Ring& ring,
                 const std::function<bool(double)>& watch) {
  const Trim trim;
  Owner(sink, plan, ring, watch).run();
}

void push_rows(Sink& sink, const Slab& rows, const std::function<bool(double)>& watch) {
  Roads roads = roads_of(sink.target(), rows);
  std::unique_ptr<std::byte[]> head;
  if (roads.head_bytes > 0) {
    head.reset(new std::byte[roads.head_bytes]);
    sink.read_rows(roads.head_begin, roads.chunks.begin, head.get());
    roads.chunks.head = head.get();
  }
  if (sink.target().shape.ndim() > 0) sink.extend(rows.begin + rows.shape[0]);
  if (roads.direct.data != nullptr) sink.write_rows(roads.direct, watch);
  if (roads.chunks.data != nullptr) {
    push_chunks(sink, PushPlan(sink.target(), roads.chunks), {}, watch);
  }
}

}  // namespace furrow::hdf5
