// Faults made with inline PTX, wmma and asynchronous copies, and the same written rightly.
// A comment `fault: KERNEL KIND` marks the line that is to be named; kernels called clean_* have no fault.
#include <cstdint>
#include <cuda_fp16.h>
#include <cuda_pipeline.h>
#include <mma.h>
using namespace nvcuda;

__device__ __forceinline__ uint32_t smem(const void* p) { return static_cast<uint32_t>(__cvta_generic_to_shared(p)); }

__global__ void load_beyond(const float* in, float* out) {
  float v;
  asm volatile("ld.global.nc.f32 %0, [%1];" : "=f"(v) : "l"(in + threadIdx.x + 1));  // fault: load_beyond out-of-bounds
  out[threadIdx.x] = v;
}
__global__ void store_beyond(float* out) {
  asm volatile("st.global.v2.f32 [%0], {%1, %1};" ::"l"(out + 2 * threadIdx.x), "f"(1.0f) : "memory");  // fault: store_beyond out-of-bounds
}
__global__ void clean_moves(const float* in, float* out) {
  float v;
  asm volatile("{ .reg .pred p; setp.lt.u32 p, %2, 31; mov.f32 %0, 0f00000000; @p ld.global.f32 %0, [%1+4]; }" : "=f"(v) : "l"(in + threadIdx.x), "r"(threadIdx.x));
  asm volatile("st.global.f32 [%0], %1;" ::"l"(out + threadIdx.x), "f"(v) : "memory");
}
__global__ void shared_beyond(float* out) {
  __shared__ float tile[32];
  asm volatile("st.shared.f32 [%0+4], %1;" ::"r"(smem(tile + threadIdx.x)), "f"(1.0f) : "memory");  // fault: shared_beyond out-of-bounds
  __syncthreads();
  out[threadIdx.x] = threadIdx.x == 0 ? 0 : tile[threadIdx.x];
}
__global__ void no_barrier(float* out) {
  __shared__ float tile[64];
  asm volatile("st.shared.f32 [%0], %1;" ::"r"(smem(tile + threadIdx.x)), "f"(1.0f) : "memory");
  float v;
  asm volatile("ld.shared.f32 %0, [%1];" : "=f"(v) : "r"(smem(tile + 63 - threadIdx.x)));  // fault: no_barrier race
  out[threadIdx.x] = v;
}
__global__ void clean_barrier(float* out) {
  __shared__ float tile[64];
  asm volatile("st.shared.f32 [%0], %1;" ::"r"(smem(tile + threadIdx.x)), "f"(1.0f) : "memory");
  asm volatile("bar.sync 1, 64;" ::: "memory");
  float v;
  asm volatile("ld.shared.f32 %0, [%1];" : "=f"(v) : "r"(smem(tile + 63 - threadIdx.x)));
  out[threadIdx.x] = v;
}
__global__ void copy_beyond(const float4* in, float* out) {
  __shared__ float4 tile[32];
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(smem(tile + threadIdx.x)), "l"(in + threadIdx.x));  // fault: copy_beyond out-of-bounds
  asm volatile("cp.async.wait_all;" ::: "memory");
  __syncthreads();
  out[threadIdx.x] = tile[threadIdx.x].x;
}
__global__ void unwaited(const float4* in, float* out) {
  __shared__ float4 tile[8];
  if (threadIdx.x < 8) __pipeline_memcpy_async(&tile[threadIdx.x], &in[threadIdx.x], 16);
  __pipeline_wait_prior(0);
  if (threadIdx.x < 8) out[threadIdx.x] = tile[7 - threadIdx.x].y;  // fault: unwaited race
}
__global__ void clean_copy(const float4* in, float* out) {
  __shared__ float4 tile[32];
  __pipeline_memcpy_async(&tile[threadIdx.x], &in[threadIdx.x % 8], 16, threadIdx.x < 8 ? 0 : 16);
  __pipeline_commit();
  __pipeline_wait_prior(0);
  __syncthreads();
  out[threadIdx.x] = tile[31 - threadIdx.x].y;
}
__global__ void tile_beyond(const half* in, float* out) {
  wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> a;
  wmma::load_matrix_sync(a, in, 24);  // fault: tile_beyond out-of-bounds
  out[threadIdx.x] = a.x[0];
}
__global__ void clean_tile(const half* in, float* out) {
  wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> a;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major> b;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> c;
  __shared__ float sums[256];
  wmma::load_matrix_sync(a, in, 16);
  wmma::load_matrix_sync(b, in, 16);
  wmma::fill_fragment(c, 0.0f);
  wmma::mma_sync(c, a, b, c);
  wmma::store_matrix_sync(sums, c, 16, wmma::mem_row_major);
  __syncwarp();
  out[threadIdx.x] = sums[255 - threadIdx.x];
}

int main() {
  float *in, *out;
  half* tile;
  cudaMalloc(&in, 128), cudaMalloc(&out, 256), cudaMalloc(&tile, 512);
  cudaMemset(in, 0, 128), cudaMemset(tile, 0, 512);
  load_beyond<<<1, 32>>>(in, out);
  store_beyond<<<1, 33>>>(out);
  clean_moves<<<1, 32>>>(in, out);
  shared_beyond<<<1, 32>>>(out);
  no_barrier<<<1, 64>>>(out);
  clean_barrier<<<1, 64>>>(out);
  copy_beyond<<<1, 32>>>((float4*)in, out);
  unwaited<<<1, 32>>>((float4*)in, out);
  clean_copy<<<1, 32>>>((float4*)in, out);
  tile_beyond<<<1, 32>>>(tile, out);
  clean_tile<<<1, 32>>>(tile, out);
  return cudaDeviceSynchronize();
}
