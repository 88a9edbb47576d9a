// thrust's containers: their memory is device memory, so own kernels work on it; pointers, policies, errors.
#include <cstdio>
#include <new>
#include <vector>
#include <thrust/copy.h>
#include <thrust/device_free.h>
#include <thrust/device_malloc.h>
#include <thrust/device_ptr.h>
#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/fill.h>
#include <thrust/host_vector.h>
#include <thrust/sequence.h>
#include <thrust/sort.h>
#include <thrust/reduce.h>
#include <thrust/system/cuda/execution_policy.h>
#include <thrust/system/cuda/error.h>
#include <thrust/system_error.h>
#include <thrust/transform.h>
#include <thrust/universal_vector.h>

__global__ void add(float* p, int n, float v) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) p[i] += v;
}
// thrust in device code: each thread sorts its own four.
__global__ void sort_fours(int* p) {
  int* mine = p + 4 * threadIdx.x;
  thrust::sort(thrust::seq, mine, mine + 4);
}
template <typename Vector>
__global__ void first_of(Vector v, float* out) { *out = v[0]; }

template <typename T>
struct Scale {
  T by;
  Scale(T b) : by(b) {}
  __host__ __device__ T operator()(const T& x) const { return x * by; }
};
// A cast in a functor is device code: it saturates.
struct ToInt {
  __host__ __device__ int operator()(float x) const { return (int)x; }
};

int main() {
  thrust::host_vector<float> h(4);
  for (int i = 0; i < 4; i++) h[i] = i;
  thrust::device_vector<float> d = h;
  add<<<1, 32>>>(thrust::raw_pointer_cast(d.data()), d.size(), 10.f);
  thrust::transform(d.begin(), d.end(), d.begin(), Scale<float>(2));
  h = d;
  printf("%g %g %g %g\n", h[0], h[1], h[2], h[3]);
  d.push_back(5);
  d.insert(d.begin(), 1.f);
  d.resize(8, 7.f);
  d.erase(d.begin() + 1);
  add<<<1, 32>>>(thrust::raw_pointer_cast(&d[0]), (int)d.size(), 1.f);
  std::vector<float> out(d.size());
  thrust::copy(d.begin(), d.end(), out.begin());
  for (float v : out) printf("%g ", v);
  printf("end\n");
  d[0] = 42;
  float* raw = d.data().get();
  float from = 0;
  cudaMemcpy(&from, raw, sizeof from, cudaMemcpyDeviceToHost);
  printf("%g %d\n", from, (int)cudaMemcpy(&from, raw + d.capacity(), sizeof from, cudaMemcpyDeviceToHost) != 0);
  cudaGetLastError();

  thrust::device_ptr<int> p = thrust::device_malloc<int>(8);
  thrust::sequence(p, p + 8, 8, -1);
  sort_fours<<<1, 2>>>(thrust::raw_pointer_cast(p));
  for (int i = 0; i < 8; i++) printf("%d ", (int)p[i]);
  printf("end\n");
  thrust::device_free(p);
  int* c;
  cudaMalloc(&c, 8 * sizeof(int));
  thrust::device_ptr<int> q = thrust::device_pointer_cast(c);
  thrust::fill(q, q + 8, 3);
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  thrust::sequence(thrust::cuda::par.on(stream), q, q + 4);
  thrust::sort(thrust::cuda::par_nosync.on(stream), q, q + 8);
  printf("%d %d\n", thrust::reduce(thrust::device, c, c + 8), thrust::reduce(thrust::host, h.begin(), h.end()) > 0);

  thrust::universal_vector<float> u(3, 1.5f);
  add<<<1, 32>>>(u.data().get(), 3, 1.f);
  cudaDeviceSynchronize();
  printf("%g\n", u[0] + u[1] + u[2]);

  float big[3] = {1e20f, -1e20f, 2.9f};
  thrust::device_vector<float> floats(big, big + 3);
  thrust::device_vector<int> ints(3);
  thrust::transform(floats.begin(), floats.end(), ints.begin(), ToInt());
  printf("%d %d %d\n", (int)ints[0], (int)ints[1], (int)ints[2]);

  try {
    throw thrust::system_error(cudaErrorInvalidValue, thrust::cuda_category(), "copy");
  } catch (const thrust::system_error& e) {
    printf("%s\n", e.what());
  }
  try {
    thrust::device_vector<char> much(size_t(1) << 42);
  } catch (const std::bad_alloc&) {
    printf("no room\n");
  }
  printf("%s\n", cudaDeviceSynchronize() == cudaSuccess ? "PASS" : "FAIL");
}
// expect: 20 22 24 26
// expect: 2 23 25 27 6 8 8 end
// expect: 42 1
// expect: 5 6 7 8 1 2 3 4 end
// expect: 18 1
// expect: 7.5
// expect: 2147483647 -2147483648 2
// expect: copy: cudaErrorInvalidValue: invalid argument
// expect: no room
// expect: PASS
