// Vectors, structs, local arrays, pointers into arrays, globals.
#include <cuda_runtime.h>

struct Params { float alpha; int shift; float bias[3]; };
struct Particle { float3 pos; float mass; int id; };

__constant__ float taps[5];
__device__ int calls;

__global__ void vectors(const float4* x, float4* out, float2* halves, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    float4 v = x[i];
    v.x += v.w;
    v.y = fmaxf(v.y, v.z);
    out[i] = make_float4(v.y, v.x, v.w * 2.0f, v.z);
    halves[i].x = v.x;
    halves[i].y = -v.y;
  }
}

__global__ void by_value(float* x, Params p, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] = p.alpha * x[i] + p.bias[i % 3] + (float)(i >> p.shift);
}

__global__ void particles(Particle* p, float dt, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    Particle q = p[i];
    q.pos.x += dt * q.mass;
    q.id ^= 5;
    p[i] = q;
    p[i].pos.z *= 2.0f;
  }
}

__global__ void local_array(const int* x, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int a[8];
  for (int k = 0; k < 8; ++k) a[k] = (x[i] >> (4 * k)) & 15;
  for (int k = 1; k < 8; ++k) {
    int v = a[k], j = k - 1;
    while (j >= 0 && a[j] > v) { a[j + 1] = a[j]; --j; }
    a[j + 1] = v;
  }
  int packed = 0;
  for (int k = 0; k < 8; ++k) packed = packed * 3 + a[k];
  out[i] = packed;
}

__global__ void rows(const float* m, float* out, int n, int cols) {
  int r = blockIdx.x * blockDim.x + threadIdx.x;
  if (r < n) {
    const float* row = m + r * cols;
    const float* end = row + cols;
    float best = -1e30f;
    int where = 0;
    for (const float* q = row; q < end; ++q) {
      if (*q > best) { best = *q; where = (int)(q - row); }
    }
    out[r] = best + where;
  }
}

__global__ void filter(const float* x, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    float s = 0.0f;
    for (int k = -2; k <= 2; ++k) {
      int j = min(max(i + k, 0), n - 1);
      s += taps[k + 2] * x[j];
    }
    out[i] = s;
    if (i == 0) calls = calls + n;
  }
}
