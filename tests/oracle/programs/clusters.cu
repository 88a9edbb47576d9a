// Clusters of blocks: ranks, their barrier, and shared memory of one another.
#include <cooperative_groups.h>
#include <cstdio>
namespace cg = cooperative_groups;

// Each block of a cluster counts part of the bins; every thread counts into the block that owns the bin.
__global__ void __cluster_dims__(2, 1, 1) histogram(const int* in, int n, int* bins) {
  __shared__ int own[8];
  cg::cluster_group cluster = cg::this_cluster();
  if (threadIdx.x < 8) own[threadIdx.x] = 0;
  cluster.sync();
  for (unsigned i = cluster.thread_rank() + blockIdx.x / 2 * cluster.size(); i < n; i += gridDim.x * blockDim.x) {
    const int bin = in[i] % 16;
    int* there = cluster.map_shared_rank(own, bin / 8);
    atomicAdd(there + bin % 8, 1);
  }
  cluster.sync();
  if (threadIdx.x < 8) atomicAdd(&bins[cluster.block_rank() * 8 + threadIdx.x], own[threadIdx.x]);
}

// A ring within each cluster of 2 x 2 blocks, launched with an attribute.
__global__ void ring(int* o) {
  extern __shared__ int mine[];
  auto cluster = cg::this_cluster();
  auto grid = cg::this_grid();
  const unsigned rank = cluster.block_rank(), next = (rank + 1) % cluster.num_blocks();
  mine[threadIdx.x] = 100 * (blockIdx.y * gridDim.x + blockIdx.x) + threadIdx.x;
  cluster.barrier_arrive();
  cluster.barrier_wait();
  const int* theirs = cluster.map_shared_rank(mine, next);
  const int got = theirs[(threadIdx.x + 1) % blockDim.x];
  const unsigned owner = cluster.query_shared_rank(theirs);
  cluster.sync();
  if (threadIdx.x == 3) {
    int* p = o + 6 * (blockIdx.y * gridDim.x + blockIdx.x);
    p[0] = rank, p[1] = got, p[2] = owner, p[3] = grid.cluster_rank(), p[4] = cluster.thread_rank(), p[5] = cluster.dim_blocks().y;
  }
}

__global__ void single(int* o) {
  auto cluster = cg::this_cluster();
  cluster.sync();
  if (threadIdx.x == 5) o[blockIdx.x] = cluster.num_blocks() * 100 + cluster.thread_rank();
}

int main() {
  int *in, *bins, *o;
  cudaMallocManaged(&in, 4000), cudaMallocManaged(&bins, 64), cudaMallocManaged(&o, 1024);
  for (int i = 0; i < 1000; i++) in[i] = i * i;
  for (int i = 0; i < 16; i++) bins[i] = 0;
  histogram<<<6, 32>>>(in, 1000, bins);
  cudaDeviceSynchronize();
  // squares modulo 16 are 0, 1, 4, 9: i mod 4 = 0 (250), odd i = 1, 7, 9, 15 mod 16 (1 and 9 half each of 500), i mod 4 = 2 (250)
  printf("%d %d %d %d %d\n", bins[0], bins[1], bins[4], bins[9], bins[2]);  // expect: 250 250 250 250 0

  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(4, 2), config.blockDim = dim3(32), config.dynamicSmemBytes = 128;
  cudaLaunchAttribute attribute[1];
  attribute[0].id = cudaLaunchAttributeClusterDimension;
  attribute[0].val.clusterDim.x = 2, attribute[0].val.clusterDim.y = 2, attribute[0].val.clusterDim.z = 1;
  config.attrs = attribute, config.numAttrs = 1;
  printf("%s\n", cudaGetErrorName(cudaLaunchKernelEx(&config, ring, o)));  // expect: cudaSuccess
  cudaDeviceSynchronize();
  // block (2, 1) is 6: rank 2 of cluster 1, the next is rank 3 = block (3, 1) = 7
  for (int i = 36; i < 42; i++) printf("%d%c", o[i], i == 41 ? '\n' : ' ');  // expect: 2 704 3 1 67 2
  // block (1, 1) is 5: rank 3 of cluster 0, the next is rank 0 = block (0, 0)
  for (int i = 30; i < 36; i++) printf("%d%c", o[i], i == 35 ? '\n' : ' ');  // expect: 3 4 0 0 99 2
  single<<<2, 32>>>(o);
  cudaDeviceSynchronize();
  printf("%d %d\n", o[0], o[1]);  // expect: 105 105
  return 0;
}
