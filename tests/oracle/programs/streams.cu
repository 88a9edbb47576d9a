// Streams, events, callbacks, pools: order within a stream, what the calls return, plausible times (runtime API reference).
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>

#define CHECK(call)                                                                                \
  do {                                                                                             \
    const cudaError_t e_ = (call);                                                                 \
    if (e_ != cudaSuccess) printf("line %d: %s\n", __LINE__, cudaGetErrorName(e_)), exit(1);       \
  } while (0)

__global__ void spin(int* p, int n) {
  for (int i = 0; i < n; i++) atomicAdd(p + threadIdx.x, 1);
}
__global__ void add(int* p, int v) { p[threadIdx.x] += v; }

struct Seen {
  const int* host;
  int value;
};
static void CUDART_CB look(cudaStream_t, cudaError_t status, void* data) {
  auto* seen = static_cast<Seen*>(data);
  seen->value = status == cudaSuccess ? seen->host[0] : -1;
}
static void CUDART_CB look_again(void* data) { static_cast<Seen*>(data)->value = static_cast<Seen*>(data)->host[0]; }

int main() {
  const int n = 128;
  int least, greatest, priority;
  unsigned flags;
  CHECK(cudaDeviceGetStreamPriorityRange(&least, &greatest));
  printf("range %d\n", least == 0 && greatest < 0);  // expect: range 1
  cudaStream_t s[3];
  CHECK(cudaStreamCreate(&s[0]));
  CHECK(cudaStreamCreateWithFlags(&s[1], cudaStreamNonBlocking));
  CHECK(cudaStreamCreateWithPriority(&s[2], cudaStreamNonBlocking, greatest));
  CHECK(cudaStreamGetFlags(s[1], &flags));
  CHECK(cudaStreamGetPriority(s[2], &priority));
  printf("flags %u priority %d\n", flags, priority == greatest);  // expect: flags 1 priority 1

  int *d[3], *host;
  CHECK(cudaHostAlloc((void**)&host, 3 * n * sizeof(int), cudaHostAllocDefault));
  cudaEvent_t begin, end, done[3];
  CHECK(cudaEventCreate(&begin));
  CHECK(cudaEventCreateWithFlags(&end, cudaEventBlockingSync));
  CHECK(cudaEventRecord(begin));
  for (int i = 0; i < 3; i++) {
    CHECK(cudaMallocAsync(&d[i], n * sizeof(int), s[i]));
    CHECK(cudaMemsetAsync(d[i], 0, n * sizeof(int), s[i]));
    spin<<<1, n, 0, s[i]>>>(d[i], 10 * (i + 1));
    CHECK(cudaEventCreateWithFlags(&done[i], cudaEventDisableTiming));
    CHECK(cudaEventRecord(done[i], s[i]));
  }
  for (int i = 1; i < 3; i++) CHECK(cudaStreamWaitEvent(s[0], done[i], 0));
  for (int i = 0; i < 3; i++) {
    CHECK(cudaMemcpyAsync(host + i * n, d[i], n * sizeof(int), cudaMemcpyDeviceToHost, s[0]));
  }
  Seen seen{host, 0}, later{host, 0};
  CHECK(cudaStreamAddCallback(s[0], look, &seen, 0));
  add<<<1, n, 0, s[0]>>>(d[0], 5);
  CHECK(cudaMemcpyAsync(host, d[0], n * sizeof(int), cudaMemcpyDeviceToHost, s[0]));
  CHECK(cudaLaunchHostFunc(s[0], look_again, &later));
  CHECK(cudaEventRecord(end, s[0]));
  CHECK(cudaEventSynchronize(end));
  CHECK(cudaStreamSynchronize(s[0]));
  printf("values %d %d %d\n", host[n - 1], host[n], host[3 * n - 1]);  // expect: values 15 20 30
  printf("callback %d then %d\n", seen.value, later.value);             // expect: callback 10 then 15
  printf("ready %d %d\n", cudaStreamQuery(s[0]) == cudaSuccess, cudaEventQuery(end) == cudaSuccess);  // expect: ready 1 1
  float ms = -1, again = -1;
  CHECK(cudaEventElapsedTime(&ms, begin, end));
  cudaEvent_t last;
  CHECK(cudaEventCreate(&last));
  CHECK(cudaEventRecord(last, 0));
  CHECK(cudaEventElapsedTime(&again, begin, last));
  printf("time %d %d\n", ms > 0 && ms < 1e5f, again >= ms);  // expect: time 1 1

  // The names of the default streams, and those per thread.
  add<<<1, n, 0, cudaStreamLegacy>>>(d[1], 1);
  add<<<1, n, 0, cudaStreamPerThread>>>(d[1], 1);
  add<<<1, n, 0, (cudaStream_t)0>>>(d[1], 1);
  CHECK(cudaStreamSynchronize(cudaStreamPerThread));
  CHECK(cudaMemcpy(host, d[1], sizeof(int), cudaMemcpyDeviceToHost));
  printf("defaults %d\n", host[0]);  // expect: defaults 23

  cudaMemPool_t pool;
  unsigned long long keep = ~0ull, kept = 0;
  int* pooled;
  CHECK(cudaDeviceGetDefaultMemPool(&pool, 0));
  CHECK(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep));
  CHECK(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &kept));
  CHECK(cudaMallocFromPoolAsync(&pooled, 64, pool, s[0]));
  CHECK(cudaFreeAsync(pooled, s[0]));
  CHECK(cudaMemPoolTrimTo(pool, 0));
  printf("pool %d\n", kept == keep);  // expect: pool 1

  for (int i = 0; i < 3; i++) {
    CHECK(cudaFreeAsync(d[i], s[i]));
    CHECK(cudaEventDestroy(done[i]));
    CHECK(cudaStreamDestroy(s[i]));
  }
  CHECK(cudaFreeHost(host));
  printf("null stream %s\n", cudaGetErrorName(cudaStreamDestroy(0)));  // expect: null stream cudaErrorInvalidResourceHandle
  puts("PASS");  // expect: PASS
  return 0;
}
