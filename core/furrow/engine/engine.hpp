// furrow/engine/engine.hpp
//
// An engine: worker processes that compute on shared arrays, tile by tile.
//
//   furrow::Engine engine;                                      // one worker per granted core
//   auto x = furrow::Array<double>::create("x", {1'000'000});
//   engine.fill(x, 1.0);
//   engine.transform(x, [](double v) { return std::sqrt(v) + 1; });      // in place
//   double total = engine.sum(x);                               // same bits for any worker count
//
// Crash     a worker may be killed at any instant: its tile is finished or run again by another,
//           exactly once, in place too. A tile that kills three workers fails the job.
// Order     jobs of one engine may overlap, and start in no promised order; a job that needs
//           another's result waits for it (`get`), as with any future
// Closures  trivially copyable: capture numbers, pointers and View<T> by value (`x.view()`), never
//           Array or std::vector. They may run more than once per tile after a crash; what they
//           write outside the tile they are given is not protected (engine/writing.hpp).
// Errors    an exception in a closure cancels the job and arrives as KernelFailed with its text
// Threads   all functions may be called from any thread of the coordinator
#pragma once

#include <complex>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <furrow/array/array.hpp>
#include <furrow/engine/evaluate.hpp>
#include <furrow/engine/future.hpp>
#include <furrow/engine/gate.hpp>
#include <furrow/engine/job.hpp>
#include <furrow/engine/options.hpp>
#include <furrow/engine/tile.hpp>
#include <furrow/error.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow {

/// A kernel's parameter as given by a caller; converted to what the kernel takes, exactly or not
/// at all (InvalidArgument).
struct Value {
  enum class Kind { integer, natural, real, complex } kind;
  std::int64_t i = 0;
  std::uint64_t u = 0;
  std::complex<double> z;

  template <class T>
  requires std::is_arithmetic_v<T> Value(T v)  // NOLINT: 2, 2u, 2.0 are values
      : kind(std::is_floating_point_v<T> ? Kind::real
             : std::is_signed_v<T>       ? Kind::integer
                                         : Kind::natural),
        i(std::is_floating_point_v<T> ? 0 : static_cast<std::int64_t>(v)),
        u(std::is_floating_point_v<T> ? 0 : static_cast<std::uint64_t>(v)),
        z(static_cast<double>(v)) {}
  Value(std::complex<double> v) : kind(Kind::complex), z(v) {}  // NOLINT
};

/// An input of a kernel: an array, broadcast to the output's shape as NumPy does, or a number that
/// stands for all elements. The number is converted to the dtype that the kernel takes there: to an
/// integer exactly or not at all (InvalidArgument), to a real by rounding, as parameters are.
class Input {
 public:
  /// Throws InvalidArgument for an array that was never created.
  Input(AnyArray array) : array_(std::move(array)) {  // NOLINT: arrays and numbers are inputs
    if (!array_.valid()) throw InvalidArgument("an input is an array that was never created");
  }
  template <class T>
  requires std::is_arithmetic_v<T> Input(T value) : value_(value) {}  // NOLINT
  Input(Value value) : value_(value) {}                               // NOLINT
  Input(std::complex<double> value) : value_(value) {}                // NOLINT

  bool is_array() const noexcept { return array_.valid(); }
  const AnyArray& array() const noexcept { return array_; }
  const Value& value() const noexcept { return value_; }

 private:
  AnyArray array_;
  Value value_ = 0;
};

/// What a name of an expression stands for.
struct Binding {
  std::string name;
  Input value;
};

/// What `statistics` finds. NaNs are counted and left out of the rest.
struct Statistics {
  std::int64_t count = 0;  // elements that are not NaN
  std::int64_t nan = 0;
  double sum = 0;
  double mean = 0;      // NaN when count is 0
  double variance = 0;  // with n-1; NaN when count is below 2
  double std = 0;
  double min = 0;  // NaN when count is 0
  double max = 0;
  Value least = 0.0;  // min and max as the elements have them: integers exactly
  Value greatest = 0.0;
};

/// What a worker looks like from outside, for `top` and for post-mortems.
struct WorkerInfo {
  std::uint64_t pid;
  bool alive;
  bool joined;  // came by `furrow worker --engine`
  std::uint64_t tiles;
  std::uint64_t deaths;  // workers that died in this place before
};

class Engine {
 public:
  explicit Engine(const EngineOptions& options = {});
  /// Cancels what runs and ends all workers. Arrays stay with those who hold them.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const std::string& name() const noexcept;
  /// The number by which headers of arrays know it (last_writer in segment/FORMAT.md).
  std::uint64_t id() const noexcept;
  /// Workers alive now, those that joined included.
  std::size_t workers() const noexcept;
  std::vector<WorkerInfo> worker_info() const;
  /// As the destructor does; later calls throw InvalidArgument, pending futures get Cancelled.
  void stop();

  /// Loads a plugin (engine/plugin.hpp) here and in every worker: its kernels go by name, and
  /// closures of its code may run. Throws NotFound, AlreadyExists (a kernel's name is taken),
  /// VersionMismatch, Corrupt (not a plugin), OutOfSpace (8 plugins at most).
  void load_plugin(const std::string& path);

  /// f() while nothing else of this engine runs: between operations, when arrays are as whole jobs,
  /// sorts and scans left them. Waits for those on their way; what other threads begin meanwhile
  /// waits for f, which may use the engine itself. Throws InvalidArgument inside of an operation.
  template <class F>
  void at_boundary(F f) {
    const Boundary boundary(*this);
    f();
  }
  /// For operations of several jobs (engine/writing.hpp).
  engine::Gate& gate() const noexcept;

  // --- kernels of the registry, by name ---

  /// In place: `x` is the kernel's output and first input; `more` are its further inputs.
  /// Throws NotFound (no such kernel), TypeMismatch, ShapeMismatch, InvalidArgument.
  void apply(std::string_view kernel, const AnyArray& x,
             std::initializer_list<Value> parameters = {}, std::span<const AnyArray> more = {}) {
    apply_async(kernel, x, std::vector<Value>(parameters), more).get();
  }
  Future<void> apply_async(std::string_view kernel, const AnyArray& x,
                           std::span<const Value> parameters = {},
                           std::span<const AnyArray> more = {}, const JobOptions& options = {});
  /// In place, the further inputs arrays or numbers: apply("multiply", x, {}, {2.0}); one or more
  /// arrays also bare: apply("axpby", y, {2.0, 1.0}, x).
  void apply(std::string_view kernel, const AnyArray& x, std::initializer_list<Value> parameters,
             std::initializer_list<Input> more);
  template <class... More>
  requires(sizeof...(More) > 0 && (std::derived_from<More, AnyArray> &&
                                   ...)) void apply(std::string_view kernel, const AnyArray& x,
                                                    std::initializer_list<Value> parameters,
                                                    const More&... more) {
    apply(kernel, x, parameters, {Input(more)...});
  }
  /// Into `out`: apply_to("add", out, {x, 2.0}). An input may be the same array as `out`, but not
  /// overlap it otherwise. Inputs are broadcast to the shape of `out`.
  void apply_to(std::string_view kernel, const AnyArray& out, std::initializer_list<Input> in,
                std::initializer_list<Value> parameters = {}, const JobOptions& options = {}) {
    start_kernel(kernel, out, {in.begin(), in.size()}, {parameters.begin(), parameters.size()},
                 options)
        .get();
  }
  Future<void> apply_to_async(std::string_view kernel, const AnyArray& out,
                              std::span<const AnyArray> in, std::span<const Value> parameters = {},
                              const JobOptions& options = {});
  template <class Inputs>
  requires std::same_as<typename Inputs::value_type, Input> Future<void> apply_to_async(
      std::string_view kernel, const AnyArray& out, const Inputs& in,
      std::span<const Value> parameters = {}, const JobOptions& options = {}) {
    return start_kernel(kernel, out, {std::data(in), std::size(in)}, parameters, options);
  }
  /// A reduction of the registry over one array (or two for "dot").
  Future<kernels::ReduceResult> reduce_async(std::string_view kernel, const AnyArray& x,
                                             const AnyArray& y = {},
                                             const JobOptions& options = {});
  kernels::ReduceResult reduce(std::string_view kernel, const AnyArray& x, const AnyArray& y = {}) {
    return reduce_async(kernel, x, y).get();
  }

  // --- expressions (engine/evaluate.hpp) ---

  Evaluated evaluate(std::string_view text, std::span<const Binding> bindings,
                     const EvaluateOptions& options = {});
  Evaluated evaluate(std::string_view text, std::initializer_list<Binding> bindings = {},
                     const EvaluateOptions& options = {}) {
    return evaluate(text, std::span<const Binding>(bindings.begin(), bindings.size()), options);
  }

  // --- whole arrays ---

  template <Element T>
  void fill(const Array<T>& x, std::type_identity_t<T> value) {
    fill(static_cast<const AnyArray&>(x), to_value(value));
  }
  void fill(const AnyArray& x, Value value);
  /// f64 for floats, i64 and u64 for integers (wraps), complex for complex.
  template <Element T>
  auto sum(const Array<T>& x) {
    return sum_result<T>(reduce("sum", x));
  }
  template <Element T>
  double mean(const Array<T>& x) {
    return statistics_of_moments(x).mean;
  }
  /// With n-1; NaN propagates.
  template <Element T>
  double variance(const Array<T>& x) {
    return statistics_of_moments(x).variance;
  }
  /// Throws InvalidArgument for an empty array; NaN propagates.
  template <Element T>
  T min(const Array<T>& x) {
    return extreme<T>("min", x);
  }
  template <Element T>
  T max(const Array<T>& x) {
    return extreme<T>("max", x);
  }
  /// Elements that are not zero.
  std::int64_t count(const AnyArray& x);
  template <Element T>
  double dot(const Array<T>& x, const Array<T>& y) {
    return reduce("dot", x, y).f64[0];
  }
  /// All of them in one pass over memory; real dtypes.
  Statistics statistics(const AnyArray& x, const JobOptions& options = {});

  // --- closures ---

  /// x[i] = f(x[i]), in place.
  template <Element T, class F>
  void transform(const Array<T>& x, F f) {
    transform_async(x, f).get();
  }
  /// out[i] = f(in0[i], in1[i], …). An input may be `out` itself.
  template <Element T, class F, Element... In>
  requires(sizeof...(In) > 0) void transform(const Array<T>& out, F f, const Array<In>&... in) {
    transform_async(out, f, in...).get();
  }
  template <Element T, class F, Element... In>
  Future<void> transform_async(const Array<T>& out, F f, const Array<In>&... in);

  /// f(Tile<T>, Tile<const In>…) may read and write its tile of `x` and read those of the others.
  template <Element T, class F, Element... In>
  void for_each_tile(const Array<T>& x, F f, const Array<In>&... in) {
    for_each_tile_async(x, f, in...).get();
  }
  template <Element T, class F, Element... In>
  Future<void> for_each_tile_async(const Array<T>& x, F f, const Array<In>&... in);

  /// f(i) for every i in [0, count), each on some worker; run again when its worker dies.
  template <class F>
  void for_each(std::int64_t count, F f, const JobOptions& options = {}) {
    for_each_async(count, f, options).get();
  }
  template <class F>
  Future<void> for_each_async(std::int64_t count, F f, const JobOptions& options = {});

  /// f(worker) once on every worker that has its code; never stolen, never run again.
  template <class F>
  void for_each_worker(F f) {
    for_each_worker_async(f).get();
  }
  template <class F>
  Future<void> for_each_worker_async(F f);

  /// Folds with `add(accumulator, element)` inside tiles and `combine(left, right)` (which adds
  /// right to left) between them, in index order by a fixed tree. `identity` starts every tile.
  template <class A, Element T, class Add, class Combine>
  A reduce(const Array<T>& x, const A& identity, Add add, Combine combine) {
    return reduce_async(x, identity, add, combine).get();
  }
  template <class A, Element T, class Add, class Combine>
  Future<A> reduce_async(const Array<T>& x, const A& identity, Add add, Combine combine,
                         const JobOptions& options = {});

  /// The same over the indices [0, count): add(accumulator, index). A tile is `tile` indices.
  template <class A, class Add, class Combine>
  Future<A> reduce_indices_async(std::int64_t count, std::int64_t tile, const A& identity, Add add,
                                 Combine combine, const JobOptions& options = {});

  /// Starts any job (engine/job.hpp); what all of the above come down to.
  std::shared_ptr<engine::JobState> start(engine::Job job);

 private:
  Future<void> start_kernel(std::string_view kernel, const AnyArray& out, std::span<const Input> in,
                            std::span<const Value> parameters, const JobOptions& options);
  template <Element T>
  static Value to_value(T value);
  template <Element T>
  static auto sum_result(const kernels::ReduceResult& result);
  template <Element T>
  T extreme(std::string_view kernel, const Array<T>& x);
  Statistics statistics_of_moments(const AnyArray& x);

  class Boundary {
   public:
    explicit Boundary(Engine& engine);
    ~Boundary();
    Boundary(const Boundary&) = delete;
    Boundary& operator=(const Boundary&) = delete;

   private:
    Engine& engine_;
  };

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace furrow

#include <furrow/engine/algorithms.hpp>  // IWYU pragma: export
