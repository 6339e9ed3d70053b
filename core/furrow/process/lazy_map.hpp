// furrow/process/lazy_map.hpp
//
// The results of a callable on the items of a range, as they are wanted: what Pool::imap,
// imap_unordered and Executor::map return.
//
//   for (int r : pool.imap(square, items)) use(r);
//   while (auto r = results.next(1s)) use(*r);          // empty at the end
//
// Intake    at most `window` chunks are in the workers' hands and not yet taken by the caller: the
//           range is read no faster than results are used. A range given as an lvalue is referred
//           to and must live as long; one given as an rvalue is moved in.
// Order     of the range; unordered: as they come
// Errors    a task's error is thrown at its position, next() goes on behind it; an error of the
//           range itself, at its position too, is the last; furrow::Timeout when the time ran out
//           (nothing is lost)
// Dropped   chunks that have not begun are cancelled
// Closed    what began before its pool was closed goes on. Pool::join reads the rest of the range
//           itself and has all of it submitted, as Python has from the start; the results are there
//           afterwards. An executor's map with a buffer, and any behind terminate: what is in the
//           workers' hands comes out, then Closed is thrown.
// Threads   one at a time; a join in another one meanwhile
#pragma once

#include <algorithm>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <ranges>
#include <tuple>
#include <utility>
#include <vector>

#include <furrow/process/future.hpp>

namespace furrow {
namespace process {

struct LazyOptions {
  std::size_t chunk_items = 1;
  std::size_t window = 0;  // chunks; 0: no bound
  bool ordered = true;
  bool cancel_at_error = false;  // as Executor::map: an error ends it
  bool read_by_join = false;     // the rest of the range; else join ends it
  TaskLimits limits;
  mp::Deadline deadline{mp::Timeout()};  // of all of it
};

/// A range that was given: an lvalue is referred to, an rvalue lives here.
template <class Range>
class Given {
 public:
  explicit Given(Range&& range) : range_(std::move(range)) {}
  Range& get() noexcept { return range_; }

 private:
  Range range_;
};
template <class Range>
class Given<Range&> {
 public:
  explicit Given(Range& range) : range_(&range) {}
  Range& get() noexcept { return *range_; }

 private:
  Range* range_;
};

/// The results of a chunk.
template <class Result>
std::vector<Result> read_chunk(std::span<const std::byte> bytes, std::size_t items) {
  Unpacker in(bytes);
  std::vector<Result> results;
  results.reserve(items);
  for (std::size_t i = 0; i < items; ++i) {
    if constexpr (std::is_same_v<Result, Nothing>) {
      results.push_back({});
    } else {
      results.push_back(in.take<Result>());
    }
  }
  return results;
}

/// Collects items into the bytes of a chunk's call.
template <class F, class Item, bool star>
class ChunkBuilder {
 public:
  using Invoked = ChunkInvocation<F, Item, star>;

  explicit ChunkBuilder(const F& f, std::uint64_t first_item) {
    call_.first_item = first_item;
    call_.entry = entry_name<&Invoked::run>();
    call_.type = typeid(F).name();
    put_callable(f, call_.argument);
    count_at_ = call_.argument.size();
    append_length(0, call_.argument);
  }
  template <class Given>
  void add(const Given& item) {
    if constexpr (std::is_same_v<Item, Given>) {
      give(item, call_);
    } else {
      give(Item(item), call_);
    }
    ++count_;
  }
  std::size_t count() const noexcept { return count_; }
  Call finish() {
    const std::uint64_t count = count_;
    std::memcpy(call_.argument.data() + count_at_, &count, sizeof count);
    call_.items = count;
    return std::move(call_);
  }

 private:
  Call call_;
  std::size_t count_at_ = 0;
  std::size_t count_ = 0;
};

}  // namespace process

namespace mp {

/// Range is a reference for what was given as an lvalue.
template <class F, class Range, bool star>
class LazyMap {
  using Item = process::Carried<std::ranges::range_value_t<Range>>;
  using Builder = process::ChunkBuilder<F, Item, star>;

 public:
  using value_type = typename Builder::Invoked::Result;

  LazyMap(std::shared_ptr<process::Crew> crew, F f, Range&& items,
          const process::LazyOptions& options)
      : crew_(std::move(crew)), f_(f), items_(std::forward<Range>(items)), options_(options) {
    at_.emplace(std::ranges::begin(items_.get()));
    feed_->submit_rest = [this](const Deadline& deadline) { return submit_rest(deadline); };
    crew_->open_feed(feed_);
    try {
      const Lock lock(feed_->mutex);
      fill();
    } catch (...) {
      drop();
      throw;
    }
  }
  LazyMap(const LazyMap&) = delete;  // the iterator into its own range would go astray
  LazyMap& operator=(const LazyMap&) = delete;
  ~LazyMap() { drop(); }

  /// The next result; empty at the end.
  std::optional<value_type> next(Timeout timeout = {}) {
    if (ready_.empty()) {
      {
        const Lock lock(feed_->mutex);
        fill();
        if (in_hand_.empty()) return finish();
      }
      take(timeout);
      const Lock lock(feed_->mutex);
      fill();
    }
    std::optional<value_type> result(std::move(ready_.front()));
    ready_.pop_front();
    return result;
  }

  /// All that is left.
  std::vector<value_type> all() {
    std::vector<value_type> results;
    while (auto result = next()) results.push_back(std::move(*result));
    return results;
  }

  class iterator {
   public:
    using value_type = LazyMap::value_type;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using pointer = value_type*;
    using reference = value_type&;
    iterator() = default;
    explicit iterator(LazyMap* owner) : owner_(owner) { ++*this; }
    value_type& operator*() const { return *owner_->current_; }
    value_type* operator->() const { return &*owner_->current_; }
    iterator& operator++() {
      owner_->current_ = owner_->next();
      if (!owner_->current_) owner_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& a, const iterator& b) { return a.owner_ == b.owner_; }

   private:
    LazyMap* owner_ = nullptr;
  };
  iterator begin() { return iterator(this); }
  iterator end() const { return {}; }

 private:
  using Lock = std::lock_guard<std::timed_mutex>;
  struct Chunk {
    process::Task task;
    std::size_t items;
  };

  std::optional<value_type> finish() {
    if (const std::exception_ptr error = std::exchange(error_of_range_, nullptr)) {
      std::rethrow_exception(error);
    }
    return std::nullopt;
  }

  // Reads as much of the range as the window allows. What fails here comes out behind the results.
  void fill() {
    while (!exhausted_ && (options_.window == 0 || in_hand_.size() < options_.window)) {
      submit_chunk();
    }
  }

  void submit_chunk() {
    Builder builder(f_, read_);
    try {
      while (builder.count() < options_.chunk_items && *at_ != std::ranges::end(items_.get())) {
        builder.add(**at_);
        ++*at_;
      }
      if (builder.count() < options_.chunk_items) exhaust();
    } catch (...) {
      exhaust(std::current_exception());
    }
    const std::size_t items = builder.count();
    read_ += items;
    try {
      if (items != 0) {
        in_hand_.push_back({crew_->submit(builder.finish(), options_.limits, feed_.get()), items});
      }
    } catch (...) {
      exhaust(std::current_exception());
    }
    if (exhausted_) crew_->end_feed(feed_.get());
  }

  void exhaust(const std::exception_ptr& error = nullptr) {
    exhausted_ = true;
    error_of_range_ = error;
  }

  // By whoever joins the crew; false when the time ran out.
  bool submit_rest(const Deadline& deadline) {
    if (!exhausted_ && !options_.read_by_join) {
      exhaust(std::make_exception_ptr(
          Closed("the rest of this map was not submitted before its executor was shut down")));
    }
    while (!exhausted_ && !feed_->dropped) {
      if (deadline.passed()) return false;
      submit_chunk();
    }
    return true;
  }

  // Moves the results of one chunk into `ready_`, or throws its error.
  void take(Timeout timeout) {
    const Deadline given(timeout);
    const Deadline& deadline =
        given.at_ns() < options_.deadline.at_ns() ? given : options_.deadline;
    const process::Task task = options_.ordered ? first() : first_resolved(deadline);
    if (!process::wait_for_task(*task, deadline)) process::await_result(*task, Timeout::none());
    const std::size_t items = remove(task);
    if (task->error != nullptr) {
      if (options_.cancel_at_error) drop();
      std::rethrow_exception(task->error);
    }
    for (value_type& result : process::read_chunk<value_type>(task->result, items)) {
      ready_.push_back(std::move(result));
    }
  }

  process::Task first() {
    const Lock lock(feed_->mutex);
    return in_hand_.front().task;
  }

  process::Task first_resolved(const Deadline& deadline) {
    std::vector<process::Task> tasks;
    {
      const Lock lock(feed_->mutex);
      for (const Chunk& chunk : in_hand_) tasks.push_back(chunk.task);
    }
    const auto resolved = [](const process::Task& task) { return task->resolved.load(); };
    crew_->wait(deadline, [&] { return std::any_of(tasks.begin(), tasks.end(), resolved); });
    auto first = tasks.begin();
    for (auto at = tasks.begin(); at != tasks.end(); ++at) {
      if (!resolved(*at)) continue;
      if (!resolved(*first) || (*at)->order < (*first)->order) first = at;
    }
    return *first;
  }

  std::size_t remove(const process::Task& task) {
    const Lock lock(feed_->mutex);
    const auto at = std::find_if(in_hand_.begin(), in_hand_.end(),
                                 [&](const Chunk& chunk) { return chunk.task == task; });
    const std::size_t items = at->items;
    in_hand_.erase(at);
    return items;
  }

  void drop() noexcept {
    feed_->dropped = true;
    const Lock lock(feed_->mutex);
    exhausted_ = true;
    try {
      for (const Chunk& chunk : in_hand_) crew_->cancel(*chunk.task, false);
    } catch (...) {  // in a forked child, whose tasks these are not
    }
    in_hand_.clear();
    feed_->submit_rest = nullptr;
    crew_->end_feed(feed_.get());
  }

  std::shared_ptr<process::Crew> crew_;
  F f_;
  process::Given<Range> items_;
  process::LazyOptions options_;
  std::shared_ptr<process::Feed> feed_ = std::make_shared<process::Feed>();
  std::optional<std::ranges::iterator_t<Range>> at_;  // this and what follows: under feed_->mutex
  bool exhausted_ = false;
  std::exception_ptr error_of_range_;
  std::uint64_t read_ = 0;  // items of the range
  std::deque<Chunk> in_hand_;

  // The caller's.
  std::deque<value_type> ready_;
  std::optional<value_type> current_;
};

}  // namespace mp
}  // namespace furrow
