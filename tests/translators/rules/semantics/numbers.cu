// Floating point: conversions, functions, comparison with NaN, double beside float.
__global__ void conversions(const float* x, int* i32, unsigned char* u8, unsigned* u32, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    i32[i] = (int)x[i] + __float2int_rn(x[i] * 0.5f);
    u8[i] = (unsigned char)fminf(fmaxf(x[i], 0.0f), 255.0f);
    u32[i] = __float_as_uint(x[i]) ^ (unsigned)(x[i] > 0.5f);
  }
}

__global__ void functions(const float* x, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    float a = x[i], b = fabsf(a) + 0.5f;
    float s = expf(-b) + logf(b) + sqrtf(b) + sinf(a) * cosf(a) + tanhf(a) + rsqrtf(b);
    s += powf(b, 1.5f) + erff(a) + floorf(a) - ceilf(a) + fmodf(a, 0.75f) + atan2f(a, b) + log1pf(b) + expm1f(-b);
    out[i] = s + fmaf(a, b, 1.0f) + copysignf(b, a) + truncf(a) + rintf(a) + cbrtf(b) + hypotf(a, b);
  }
}

__global__ void doubles(const double* x, const float* w, double* out, int n, double scale) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = exp(-x[i] * x[i]) * scale + 0.1 * w[i] + w[i] / 4;
}

template <typename T>
__device__ T clamp_to(T v, T lo, T hi) { return v < lo ? lo : (v > hi ? hi : v); }

template <typename T, int N>
__global__ void polynomial(const T* x, T* out, T c0, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    T acc = c0;
#pragma unroll
    for (int k = 0; k < N; ++k) acc = acc * x[i] + T(k) / T(N);
    out[i] = clamp_to(acc, T(-10), T(10));
  }
}
