// Which error a call gives, and what stays of it: the runtime API's reference (cudaGetLastError, launch configuration,
// error codes). Errors of a call are not sticky; a fault inside a kernel is, until cudaDeviceReset.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <cuda_runtime.h>

__global__ void store(int* p) { p[threadIdx.x] = threadIdx.x; }
__global__ void hungry() {
  extern __shared__ int s[];
  s[threadIdx.x] = 1;
}
__global__ void stop(int n) {
  if (threadIdx.x == n) __trap();
}

static const char* last() { return cudaGetErrorName(cudaGetLastError()); }
#define SAY(what, call) printf("%s %s\n", what, cudaGetErrorName(call)), cudaGetLastError()

int main() {
  int *d, host[64];
  cudaMalloc(&d, sizeof host);

  // Launch configurations: compute capability 7 and later have blocks of 1024 threads, 1024 x 1024 x 64 at most.
  store<<<1, 1025>>>(d);
  printf("threads %s\n", last());  // expect: threads cudaErrorInvalidConfiguration
  store<<<1, dim3(1, 1, 65)>>>(d);
  printf("z %s\n", last());  // expect: z cudaErrorInvalidConfiguration
  store<<<0, 1>>>(d);
  printf("empty grid %s\n", last());  // expect: empty grid cudaErrorInvalidConfiguration
  store<<<1, 0>>>(d);
  printf("empty block %s\n", last());  // expect: empty block cudaErrorInvalidConfiguration
  store<<<dim3(1, 65536), 1>>>(d);
  printf("grid y %s\n", last());  // expect: grid y cudaErrorInvalidConfiguration
  hungry<<<1, 1, 49 * 1024>>>();
  printf("shared %s\n", last());  // expect: shared cudaErrorInvalidValue
  SAY("opt in", cudaFuncSetAttribute(hungry, cudaFuncAttributeMaxDynamicSharedMemorySize, 1 << 20));  // expect: opt in cudaErrorInvalidValue
  SAY("opted in", cudaFuncSetAttribute(hungry, cudaFuncAttributeMaxDynamicSharedMemorySize, 64 * 1024));  // expect: opted in cudaSuccess
  hungry<<<1, 1, 49 * 1024>>>();
  printf("now %s\n", last());  // expect: now cudaSuccess
  void* args[] = {&d};
  SAY("no kernel", cudaLaunchKernel((const void*)host, dim3(1), dim3(1), args, 0, 0));  // expect: no kernel cudaErrorInvalidDeviceFunction
  SAY("too many", cudaLaunchCooperativeKernel((void*)store, dim3(1 << 20), dim3(256), args, 0, 0));  // expect: too many cudaErrorCooperativeLaunchTooLarge

  // An error stays until it is asked for, through calls that succeed; peeking leaves it.
  SAY("cleared", cudaSuccess);  // expect: cleared cudaSuccess
  cudaMemcpy(host, d, 1 << 20, cudaMemcpyDeviceToHost);
  cudaMemset(d, 0, sizeof host);
  printf("kept %s", cudaGetErrorName(cudaPeekAtLastError()));
  printf(" %s", last());
  printf(" %s\n", last());  // expect: kept cudaErrorInvalidValue cudaErrorInvalidValue cudaSuccess

  // Memory.
  SAY("beyond", cudaMemset(d, 0, sizeof host + 1));  // expect: beyond cudaErrorInvalidValue
  SAY("null", cudaMemcpy(nullptr, host, 4, cudaMemcpyHostToDevice));  // expect: null cudaErrorInvalidValue
  SAY("nothing", cudaMemcpy(nullptr, nullptr, 0, cudaMemcpyDefault));  // expect: nothing cudaSuccess
  SAY("direction", cudaMemcpy(d, host, 4, (cudaMemcpyKind)17));  // expect: direction cudaErrorInvalidMemcpyDirection
  SAY("host as device", cudaMemcpy(host, host + 1, 4, cudaMemcpyDeviceToHost));  // expect: host as device cudaErrorInvalidValue
  SAY("pitch", cudaMemcpy2D(d, 4, host, 16, 8, 2, cudaMemcpyHostToDevice));  // expect: pitch cudaErrorInvalidPitchValue
  SAY("inside", cudaFree(d + 1));  // expect: inside cudaErrorInvalidValue
  SAY("host", cudaFree(host));  // expect: host cudaErrorInvalidValue
  SAY("null free", cudaFree(nullptr));  // expect: null free cudaSuccess
  int* twice;
  cudaMalloc(&twice, 4);
  SAY("once", cudaFree(twice));  // expect: once cudaSuccess
  SAY("twice", cudaFree(twice));  // expect: twice cudaErrorInvalidValue
  void *pinned, *much, *none = (void*)1;
  cudaMallocHost(&pinned, 16);
  SAY("pinned as device", cudaFree(pinned));  // expect: pinned as device cudaErrorInvalidValue
  SAY("pinned", cudaFreeHost(pinned));  // expect: pinned cudaSuccess
  SAY("device as pinned", cudaFreeHost(d));  // expect: device as pinned cudaErrorInvalidValue
  SAY("much", cudaMalloc(&much, (size_t)1 << 50));  // expect: much cudaErrorMemoryAllocation
  SAY("zero", cudaMalloc(&none, 0));  // expect: zero cudaSuccess
  SAY("managed zero", cudaMallocManaged(&none, 0));  // expect: managed zero cudaErrorInvalidValue
  SAY("register", cudaHostRegister(host, sizeof host, cudaHostRegisterDefault));  // expect: register cudaSuccess
  SAY("again", cudaHostRegister(host, sizeof host, cudaHostRegisterDefault));  // expect: again cudaErrorHostMemoryAlreadyRegistered
  SAY("unregister", cudaHostUnregister(host));  // expect: unregister cudaSuccess
  SAY("unknown", cudaHostUnregister(host));  // expect: unknown cudaErrorHostMemoryNotRegistered

  // Devices and handles.
  SAY("device", cudaSetDevice(99));  // expect: device cudaErrorInvalidDevice
  cudaDeviceProp prop;
  SAY("properties", cudaGetDeviceProperties(&prop, -1));  // expect: properties cudaErrorInvalidDevice
  cudaEvent_t begin, quiet;
  cudaEventCreate(&begin);
  cudaEventCreateWithFlags(&quiet, cudaEventDisableTiming);
  float ms;
  SAY("unrecorded", cudaEventElapsedTime(&ms, begin, begin));  // expect: unrecorded cudaErrorInvalidResourceHandle
  cudaEventRecord(begin);
  cudaEventRecord(quiet);
  SAY("untimed", cudaEventElapsedTime(&ms, begin, quiet));  // expect: untimed cudaErrorInvalidResourceHandle
  SAY("no event", cudaEventRecord(nullptr, 0));  // expect: no event cudaErrorInvalidResourceHandle

  // Each host thread has a last error of its own.
  cudaFree(d + 1);
  std::thread other([] { printf("other %s\n", last()); });  // expect: other cudaSuccess
  other.join();
  printf("mine %s\n", last());  // expect: mine cudaErrorInvalidValue

  // Names and sentences.
  printf("%s: %s\n", cudaGetErrorName(cudaErrorIllegalAddress), cudaGetErrorString(cudaErrorIllegalAddress));
  // expect: cudaErrorIllegalAddress: an illegal memory access was encountered
  printf("%d %s\n", (int)cudaErrorInvalidPitchValue, cudaGetErrorString(cudaErrorInvalidPitchValue));  // expect: 12 invalid pitch argument
  printf("%s\n", cudaGetErrorName((cudaError_t)4321));  // expect: unrecognized error code

  // A fault inside a kernel spoils the context: every later call gives it, until the device is reset.
  stop<<<1, 32>>>(31);
  printf("fault %s\n", cudaGetErrorName(cudaDeviceSynchronize()));  // expect: fault cudaErrorLaunchFailure
  printf("sticky %s", last());
  printf(" %s", cudaGetErrorName(cudaMalloc(&much, 16)));
  printf(" %s\n", cudaGetErrorName(cudaMemcpy(host, d, 4, cudaMemcpyDeviceToHost)));
  // expect: sticky cudaErrorLaunchFailure cudaErrorLaunchFailure cudaErrorLaunchFailure
  SAY("reset", cudaDeviceReset());  // expect: reset cudaSuccess
  SAY("after", cudaMalloc(&d, sizeof host));  // expect: after cudaSuccess
  store<<<1, 64>>>(d);
  SAY("copy", cudaMemcpy(host, d, sizeof host, cudaMemcpyDeviceToHost));  // expect: copy cudaSuccess
  printf("%d\n", host[63]);  // expect: 63
  puts("PASS");  // expect: PASS
  return 0;
}
