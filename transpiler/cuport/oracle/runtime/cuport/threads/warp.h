// Warp operations: shuffles, votes, match, reduce, __syncwarp, __activemask.
//
// Each is a meeting: a lane leaves a pointer to its operand, the last lane to come computes the results of all, and
// everybody goes on. The lanes to wait for are those of the mask that have not returned. Without a mask (the old
// intrinsics, __activemask) a lane meets whoever arrives at the same place before the warp can do nothing else.
#pragma once
#include "block.h"

namespace cuport {

CUPORT_QUIET inline unsigned linear_thread() {
  return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
}
inline unsigned lane_id() { return linear_thread() % 32; }

// Meets the lanes of `mask` (0: whoever comes) where the waiting lanes do different things, or something is odd.
CUPORT_OUTLINED(CUPORT_QUIET, void, meet_mixed, (unsigned mask, void* operand, Meeting meeting, int site)) {
  if (!worker.fibers) fatal("a kernel taken for one without warp operations reached one");
  Block& b = *worker.block;
  Thread* self = b.current;
  const unsigned i = static_cast<unsigned>(self - b.thread), w = i / 32, bit = 1u << (i % 32);
  Warp& warp = b.warp[w];
  if (mask != 0 && (mask & bit) == 0) {
    report_fault(FaultKind::warp_mask, b.index, self->index, nullptr, site,
                 "a lane calls a warp operation whose mask does not name it");
    mask |= bit;
  }
  if (warp.waiting == 0) warp.mixed = false;
  scheduling::mix(b, w);
  warp.operand[i % 32] = operand;
  self->meeting = meeting, self->mask = mask, self->site = site;
  warp.waiting |= bit;
  if (mask == 0) {
    warp.relaxed |= bit;
  } else {
    const unsigned need = mask & warp.live;
    if ((warp.waiting & need) == need && (scheduling::companions(b, w, static_cast<int>(i % 32)) & need) == need) {
      scheduling::complete(b, w, need);
    }
  }
  scheduling::wait_here(b, i);
}

// Meets the lanes of `mask` (0: whoever comes) in the operation `meeting`.
CUPORT_NOINLINE CUPORT_QUIET inline void meet(unsigned mask, void* operand, Meeting meeting, int site) {
  Block& b = *worker.block;
  const unsigned i = static_cast<unsigned>(b.current - b.thread), bit = 1u << (i % 32);
  Warp& warp = b.warp[i / 32];
  if (warp.waiting == 0) {
    warp.mixed = false;
    warp.mask = mask, warp.meeting = meeting, warp.site = site;
  }
  if (CUPORT_UNLIKELY(warp.mixed || warp.mask != mask || warp.meeting != meeting || (mask & bit) == 0 || !worker.fibers)) {
    return meet_mixed(mask, operand, meeting, site);
  }
  warp.operand[i % 32] = operand;
  warp.waiting |= bit;
  const unsigned need = mask & warp.live;
  if ((warp.waiting & need) == need) scheduling::complete(b, i / 32, need);
  scheduling::wait_here(b, i);
}

// The results of a warp operation depend on these lanes; the shadow build follows near ties through it.
#ifndef CUPORT_MET
#define CUPORT_MET(lanes)
#endif

namespace warps {

enum class Move { index, up, down, exclusive_or };

template <class T>
struct ShuffleOperand {
  T value, result;
  int source;
};

template <class T>
CUPORT_QUIET void exchange(void** operands, unsigned lanes) {
  for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
    auto* mine = static_cast<ShuffleOperand<T>*>(operands[__builtin_ctz(rest)]);
    // A source lane that does not take part gives an undefined value on hardware; here the lane's own.
    const bool there = (lanes >> (mine->source & 31) & 1u) != 0;
    mine->result = there ? static_cast<ShuffleOperand<T>*>(operands[mine->source & 31])->value : mine->value;
  }
}

// The programming guide's rules: sub-warps of `width` (a power of two) lanes; a source outside gives the own value.
CUPORT_QUIET inline int source_lane(Move move, int lane, int argument, int width) {
  const int first = lane & ~(width - 1);
  int source = lane;
  switch (move) {
    case Move::index:
      return first + (argument & (width - 1));
    case Move::up:
      source = lane - argument;
      return source < first ? lane : source;
    case Move::down:
      source = lane + argument;
      return (lane & (width - 1)) + argument >= width ? lane : source;
    default:
      source = lane ^ argument;
      return source >= first + width ? lane : source & 31;
  }
}

template <class T>
CUPORT_QUIET inline T shuffle(Move move, unsigned mask, T value, int argument, int width, int site) {
  ShuffleOperand<T> operand{value, value, source_lane(move, static_cast<int>(lane_id()), argument, width)};
  meet(mask, &operand, &exchange<T>, site);
  if constexpr (sizeof(T) <= 8) CUPORT_MET(1u << operand.source);
  return operand.result;
}

// From a given lane.
template <class T>
CUPORT_QUIET inline T shuffle_from(unsigned mask, T value, int lane, int site) {
  ShuffleOperand<T> operand{value, value, lane};
  meet(mask, &operand, &exchange<T>, site);
  return operand.result;
}

enum class Fold { reduce, inclusive, exclusive };

template <class T, class Op>
struct FoldOperand {
  T value;
  Op op;
  Fold fold;
};
// The lanes taking part are numbered from 0. A reduction is a butterfly, as hardware code does it, when their number is a
// power of two, so that floating sums are added in a likely order.
template <class T, class Op>
CUPORT_QUIET void fold_lanes(void** operands, unsigned lanes) {
  using Operand = FoldOperand<T, Op>;
  Operand* at[32];
  int n = 0;
  for (unsigned rest = lanes; rest != 0; rest &= rest - 1) at[n++] = static_cast<Operand*>(operands[__builtin_ctz(rest)]);
  Op op = at[0]->op;
  if (at[0]->fold == Fold::reduce) {
    if ((n & (n - 1)) == 0) {
      for (int step = n / 2; step > 0; step /= 2) {
        for (int i = 0; i < step; ++i) at[i]->value = op(at[i]->value, at[i + step]->value);
      }
    } else {
      for (int i = 1; i < n; ++i) at[0]->value = op(at[0]->value, at[i]->value);
    }
    for (int i = 1; i < n; ++i) at[i]->value = at[0]->value;
    return;
  }
  T total = at[0]->value;
  if (at[0]->fold == Fold::exclusive) at[0]->value = T{};
  for (int i = 1; i < n; ++i) {
    const T before = total;
    total = op(total, at[i]->value);
    at[i]->value = at[i]->fold == Fold::inclusive ? total : before;
  }
}
template <class T, class Op>
CUPORT_QUIET inline T fold(unsigned mask, T value, Op op, Fold kind, int site) {
  FoldOperand<T, Op> operand{value, op, kind};
  meet(mask, &operand, &fold_lanes<T, Op>, site);
  return operand.value;
}

struct Vote {
  unsigned long long value;
  unsigned ballot, lanes;
};
CUPORT_QUIET inline void take_votes(void** operands, unsigned lanes) {
  unsigned ballot = 0;
  for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    ballot |= (static_cast<Vote*>(operands[lane])->value != 0 ? 1u : 0u) << lane;
  }
  for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
    auto* vote = static_cast<Vote*>(operands[__builtin_ctz(rest)]);
    vote->ballot = ballot, vote->lanes = lanes;
  }
}
CUPORT_QUIET inline void take_matches(void** operands, unsigned lanes) {
  for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
    auto* mine = static_cast<Vote*>(operands[__builtin_ctz(rest)]);
    mine->ballot = 0, mine->lanes = lanes;
    for (unsigned other = lanes; other != 0; other &= other - 1) {
      const int lane = __builtin_ctz(other);
      if (static_cast<Vote*>(operands[lane])->value == mine->value) mine->ballot |= 1u << lane;
    }
  }
}

CUPORT_QUIET inline Vote vote(unsigned mask, bool predicate, int site) {
  Vote v{predicate, 0, 0};
  meet(mask, &v, &take_votes, site);
  return v;
}
// A vote whose outcome is used, unlike that of a mere meeting.
CUPORT_QUIET inline Vote poll(unsigned mask, bool predicate, int site) {
  const Vote v = vote(mask, predicate, site);
  CUPORT_MET(v.lanes);
  return v;
}
template <class T>
CUPORT_QUIET inline Vote match(unsigned mask, T value, int site) {
  static_assert(sizeof(T) <= 8, "match compares 4- or 8-byte values");
  Vote v{0, 0, 0};
  memcpy(&v.value, &value, sizeof value);
  meet(mask, &v, &take_matches, site);
  CUPORT_MET(v.lanes);
  return v;
}

template <class T>
struct Reduction {
  T value;
};
template <class T, class Op>
CUPORT_QUIET void reduce_lanes(void** operands, unsigned lanes) {
  T total = static_cast<Reduction<T>*>(operands[__builtin_ctz(lanes)])->value;
  for (unsigned rest = lanes & (lanes - 1); rest != 0; rest &= rest - 1) {
    total = Op{}(total, static_cast<Reduction<T>*>(operands[__builtin_ctz(rest)])->value);
  }
  for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
    static_cast<Reduction<T>*>(operands[__builtin_ctz(rest)])->value = total;
  }
}
template <class Op, class T>
CUPORT_QUIET inline T reduce(unsigned mask, T value, int site) {
  Reduction<T> r{value};
  meet(mask, &r, &reduce_lanes<T, Op>, site);
  CUPORT_MET(mask);
  return r.value;
}
struct Add { template <class T> T operator()(T a, T b) const { return static_cast<T>(a + b); } };
struct Min { template <class T> T operator()(T a, T b) const { return b < a ? b : a; } };
struct Max { template <class T> T operator()(T a, T b) const { return a < b ? b : a; } };
struct And { template <class T> T operator()(T a, T b) const { return static_cast<T>(a & b); } };
struct Or { template <class T> T operator()(T a, T b) const { return static_cast<T>(a | b); } };
struct Xor { template <class T> T operator()(T a, T b) const { return static_cast<T>(a ^ b); } };

}  // namespace warps
}  // namespace cuport

#define CUPORT_SITE __builtin_LINE()

template <class T>
inline T __shfl_sync(unsigned mask, T v, int lane, int width = warpSize, int site = CUPORT_SITE) {
  return cuport::warps::shuffle(cuport::warps::Move::index, mask, v, lane, width, site);
}
template <class T>
inline T __shfl_up_sync(unsigned mask, T v, unsigned delta, int width = warpSize, int site = CUPORT_SITE) {
  return cuport::warps::shuffle(cuport::warps::Move::up, mask, v, static_cast<int>(delta), width, site);
}
template <class T>
inline T __shfl_down_sync(unsigned mask, T v, unsigned delta, int width = warpSize, int site = CUPORT_SITE) {
  return cuport::warps::shuffle(cuport::warps::Move::down, mask, v, static_cast<int>(delta), width, site);
}
template <class T>
inline T __shfl_xor_sync(unsigned mask, T v, int lanes, int width = warpSize, int site = CUPORT_SITE) {
  return cuport::warps::shuffle(cuport::warps::Move::exclusive_or, mask, v, lanes, width, site);
}
template <class T>
inline T __shfl(T v, int lane, int width = warpSize, int site = CUPORT_SITE) {
  return __shfl_sync(0u, v, lane, width, site);
}
template <class T>
inline T __shfl_up(T v, unsigned delta, int width = warpSize, int site = CUPORT_SITE) {
  return __shfl_up_sync(0u, v, delta, width, site);
}
template <class T>
inline T __shfl_down(T v, unsigned delta, int width = warpSize, int site = CUPORT_SITE) {
  return __shfl_down_sync(0u, v, delta, width, site);
}
template <class T>
inline T __shfl_xor(T v, int lanes, int width = warpSize, int site = CUPORT_SITE) {
  return __shfl_xor_sync(0u, v, lanes, width, site);
}

inline int __any_sync(unsigned mask, int p, int site = CUPORT_SITE) {
  return cuport::warps::poll(mask, p != 0, site).ballot != 0;
}
inline int __all_sync(unsigned mask, int p, int site = CUPORT_SITE) {
  const auto v = cuport::warps::poll(mask, p != 0, site);
  return v.ballot == v.lanes;
}
inline unsigned __ballot_sync(unsigned mask, int p, int site = CUPORT_SITE) {
  return cuport::warps::poll(mask, p != 0, site).ballot;
}
inline int __uni_sync(unsigned mask, int p, int site = CUPORT_SITE) {
  const auto v = cuport::warps::poll(mask, p != 0, site);
  return v.ballot == v.lanes || v.ballot == 0;
}
inline int __any(int p, int site = CUPORT_SITE) { return __any_sync(0u, p, site); }
inline int __all(int p, int site = CUPORT_SITE) { return __all_sync(0u, p, site); }
inline unsigned __ballot(int p, int site = CUPORT_SITE) { return __ballot_sync(0u, p, site); }
inline unsigned __activemask(int site = CUPORT_SITE) { return cuport::warps::vote(0u, true, site).lanes; }
namespace cuport {
// Around what warp-synchronous code writes (cuda/rewrite/loops/spinning.py); in checked builds its races are to be seen.
inline void lockstep(int site = CUPORT_SITE) {
#ifndef CUPORT_CHECKED
  warps::vote(0u, true, site);
#else
  (void)site;
#endif
}
}  // namespace cuport
inline void __syncwarp(unsigned mask = 0xFFFFFFFFu, int site = CUPORT_SITE) { cuport::warps::vote(mask, true, site); }

template <class T>
inline unsigned __match_any_sync(unsigned mask, T value, int site = CUPORT_SITE) {
  return cuport::warps::match(mask, value, site).ballot;
}
template <class T>
inline unsigned __match_all_sync(unsigned mask, T value, int* pred, int site = CUPORT_SITE) {
  const auto v = cuport::warps::match(mask, value, site);
  *pred = v.ballot == v.lanes;
  return *pred ? v.lanes : 0u;
}

#define CUPORT_REDUX(T)                                                                        \
  inline T __reduce_add_sync(unsigned mask, T v, int site = CUPORT_SITE) {                     \
    return static_cast<T>(cuport::warps::reduce<cuport::warps::Add>(mask, static_cast<unsigned>(v), site)); \
  }                                                                                            \
  inline T __reduce_min_sync(unsigned mask, T v, int site = CUPORT_SITE) {                     \
    return cuport::warps::reduce<cuport::warps::Min>(mask, v, site);                           \
  }                                                                                            \
  inline T __reduce_max_sync(unsigned mask, T v, int site = CUPORT_SITE) {                     \
    return cuport::warps::reduce<cuport::warps::Max>(mask, v, site);                           \
  }
CUPORT_REDUX(int)
CUPORT_REDUX(unsigned)
#undef CUPORT_REDUX
inline unsigned __reduce_and_sync(unsigned mask, unsigned v, int site = CUPORT_SITE) {
  return cuport::warps::reduce<cuport::warps::And>(mask, v, site);
}
inline unsigned __reduce_or_sync(unsigned mask, unsigned v, int site = CUPORT_SITE) {
  return cuport::warps::reduce<cuport::warps::Or>(mask, v, site);
}
inline unsigned __reduce_xor_sync(unsigned mask, unsigned v, int site = CUPORT_SITE) {
  return cuport::warps::reduce<cuport::warps::Xor>(mask, v, site);
}
