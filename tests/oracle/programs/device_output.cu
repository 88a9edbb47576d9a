// printf in kernels: formats, what it returns, and its place between the host's lines: the device's output comes at the
// next synchronisation, blocking copy or launch (programming guide, "Formatted Output"). Also the device's clock and heap.
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>

struct Node {
  int value;
  Node* next;
  __device__ explicit Node(int v, Node* n) : value(v), next(n) {}
};

__device__ void tell(const char* what, int n) { printf("%s %d\n", what, n); }
__host__ __device__ void both(int n) { printf("both %d\n", n); }

__global__ void formats(const char* word, void* address) {
  const int counted = printf("%d %u %x %lld %llu %c %s %5.2f|%-4d|%04d|%e %g %%\n", -1, 3000000000u, 255, -(1ll << 40), 1ull << 63, 'c',
                             word, 3.14159, 7, 42, 1234.5f, 0.5f);
  const int none = printf("none\n");
  printf("%d %d %d %p\n", counted, none, printf("%s%s\n", "in", "ner"), address);
}
__global__ void ordered() {
  if (threadIdx.x == 0) tell("thread", threadIdx.x + 10 * blockIdx.x);
}
__global__ void heap(int* out, int n) {
  Node* list = nullptr;
  for (int i = 0; i < n; i++) list = new Node(i + threadIdx.x, list);
  int* copy = (int*)malloc(n * sizeof(int));
  int sum = 0, count = 0;
  for (Node* at = list; at != nullptr; at = at->next) copy[count++] = at->value;
  for (int i = 0; i < count; i++) sum += copy[i];
  while (list != nullptr) {
    Node* next = list->next;
    delete list;
    list = next;
  }
  free(copy);
  out[threadIdx.x] = sum;
}
__global__ void clocks(int* good) {
  const long long from = clock64();
  const clock_t short_from = clock();
  unsigned spin = 0;
  while (clock64() - from < 1000) spin++;
  __nanosleep(100);
  *good = clock64() > from && clock() - short_from >= 0;
}

__constant__ char word[] = "word";

int main() {
  const char* in_constant;
  cudaGetSymbolAddress((void**)&in_constant, word);
  formats<<<1, 1>>>(in_constant, (void*)0x10);
  printf("host first\n");  // expect: host first
  cudaDeviceSynchronize();
  // expect: -1 3000000000 ff -1099511627776 9223372036854775808 c word  3.14|7   |0042|1.234500e+03 0.5 %
  // expect: none
  // expect: inner
  // expect: 12 0 2 0x10

  ordered<<<2, 32>>>();
  printf("before the copy\n");  // expect: before the copy
  int* d;
  cudaMalloc(&d, 32 * sizeof(int));
  int host[32];
  cudaMemcpy(host, d, sizeof host, cudaMemcpyDeviceToHost);
  printf("after the copy\n");
  // expect: thread 0
  // expect: thread 10
  // expect: after the copy
  ordered<<<1, 1>>>();
  printf("between\n");  // expect: between
  heap<<<1, 32>>>(d, 5);
  printf("a launch lets it out\n");
  // expect: thread 0
  // expect: a launch lets it out
  both(1);  // expect: both 1
  cudaMemcpy(host, d, sizeof host, cudaMemcpyDeviceToHost);
  printf("heap %d %d\n", host[0], host[31]);  // expect: heap 10 165
  size_t limit = 0;
  cudaDeviceSetLimit(cudaLimitMallocHeapSize, 64 << 20);
  cudaDeviceGetLimit(&limit, cudaLimitMallocHeapSize);
  clocks<<<1, 1>>>(d);
  cudaMemcpy(host, d, sizeof(int), cudaMemcpyDeviceToHost);
  printf("clock %d limit %d\n", host[0], limit == 64 << 20);  // expect: clock 1 limit 1
  ordered<<<1, 1>>>();
  cudaDeviceReset();
  puts("PASS");
  // expect: thread 0
  // expect: PASS
  return 0;
}
