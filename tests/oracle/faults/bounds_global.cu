// Accesses outside of buffers, by pieces of every size, and the same written rightly.
// A comment `fault: KERNEL KIND` marks the line that is to be named; kernels called clean_* have no fault.
#include <cstdio>
#include <cstring>
#include <cuda_runtime.h>

__global__ void off_by_one(float *x, int n) {
  int i = blockDim.x * blockIdx.x + threadIdx.x;
  if (i <= n) x[i] *= 2.f;  // fault: off_by_one out-of-bounds
}
__global__ void clean_guarded(float *x, int n) {
  int i = blockDim.x * blockIdx.x + threadIdx.x;
  if (i < n) x[i] *= 2.f;
}
__global__ void no_guard(const int* a, const int* b, int* c) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  c[i] = a[i] + b[i];  // fault: no_guard out-of-bounds
}
__global__ void clean_stride(const int* a, const int* b, int* c, size_t n) {
  for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n; i += (size_t)gridDim.x * blockDim.x) c[i] = a[i] + b[i];
}
__global__ void before_start(const float* in, float* out, int n) {
  int i = threadIdx.x;
  if (i < n) out[i] = 0.5f * (in[i - 1] + in[i]);  // fault: before_start out-of-bounds
}
__global__ void clean_start(const float* in, float* out, int n) {
  int i = threadIdx.x;
  if (i < n) out[i] = 0.5f * (in[i > 0 ? i - 1 : 0] + in[i]);
}
__global__ void rows_swapped(const float* m, float* t, int rows, int cols) {
  int r = threadIdx.y, c = threadIdx.x;
  if (r < rows && c < cols) t[c * rows + r] = m[c * cols + r];  // fault: rows_swapped out-of-bounds
}
__global__ void clean_transpose(const float* m, float* t, int rows, int cols) {
  int r = threadIdx.y, c = threadIdx.x;
  if (r < rows && c < cols) t[c * rows + r] = m[r * cols + c];
}
__global__ void between(int* first, int n) {
  first[n + 20 * threadIdx.x] = 1;  // fault: between out-of-bounds
}
__global__ void far_away(double* d, long long where) {
  d[where] = 1.0;  // fault: far_away out-of-bounds
}
__global__ void bytes_past(unsigned char* s, int n) {
  for (int i = 0; i <= n; ++i) s[i] ^= 1;  // fault: bytes_past out-of-bounds
}
__global__ void clean_bytes(unsigned char* s, int n) {
  for (int i = 0; i < n; ++i) s[i] ^= 1;
}
__global__ void halves_past(short* s, int n) {
  s[threadIdx.x] = (short)n;  // fault: halves_past out-of-bounds
}
__global__ void doubles_past(const double* a, double* sum, int n) {
  double s = 0;
  int i = 0;
  do { s += a[i]; } while (++i <= n);  // fault: doubles_past out-of-bounds
  *sum = s;
}
__global__ void vector_tail(const float4* v, float* out, int n) {
  int i = threadIdx.x;
  if (4 * i < n) {
    float4 q = v[i];  // fault: vector_tail out-of-bounds
    out[i] = q.x + q.y + q.z + q.w;
  }
}
__global__ void clean_vector(const float* v, float* out, int n) {
  int i = threadIdx.x;
  if (i < n / 4) {
    float4 q = reinterpret_cast<const float4*>(v)[i];
    out[i] = q.x + q.y + q.z + q.w;
  }
  if (i < n % 4) out[i] = v[n / 4 * 4 + i];
}
struct Particle {
  float pos[3];
  float mass;
  int kind;
};
__global__ void struct_past(Particle* p, int n) {
  int i = threadIdx.x;
  if (i < n + 1) p[i].mass = 1.0f;  // fault: struct_past out-of-bounds
}
__global__ void struct_copy(const Particle* p, Particle* q, int n) {
  if (threadIdx.x == 0) q[n] = p[n - 1];  // fault: struct_copy out-of-bounds
}
__global__ void clean_struct(const Particle* p, Particle* q, int n) {
  if ((int)threadIdx.x < n) q[threadIdx.x] = p[threadIdx.x];
}
__global__ void copied_past(char* to, const char* from, int n) {
  memcpy(to + 8, from, n);  // fault: copied_past out-of-bounds
}
__global__ void copied_constant(char* to, const char* from) {
  memcpy(to + 50, from, 24);  // fault: copied_constant out-of-bounds
}
__global__ void filled_past(int* p, int n) {
  memset(p, 0, (n + 1) * sizeof(int));  // fault: filled_past out-of-bounds
}
__global__ void clean_copied(char* to, const char* from, int* p, int n) {
  memcpy(to, from, 24);
  memset(p, 0, n * sizeof(int));
}
template <typename T> __device__ T& at(T* p, int i) {
  return p[i];
}
template <typename T> __global__ void through_function(T* p, int n) {
  at(p, n) = T(1);  // fault: through_function out-of-bounds
}
__global__ void atomic_past(int* bins, const int* keys, int n) {
  int k = keys[threadIdx.x];
  atomicAdd(&bins[k], n);  // fault: atomic_past out-of-bounds
}
__global__ void clean_atomic(int* bins, const int* keys, int nbins) {
  int k = keys[threadIdx.x];
  if (k >= 0 && k < nbins) atomicAdd(&bins[k], 1);
}
__global__ void pointer_walk(int* p, int n) {
  int* end = p + n;
  while (p != end + 2) *p++ = 0;  // fault: pointer_walk out-of-bounds
}
__global__ void clean_walk(int* p, int n) {
  for (int* end = p + n; p != end; ++p) *p = 0;
}

int main() {
  const int n = 60;
  char host[4096] = {};
  for (int i = 0; i < 1024; ++i) ((int*)host)[i] = i % 100;
  char* buffer[3];
  const auto renew = [&] {
    cudaDeviceReset();
    for (char*& b : buffer) cudaMalloc(&b, n * 4), cudaMemcpy(b, host, n * 4, cudaMemcpyHostToDevice);
  };
#define F(k) ((float*)buffer[k])
#define I(k) ((int*)buffer[k])
#define RUN(...) renew(), __VA_ARGS__, cudaDeviceSynchronize()
  RUN(off_by_one<<<2, 64>>>(F(0), n));
  RUN(clean_guarded<<<2, 64>>>(F(0), n));
  RUN(no_guard<<<2, 32>>>(I(0), I(1), I(2)));
  RUN(clean_stride<<<2, 8>>>(I(0), I(1), I(2), n));
  RUN(before_start<<<1, 64>>>(F(0), F(1), n));
  RUN(clean_start<<<1, 64>>>(F(0), F(1), n));
  RUN(rows_swapped<<<1, dim3(12, 5)>>>(F(0), F(1), 5, 12));
  RUN(clean_transpose<<<1, dim3(12, 5)>>>(F(0), F(1), 5, 12));
  RUN(between<<<1, 4>>>(I(0), n));
  RUN(far_away<<<1, 1>>>((double*)buffer[0], 1ll << 31));
  RUN(bytes_past<<<1, 1>>>((unsigned char*)buffer[0], n * 4));
  RUN(clean_bytes<<<1, 1>>>((unsigned char*)buffer[0], n * 4));
  RUN(halves_past<<<1, 128>>>((short*)buffer[0], n));
  RUN(doubles_past<<<1, 1>>>((double*)buffer[0], (double*)buffer[1], n / 2));
  RUN(vector_tail<<<1, 32>>>((float4*)buffer[0], F(1), n + 2));
  RUN(clean_vector<<<1, 32>>>(F(0), F(1), n - 2));
  RUN(struct_past<<<1, 32>>>((Particle*)buffer[0], 12));
  RUN(struct_copy<<<1, 32>>>((Particle*)buffer[0], (Particle*)buffer[1], 12));
  RUN(clean_struct<<<1, 32>>>((Particle*)buffer[0], (Particle*)buffer[1], 12));
  RUN(copied_past<<<1, 1>>>(buffer[0], buffer[1], n * 4));
  cudaDeviceReset();
  cudaMalloc(&buffer[0], 64), cudaMalloc(&buffer[1], 64), cudaMemset(buffer[1], 0, 64);
  copied_constant<<<1, 1>>>(buffer[0], buffer[1]);
  RUN(filled_past<<<1, 1>>>(I(0), n));
  RUN(clean_copied<<<1, 1>>>(buffer[0], buffer[1], I(2), n));
  RUN(through_function<float><<<1, 1>>>(F(0), n));
  RUN(atomic_past<<<1, 60>>>(I(0) + 1, I(1), 1));
  RUN(clean_atomic<<<1, 60>>>(I(0), I(1), n));
  RUN(pointer_walk<<<1, 1>>>(I(0), n));
  RUN(clean_walk<<<1, 1>>>(I(0), n));
  return 0;
}
