#include <furrow/sync/takers.hpp>

#include <algorithm>
#include <span>

namespace furrow::mp {
namespace {

std::span<TakerAccount> accounts_of(RingTakers& takers) noexcept {
  return {takers.accounts, std::min(takers.used.load(std::memory_order_acquire), taker_accounts)};
}

std::uint32_t count_of(std::uint64_t taken) noexcept { return static_cast<std::uint32_t>(taken); }

/// Taken and not reported; negative: reported for others.
std::int32_t open_of(const TakerAccount& account) noexcept {
  return static_cast<std::int32_t>(count_of(account.taken.load()) - account.done.load());
}

/// Open with one that was killed.
bool died_open(const TakerAccount& account) noexcept {
  return open_of(account) > 0 && account.left.load() == 0 && account.holder.pid != 0 &&
         is_dead(account.holder);
}

TakerAccount* account_of(RingTakers& takers, const Member& member) noexcept {
  for (TakerAccount& account : accounts_of(takers))
    if (account.holder == member) return &account;
  return nullptr;
}

/// One that nobody needs: nobody's, or of a dead one with nothing open, or of one that left.
TakerAccount* free_account(RingTakers& takers) noexcept {
  const std::span all(takers.accounts, taker_accounts);
  for (TakerAccount& account : all)
    if (account.holder.pid == 0 || (open_of(account) <= 0 && is_dead(account.holder)))
      return &account;
  for (TakerAccount& account : all)
    if (account.left.load() != 0 && is_dead(account.holder)) return &account;
  return nullptr;
}

}  // namespace

bool RingTakers::begin(std::uint32_t gets) noexcept {
  const Member self = this_member();
  TakerAccount* account = account_of(*this, self);
  const bool first = account == nullptr;
  if (first) account = free_account(*this);
  if (account == nullptr) account = accounts + shared_account;
  const auto number = static_cast<std::uint32_t>(account - accounts);
  if (first && number != shared_account) {
    // What one that left has open may be reported yet: it is nobody's in particular from here on.
    const std::int32_t open = open_of(*account);
    if (open > 0) accounts[shared_account].taken.fetch_add(static_cast<std::uint32_t>(open));
    account->done.store(count_of(account->taken.load()));
    account->holder = {};
    account->holder = self;
    used.store(std::max(used.load(), number + 1), std::memory_order_release);
  }
  account->left.store(0);
  takers[gets & 1].store(number, std::memory_order_relaxed);
  return first;
}

void RingTakers::finish(std::uint32_t gets, const std::atomic<std::uint32_t>& now) noexcept {
  const std::uint32_t taker = takers[gets & 1].load(std::memory_order_acquire);
  if (gets == 0 || taker > shared_account) return;
  TakerAccount& account = accounts[taker];
  std::uint64_t taken = account.taken.load();
  // Looked at last: while it is the same, `taker` and `taken` are of this count. Should it change
  // now, so has `taken`, and the exchange does nothing.
  if (static_cast<std::uint32_t>(taken >> 32) == gets || now.load() != gets) return;
  account.taken.compare_exchange_strong(taken, std::uint64_t{gets} << 32 | (count_of(taken) + 1));
}

void RingTakers::report() noexcept {
  TakerAccount* const account = account_of(*this, this_member());
  (account != nullptr ? *account : accounts[shared_account]).done.fetch_add(1);
}

LostItems RingTakers::lost(std::uint32_t done, const std::atomic<std::uint32_t>& gets) noexcept {
  const std::uint32_t taken = gets.load();
  finish(taken, gets);  // of a taker that died before it could
  std::int64_t with_dead = 0;
  std::int64_t with_others = std::max(0, open_of(accounts[shared_account]));
  LostItems result;
  for (const TakerAccount& account : accounts_of(*this)) {
    const std::int32_t open = std::max(0, open_of(account));
    const bool dead = died_open(account);
    (dead ? with_dead : with_others) += open;
    if (dead) result.who = account.holder;
  }
  const std::int64_t unreported = static_cast<std::int32_t>(taken - done);
  const std::int64_t lost = std::min(with_dead, unreported - with_others);
  result.count = static_cast<std::uint32_t>(std::max<std::int64_t>(0, lost));
  return result;
}

void RingTakers::settle(std::uint32_t count) noexcept {
  for (TakerAccount& account : accounts_of(*this)) {
    if (count == 0 || !died_open(account)) continue;
    const std::uint32_t part = std::min(count, static_cast<std::uint32_t>(open_of(account)));
    account.done.fetch_add(part);
    count -= part;
  }
}

void RingTakers::leave() noexcept {
  if (TakerAccount* const account = account_of(*this, this_member())) account->left.store(1);
}

}  // namespace furrow::mp
