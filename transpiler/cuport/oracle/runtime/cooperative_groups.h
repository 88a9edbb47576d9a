// Cooperative groups: the block, tiles of it, the coalesced lanes, the grid.
#pragma once
#include "cuport/grid.h"

namespace cooperative_groups {

using cuport::lane_id;
using cuport::linear_thread;

// Every group has size(), thread_rank() and sync(); groups of a warp also exchange values.
class thread_block {
 public:
  static void sync(int site = CUPORT_SITE) { cuport::block_barrier(0, site); }
  static void barrier_arrive() {}
  static void barrier_wait(int site = CUPORT_SITE) { cuport::block_barrier(0, site); }
  static unsigned size() { return blockDim.x * blockDim.y * blockDim.z; }
  static unsigned num_threads() { return size(); }
  static unsigned thread_rank() { return linear_thread(); }
  static dim3 group_index() { return dim3(blockIdx); }
  static dim3 thread_index() { return dim3(threadIdx); }
  static dim3 group_dim() { return blockDim; }
  static dim3 dim_threads() { return blockDim; }
};
inline thread_block this_thread_block() { return {}; }

class grid_group {
 public:
  static void sync() { cuport::grid_barrier(); }
  static bool is_valid() { return true; }
  static unsigned long long size() { return static_cast<unsigned long long>(num_blocks()) * thread_block::size(); }
  static unsigned long long num_threads() { return size(); }
  static unsigned long long num_blocks() { return static_cast<unsigned long long>(gridDim.x) * gridDim.y * gridDim.z; }
  static unsigned long long block_rank() { return blockIdx.x + static_cast<unsigned long long>(gridDim.x) * (blockIdx.y + static_cast<unsigned long long>(gridDim.y) * blockIdx.z); }
  static unsigned long long thread_rank() { return block_rank() * thread_block::size() + linear_thread(); }
  static dim3 group_dim() { return gridDim; }
  static dim3 dim_blocks() { return gridDim; }
  static dim3 block_index() { return dim3(blockIdx); }
};
inline grid_group this_grid() { return {}; }

// Lanes of one warp, by mask.
class lane_group {
 public:
  unsigned size() const { return static_cast<unsigned>(__builtin_popcount(mask_)); }
  unsigned num_threads() const { return size(); }
  unsigned thread_rank() const { return static_cast<unsigned>(__builtin_popcount(mask_ & ((1u << lane_id()) - 1))); }
  void sync(int site = CUPORT_SITE) const { __syncwarp(mask_, site); }
  int any(int p, int site = CUPORT_SITE) const { return __any_sync(mask_, p, site); }
  int all(int p, int site = CUPORT_SITE) const { return __all_sync(mask_, p, site); }
  unsigned ballot(int p, int site = CUPORT_SITE) const { return to_ranks(__ballot_sync(mask_, p, site)); }
  template <class T>
  unsigned match_any(T v, int site = CUPORT_SITE) const { return to_ranks(__match_any_sync(mask_, v, site)); }
  template <class T>
  unsigned match_all(T v, int& pred, int site = CUPORT_SITE) const { return to_ranks(__match_all_sync(mask_, v, &pred, site)); }
  template <class T>
  T shfl(T v, unsigned rank, int site = CUPORT_SITE) const { return from_rank(v, static_cast<int>(rank % size()), site); }
  // Out of range gives the own value.
  template <class T>
  T shfl_up(T v, unsigned delta, int site = CUPORT_SITE) const {
    const int source = static_cast<int>(thread_rank()) - static_cast<int>(delta);
    return from_rank(v, source < 0 ? static_cast<int>(thread_rank()) : source, site);
  }
  template <class T>
  T shfl_down(T v, unsigned delta, int site = CUPORT_SITE) const {
    const unsigned source = thread_rank() + delta;
    return from_rank(v, static_cast<int>(source >= size() ? thread_rank() : source), site);
  }
  template <class T>
  T shfl_xor(T v, unsigned lanes, int site = CUPORT_SITE) const {
    const unsigned source = thread_rank() ^ lanes;
    return from_rank(v, static_cast<int>(source >= size() ? thread_rank() : source), site);
  }
  unsigned cuport_mask() const { return mask_; }

 protected:
  explicit lane_group(unsigned mask) : mask_(mask) {}

  template <class T>
  T from_rank(T v, int rank, int site) const {
    return cuport::warps::shuffle_from(mask_, v, nth_lane(rank), site);
  }
  int nth_lane(int rank) const {
    unsigned rest = mask_;
    for (; rank > 0; --rank) rest &= rest - 1;
    return __builtin_ctz(rest);
  }
  // Bits by lane to bits by rank.
  unsigned to_ranks(unsigned lanes) const {
    unsigned ranks = 0, rank = 0;
    for (unsigned rest = mask_; rest != 0; rest &= rest - 1, ++rank) ranks |= (lanes >> __builtin_ctz(rest) & 1u) << rank;
    return ranks;
  }
  unsigned mask_;
};

class coalesced_group : public lane_group {
 public:
  explicit coalesced_group(unsigned mask) : lane_group(mask) {}
  unsigned long long meta_group_size() const { return 1; }
  unsigned long long meta_group_rank() const { return 0; }
};
inline coalesced_group coalesced_threads(int site = CUPORT_SITE) { return coalesced_group(__activemask(site)); }

// A tile of N threads. Tiles larger than a warp synchronise as the block does when they are the whole of it.
template <unsigned N, class Parent = void>
class thread_block_tile;
template <unsigned N>
class thread_block_tile<N, void> : public lane_group {
  static_assert(N >= 1 && N <= 32 && (N & (N - 1)) == 0, "tiles of 1, 2, 4, 8, 16 or 32 threads are supported");

 public:
  thread_block_tile() : lane_group(tile_mask()) {}
  static constexpr unsigned size() { return N; }
  static constexpr unsigned num_threads() { return N; }
  static unsigned thread_rank() { return linear_thread() % N; }
  static unsigned meta_group_rank() { return linear_thread() / N; }
  static unsigned meta_group_size() { return (thread_block::size() + N - 1) / N; }
  template <class T>
  T shfl(T v, int rank, int site = CUPORT_SITE) const { return __shfl_sync(mask_, v, rank, N, site); }
  template <class T>
  T shfl_up(T v, unsigned delta, int site = CUPORT_SITE) const { return __shfl_up_sync(mask_, v, delta, N, site); }
  template <class T>
  T shfl_down(T v, unsigned delta, int site = CUPORT_SITE) const { return __shfl_down_sync(mask_, v, delta, N, site); }
  template <class T>
  T shfl_xor(T v, unsigned lanes, int site = CUPORT_SITE) const { return __shfl_xor_sync(mask_, v, static_cast<int>(lanes), N, site); }

 private:
  static unsigned tile_mask() {
    constexpr unsigned all = N == 32 ? ~0u : (1u << (N % 32)) - 1;
    return all << (lane_id() & ~(N - 1));
  }
};

// What it was cut from makes no difference.
template <unsigned N, class Parent>
class thread_block_tile : public thread_block_tile<N, void> {};

// A tile whose size is known only at run time.
class thread_group : public lane_group {
 public:
  thread_group(thread_block) : lane_group(0), block_(true) {}
  thread_group(const lane_group& g) : lane_group(g) {}
  unsigned size() const { return block_ ? thread_block::size() : lane_group::size(); }
  unsigned num_threads() const { return size(); }
  unsigned thread_rank() const { return block_ ? thread_block::thread_rank() : lane_group::thread_rank(); }
  void sync(int site = CUPORT_SITE) const {
    if (block_) thread_block::sync(site); else lane_group::sync(site);
  }

 private:
  bool block_ = false;
};

template <unsigned N, class Parent>
inline thread_block_tile<N, Parent> tiled_partition(const Parent&) { return {}; }
inline thread_group tiled_partition(const thread_group& parent, unsigned n) {
  const unsigned all = n >= 32 ? ~0u : (1u << n) - 1;
  (void)parent;
  return thread_group(coalesced_group(all << (lane_id() & ~(n - 1))));
}

template <class Group>
inline coalesced_group binary_partition(const Group& g, bool p, int site = CUPORT_SITE) {
  const unsigned yes = __ballot_sync(g.cuport_mask(), p, site);
  return coalesced_group(p ? yes : g.cuport_mask() & ~yes);
}
template <class Group, class T>
inline coalesced_group labeled_partition(const Group& g, T label, int site = CUPORT_SITE) {
  return coalesced_group(__match_any_sync(g.cuport_mask(), label, site));
}

template <class Group>
inline void sync(const Group& g, int site = CUPORT_SITE) { g.sync(site); }
inline void sync(const grid_group& g) { g.sync(); }
template <class Group>
inline auto thread_rank(const Group& g) { return g.thread_rank(); }
template <class Group>
inline auto group_size(const Group& g) { return g.size(); }

template <class T>
struct plus { T operator()(T a, T b) const { return a + b; } };
template <class T>
struct less { T operator()(T a, T b) const { return b < a ? b : a; } };
template <class T>
struct greater { T operator()(T a, T b) const { return a < b ? b : a; } };
template <class T>
struct bit_and { T operator()(T a, T b) const { return a & b; } };
template <class T>
struct bit_or { T operator()(T a, T b) const { return a | b; } };
template <class T>
struct bit_xor { T operator()(T a, T b) const { return a ^ b; } };

// Reductions and scans over the lanes of a warp's group: in the order of a butterfly and of the ranks respectively.
template <class Group, class T, class Op>
inline T reduce(const Group& g, T value, Op op, int site = CUPORT_SITE) {
  return cuport::warps::fold(g.cuport_mask(), value, op, cuport::warps::Fold::reduce, site);
}
template <class Group, class T, class Op>
inline T inclusive_scan(const Group& g, T value, Op op, int site = CUPORT_SITE) {
  return cuport::warps::fold(g.cuport_mask(), value, op, cuport::warps::Fold::inclusive, site);
}
template <class Group, class T, class Op>
inline T exclusive_scan(const Group& g, T value, Op op, int site = CUPORT_SITE) {
  return cuport::warps::fold(g.cuport_mask(), value, op, cuport::warps::Fold::exclusive, site);
}
template <class Group, class T>
inline T inclusive_scan(const Group& g, T value, int site = CUPORT_SITE) { return inclusive_scan(g, value, plus<T>(), site); }
template <class Group, class T>
inline T exclusive_scan(const Group& g, T value, int site = CUPORT_SITE) { return exclusive_scan(g, value, plus<T>(), site); }

// Asynchronous copies happen at once; the barrier of `wait` makes them seen.
template <class Group, class T, class U>
inline void memcpy_async(const Group& g, T* to, const U* from, size_t bytes) {
  for (size_t i = g.thread_rank(); i < bytes; i += g.size()) reinterpret_cast<char*>(to)[i] = reinterpret_cast<const char*>(from)[i];
}
template <class Group>
inline void wait(const Group& g, int site = CUPORT_SITE) { g.sync(site); }
template <unsigned N, class Group>
inline void wait_prior(const Group& g, int site = CUPORT_SITE) { g.sync(site); }

}  // namespace cooperative_groups
