// Memory that is not there for device code: freed, the host's, none at all, constant; and what may look like it.
// A comment `fault: KERNEL KIND` marks the line that is to be named; kernels called clean_* have no fault.
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>

__global__ void freed_read(const int* gone, int* out) {
  out[threadIdx.x] = gone[threadIdx.x];  // fault: freed_read use-after-free
}
__global__ void freed_write(int* gone) {
  gone[threadIdx.x] = 1;  // fault: freed_write use-after-free
}
__global__ void host_heap(const float* h, float* out) {
  out[threadIdx.x] = h[threadIdx.x];  // fault: host_heap out-of-bounds
}
__global__ void host_large(float* h) {
  h[threadIdx.x] = 1;  // fault: host_large out-of-bounds
}
__global__ void host_stack(int* h) {
  atomicAdd(h, 1);  // fault: host_stack out-of-bounds
}
static int on_host[64];
__global__ void host_variable(int* h) {
  h[threadIdx.x] = 1;  // fault: host_variable out-of-bounds
}
__global__ void null_write(int* p) {
  p[threadIdx.x] = 1;  // fault: null_write out-of-bounds
}
struct List {
  int value;
  List* next;
};
__global__ void null_member(List* l, int* out) {
  while (l->value != 3) l = l->next;  // fault: null_member out-of-bounds
  *out = l->value;
}
__global__ void clean_list(List* l, int* out) {
  int n = 0;
  for (; l != nullptr; l = l->next) n += l->value;
  *out = n;
}
__global__ void clean_registered(int* h) { h[threadIdx.x] += 1; }
__global__ void clean_pinned(int* h) { h[threadIdx.x] += 1; }
__global__ void clean_managed(int* h) { h[threadIdx.x] += 1; }
__global__ void clean_heap(int* out) {
  int* p = (int*)malloc(16 * sizeof(int));
  for (int i = 0; i < 16; ++i) p[i] = i;
  int s = 0;
  for (int i = 0; i < 16; ++i) s += p[i];
  out[threadIdx.x] = s;
  free(p);
}
__device__ int sum_of(const int* p, int n) {
  int s = 0;
  for (int i = 0; i < n; ++i) s += p[i];
  return s;
}
__global__ void clean_stack(int* out) {  // pointers to the thread's own variables
  int local[16];
  for (int i = 0; i < 16; ++i) local[i] = i;
  out[threadIdx.x] = sum_of(local, 16);
}
static __device__ const int primes[] = {2, 3, 5, 7, 11};
__global__ void clean_constants(int* out) {
  static const int squares[] = {0, 1, 4, 9};
  constexpr int cubes[] = {0, 1, 8, 27};
  out[threadIdx.x] = sum_of(primes, 5) + squares[threadIdx.x % 4] + cubes[threadIdx.x % 4];
}
struct Big {
  float v[40];
};
__global__ void clean_by_value(Big big, float* out, int n) { out[threadIdx.x] = big.v[threadIdx.x % n]; }

int main() {
  int *a, *b, *c;
  const auto renew = [&] {
    cudaDeviceReset();
    cudaMalloc(&a, 256), cudaMalloc(&b, 256), cudaMemset(a, 0, 256);
  };
#define RUN(...) renew(), __VA_ARGS__, cudaDeviceSynchronize()
  renew(), cudaFree(a);
  freed_read<<<1, 32>>>(a, b);
  renew(), cudaFree(a), cudaMalloc(&c, 256);
  freed_write<<<1, 32>>>(a);
  float* small = (float*)calloc(64, 4);
  float* large = (float*)calloc(1 << 20, 4);
  int local[4] = {};
  RUN(host_heap<<<1, 32>>>(small, (float*)b));
  RUN(host_large<<<1, 32>>>(large));
  RUN(host_stack<<<1, 32>>>(local));
  RUN(host_variable<<<1, 32>>>(on_host));
  RUN(null_write<<<1, 32>>>(nullptr));
  renew();
  List list[3] = {{1, (List*)b + 1}, {2, (List*)b + 2}, {4, nullptr}};
  cudaMemcpy(b, list, sizeof list, cudaMemcpyHostToDevice);
  clean_list<<<1, 1>>>((List*)b, a);
  null_member<<<1, 1>>>((List*)b, a);
  renew();
  int* registered = (int*)calloc(64, 4);
  cudaHostRegister(registered, 256, cudaHostRegisterDefault);
  clean_registered<<<1, 32>>>(registered);
  cudaDeviceSynchronize(), cudaHostUnregister(registered);
  int *pinned, *managed;
  cudaMallocHost(&pinned, 256), cudaMallocManaged(&managed, 256);
  for (int i = 0; i < 64; ++i) pinned[i] = managed[i] = i;
  clean_pinned<<<1, 64>>>(pinned);
  clean_managed<<<1, 64>>>(managed);
  cudaDeviceSynchronize();
  RUN(clean_heap<<<1, 32>>>(a));
  RUN(clean_stack<<<1, 32>>>(a));
  RUN(clean_constants<<<1, 32>>>(a));
  Big big = {};
  RUN(clean_by_value<<<1, 32>>>(big, (float*)a, 40));
  return local[0] != 0 && registered[0] == 0;
}
