// thrust, cub, libcu++ and cooperative groups in one program, each on memory of another.
#include <cstdio>
#include <cooperative_groups.h>
#include <cub/cub.cuh>
#include <cuda/std/limits>
#include <cuda/std/utility>
#include <cuda_fp16.h>
#include <thrust/device_vector.h>
#include <thrust/host_vector.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <thrust/scan.h>
#include <thrust/sequence.h>

namespace cg = cooperative_groups;

template <int kThreads>
__global__ void sums(const int* in, int* out, int n) {
  typedef cub::BlockReduce<int, kThreads> Reduce;
  __shared__ typename Reduce::TempStorage temp;
  cg::thread_block block = cg::this_thread_block();
  const int i = blockIdx.x * kThreads + block.thread_rank();
  const cuda::std::pair<int, int> p(i < n ? in[i] : 0, cuda::std::numeric_limits<int>::max());
  const int sum = Reduce(temp).Sum(p.first);
  block.sync();
  if (block.thread_rank() == 0) out[blockIdx.x] = sum < p.second ? sum : 0;
}
__global__ void halve(__half* h) { h[threadIdx.x] = __hmul(h[threadIdx.x], __float2half(0.5f)); }

struct Odd {
  __host__ __device__ int operator()(int i) const { return 2 * i + 1; }
};

int main() {
  const int n = 1000;
  thrust::device_vector<int> in(n), out(4), scanned(4);
  thrust::sequence(in.begin(), in.end());
  sums<256><<<4, 256>>>(thrust::raw_pointer_cast(in.data()), thrust::raw_pointer_cast(out.data()), n);
  thrust::inclusive_scan(out.begin(), out.end(), scanned.begin());
  printf("%d %d %d %d\n", (int)scanned[0], (int)scanned[1], (int)scanned[2], (int)scanned[3]);  // 1000 * 999 / 2 in the end

  // cub over thrust's iterators, its storage a device_vector.
  auto odd = thrust::make_transform_iterator(thrust::counting_iterator<int>(0), Odd());
  size_t bytes = 0;
  cub::DeviceReduce::Sum(nullptr, bytes, odd, out.begin(), n);
  thrust::device_vector<char> temp(bytes);
  cub::DeviceReduce::Sum(thrust::raw_pointer_cast(temp.data()), bytes, odd, out.begin(), n);
  printf("%d\n", (int)out[0]);  // the first thousand odd numbers: 1000 * 1000
  thrust::device_vector<__half> halves(4, __float2half(3.0f));
  halve<<<1, 4>>>(thrust::raw_pointer_cast(halves.data()));
  thrust::host_vector<__half> back = halves;
  printf("%g\n", __half2float(back[3]));
  printf("PASS\n");
}
// expect: 32640 130816 294528 499500
// expect: 1000000
// expect: 1.5
// expect: PASS
