#include <furrow/montecarlo/run.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include <furrow/error.hpp>
#include <furrow/montecarlo/checkpoint.hpp>
#include <furrow/montecarlo/sketch.hpp>
#include <furrow/montecarlo/tree.hpp>
#include <furrow/os/clock.hpp>

namespace furrow::montecarlo {
namespace {

constexpr std::int64_t paths_limit_default = std::int64_t{1} << 47;
constexpr std::uint64_t streams_max = std::uint64_t{1} << 32;
/// Records on their way, in each of two rounds.
constexpr std::size_t round_bytes_max = std::size_t{8} << 20;
constexpr double round_seconds = 0.02;
constexpr double piece_seconds = 200e-6;

void check_ends(const MonteCarloOptions& o) {
  if (o.paths < 0 || o.error < 0 || o.relative_error < 0 || o.time_ns < 0 || o.paths_min < 0) {
    throw InvalidArgument("paths, error, relative_error, time_ns and paths_min are not negative");
  }
  if (o.paths == 0 && o.error == 0 && o.relative_error == 0 && o.time_ns == 0) {
    throw InvalidArgument(
        "the simulation has no end: give a number of paths, an error or a time (paths = 0 is "
        "none)");
  }
  if (std::isnan(o.error) || std::isnan(o.relative_error)) {
    throw InvalidArgument("the error asked for is not a number");
  }
  if (o.paths > paths_limit_default) {
    throw InvalidArgument(
        fmt::format("{} paths were asked for, a simulation has at most 2^47", o.paths));
  }
}

void check(const MonteCarloOptions& o, std::size_t outputs) {
  check_ends(o);
  const auto size = static_cast<std::uint64_t>(o.block_paths);
  if (o.block_paths < block_paths_min || o.block_paths > block_paths_max ||
      !std::has_single_bit(size)) {
    throw InvalidArgument(
        fmt::format("block_paths is a power of two from 32 to 1024, not {}", o.block_paths));
  }
  if (o.stream >= streams_max) throw InvalidArgument("a simulation's stream is below 2^32");
  if (!(o.confidence > 0 && o.confidence < 1)) {
    throw InvalidArgument(
        fmt::format("a confidence is between 0 and 1 (0.95), not {}", o.confidence));
  }
  if (o.control_means.size() >= outputs && !o.control_means.empty()) {
    throw InvalidArgument(
        fmt::format("{} of the {} outputs are controls: at least one is to be estimated",
                    o.control_means.size(), outputs));
  }
  const Bins& bins = o.histogram;
  if (bins.count != 0 && !(bins.low < bins.high && std::isfinite(bins.high - bins.low) &&
                           bins.count > 0 && bins.count <= 65536)) {
    throw InvalidArgument(
        fmt::format("a histogram has 1 to 65536 bins between low and high: {} over {} to {}",
                    bins.count, bins.low, bins.high));
  }
  if (!o.samples.empty() && o.paths == 0) {
    throw InvalidArgument("samples are kept in an array of `paths` columns: give paths");
  }
}

RecordLayout layout_of(const MonteCarloOptions& o, std::size_t outputs) {
  RecordLayout layout;
  layout.outputs = static_cast<std::uint32_t>(outputs);
  layout.bins = static_cast<std::uint32_t>(o.histogram.count);
  layout.buckets = o.quantiles ? sketch_buckets : 0;
  return layout;
}

/// The first number of blocks above `blocks` at which a simulation may stop for its error: 16, 17,
/// … 32, 34, … 64, 68, …
std::int64_t next_stop(std::int64_t blocks) noexcept {
  if (blocks < 16) return 16;
  const int e = std::bit_width(static_cast<std::uint64_t>(blocks)) - 5;
  return ((blocks >> e) + 1) << e;
}

std::int64_t limit_of(const MonteCarloOptions& options, const AnySimulation& simulation) {
  const std::int64_t paths = options.paths != 0 ? options.paths : paths_limit_default;
  const std::int64_t block = options.block_paths;
  return simulation.grouped ? (paths + block - 1) / block * block : paths;
}

/// A round on its way. Its records belong to its workers until they have left it.
struct Round {
  Pieces pieces{};
  Array<double> records;
  Future<void> job;
  std::int64_t started_ns = 0;

  Round() = default;
  Round(const Round&) = delete;
  Round& operator=(const Round&) = delete;
  ~Round() {
    job.cancel();
    job.wait();
  }
};

class Course {
 public:
  Course(Engine& engine, const MonteCarloOptions& options, const AnySimulation& simulation)
      : engine_(engine),
        options_(options),
        simulation_(simulation),
        layout_(layout_of(options, simulation.outputs)),
        tree_(layout_),
        paths_limit_(limit_of(options, simulation)),
        blocks_limit_((paths_limit_ + options.block_paths - 1) / options.block_paths),
        by_error_(options.error > 0 || options.relative_error > 0),
        started_ns_(os::monotonic_ns()) {}

  MonteCarloResult run() {
    Checkpoint checkpoint(engine_, options_, layout_,
                          {simulation_.captures, simulation_.type, simulation_.code,
                           simulation_.design, paths_limit_});
    checkpoint.take_up(tree_);
    check_invalid(tree_.total());
    if (!options_.samples.empty()) make_samples(checkpoint);
    posted_ = tree_.blocks();
    taken_up_ = std::min(posted_ * options_.block_paths, paths_limit_);
    std::optional<Stop> stop = may_stop();
    std::unique_ptr<Round> now;
    std::unique_ptr<Round> ahead;
    if (!stop) {
      checkpoint.require_room();
      now = start_round();
    }
    while (!stop) {
      if (posted_ < blocks_limit_ && !out_of_time()) ahead = start_round();
      stop = finish(*now);
      if (!stop) checkpoint.save_now_and_then(tree_);
      now = std::move(ahead);
      if (!stop && now == nullptr) stop = Stop::time;
    }
    now.reset();
    checkpoint.save(whole_ ? *whole_ : tree_);
    if (samples_.valid()) finish_samples();
    return result(*stop);
  }

 private:
  double seconds() const { return static_cast<double>(os::monotonic_ns() - started_ns_) * 1e-9; }
  bool out_of_time() const {
    return options_.time_ns != 0 && os::monotonic_ns() - started_ns_ >= options_.time_ns;
  }

  void make_samples(const Checkpoint& checkpoint) {
    if (checkpoint.found()) {
      throw InvalidArgument(
          "samples cannot be kept by a simulation that is taken up from a checkpoint: those of its "
          "first part are gone");
    }
    // The name is given when they are all there: a simulation that fails or is killed leaves none.
    // Whether it can be is seen now.
    CreateOptions create;
    create.lifetime = Lifetime::owned;
    static_cast<void>(Array<double>::create(options_.samples, {1}, create));
    create.lifetime = Lifetime::persistent;
    create.publish = false;
    samples_ = Array<double>::create(
        options_.samples, {static_cast<std::int64_t>(simulation_.outputs), paths_limit_}, create);
  }

  /// What ran ahead of the end is not in the estimate, and so not among the samples.
  void finish_samples() {
    const std::int64_t reached = std::min(tree_.blocks() * options_.block_paths, paths_limit_);
    if (reached < paths_limit_) {
      engine_.fill(samples_.slice(1, {reached, paths_limit_, 1}),
                   std::numeric_limits<double>::quiet_NaN());
    }
    samples_.segment()->publish();
  }

  /// How many blocks a piece should hold, as a power of two: enough to be worth a claim, and few
  /// enough that all workers have some.
  std::int32_t level_wanted() const noexcept {
    double blocks = 1;
    if (block_seconds_ > 0) blocks = piece_seconds / block_seconds_;
    // A record with counts takes long to fold: fewer, larger ones.
    if (layout_.bins + layout_.buckets != 0) {
      blocks = std::max(blocks, static_cast<double>(layout_.words()) / 64.0);
    }
    const auto whole = static_cast<std::uint64_t>(std::clamp(blocks, 1.0, 1024.0));
    return std::min(level_max, static_cast<std::int32_t>(std::bit_width(whole)) - 1);
  }

  std::unique_ptr<Round> start_round() {
    auto round = std::make_unique<Round>();
    round->pieces = next_pieces();
    Pieces& p = round->pieces;
    round->records = room(p.count() * static_cast<std::int64_t>(layout_.words()));
    p.records = round->records.data();
    round->started_ns = os::monotonic_ns();
    round->job = simulation_.start(engine_, p);
    posted_ += p.blocks;
    blocks_ahead_max_ = 4 * p.blocks;
    return round;
  }

  /// Of a round that is over, where that is large enough: new pages are dear.
  Array<double> room(std::int64_t words) {
    Array<double> found;
    if (spare_.valid() && spare_.size() >= words) std::swap(found, spare_);
    spare_ = {};
    return found.valid() ? found : Array<double>::temporary({words});
  }

  Pieces next_pieces() const {
    Pieces p{};
    p.sequence = {options_.seed, options_.stream};
    p.first_block = posted_;
    p.paths = paths_limit_;
    p.block_paths = options_.block_paths;
    p.antithetic = options_.antithetic;
    p.forgive = options_.on_invalid == OnInvalid::count;
    p.layout = layout_;
    p.grouped = simulation_.grouped;
    p.bins = options_.histogram;
    if (samples_.valid()) {
      p.samples = samples_.data();
      p.samples_stride = paths_limit_;
    }
    p.level = level_wanted();
    if (posted_ != 0) {
      p.level = std::min(p.level, std::countr_zero(static_cast<std::uint64_t>(posted_)));
    }
    p.blocks = std::min(blocks_wanted(p.level), blocks_limit_ - posted_);
    // Rounds end with whole pieces, so that the next one begins where large pieces may.
    if (p.blocks > std::int64_t{1} << p.level && posted_ + p.blocks != blocks_limit_) {
      p.blocks &= -(std::int64_t{1} << p.level);
    }
    if (by_error_ || options_.milestone) cut_at_stops(p);
    // A checkpoint holds whole blocks, so that more paths may follow: an incomplete one comes
    // alone.
    const std::int64_t whole = paths_limit_ / options_.block_paths;
    if (!options_.checkpoint.empty() && posted_ < whole) {
      p.blocks = std::min(p.blocks, whole - posted_);
    }
    return p;
  }

  /// Some for every worker, then as many as a round's time allows, growing step by step, and no
  /// more than there is room for their records.
  std::int64_t blocks_wanted(std::int32_t level) const noexcept {
    auto blocks = 4 * static_cast<std::int64_t>(std::max<std::size_t>(engine_.workers(), 1));
    if (block_seconds_ > 0) {
      const double timely = std::min(round_seconds / block_seconds_, 0x1p40);
      blocks = std::max(blocks, std::min(static_cast<std::int64_t>(timely), blocks_ahead_max_));
    }
    const std::size_t records = round_bytes_max / (layout_.words() * sizeof(double)) + 1;
    return std::min(blocks, static_cast<std::int64_t>(records) << level);
  }

  /// No piece reaches over a number of blocks at which the simulation may stop.
  void cut_at_stops(Pieces& p) const noexcept {
    const std::int64_t step = next_stop(p.first_block) - p.first_block;
    const auto level =
        static_cast<std::int32_t>(std::bit_width(static_cast<std::uint64_t>(step)) - 1);
    p.level = std::min(p.level, p.first_block < 16 ? 0 : level);
  }

  std::optional<Stop> finish(Round& round) {
    std::optional<Stop> stop = wait(round);
    if (stop) return stop;
    measure(round);
    const std::int64_t pieces = round.pieces.count();
    for (std::int64_t i = 0; i < pieces; ++i) {
      const double* const record =
          round.pieces.records + static_cast<std::size_t>(i) * layout_.words();
      if (!options_.checkpoint.empty() && tree_.blocks() == paths_limit_ / options_.block_paths) {
        whole_ = tree_;
      }
      tree_.add(record, round.pieces.range(i).level);
      if (count_at(record, 1) != 0) check_invalid(tree_.total(), round.pieces, i);
      if (options_.milestone && is_stop(tree_.blocks())) options_.milestone(running());
      stop = may_stop();
      if (stop) return stop;
    }
    spare_ = round.records;
    return stop;
  }

  /// Until the round has ended; the first is waited for however little time there is, so that there
  /// is an estimate.
  std::optional<Stop> wait(Round& round) {
    constexpr std::int64_t tick_ns = 100'000'000;
    for (;;) {
      std::int64_t limit = tick_ns;
      if (options_.time_ns != 0 && tree_.blocks() != 0) {
        limit = std::min(limit, started_ns_ + options_.time_ns - os::monotonic_ns());
      }
      if (round.job.wait(std::max<std::int64_t>(limit, 0))) {
        round.job.get();
        return report() ? std::optional<Stop>{} : Stop::cancelled;
      }
      if (!report()) return Stop::cancelled;
      if (tree_.blocks() != 0 && out_of_time()) return Stop::time;
    }
  }

  MonteCarloProgress running() const {
    const MonteCarloResult so_far = estimates();
    const Estimate none{};
    const Estimate& first = so_far.outputs.empty() ? none : so_far.outputs.front();
    return {so_far.paths, options_.paths, first.mean, first.standard_error, seconds()};
  }

  bool report() {
    if (!options_.progress) return true;
    const std::int64_t now = os::monotonic_ns();
    if (now < report_ns_) return true;
    report_ns_ = now + 100'000'000;
    return options_.progress(running());
  }

  /// Seconds that a block takes with all workers at once.
  void measure(const Round& round) noexcept {
    const std::int64_t now = os::monotonic_ns();
    const std::int64_t since = std::max(round.started_ns, finished_ns_);
    finished_ns_ = now;
    const double each =
        static_cast<double>(now - since) * 1e-9 / static_cast<double>(round.pieces.blocks);
    block_seconds_ = std::max(each, 1e-9);
  }

  void check_invalid(const std::vector<double>& total) const {
    if (options_.on_invalid == OnInvalid::fail && count_at(total.data(), 1) != 0) {
      throw_invalid(total, "");
    }
  }

  /// The same after piece `index` was folded, which has the first such path: that is named.
  void check_invalid(const std::vector<double>& total, const Pieces& pieces, std::int64_t index) {
    if (options_.on_invalid != OnInvalid::fail || count_at(total.data(), 1) == 0) return;
    throw_invalid(total, first_invalid(pieces, pieces.range(index)));
  }

  [[noreturn]] void throw_invalid(const std::vector<double>& total,
                                  const std::string& first) const {
    throw KernelFailed(fmt::format(
        "{} of the first {} paths have an output that is not finite{} (on_invalid = count leaves "
        "such paths out, and counts them)",
        count_at(total.data(), 1), std::min(tree_.blocks() * options_.block_paths, paths_limit_),
        first));
  }

  /// ", the first of them path 4711". A record says only how many there are: the piece's blocks
  /// are simulated again, one after the other, and their outputs kept.
  std::string first_invalid(const Pieces& pieces, Pieces::Range range) {
    const std::int64_t stride = options_.block_paths;
    const auto outputs = static_cast<std::int64_t>(simulation_.outputs);
    const auto record = Array<double>::temporary({static_cast<std::int64_t>(layout_.words())});
    const auto kept = Array<double>::temporary({outputs, stride});
    Pieces p = pieces;
    p.blocks = 1;
    p.level = 0;
    p.grouped = false;
    p.records = record.data();
    p.samples_stride = stride;
    for (std::int64_t b = 0; b < std::int64_t{1} << range.level; ++b) {
      p.first_block = range.first_block + b;
      const std::int64_t first = p.first_block * stride;
      // Sample i of the whole simulation is at i: the array begins with `first`.
      p.samples = reinterpret_cast<double*>(reinterpret_cast<std::uintptr_t>(kept.data()) -
                                            static_cast<std::uintptr_t>(first) * sizeof(double));
      simulation_.start(engine_, p).get();
      const std::int64_t count = std::min(stride, paths_limit_ - first);
      for (std::int64_t i = 0; i < count; ++i) {
        if (!std::isfinite(kept.data()[i])) {  // which all outputs of such a path are then
          return fmt::format(", the first of them path {}", first + i);
        }
      }
    }
    return "";
  }

  MonteCarloResult estimates() const {
    MonteCarloResult result;
    result.layout = layout_;
    result.record = tree_.total();
    make_estimates(result, options_.confidence, options_.control_means);
    if (simulation_.grouped) result.paths *= options_.block_paths;
    return result;
  }

  /// Whether what is accepted is enough. A function of it alone, and not of time.
  std::optional<Stop> may_stop() const {
    const std::int64_t blocks = tree_.blocks();
    if (by_error_ && blocks != 0 && (blocks == blocks_limit_ || is_stop(blocks)) &&
        blocks * options_.block_paths >= options_.paths_min && accurate()) {
      return Stop::error;
    }
    if (blocks >= blocks_limit_) return Stop::paths;
    return {};
  }

  static bool is_stop(std::int64_t blocks) noexcept { return next_stop(blocks - 1) == blocks; }

  bool accurate() const {
    const MonteCarloResult so_far = estimates();
    const Estimate& first = so_far.outputs.front();
    const auto samples = static_cast<double>(count_at(so_far.record.data(), 0));
    if (!believable(first.standard_error, first.kurtosis, samples, so_far.paths)) return false;
    return first.standard_error <= options_.error ||
           (options_.relative_error > 0 &&
            first.standard_error <= options_.relative_error * std::abs(first.mean));
  }

  MonteCarloResult result(Stop stop) const {
    MonteCarloResult out = estimates();
    out.stop = stop;
    out.samples = samples_;
    out.seconds = seconds();
    out.taken_up = taken_up_;
    return out;
  }

  Engine& engine_;
  const MonteCarloOptions& options_;
  const AnySimulation& simulation_;
  RecordLayout layout_;
  Tree tree_;
  std::optional<Tree> whole_;  // without an incomplete last block
  std::int64_t paths_limit_;
  std::int64_t blocks_limit_;
  bool by_error_;
  std::int64_t started_ns_;
  Array<double> samples_;
  Array<double> spare_;
  std::int64_t taken_up_ = 0;
  std::int64_t posted_ = 0;  // blocks that were given to workers
  double block_seconds_ = 0;
  std::int64_t blocks_ahead_max_ = 0;
  std::int64_t finished_ns_ = 0;
  std::int64_t report_ns_ = 0;
};

}  // namespace

MonteCarloResult run(Engine& engine, const MonteCarloOptions& options,
                     const AnySimulation& simulation) {
  check(options, simulation.outputs);
  return Course(engine, options, simulation).run();
}

}  // namespace furrow::montecarlo
