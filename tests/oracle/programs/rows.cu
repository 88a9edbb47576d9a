// Kernels without barriers in every shape that is run as a plain loop: guards of all kinds, grid strides, several
// dimensions, indices of several types. Each element is written once, with a value that its index and the place of the
// thread that must have computed it determine; elements outside the guard keep -1.
// expect: guards ok
// expect: types ok
// expect: strides ok
// expect: planes ok
// expect: places ok
// expect: templates ok
// expect: blocks ok
#include <cstdio>
#include <cstdlib>

__global__ void inside(int n, int* o) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) o[i] = i;
}
__global__ void leave(int n, int* o) {
  const int i = threadIdx.x + blockDim.x * blockIdx.x;
  if (i >= n) return;
  o[i] = i + 1;
}
__global__ void turned(int n, int* o) {
  int i = blockDim.x * blockIdx.x + threadIdx.x;
  if (n > i && i % 3 != 0) {
    o[i] = i + 2;
  }
}
__global__ void half_of(int n, int m, int* o) {
  int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  int twice = 2 * i;
  if (i < n / 2 + m) {
    if (twice > 40) return;
    o[i] = twice;
  }
}
__global__ void moved(int n, int* o) {  // the bound is not the same for every thread: nothing canonical about it
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  n -= i & 1;
  if (i < n) o[i] = i;
}
__global__ void counted(int n, int* o) {  // the index changes
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  i += 1;
  if (i < n) o[i] = i;
}
__global__ void otherwise(int n, int* o) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) o[i] = 5; else o[i] = 6;
}

template <typename I>
__global__ void typed(I n, int* o) {
  size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) o[i] = (int)i;
}
__global__ void unsigned_index(int n, int* o) {  // n < 0 counts as very large, as in C++
  unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  o[i] = 9;
}
__global__ void signed_index(unsigned n, int* o) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) o[i] = 8;
}

__global__ void stride(int n, int* o) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x) o[i] = i ^ 5;
}
__global__ void stride_named(int n, int* o) {
  int step = gridDim.x * blockDim.x;
  unsigned first = blockIdx.x * blockDim.x + threadIdx.x;
  for (unsigned i = first; i < n; i += step) {
    if (i % 7 == 0) continue;
    int v = i;
    for (int k = 0; k < 3; ++k) {
      if (k == 2) break;
      v += k;
    }
    o[i] = v;
  }
}
__global__ void stride_sum(int n, const int* in, int* o) {  // carries a value from round to round
  int sum = 0, i = blockIdx.x * blockDim.x + threadIdx.x, me = i;
  for (; i < n; i += gridDim.x * blockDim.x) sum += in[i];
  o[me] = sum;
}
__global__ void stride_stop(int n, int* o) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i = i + blockDim.x * gridDim.x) {
    if (i > 100) break;
    o[i] = i;
  }
}

__global__ void plane(int w, int h, int* o) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (y >= h || x >= w) return;
  o[y * w + x] = y * 1000 + x;
}
__global__ void volume(int w, int h, int d, int* o) {
  int x = blockIdx.x * blockDim.x + threadIdx.x;
  int y = blockIdx.y * blockDim.y + threadIdx.y;
  int z = blockIdx.z * blockDim.z + threadIdx.z;
  if (x < w && y < h && z < d) o[(z * h + y) * w + x] = threadIdx.x + 10 * threadIdx.y + 100 * threadIdx.z;
}

__device__ int where() { return threadIdx.x + 1000 * blockIdx.x; }
__global__ void asks(int n, int* o) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) o[i] = where();
}
__global__ void asks_lambda(int n, int* o) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  auto f = [] { return threadIdx.x + blockIdx.x * 1000u; };
  if (i < n) o[i] = f();
}
extern "C" __global__ void named_c(int n, int* o) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) o[i] = threadIdx.x;
}

struct Box { int n; int* o; int table[4]; };
template <int K, typename F>
__global__ void __launch_bounds__(128) boxed(const Box b, F f);
template <int K, typename F>
__global__ void __launch_bounds__(128) boxed(const Box b, F f) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < b.n) b.o[i] = f(i) + b.table[i % 4] * K;
}
struct Square { __device__ int operator()(int i) const { return i * i; } };

__global__ void heavy(int n, unsigned* o) {  // enough work for several cores to be asked
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  unsigned h = i;
  for (int k = 0; k < 400; ++k) h = h * 1664525u + 1013904223u;
  o[i] = h;
}

int* o;
bool check(int n, int (*want)(int)) {
  cudaDeviceSynchronize();
  bool ok = cudaGetLastError() == cudaSuccess;
  for (int i = 0; i < n; ++i) ok = ok && o[i] == want(i);
  for (int i = 0; i < 4096; ++i) o[i] = -1;
  return ok;
}
void say(const char* what, bool ok) { printf("%s %s\n", what, ok ? "ok" : "WRONG"); }

int main() {
  cudaMallocManaged(&o, 4096 * sizeof(int));
  for (int i = 0; i < 4096; ++i) o[i] = -1;
  bool ok = true;
  inside<<<4, 64>>>(201, o); ok &= check(300, [](int i) { return i < 201 ? i : -1; });
  inside<<<4, 64>>>(-3, o); ok &= check(300, [](int) { return -1; });
  inside<<<4, 64>>>(1000, o); ok &= check(300, [](int i) { return i < 256 ? i : -1; });
  leave<<<7, 33>>>(201, o); ok &= check(300, [](int i) { return i < 201 ? i + 1 : -1; });
  turned<<<4, 64>>>(201, o); ok &= check(300, [](int i) { return i < 201 && i % 3 ? i + 2 : -1; });
  half_of<<<4, 64>>>(100, 3, o); ok &= check(300, [](int i) { return i <= 20 ? 2 * i : -1; });
  moved<<<4, 64>>>(100, o); ok &= check(300, [](int i) { return i < 99 || i == 99 - 1 ? i : -1; });
  counted<<<4, 64>>>(100, o); ok &= check(300, [](int i) { return i > 0 && i < 100 ? i : -1; });
  otherwise<<<2, 64>>>(100, o); ok &= check(300, [](int i) { return i < 100 ? 5 : i < 128 ? 6 : -1; });
  say("guards", ok);
  ok = true;
  typed<int><<<4, 64>>>(201, o); ok &= check(300, [](int i) { return i < 201 ? i : -1; });
  typed<size_t><<<4, 64>>>(201, o); ok &= check(300, [](int i) { return i < 201 ? i : -1; });
  typed<short><<<4, 64>>>(201, o); ok &= check(300, [](int i) { return i < 201 ? i : -1; });
  typed<double><<<4, 64>>>(200.5, o); ok &= check(300, [](int i) { return i < 201 ? i : -1; });
  unsigned_index<<<2, 50>>>(-1, o); ok &= check(300, [](int i) { return i < 100 ? 9 : -1; });
  signed_index<<<2, 50>>>(70u, o); ok &= check(300, [](int i) { return i < 70 ? 8 : -1; });
  say("types", ok);
  ok = true;
  stride<<<3, 32>>>(1001, o); ok &= check(1100, [](int i) { return i < 1001 ? i ^ 5 : -1; });
  stride_named<<<3, 32>>>(1001, o); ok &= check(1100, [](int i) { return i < 1001 && i % 7 ? i + 1 : -1; });
  for (int i = 0; i < 1001; ++i) o[2000 + i] = i;
  stride_sum<<<2, 32>>>(1001, o + 2000, o);
  ok &= check(64, [](int me) { int s = 0; for (int i = me; i < 1001; i += 64) s += i; return s; });
  stride_stop<<<3, 32>>>(1001, o); ok &= check(1100, [](int i) { return i <= 100 ? i : -1; });
  say("strides", ok);
  ok = true;
  plane<<<dim3(3, 2), dim3(8, 4)>>>(19, 7, o); ok &= check(200, [](int i) { return i < 19 * 7 ? i / 19 * 1000 + i % 19 : -1; });
  volume<<<dim3(2, 2, 2), dim3(4, 3, 2)>>>(7, 5, 3, o);
  ok &= check(105, [](int i) { return i % 7 % 4 + 10 * (i / 7 % 5 % 3) + 100 * (i / 35 % 2); });
  say("planes", ok);
  ok = true;
  asks<<<4, 64>>>(201, o); ok &= check(300, [](int i) { return i < 201 ? i % 64 + i / 64 * 1000 : -1; });
  asks_lambda<<<4, 64>>>(201, o); ok &= check(300, [](int i) { return i < 201 ? i % 64 + i / 64 * 1000 : -1; });
  named_c<<<4, 64>>>(201, o); ok &= check(300, [](int i) { return i < 201 ? i % 64 : -1; });
  say("places", ok);
  ok = true;
  boxed<10><<<4, 64>>>(Box{201, o, {1, 2, 3, 4}}, Square());
  ok &= check(300, [](int i) { return i < 201 ? i * i + (i % 4 + 1) * 10 : -1; });
  say("templates", ok);
  unsigned* h;
  const int n = 100003;
  cudaMallocManaged(&h, n * sizeof(unsigned));
  heavy<<<(n + 127) / 128, 128>>>(n, h);
  cudaDeviceSynchronize();
  ok = true;
  for (int i = 0; i < n; i += 97) {
    unsigned want = i;
    for (int k = 0; k < 400; ++k) want = want * 1664525u + 1013904223u;
    ok &= h[i] == want;
  }
  say("blocks", ok && cudaGetLastError() == cudaSuccess);
}
