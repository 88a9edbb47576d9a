// Groups of whole blocks: the thread block, the grid, the cluster.
#pragma once
#include "../../cuport/grid.h"
#include "../../cuport/waiting.h"

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
  static void sync() { cuport::grid_barrier(); }
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
  static dim3 dim_clusters() { return gridDim; }
  static unsigned long long num_clusters() { return num_blocks(); }
  static dim3 cluster_index() { return dim3(blockIdx); }
  static unsigned long long cluster_rank() { return block_rank(); }
};
inline grid_group this_grid() { return {}; }

// A cluster of one block, which every launch has.
class cluster_group {
 public:
  using arrival_token = cuport_token;
  static void sync(int site = CUPORT_SITE) { cuport::block_barrier(0, site); }
  static arrival_token barrier_arrive() { return {}; }
  static void barrier_wait(int site = CUPORT_SITE) { cuport::block_barrier(0, site); }
  static void barrier_wait(arrival_token&&, int site = CUPORT_SITE) { cuport::block_barrier(0, site); }
  static unsigned query_shared_rank(const void*) { return 0; }
  template <class T>
  static T* map_shared_rank(T* p, int) { return p; }
  static dim3 block_index() { return dim3(0, 0, 0); }
  static unsigned block_rank() { return 0; }
  static dim3 thread_index() { return dim3(threadIdx); }
  static unsigned thread_rank() { return linear_thread(); }
  static dim3 dim_blocks() { return dim3(1, 1, 1); }
  static unsigned num_blocks() { return 1; }
  static dim3 dim_threads() { return blockDim; }
  static unsigned num_threads() { return thread_block::size(); }
  static unsigned size() { return num_threads(); }
  static bool is_valid() { return true; }
};
inline cluster_group this_cluster() { return {}; }

template <class T = void>
inline grid_group this_multi_grid() {
  static_assert(sizeof(T*) == 0, "multi_grid groups are not supported: CUDA itself has dropped launches over several devices");
  return {};
}

}  // namespace cooperative_groups
