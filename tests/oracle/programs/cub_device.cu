// cub's device-wide algorithms: the two-call protocol, and small inputs whose results can be read off.
#include <cstdio>
#include <cub/cub.cuh>

// Runs an algorithm as programs do: sizes first, then the work.
#define TWICE(call)                                              \
  do {                                                           \
    void* temp = nullptr;                                        \
    size_t bytes = 0;                                            \
    if ((call) != cudaSuccess || bytes == 0) printf("no size\n"); \
    cudaMalloc(&temp, bytes);                                    \
    if ((call) != cudaSuccess) printf("failed: %s\n", #call);    \
    cudaFree(temp);                                              \
  } while (0)

template <class T>
T* device(std::initializer_list<T> values) {
  T* p;
  cudaMallocManaged(&p, (values.size() + 8) * sizeof(T));
  T* to = p;
  for (T v : values) *to++ = v;
  return p;
}
template <class T>
void show(const char* what, const T* p, int n) {
  cudaDeviceSynchronize();
  printf("%s:", what);
  for (int i = 0; i < n; ++i) printf(" %g", double(p[i]));
  printf("\n");
}

__global__ void touch(int* p) { p[threadIdx.x] += 0; }

struct Even {
  __host__ __device__ bool operator()(int v) const { return v % 2 == 0; }
};
struct Square {
  __host__ __device__ int operator()(int v) const { return v * v; }
};
struct Small {
  __host__ __device__ bool operator()(int v) const { return v < 3; }
};
struct CustomMin {
  template <typename T>
  __device__ __forceinline__ T operator()(const T& a, const T& b) const { return b < a ? b : a; }
};
struct Point {
  int x, y;
};
struct ByY {
  __device__ bool operator()(const Point& a, const Point& b) const { return a.y < b.y; }
};

int main() {
  int* in = device<int>({8, 6, 7, 5, 3, 0, 9});
  int* out = device<int>({});
  cudaMallocManaged(&out, 64 * sizeof(int));
  int* more;
  cudaMallocManaged(&more, 64 * sizeof(int));
  int* count = device<int>({0, 0});
  const int n = 7;
  touch<<<1, 7>>>(in);

  TWICE(cub::DeviceReduce::Sum(temp, bytes, in, out, n));
  TWICE(cub::DeviceReduce::Min(temp, bytes, in, out + 1, n));
  TWICE(cub::DeviceReduce::Max(temp, bytes, in, out + 2, n));
  TWICE(cub::DeviceReduce::Reduce(temp, bytes, in, out + 3, n, CustomMin(), 4));
  TWICE(cub::DeviceReduce::Sum(temp, bytes, in, out + 4, 0));
  show("reduce", out, 5);
  cub::KeyValuePair<int, int>* arg;
  cudaMallocManaged(&arg, 2 * sizeof(*arg));
  TWICE(cub::DeviceReduce::ArgMin(temp, bytes, in, arg, n));
  TWICE(cub::DeviceReduce::ArgMax(temp, bytes, in, arg + 1, n));
  cudaDeviceSynchronize();
  printf("arg: %d %d %d %d\n", arg[0].key, arg[0].value, arg[1].key, arg[1].value);
  cub::TransformInputIterator<int, Square, int*> squares(in, Square());
  TWICE(cub::DeviceReduce::Sum(temp, bytes, squares, out, n));
  cub::CountingInputIterator<int> counting(1);
  TWICE(cub::DeviceReduce::Sum(temp, bytes, counting, out + 1, 100));
  show("iterators", out, 2);

  size_t bytes = 1;  // too little is an error
  printf("%s\n", cub::DeviceRadixSort::SortKeys((void*)in, bytes, in, out, 100) == cudaErrorInvalidValue ? "refused" : "taken");

  TWICE(cub::DeviceScan::ExclusiveSum(temp, bytes, in, out, n));
  show("exclusive", out, n);
  TWICE(cub::DeviceScan::InclusiveSum(temp, bytes, in, out, n));
  show("inclusive", out, n);
  TWICE(cub::DeviceScan::ExclusiveScan(temp, bytes, in, out, CustomMin(), 100, n));
  show("min", out, n);
  TWICE(cub::DeviceScan::InclusiveScan(temp, bytes, in, out, cub::Max(), n));
  show("max", out, n);
  int* keys = device<int>({0, 0, 1, 1, 1, 2, 2});
  TWICE(cub::DeviceScan::InclusiveSumByKey(temp, bytes, keys, in, out, n));
  show("by key", out, n);

  TWICE(cub::DeviceRadixSort::SortKeys(temp, bytes, in, out, n));
  show("sorted", out, n);
  int* places = device<int>({0, 1, 2, 3, 4, 5, 6});
  TWICE(cub::DeviceRadixSort::SortPairsDescending(temp, bytes, in, out, places, more, n));
  show("places", more, n);
  float* floats = device<float>({1.5f, -2.0f, 0.0f, -0.5f, 3.0f});
  float* other = device<float>({0, 0, 0, 0, 0});
  cub::DoubleBuffer<float> both(floats, other);
  TWICE(cub::DeviceRadixSort::SortKeys(temp, bytes, both, 5));
  show("floats", both.Current(), 5);
  int* offsets = device<int>({0, 3, 3, 7});
  TWICE(cub::DeviceSegmentedRadixSort::SortKeys(temp, bytes, in, out, n, 3, offsets, offsets + 1));
  show("segments", out, n);
  TWICE(cub::DeviceSegmentedSort::SortKeysDescending(temp, bytes, in, out, n, 3, offsets, offsets + 1));
  show("falling", out, n);
  TWICE(cub::DeviceSegmentedReduce::Sum(temp, bytes, in, out, 3, offsets, offsets + 1));
  show("segment sums", out, 3);

  TWICE(cub::DeviceSelect::If(temp, bytes, in, out, count, n, Even()));
  show("even", out, count[0]);
  char* flags = device<char>({1, 0, 0, 1, 0, 1, 1});
  TWICE(cub::DeviceSelect::Flagged(temp, bytes, in, flags, out, count, n));
  show("flagged", out, count[0]);
  TWICE(cub::DeviceSelect::Unique(temp, bytes, keys, out, count, n));
  show("unique", out, count[0]);
  TWICE(cub::DevicePartition::If(temp, bytes, in, out, count, n, Even()));
  show("partition", out, n);
  TWICE(cub::DeviceRunLengthEncode::Encode(temp, bytes, keys, out, more, count, n));
  show("runs", out, count[0]);
  show("lengths", more, count[0]);
  TWICE(cub::DeviceReduce::ReduceByKey(temp, bytes, keys, out, in, more, count, cub::Sum(), n));
  show("sums", more, count[0]);
  TWICE(cub::DeviceHistogram::HistogramEven(temp, bytes, in, out, 6, 0, 10, n));
  show("histogram", out, 5);  // 0..1, 2..3, 4..5, 6..7, 8..9
  Point* points = device<Point>({{1, 3}, {2, 1}, {3, 3}, {4, 0}});
  TWICE(cub::DeviceMergeSort::SortKeys(temp, bytes, points, 4, ByY()));
  cudaDeviceSynchronize();
  printf("points: %d %d %d %d\n", points[0].x, points[1].x, points[2].x, points[3].x);
  TWICE(cub::DeviceSelect::If(temp, bytes, counting, out, count, 5, Small()));
  show("small", out, count[0]);
  cub::CachingDeviceAllocator allocator(true);
  void* block = nullptr;
  printf("%s\n", allocator.DeviceAllocate(&block, 100) == cudaSuccess && allocator.DeviceFree(block) == cudaSuccess ? "allocated" : "not");
  printf("%s\n", cudaGetLastError() == cudaSuccess ? "PASS" : "FAIL");
}
// expect: reduce: 38 0 9 0 0
// expect: arg: 5 0 6 9
// expect: iterators: 264 5050
// expect: refused
// expect: exclusive: 0 8 14 21 26 29 29
// expect: inclusive: 8 14 21 26 29 29 38
// expect: min: 100 8 6 6 5 3 0
// expect: max: 8 8 8 8 8 8 9
// expect: by key: 8 14 7 12 15 0 9
// expect: sorted: 0 3 5 6 7 8 9
// expect: places: 6 0 2 1 3 4 5
// expect: floats: -2 -0.5 0 1.5 3
// expect: segments: 6 7 8 0 3 5 9
// expect: falling: 8 7 6 9 5 3 0
// expect: segment sums: 21 0 17
// expect: even: 8 6 0
// expect: flagged: 8 5 0 9
// expect: unique: 0 1 2
// expect: partition: 8 6 0 9 3 5 7
// expect: runs: 0 1 2
// expect: lengths: 2 3 2
// expect: sums: 14 15 9
// expect: histogram: 1 1 1 2 2
// expect: points: 4 2 1 3
// expect: small: 1 2
// expect: allocated
// expect: PASS
