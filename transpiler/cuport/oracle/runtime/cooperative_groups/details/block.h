// Groups of whole blocks: the thread block, the grid, the cluster.
#pragma once
#include "../../cuport/threads/grid.h"
#include "../../cuport/threads/waiting.h"

namespace cooperative_groups {

using cuport::lane_id;
using cuport::linear_thread;

struct cuport_token {};

// Every group has size(), thread_rank() and sync(); groups of a warp also exchange values.
class thread_block {
 public:
  using arrival_token = cuport_token;
  static void sync(int site = CUPORT_SITE) { cuport::block_barrier(0, site); }
  // Arriving tells nobody anything before the wait: a barrier that holds longer than it must.
  static arrival_token barrier_arrive() { return {}; }
  static void barrier_wait(int site = CUPORT_SITE) { cuport::block_barrier(0, site); }
  static void barrier_wait(arrival_token&&, int site = CUPORT_SITE) { cuport::block_barrier(0, site); }
  static unsigned size() { return blockDim.x * blockDim.y * blockDim.z; }
  static unsigned num_threads() { return size(); }
  static unsigned thread_rank() { return linear_thread(); }
  static dim3 group_index() { return dim3(blockIdx); }
  static dim3 thread_index() { return dim3(threadIdx); }
  static dim3 group_dim() { return blockDim; }
  static dim3 dim_threads() { return blockDim; }
  static bool is_valid() { return true; }
};
inline thread_block this_thread_block() { return {}; }

// Scratch memory that old versions wanted for tiles larger than a warp.
template <unsigned most = 1024>
struct block_tile_memory {
  char cuport_unused;
};
template <unsigned most>
inline thread_block this_thread_block(block_tile_memory<most>&) { return {}; }

class grid_group {
 public:
  using arrival_token = unsigned;
  static void sync(int site = CUPORT_SITE) {
    if (cuport::worker.fibers) cuport::worker.block->current->site = site;
    cuport::grid_barrier();
  }
  static arrival_token barrier_arrive() { return 0; }
  static void barrier_wait(arrival_token&&) { cuport::grid_barrier(); }
  static bool is_valid() { return true; }
  static unsigned long long size() { return num_blocks() * thread_block::size(); }
  static unsigned long long num_threads() { return size(); }
  static unsigned long long num_blocks() { return static_cast<unsigned long long>(gridDim.x) * gridDim.y * gridDim.z; }
  static unsigned long long block_rank() {
    return blockIdx.x + static_cast<unsigned long long>(gridDim.x) * (blockIdx.y + static_cast<unsigned long long>(gridDim.y) * blockIdx.z);
  }
  static unsigned long long thread_rank() { return block_rank() * thread_block::size() + linear_thread(); }
  static dim3 group_dim() { return gridDim; }
  static dim3 dim_blocks() { return gridDim; }
  static dim3 dim_threads() { return dim3(gridDim.x * blockDim.x, gridDim.y * blockDim.y, gridDim.z * blockDim.z); }
  static dim3 block_index() { return dim3(blockIdx); }
  static dim3 thread_index() {
    return dim3(blockIdx.x * blockDim.x + threadIdx.x, blockIdx.y * blockDim.y + threadIdx.y, blockIdx.z * blockDim.z + threadIdx.z);
  }
  static dim3 dim_clusters() {
    const dim3 n = cuport::residents.cluster;
    return dim3(gridDim.x / n.x, gridDim.y / n.y, gridDim.z / n.z);
  }
  static unsigned long long num_clusters() { return num_blocks() / cuport::cluster_blocks(cuport::residents.cluster); }
  static dim3 cluster_index() {
    const dim3 n = cuport::residents.cluster;
    return dim3(blockIdx.x / n.x, blockIdx.y / n.y, blockIdx.z / n.z);
  }
  static unsigned long long cluster_rank() {
    const dim3 n = dim_clusters(), at = cluster_index();
    return at.x + static_cast<unsigned long long>(n.x) * (at.y + static_cast<unsigned long long>(n.y) * at.z);
  }
};
inline grid_group this_grid() { return {}; }

// The blocks of a cluster, resident together; a launch that says nothing of clusters has one block in each.
class cluster_group {
 public:
  using arrival_token = cuport_token;
  static void sync(int site = CUPORT_SITE) {
    if (num_blocks() == 1) cuport::block_barrier(0, site);
    else cuport::grid_barrier();
  }
  static arrival_token barrier_arrive() { return {}; }
  static void barrier_wait(int site = CUPORT_SITE) { sync(site); }
  static void barrier_wait(arrival_token&&, int site = CUPORT_SITE) { sync(site); }
  // Shared memory of the other blocks: the same place in each.
  CUPORT_QUIET static unsigned query_shared_rank(const void* p) {
    for (unsigned r = 0; r < num_blocks(); ++r) {
      const auto at = static_cast<size_t>(static_cast<const char*>(p) - shared_of(r));
      if (at < cuport::shared_total(cuport::shared_dynamic_bytes)) return r;
    }
    return block_rank();
  }
  template <class T>
  CUPORT_QUIET static T* map_shared_rank(T* p, unsigned rank) {
    const auto* at = reinterpret_cast<const volatile char*>(p);
    return reinterpret_cast<T*>(const_cast<char*>(shared_of(rank) + (at - shared_of(query_shared_rank(const_cast<const void*>(static_cast<const volatile void*>(p)))))));
  }
  static dim3 block_index() {
    const dim3 n = dim_blocks();
    return dim3(blockIdx.x % n.x, blockIdx.y % n.y, blockIdx.z % n.z);
  }
  static unsigned block_rank() {
    const dim3 n = dim_blocks(), at = block_index();
    return at.x + n.x * (at.y + n.y * at.z);
  }
  static dim3 thread_index() {
    const dim3 at = block_index();
    return dim3(at.x * blockDim.x + threadIdx.x, at.y * blockDim.y + threadIdx.y, at.z * blockDim.z + threadIdx.z);
  }
  static unsigned thread_rank() { return block_rank() * thread_block::size() + linear_thread(); }
  static dim3 dim_blocks() { return cuport::residents.cluster; }
  static unsigned num_blocks() { return cuport::cluster_blocks(cuport::residents.cluster); }
  static dim3 dim_threads() {
    const dim3 n = dim_blocks();
    return dim3(n.x * blockDim.x, n.y * blockDim.y, n.z * blockDim.z);
  }
  static unsigned num_threads() { return num_blocks() * thread_block::size(); }
  static unsigned size() { return num_threads(); }
  static bool is_valid() { return true; }

 private:
  CUPORT_QUIET static const char* shared_of(unsigned rank) {
    const dim3 n = dim_blocks(), at = block_index();
    if (cuport::cluster_blocks(n) == 1) return cuport::worker.block->shared;
    if (cuport::residents.by_rank) return cuport::residents.first[rank].shared;
    const uint64_t x = blockIdx.x - at.x + rank % n.x, y = blockIdx.y - at.y + rank / n.x % n.y, z = blockIdx.z - at.z + rank / n.x / n.y;
    return cuport::residents.first[x + gridDim.x * (y + gridDim.y * z)].shared;
  }
};
inline cluster_group this_cluster() { return {}; }

template <class T = void>
inline grid_group this_multi_grid() {
  static_assert(sizeof(T*) == 0, "multi_grid groups are not supported: CUDA itself has dropped launches over several devices");
  return {};
}

}  // namespace cooperative_groups
