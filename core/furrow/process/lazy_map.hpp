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
// Threads   one at a time
#pragma once

#include <algorithm>
#include <deque>
#include <exception>
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

  explicit ChunkBuilder(const F& f) {
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
  using Item = process::Stored<std::ranges::range_value_t<Range>>;
  using Builder = process::ChunkBuilder<F, Item, star>;

 public:
  using value_type = typename Builder::Invoked::Result;

  LazyMap(std::shared_ptr<process::Crew> crew, F f, Range&& items,
          const process::LazyOptions& options)
      : crew_(std::move(crew)), f_(f), items_(std::forward<Range>(items)), options_(options) {
    at_.emplace(std::ranges::begin(items_.get()));
    fill();
  }
  LazyMap(const LazyMap&) = delete;  // the iterator into its own range would go astray
  LazyMap& operator=(const LazyMap&) = delete;
  ~LazyMap() { drop(); }

  /// The next result; empty at the end.
  std::optional<value_type> next(Timeout timeout = {}) {
    if (ready_.empty()) {
      fill();
      if (in_hand_.empty()) return finish();
      take(timeout);
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

  // Reads as much of the range as the window allows.
  void fill() {
    while (!exhausted_ && (options_.window == 0 || in_hand_.size() < options_.window)) {
      Builder builder(f_);
      try {
        while (builder.count() < options_.chunk_items && *at_ != std::ranges::end(items_.get())) {
          builder.add(**at_);
          ++*at_;
        }
        exhausted_ = builder.count() < options_.chunk_items;
      } catch (...) {
        error_of_range_ = std::current_exception();
        exhausted_ = true;
      }
      const std::size_t items = builder.count();
      if (items != 0) in_hand_.push_back({crew_->submit(builder.finish(), options_.limits), items});
    }
  }

  // Moves the results of one chunk into `ready_`, or throws its error.
  void take(Timeout timeout) {
    const Deadline given(timeout);
    const Deadline& deadline =
        given.at_ns() < options_.deadline.at_ns() ? given : options_.deadline;
    const auto chosen = options_.ordered ? in_hand_.begin() : first_resolved(deadline);
    const process::Task task = chosen->task;
    if (!process::wait_for_task(*task, deadline)) process::await_result(*task, Timeout::none());
    const std::size_t items = chosen->items;
    in_hand_.erase(chosen);
    if (task->error != nullptr) {
      if (options_.cancel_at_error) drop();
      std::rethrow_exception(task->error);
    }
    for (value_type& result : process::read_chunk<value_type>(task->result, items)) {
      ready_.push_back(std::move(result));
    }
  }

  auto first_resolved(const Deadline& deadline) {
    const auto resolved = [](const Chunk& chunk) { return chunk.task->resolved.load(); };
    crew_->wait(deadline, [&] { return std::any_of(in_hand_.begin(), in_hand_.end(), resolved); });
    auto first = in_hand_.begin();
    for (auto at = in_hand_.begin(); at != in_hand_.end(); ++at) {
      if (!resolved(*at)) continue;
      if (!resolved(*first) || at->task->order < first->task->order) first = at;
    }
    return first;
  }

  void drop() noexcept {
    exhausted_ = true;
    for (const Chunk& chunk : in_hand_) crew_->cancel(*chunk.task, false);
    in_hand_.clear();
  }

  std::shared_ptr<process::Crew> crew_;
  F f_;
  process::Given<Range> items_;
  process::LazyOptions options_;
  std::optional<std::ranges::iterator_t<Range>> at_;
  bool exhausted_ = false;
  std::exception_ptr error_of_range_;
  std::deque<Chunk> in_hand_;
  std::deque<value_type> ready_;
  std::optional<value_type> current_;
};

}  // namespace mp
}  // namespace furrow
