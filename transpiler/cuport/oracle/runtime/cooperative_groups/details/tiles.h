// Tiles: N consecutive threads of a block, or of another tile. Up to 32 they are lanes of one warp.
#pragma once
#include "lanes.h"

namespace cooperative_groups {

template <unsigned N, class Parent = void>
class thread_block_tile;

// Which tile of its parent's tiles of N, and how many there are. A tile of a tile counts within that.
template <unsigned N, class Parent>
struct cuport_place {
  static unsigned rank() { return linear_thread() / N; }
  static unsigned count() { return (thread_block::size() + N - 1) / N; }
};
template <unsigned N, unsigned M, class Outer>
struct cuport_place<N, thread_block_tile<M, Outer>> {
  static unsigned rank() { return linear_thread() % M / N; }
  static unsigned count() { return M / N; }
};

template <unsigned N>
class cuport_small_tile : public lane_group {
 public:
  static constexpr unsigned size() { return N; }
  static constexpr unsigned num_threads() { return N; }
  static unsigned thread_rank() { return linear_thread() % N; }
  unsigned ballot(int p, int site = CUPORT_SITE) const { return shifted(__ballot_sync(mask_, p, site)); }
  template <class T>
  unsigned match_any(T v, int site = CUPORT_SITE) const { return shifted(__match_any_sync(mask_, v, site)); }
  template <class T>
  unsigned match_all(T v, int& pred, int site = CUPORT_SITE) const { return shifted(__match_all_sync(mask_, v, &pred, site)); }
  template <class T>
  T shfl(T v, int rank, int site = CUPORT_SITE) const { return __shfl_sync(mask_, v, rank, N, site); }
  template <class T>
  T shfl_up(T v, unsigned delta, int site = CUPORT_SITE) const { return __shfl_up_sync(mask_, v, delta, N, site); }
  template <class T>
  T shfl_down(T v, unsigned delta, int site = CUPORT_SITE) const { return __shfl_down_sync(mask_, v, delta, N, site); }
  template <class T>
  T shfl_xor(T v, unsigned lanes, int site = CUPORT_SITE) const { return __shfl_xor_sync(mask_, v, static_cast<int>(lanes), N, site); }

 protected:
  cuport_small_tile(unsigned rank, unsigned count) : lane_group(tile_mask(), rank, count) {}

 private:
  static unsigned tile_mask() {
    constexpr unsigned all = N == 32 ? ~0u : (1u << (N % 32)) - 1;
    return all << (lane_id() & ~(N - 1));
  }
  static unsigned shifted(unsigned lanes) {
    if constexpr (N == 32) return lanes;
    else return lanes >> (lane_id() & ~(N - 1)) & ((1u << N) - 1);
  }
};

// What the threads of a large tile tell each other goes through one meeting of all.
struct cuport_tile_vote {
  int value, any, all;
};
inline void cuport_count_votes(void** operands, unsigned n) {
  int any = 0, all = 1;
  for (unsigned i = 0; i < n; ++i) {
    const int v = static_cast<cuport_tile_vote*>(operands[i])->value;
    any |= v != 0, all &= v != 0;
  }
  for (unsigned i = 0; i < n; ++i) static_cast<cuport_tile_vote*>(operands[i])->any = any, static_cast<cuport_tile_vote*>(operands[i])->all = all;
}
template <class T>
struct cuport_tile_shuffle {
  T value, result;
  unsigned rank;
};
template <class T>
CUPORT_QUIET void cuport_tile_exchange(void** operands, unsigned n) {
  for (unsigned i = 0; i < n; ++i) {
    auto* mine = static_cast<cuport_tile_shuffle<T>*>(operands[i]);
    mine->result = static_cast<cuport_tile_shuffle<T>*>(operands[mine->rank < n ? mine->rank : i])->value;
  }
}
template <unsigned N>
class cuport_large_tile {
 public:
  static constexpr unsigned size() { return N; }
  static constexpr unsigned num_threads() { return N; }
  static unsigned thread_rank() { return linear_thread() % N; }
  unsigned meta_group_size() const { return groups_; }
  unsigned meta_group_rank() const { return group_; }
  static bool is_valid() { return true; }
  static void sync(int site = CUPORT_SITE) { cuport::meet_tile(N, &site, nullptr, site); }
  static cuport_token barrier_arrive() { return {}; }
  static void barrier_wait(cuport_token&&, int site = CUPORT_SITE) { sync(site); }
  static int any(int p, int site = CUPORT_SITE) { return vote(p, site).any; }
  static int all(int p, int site = CUPORT_SITE) { return vote(p, site).all; }
  template <class T>
  static T shfl(T v, unsigned rank, int site = CUPORT_SITE) {
    cuport_tile_shuffle<T> operand{v, v, rank};
    cuport::meet_tile(N, &operand, &cuport_tile_exchange<T>, site);
    if constexpr (sizeof(T) <= 8) CUPORT_MET_BLOCK();
    return operand.result;
  }

 protected:
  cuport_large_tile(unsigned rank, unsigned count) : group_(rank), groups_(count) {}

 private:
  static cuport_tile_vote vote(int p, int site) {
    cuport_tile_vote v{p, 0, 0};
    cuport::meet_tile(N, &v, &cuport_count_votes, site);
    CUPORT_MET_BLOCK();
    return v;
  }
  unsigned group_, groups_;
};

template <unsigned N>
using cuport_tile = std::conditional_t<(N <= 32), cuport_small_tile<N <= 32 ? N : 32>, cuport_large_tile<N>>;

template <unsigned N>
class thread_block_tile<N, void> : public cuport_tile<N> {
  static_assert(N >= 1 && N <= 1024 && (N & (N - 1)) == 0, "a tile has a power of two of threads, at most 1024");

 public:
  using arrival_token = cuport_token;
  thread_block_tile() : thread_block_tile(cuport_place<N, thread_block>::rank(), cuport_place<N, thread_block>::count()) {}

 protected:
  thread_block_tile(unsigned rank, unsigned count) : cuport_tile<N>(rank, count) {}
};
template <unsigned N, class Parent>
class thread_block_tile : public thread_block_tile<N, void> {
 public:
  thread_block_tile() : thread_block_tile<N, void>(cuport_place<N, Parent>::rank(), cuport_place<N, Parent>::count()) {}
};

// Any group, its kind known only at run time.
class thread_group : public lane_group {
 public:
  thread_group() : lane_group(0), threads_(1024), whole_(true) {}
  thread_group(thread_block) : thread_group() {}
  thread_group(const lane_group& g) : lane_group(g) {}
  template <unsigned N>
  thread_group(const cuport_large_tile<N>& g) : lane_group(0, g.meta_group_rank(), g.meta_group_size()), threads_(N) {}
  unsigned size() const { return whole_ ? thread_block::size() : threads_ != 0 ? threads_ : lane_group::size(); }
  unsigned num_threads() const { return size(); }
  unsigned thread_rank() const { return whole_ ? linear_thread() : threads_ != 0 ? linear_thread() % threads_ : lane_group::thread_rank(); }
  void sync(int site = CUPORT_SITE) const {
    if (whole_) thread_block::sync(site);
    else if (threads_ != 0) cuport::meet_tile(threads_, &site, nullptr, site);
    else lane_group::sync(site);
  }
  bool cuport_is_block() const { return whole_; }

 private:
  unsigned threads_ = 0;  // of a group that is more than one warp; 0: lanes
  bool whole_ = false;
};

inline thread_block_tile<1, void> this_thread() { return {}; }

}  // namespace cooperative_groups
