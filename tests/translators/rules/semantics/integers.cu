// Integer arithmetic as C++ defines it.
__global__ void division(const int* a, const int* b, int* q, int* r, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    int d = b[i] == 0 ? 3 : b[i];
    q[i] = a[i] / d;
    r[i] = a[i] % d;
  }
}

__global__ void promotions(const unsigned char* a, const signed char* b, int* out, unsigned char* narrow, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  out[i] = a[i] + b[i] * 3 - (a[i] << 2);
  narrow[i] = (unsigned char)(a[i] + b[i]);
  if (a[i] - 300 < 0u) out[i] += 100000;
}

__global__ void mixed_sign(const int* a, const unsigned* b, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    out[i] = (a[i] < b[i]) ? 1 : 0;          // compared as unsigned
    out[i] += (a[i] + b[i]) / 7u > 100u ? 10 : 0;
    out[i] += (int)(b[i] >> 3) + (a[i] >> 2);  // arithmetic shift of a negative
  }
}

__global__ void bits(const unsigned* a, unsigned* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    unsigned x = a[i];
    unsigned y = __popc(x) + 3 * __clz(x) + 5 * __ffs(x);
    y ^= __brev(x);
    y += __umulhi(x, 2654435761u);
    y = (y << 13) | (y >> 19);
    out[i] = y * 1664525u + 1013904223u;
  }
}

__global__ void wide(const long long* a, unsigned long long* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    unsigned long long x = (unsigned long long)a[i];
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    out[i] = x + (unsigned long long)(a[i] / 3) + (unsigned)(a[i] % 5);
  }
}
