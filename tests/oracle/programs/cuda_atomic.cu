// cuda::atomic, cuda::atomic_ref, flags, fences, semaphores and latches: threads that wait for one another do so.
#include <cuda/atomic>
#include <cuda/std/atomic>
#include <cuda/semaphore>
#include <cuda/latch>
#include <cstdio>

__device__ cuda::atomic<int, cuda::thread_scope_device> counter;
__device__ cuda::std::atomic<unsigned long long> wide;

__global__ void arithmetic(int* plain, float* f, int* o) {
  const int t = threadIdx.x;
  counter.fetch_add(1, cuda::memory_order_relaxed);
  counter++;
  cuda::atomic_ref<int, cuda::thread_scope_block> sum(plain[0]), low(plain[1]), high(plain[2]), bits(plain[3]);
  sum += t;
  low.fetch_min(t - 7);
  high.fetch_max(t * 3, cuda::std::memory_order_relaxed);
  bits.fetch_or(1 << (t % 20));
  cuda::atomic_ref<float>(*f).fetch_add(0.25f);
  wide.fetch_xor(1ull << t);
  __syncthreads();
  if (t == 0) {
    o[0] = counter.load(), o[1] = counter;
    int expected = 5;
    o[2] = counter.compare_exchange_strong(expected, 9);
    o[3] = expected;
    o[4] = counter.compare_exchange_weak(expected, 9, cuda::memory_order_acq_rel, cuda::memory_order_relaxed);
    o[5] = counter.exchange(77), o[6] = --counter, o[7] = counter.fetch_and(12), o[8] = counter.load(cuda::memory_order_acquire);
  }
}

// A spin lock, a flag that one thread sets and the others look at, and a turn that goes round.
__global__ void waiting(int* o) {
  __shared__ cuda::atomic<int, cuda::thread_scope_block> lock, ready, turn;
  __shared__ cuda::std::atomic_flag busy;
  __shared__ int protected_sum, message, other;
  const int t = threadIdx.x;
  if (t == 0) lock = 0, ready.store(0), turn.store(0), protected_sum = 0, other = 0, busy.clear();
  __syncthreads();
  while (lock.exchange(1, cuda::memory_order_acquire) == 1)
    ;
  const int seen = protected_sum;
  protected_sum = seen + t;
  lock.store(0, cuda::memory_order_release);
  while (busy.test_and_set(cuda::std::memory_order_acquire)) {
  }
  other++;
  busy.clear(cuda::std::memory_order_release);
  if (t == 40) {
    message = 1234;
    cuda::atomic_thread_fence(cuda::memory_order_release, cuda::thread_scope_block);
    ready.store(1, cuda::memory_order_relaxed);
    ready.notify_all();
  }
  if (t % 2) {
    while (ready.load(cuda::memory_order_acquire) == 0) {
    }
  } else {
    ready.wait(0);
  }
  o[t] = message;
  while (turn.load() != t) {
  }
  o[64] = o[64] * 3 % 1000 + t;
  turn.fetch_add(1);
  __syncthreads();
  if (t == 0) o[65] = protected_sum, o[66] = other;
}

__global__ void semaphores(int* o) {
  __shared__ cuda::binary_semaphore<cuda::thread_scope_block> items;
  __shared__ cuda::counting_semaphore<cuda::thread_scope_block, 4> slots;
  using latch = cuda::latch<cuda::thread_scope_block>;
  __shared__ alignas(16) char room[sizeof(latch)];
  __shared__ int inside, most, value, counted;
  latch& gate = *reinterpret_cast<latch*>(room);
  if (threadIdx.x == 0) {
    new (&items) cuda::binary_semaphore<cuda::thread_scope_block>(0);
    new (&slots) cuda::counting_semaphore<cuda::thread_scope_block, 4>(3);
    new (&gate) latch(10);
    inside = most = value = counted = 0;
  }
  __syncthreads();
  slots.acquire();
  atomicMax(&most, atomicAdd(&inside, 1) + 1);
  __nanosleep(10);
  atomicSub(&inside, 1);
  slots.release();
  if (threadIdx.x < 10) {
    atomicAdd(&counted, 1);
    gate.count_down();
  } else {
    gate.wait();
    if (counted != 10) o[3] = 1;
  }
  if (threadIdx.x == 60) value = 42, items.release();
  if (threadIdx.x == 1) {
    items.acquire();
    o[0] = value;
  }
  __syncthreads();
  if (threadIdx.x == 0) o[1] = inside, o[2] = most <= 3;
}

int main() {
  int *plain, *o;
  float* f;
  cudaMallocManaged(&plain, 64), cudaMallocManaged(&o, 1024), cudaMallocManaged(&f, 4);
  for (int i = 0; i < 4; i++) plain[i] = 0;
  for (int i = 0; i < 200; i++) o[i] = 0;
  *f = 1;
  arithmetic<<<1, 64>>>(plain, f, o);
  cudaDeviceSynchronize();
  // two increments of 64 threads; 0 + ... + 63; twenty low bits
  printf("%d %d %d %x %g\n", plain[0], plain[1], plain[2], plain[3], *f);  // expect: 2016 -7 189 fffff 17
  // 76 & 12 = 12
  printf("%d %d %d %d %d %d %d %d %d\n", o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7], o[8]);  // expect: 128 128 0 128 1 9 76 76 12
  unsigned long long mask;
  cudaMemcpyFromSymbol(&mask, wide, sizeof mask);
  printf("%llx\n", mask);  // expect: ffffffffffffffff
  for (int i = 0; i < 200; i++) o[i] = 0;
  waiting<<<1, 64>>>(o);
  cudaDeviceSynchronize();
  int all = 0, turns = 0;
  for (int i = 0; i < 64; i++) all += o[i] == 1234, turns = (turns * 3 % 1000) + i;
  printf("%d %d %d %d\n", all, o[64] == turns, o[65], o[66]);  // expect: 64 1 2016 64
  for (int i = 0; i < 8; i++) o[i] = 0;
  semaphores<<<1, 64>>>(o);
  cudaDeviceSynchronize();
  printf("%d %d %d %d\n", o[0], o[1], o[2], o[3]);  // expect: 42 0 1 0

  cuda::atomic<int> host(3);
  host += 4;
  int seven = 7;
  printf("%d\n", host.compare_exchange_strong(seven, 8) ? host.load() : -1);  // expect: 8
  return 0;
}
