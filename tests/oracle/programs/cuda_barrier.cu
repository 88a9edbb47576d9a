// cuda::barrier in shared memory, its copies, and pipelines: threads that are ahead wait for those behind.
#include <cooperative_groups.h>
#include <cuda/barrier>
#include <cuda/pipeline>
#include <cstdio>
#pragma nv_diag_suppress static_var_with_dynamic_init
namespace cg = cooperative_groups;
using block_barrier = cuda::barrier<cuda::thread_scope_block>;

__global__ void phases(int* o) {
  __shared__ block_barrier bar;
  __shared__ int data[96];
  auto block = cg::this_thread_block();
  if (block.thread_rank() == 0) init(&bar, block.size());
  block.sync();
  int sum = 0;
  for (int step = 0; step < 5; step++) {
    data[threadIdx.x] = threadIdx.x * (step + 1);
    block_barrier::arrival_token token = bar.arrive();
    const int own = threadIdx.x % 7;  // work that needs nobody
    bar.wait(std::move(token));
    sum += data[(threadIdx.x + 33) % 96] + own;
    bar.arrive_and_wait();
  }
  o[threadIdx.x] = sum;
}

// The first 32 threads give, the others take: two barriers, of which each side only arrives at one.
__global__ void hand_over(const int* in, int* o, int rounds) {
  __shared__ block_barrier full, empty;
  __shared__ int buffer[32];
  if (threadIdx.x == 0) init(&full, 64), init(&empty, 64);
  __syncthreads();
  if (threadIdx.x < 32) {
    for (int r = 0; r < rounds; r++) {
      empty.arrive_and_wait();
      buffer[threadIdx.x] = in[r * 32 + threadIdx.x];
      (void)full.arrive();
    }
  } else {
    (void)empty.arrive();
    int sum = 0;
    for (int r = 0; r < rounds; r++) {
      full.arrive_and_wait();
      sum += buffer[(threadIdx.x + 1) % 32];
      (void)empty.arrive();
    }
    o[threadIdx.x - 32] = sum;
  }
}

__global__ void dropping(int* o) {
  __shared__ block_barrier bar;
  __shared__ int left;
  if (threadIdx.x == 0) init(&bar, blockDim.x), left = 0;
  __syncthreads();
  if (threadIdx.x % 4 == 3) {
    bar.arrive_and_drop();
    return;
  }
  for (int i = 0; i < 3; i++) {
    atomicAdd(&left, 1);
    bar.arrive_and_wait();
    if (left != 48 * (i + 1)) o[1] = 1;
    bar.arrive_and_wait();
  }
  if (threadIdx.x == 0) o[0] = left;
}

__global__ void copies(const int* in, int* o) {
  __shared__ block_barrier bar;
  __shared__ alignas(16) int tile[128];
  auto block = cg::this_thread_block();
  if (threadIdx.x == 0) init(&bar, 64);
  block.sync();
  cuda::memcpy_async(block, tile, in, sizeof(int) * 64, bar);
  cuda::memcpy_async(tile + 64 + threadIdx.x, in + 64 + threadIdx.x, sizeof(int), bar);
  bar.arrive_and_wait();
  o[threadIdx.x] = tile[63 - threadIdx.x] + tile[127 - threadIdx.x];
}

// Two stages in flight; every thread gives and takes.
__global__ void staged(const int* in, int* o, int batches) {
  __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, 2> state;
  __shared__ int stage[2][64];
  auto block = cg::this_thread_block();
  auto pipe = cuda::make_pipeline(block, &state);
  int sum = 0, fetch = 0;
  for (int b = 0; b < batches; b++) {
    for (; fetch < batches && fetch < b + 2; fetch++) {
      pipe.producer_acquire();
      cuda::memcpy_async(block, stage[fetch % 2], in + fetch * 64, cuda::aligned_size_t<4>(256), pipe);
      pipe.producer_commit();
    }
    pipe.consumer_wait();
    sum += stage[b % 2][(threadIdx.x * 7 + 1) % 64];
    pipe.consumer_release();
  }
  o[threadIdx.x] = sum;
}

// A warp gives, another takes, without any block barrier between them.
__global__ void specialised(const int* in, int* o, int batches) {
  __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, 3> state;
  __shared__ int stage[3][32];
  auto block = cg::this_thread_block();
  const auto role = threadIdx.x < 32 ? cuda::pipeline_role::producer : cuda::pipeline_role::consumer;
  auto pipe = cuda::make_pipeline(block, &state, role);
  if (role == cuda::pipeline_role::producer) {
    for (int b = 0; b < batches; b++) {
      pipe.producer_acquire();
      stage[b % 3][threadIdx.x] = in[b * 32 + threadIdx.x];
      pipe.producer_commit();
    }
  } else {
    int sum = 0;
    for (int b = 0; b < batches; b++) {
      pipe.consumer_wait();
      sum += stage[b % 3][(threadIdx.x + 5) % 32] * (b + 1);
      pipe.consumer_release();
    }
    o[threadIdx.x - 32] = sum;
  }
}

__global__ void alone(const int* in, int* o) {
  __shared__ int tile[64];
  auto pipe = cuda::make_pipeline();
  pipe.producer_acquire();
  cuda::memcpy_async(&tile[threadIdx.x], &in[threadIdx.x], cuda::aligned_size_t<4>(4), pipe);
  pipe.producer_commit();
  cuda::pipeline_consumer_wait_prior<0>(pipe);
  o[threadIdx.x] = tile[threadIdx.x] * 2;
  pipe.consumer_release();
}

int main() {
  int *in, *o;
  cudaMallocManaged(&in, 4096 * 4), cudaMallocManaged(&o, 1024);
  for (int i = 0; i < 4096; i++) in[i] = i * 3 % 101;
  const auto clear = [&] {
    for (int i = 0; i < 256; i++) o[i] = 0;
  };
  int good = 0;
  phases<<<1, 96>>>(o);
  cudaDeviceSynchronize();
  for (int t = 0; t < 96; t++) good += o[t] == (t + 33) % 96 * 15 + t % 7 * 5;
  printf("%d\n", good);  // expect: 96
  clear(), good = 0;
  hand_over<<<1, 64>>>(in, o, 6);
  cudaDeviceSynchronize();
  for (int t = 0; t < 32; t++) {
    int sum = 0;
    for (int r = 0; r < 6; r++) sum += in[r * 32 + (t + 33) % 32];
    good += o[t] == sum;
  }
  printf("%d\n", good);  // expect: 32
  clear();
  dropping<<<1, 64>>>(o);
  cudaDeviceSynchronize();
  printf("%d %d\n", o[0], o[1]);  // expect: 144 0
  clear(), good = 0;
  copies<<<1, 64>>>(in, o);
  cudaDeviceSynchronize();
  for (int t = 0; t < 64; t++) good += o[t] == in[63 - t] + in[127 - t];
  printf("%d\n", good);  // expect: 64
  clear(), good = 0;
  staged<<<1, 64>>>(in, o, 7);
  cudaDeviceSynchronize();
  for (int t = 0; t < 64; t++) {
    int sum = 0;
    for (int b = 0; b < 7; b++) sum += in[b * 64 + (t * 7 + 1) % 64];
    good += o[t] == sum;
  }
  printf("%d\n", good);  // expect: 64
  clear(), good = 0;
  specialised<<<1, 64>>>(in, o, 10);
  cudaDeviceSynchronize();
  for (int t = 0; t < 32; t++) {
    int sum = 0;
    for (int b = 0; b < 10; b++) sum += in[b * 32 + (t + 37) % 32] * (b + 1);
    good += o[t] == sum;
  }
  printf("%d\n", good);  // expect: 32
  clear(), good = 0;
  alone<<<1, 64>>>(in, o);
  cudaDeviceSynchronize();
  for (int t = 0; t < 64; t++) good += o[t] == in[t] * 2;
  printf("%d\n", good);  // expect: 64
  printf("%s\n", cudaGetErrorName(cudaGetLastError()));  // expect: cudaSuccess
  return 0;
}
