// Structs by value and by pointer, classes with methods, functors, lambdas, vector types, templates, namespaces, overloads.
#include <cstdio>
#include <cuda_runtime.h>

struct Params {
  float scale;
  int offset[3];
  struct { short a; unsigned char b; } inner;
  const float* table;
  bool on;
};
__global__ void by_value(float* out, const Params p, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = p.on ? p.scale * i + p.offset[i % 3] + p.inner.a * p.inner.b + p.table[i] : 0.0f;
}

class Particle {
 public:
  __host__ __device__ Particle() : x_(0), v_(0), id(0) {}
  __host__ __device__ void push(float dt) { x_ += v_ * dt; }
  __host__ __device__ float x() const { return x_; }
  void set(float x, float v, int i) { x_ = x, v_ = v, id = i; }

 private:
  float x_, v_;

 public:
  int id;
};
__global__ void move(Particle* p, int n, float dt) {
  const int i = threadIdx.x;
  if (i < n) p[i].push(dt), p[i].id *= 2;
}

template <typename T>
struct Plus {
  __device__ T operator()(T a, T b) const { return a + b; }
};
struct Scale {
  float by;
  __device__ float operator()(float a, float b) const { return a * by - b; }
};
template <typename T, typename Op>
__global__ void combine(const T* a, const T* b, T* c, int n, Op op) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) c[i] = op(a[i], b[i]);
}

template <typename F>
__global__ void apply(int n, F f) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) f(i);
}

namespace geo {
namespace {
struct Point {
  double x, y;
};
}
template <typename T>
__device__ __forceinline__ T squared(T v) { return v * v; }
__global__ void length(const Point* p, double* out) { out[threadIdx.x] = sqrt(squared(p[threadIdx.x].x) + squared(p[threadIdx.x].y)); }
__global__ void length(const float2* p, float* out) {
  const float2 v = p[threadIdx.x];
  out[threadIdx.x] = sqrtf(squared(v.x) + squared(v.y));
}
}  // namespace geo

__global__ void vectors(const float4* in, float4* out, uchar4* bytes, int3* ints) {
  const float4 v = in[threadIdx.x];
  out[threadIdx.x] = make_float4(v.w, v.z, v.y, v.x);
  bytes[threadIdx.x] = make_uchar4(1, 2, 3, (unsigned char)(v.x + 250));
  int3 i = make_int3(1, 2, 3);
  i.y += (int)v.x;
  ints[threadIdx.x] = i;
}

enum class Mode : int { negate, twice };
enum Color { RED = 3, GREEN };
template <Mode M, int N = 2, bool Extra = false>
__global__ void modal(int* x, Color c) {
  int v = x[threadIdx.x];
  v = M == Mode::negate ? -v : v * N;
  if constexpr (Extra) v += 1000;
  x[threadIdx.x] = v + c;
}

template <typename T> __global__ void special(T* x) { *x = 1; }
template <> __global__ void special<double>(double* x) { *x = 2.5; }

template <typename... Ts>
__global__ void variadic(int* out, Ts... values) { *out = (0 + ... + (int)values); }

union Bits {
  float f;
  unsigned u;
};
__global__ void punning(unsigned* o) {
  Bits b;
  b.f = 1.0f;
  o[0] = b.u;
  float local[4] = {1, 2, 3, 4};
  int sum = 0;
  for (float v : local) sum += (int)v;
  o[1] = sum;
  o[2] = *reinterpret_cast<unsigned*>(&local[1]);
}

int main() {
  float *f, *g;
  cudaMallocManaged(&f, 4096);
  cudaMallocManaged(&g, 4096);
  for (int i = 0; i < 100; i++) f[i] = i * 100;
  Params p = {2.0f, {1, 2, 3}, {7, 3}, f, true};
  by_value<<<2, 50>>>(g, p, 100);
  cudaDeviceSynchronize();
  printf("params %.1f %.1f\n", g[4], g[99]);  // expect: params 431.0 10120.0

  Particle *h = new Particle[3], *d;
  for (int i = 0; i < 3; i++) h[i].set(i, 10, i + 1);
  cudaMalloc(&d, 3 * sizeof(Particle));
  cudaMemcpy(d, h, 3 * sizeof(Particle), cudaMemcpyHostToDevice);
  move<<<1, 32>>>(d, 3, 0.5f);
  cudaMemcpy(h, d, 3 * sizeof(Particle), cudaMemcpyDeviceToHost);
  printf("particles %.1f %d\n", h[2].x(), h[2].id);  // expect: particles 7.0 6
  delete[] h;

  for (int i = 0; i < 100; i++) f[i] = i, g[i] = 2 * i;
  combine<<<3, 7>>>(f, g, f + 200, 100, Plus<float>());
  combine<<<3, 7>>>(f, g, f + 300, 100, Scale{3.0f});
  cudaDeviceSynchronize();
  printf("functors %.1f %.1f\n", f[299], f[399]);  // expect: functors 297.0 99.0

  const float factor = 4.0f;
  float* out = g;
  apply<<<2, 64>>>(100, [=] __device__(int i) { out[i] = i * factor; });
  cudaDeviceSynchronize();
  printf("lambda %.1f\n", g[99]);  // expect: lambda 396.0

  geo::Point* q;
  double* len;
  cudaMallocManaged(&q, 64);
  cudaMallocManaged(&len, 64);
  q[0] = {3, 4}, q[1] = {5, 12};
  geo::length<<<1, 2>>>(q, len);
  float2* q2 = (float2*)f;
  q2[0] = make_float2(8, 15);
  geo::length<<<1, 1>>>(q2, g);
  cudaDeviceSynchronize();
  printf("overloads %.1f %.1f %.1f\n", len[0], len[1], g[0]);  // expect: overloads 5.0 13.0 17.0

  float4* v = (float4*)f;
  v[1] = make_float4(1, 2, 3, 4);
  vectors<<<1, 2>>>(v, v + 8, (uchar4*)(f + 100), (int3*)(f + 200));
  cudaDeviceSynchronize();
  const uchar4 b = ((uchar4*)(f + 100))[1];
  const int3 i3 = ((int3*)(f + 200))[1];
  printf("vectors %.0f %.0f %d %d %d %zu %zu\n", v[9].x, v[9].w, b.w, i3.y, i3.z, sizeof(float3), alignof(float4));
  // expect: vectors 4 1 251 3 3 12 16

  int* x = (int*)g;
  x[0] = 5, x[1] = 6;
  modal<Mode::negate><<<1, 2>>>(x, RED);
  modal<Mode::twice, 10, true><<<1, 2>>>(x, GREEN);
  cudaDeviceSynchronize();
  printf("modes %d %d\n", x[0], x[1]);  // expect: modes 984 974

  special<<<1, 1>>>(x);
  special<<<1, 1>>>(len);
  variadic<<<1, 1>>>(x + 1, 1, 2.9f, (short)4);
  punning<<<1, 1>>>((unsigned*)(x + 2));
  cudaDeviceSynchronize();
  printf("special %d %.1f variadic %d bits %x %d %x\n", x[0], len[0], x[1], x[2], x[3], x[4]);
  // expect: special 1 2.5 variadic 7 bits 3f800000 10 40000000
  return 0;
}
