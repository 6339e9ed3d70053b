#include <furrow/io/hdf5/session.hpp>

#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/error.hpp>
#include <furrow/io/hdf5/flight.hpp>
#include <furrow/io/hdf5/owner_steps.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/io/replace_errors.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/identity.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t ring_bytes_max = std::size_t{256} << 20;
constexpr std::size_t slots_per_worker = 4;
constexpr std::size_t answer_bytes = std::size_t{16} << 10;
constexpr std::int64_t watch_ns = 50'000'000;
constexpr std::int64_t leave_ns = 1'000'000'000;  // helpers' time to leave a push that is over

AnyArray scratch_at(const Place& place, std::size_t bytes) {
  CreateOptions options;
  options.lifetime = Lifetime::owned;
  options.publish = false;
  options.attribute_bytes = 0;
  options.place = place;
  return AnyArray::create("temporary", Dtype::u8, {static_cast<std::int64_t>(bytes)}, options);
}

}  // namespace

SaveReport report_of(const Target& target) {
  SaveReport report;
  report.road = target.filtered_here ? "chunks" : "rows";
  report.chunk = target.chunked ? target.chunk : Extents();
  report.shape = target.shape;
  for (std::uint32_t i = 0; target.filtered_here && i < target.chain.count; ++i) {
    if (target.chain.filters[i].kind == FilterKind::shuffle) report.shuffled = true;
  }
  return report;
}

struct WriteSession::State {
  State(Engine& e, const WriteRequest& r, const JobOptions& o)
      : engine(e),
        request(r),
        id(os::random_bits()),
        place(Place::default_place()),
        note_memory(scratch_at(place, sizeof(Note))),
        note(new (note_memory.data()) Note{}) {
    journey.asked = (r.append ? "cannot append to " : "cannot save ") + quoted(r.file, r.dataset);
    journey.watch = o.watch;
    if (o.deadline_ns > 0) journey.deadline_ns = os::monotonic_ns() + o.deadline_ns;
  }

  void open();
  void drop() noexcept;
  template <class F>
  Flight launch(const F& f, std::vector<AnyArray> keep, const WireWriter& request = {});
  void await(Flight& flight) {
    if (!flight.await(journey)) ring_memory = {};
  }
  void read_head(Roads& roads, std::vector<AnyArray>& keep);
  void give_ring(PushRows& push);
  void start_push(const PushRows& push, const std::vector<AnyArray>& keep);
  os::SettledFile settle();
  bool was_published(const Flight& flight, const os::SettledFile& settled) const;

  Engine& engine;
  WriteRequest request;
  std::uint64_t id;
  Place place;  // of the memory shared with workers
  AnyArray note_memory;
  Note* note;
  std::string path;  // of the file, links followed
  Journey journey;
  Target target;
  std::int64_t position = 0;
  std::int64_t pushed = 0;  // rows in flight
  AnyArray ring_memory;
  std::optional<Flight> push;
  bool committed = false;
  std::uint64_t ring_limit = ring_bytes_max;
};

template <class F>
Flight WriteSession::State::launch(const F& f, std::vector<AnyArray> keep,
                                   const WireWriter& request_bytes) {
  Flight flight{Mailbox(place, request_bytes, answer_bytes), {}, {}, {}, {}, {}};
  keep.push_back(flight.box.array());
  keep.push_back(note_memory);
  const OwnerStep<F> step{flight.box.mail(), id, f};
  flight.start_owner = [this, step, keep] {
    return start_on_workers(engine, step, keep, journey.time_left_ns());
  };
  flight.owner = flight.start_owner();
  return flight;
}

void WriteSession::State::open() {
  const Mailbox box(place, encode(request), answer_bytes);
  Mail* const mail = box.mail();
  const std::uint64_t session = id;
  JobOptions job;
  job.deadline_ns = journey.time_left_ns();
  job.watch = journey.watch;
  run(
      engine, box, 1,
      [mail, session](std::int64_t) {
        guard(*mail, [mail, session] {
          const QuietErrors quiet;
          auto sink = std::make_unique<Sink>(decode_request(request_of(*mail)));
          WireWriter answer;
          answer.put(os::this_process_id());
          answer.put(sink->target());
          answer.text(sink->path());
          keep_sink(session, std::move(sink));
          os::fault_point("io.save.opened");
          post_answer(*mail, answer);
        });
      },
      job, journey.asked);
  WireReader answer = box.answer();
  journey.owner = os::ProcessWatch(answer.get<std::uint64_t>());
  target = answer.get<Target>();
  path = answer.text();
  if (request.append && target.shape.ndim() > 0) position = target.shape[0];
}

os::SettledFile WriteSession::State::settle() {
  Flight flight = launch(Settle{}, {});
  await(flight);
  os::SettledFile settled(flight.box.answer().text());
  if (settled.valid() && !journey.owner.dead()) return settled;
  journey.lost = journey.owner.dead();
  const std::string gone = journey.lost ? "the worker that had the file open is gone"
                                        : "its temporary file was removed or cannot be opened";
  const std::string text = journey.asked + ": " + gone + "; nothing was saved";
  if (journey.lost) throw WorkerDied(text);
  throw IoError(text);
}

/// The owner failed, died, or does not answer, and the file may have its name already. False: it
/// has it not, nor will have. Throws where it is not known, or the disk has not confirmed it.
bool WriteSession::State::was_published(const Flight& flight,
                                        const os::SettledFile& settled) const {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const bool answered = flight.over();
  const os::Publishing progress = note->publishing.load();
  if (progress == os::Publishing::done && answered) {
    flight.box.rethrow();
    return true;
  }
  const os::ReplaceError found = settled.outcome(path, progress, journey.lost);
  if (found.step == os::ReplaceError::Step::not_published) return false;
  require_replaced(found, request.file);
  return true;
}

/// Without a trace, when the owner still lives; else what it left goes.
void WriteSession::State::drop() noexcept {
  try {
    if (!journey.lost) {
      const Drop step{id, note};
      Future<void> job = start_on_workers(engine, step, {note_memory}, 0);
      const std::int64_t until = os::monotonic_ns() + leave_ns;
      while (!job.wait(watch_ns / 10) && note->dropped.load() == 0 && os::monotonic_ns() < until) {
      }
      // An owner that is busy elsewhere does it later: nobody waits, and what it takes stays.
    }
  } catch (...) {  // the engine is stopped, and its workers are gone
  }
  if (note->dropped.load() == 0) os::remove_abandoned(path.empty() ? request.file : path);
}

/// A slab that begins inside of a layer of chunks gets what the layer holds already.
void WriteSession::State::read_head(Roads& roads, std::vector<AnyArray>& keep) {
  if (roads.head_bytes == 0) return;
  const AnyArray memory = scratch_at(place, roads.head_bytes);
  keep.push_back(memory);
  Flight flight = launch(ReadHead{roads.head_begin, roads.chunks.begin, memory.data()}, keep);
  await(flight);
  roads.chunks.head = memory.data();
}

/// Where there are others to help. A place that is short of memory gives fewer slots, or none.
void WriteSession::State::give_ring(PushRows& f) {
  const std::size_t workers = engine.workers();
  const std::size_t slot_bytes = f.plan.slot_bytes();
  std::size_t slots = std::min(slots_per_worker * workers, ring_limit / slot_bytes);
  slots = static_cast<std::size_t>(std::min<std::uint64_t>(slots, f.plan.tickets()));
  for (; workers > 1 && slots >= 2; slots /= 2) {
    const std::size_t bytes = Ring::bytes_for(slots, slot_bytes);
    try {
      if (!ring_memory.valid() || ring_memory.bytes() < bytes) {
        ring_memory = {};
        ring_memory = scratch_at(place, bytes);
      }
    } catch (const OutOfSpace&) {
      continue;
    }
    f.ring = Ring(ring_memory.data());
    f.ring.prepare(slots, slot_bytes, static_cast<std::size_t>(f.plan.chunks_per_ticket),
                   f.plan.tickets());
    return;
  }
}

void WriteSession::State::start_push(const PushRows& f, const std::vector<AnyArray>& keep) {
  push.emplace(launch(f, keep));
  push->ring = f.ring;
  if (!f.ring.valid()) return;
  std::vector<AnyArray> all = keep;
  all.push_back(push->box.array());
  all.push_back(note_memory);
  const HelpRows help{{push->box.mail(), id, f}};
  const auto tiles = static_cast<std::int64_t>(engine.workers());
  push->start_helpers = [this, help, tiles, all] {
    return start_tiles(engine, tiles, help, all, journey.time_left_ns());
  };
  push->helpers = push->start_helpers();
}

WriteSession::WriteSession(Engine& engine, const WriteRequest& request, const JobOptions& options)
    : state_(std::make_unique<State>(engine, request, options)) {
  try {
    state_->open();
  } catch (...) {
    state_->drop();
    throw;
  }
}

WriteSession::~WriteSession() {
  State& s = *state_;
  if (s.push) s.push->leave();
  if (!s.committed) s.drop();
}

const Target& WriteSession::target() const noexcept { return state_->target; }
std::int64_t WriteSession::position() const noexcept {
  return state_->position + (state_->push ? state_->pushed : 0);
}
bool WriteSession::lost() const noexcept { return state_->journey.lost; }

void WriteSession::limit_ring(std::uint64_t bytes) noexcept {
  state_->ring_limit = std::min<std::uint64_t>(bytes, ring_bytes_max);
}

void WriteSession::start(const AnyArray& slab) {
  State& s = *state_;
  finish();
  require_fits(s.target, slab.dtype(), slab.shape(), quoted(s.request.file, s.request.dataset));
  if (slab.size() == 0) return;
  std::vector<AnyArray> keep{slab};
  s.place = slab.segment()->place();
  s.pushed = slab.ndim() == 0 ? 0 : slab.extent(0);
  Roads roads =
      roads_of(s.target, {slab.data(), slab.strides(), s.position, slab.shape(), nullptr});
  s.read_head(roads, keep);
  PushRows f{};
  f.end = s.position + s.pushed;
  f.direct = roads.direct;
  f.chunks = roads.chunks.data != nullptr;
  if (f.chunks) {
    f.plan = PushPlan(s.target, roads.chunks);
    s.give_ring(f);
  }
  if (s.ring_memory.valid()) keep.push_back(s.ring_memory);
  s.start_push(f, keep);
}

void WriteSession::finish() {
  State& s = *state_;
  if (!s.push) return;
  Flight flight = std::move(*s.push);
  s.push.reset();
  s.await(flight);
  s.position += s.pushed;
  if (s.target.shape.ndim() > 0) s.target.shape[0] = std::max(s.target.shape[0], s.position);
}

void WriteSession::next(const WriteRequest& request) {
  State& s = *state_;
  finish();
  Flight flight = s.launch(NextDataset{}, {}, encode(request));
  s.await(flight);
  s.request = request;
  s.target = flight.box.answer().get<Target>();
  s.position = 0;
}

void WriteSession::commit() {
  State& s = *state_;
  finish();
  const os::SettledFile settled = s.settle();
  std::optional<Flight> flight;
  try {
    flight.emplace(s.launch(Publish{s.id, s.note}, {}));
    s.await(*flight);
  } catch (const Error&) {
    if (!flight || !s.was_published(*flight, settled)) throw;
  }
  s.committed = true;
}

}  // namespace furrow::hdf5
