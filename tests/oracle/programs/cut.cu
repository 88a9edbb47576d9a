// Barriers at every place where a kernel can be cut into loops over its threads, and at some where it cannot. Each kernel's
// result is worked out on the host from what the threads do between two barriers.
// expect: thread 0 of 3 before
// expect: thread 1 of 3 before
// expect: thread 2 of 3 before
// expect: thread 0 of 3 after
// expect: thread 1 of 3 after
// expect: thread 2 of 3 after
// expect: PASS
#include <cstdio>

constexpr int kSize = 64;

__global__ void tell() {
  printf("thread %d of %d before\n", threadIdx.x, blockDim.x);
  __syncthreads();
  printf("thread %d of %d after\n", threadIdx.x, blockDim.x);
}

// Reverses a row; the pointers move on by a row for each block.
__global__ void reverse(const int* in, int* out, int n) {
  __shared__ int s[kSize];
  in += blockIdx.x * n;
  out += blockIdx.x * n;
  const int t = threadIdx.x;
  int kept = in[t] + 1;
  s[t] = kept;
  __syncthreads();
  out[t] = s[n - 1 - t] * 1000 + kept;
}

// A value that lives across barriers, an array that does, a loop with a uniform bound, an uneven step.
__global__ void carry(const int* in, int* out, int rounds) {
  extern __shared__ int s[];
  int t = threadIdx.x, n = blockDim.x, sum = 0, last[2] = {0, 0};
  int step = 1;
  for (int r = 0; r < rounds; ++r) {
    s[t] = in[t] + r;
    __syncthreads();
    sum += s[(t + step) % n];
    last[r % 2] = s[t];
    step = step * 2 + 1;
    __syncthreads();
  }
  out[t] = sum * 4 + last[0] - last[1];
}

// while, do, if and else with a barrier inside; a uniform break; a uniform return.
__global__ void shapes(int* out, int mode, int n) {
  __shared__ int s[kSize];
  int t = threadIdx.x;
  s[t] = t;
  __syncthreads();
  if (mode == 0) return;
  if (mode == 1) {
    int v = s[(t + 1) % n];
    __syncthreads();
    s[t] = v * 2;
    __syncthreads();
  } else if (mode == 2) {
    int d = n / 2;
    while (d > 0) {
      if (t < d) s[t] += s[t + d];
      __syncthreads();
      d /= 2;
    }
  } else {
    int k = 0;
    do {
      int u = s[t ^ 1];
      __syncthreads();
      s[t] = u + 1;
      __syncthreads();
      ++k;
      if (k == mode) break;
    } while (k < 100);
  }
  if (t >= n - 1) return;
  out[t] = s[t];
}

// A plane of threads; shared rows; a conditional store at the end.
__global__ void turn(const float* in, float* out, int w, int h) {
  __shared__ float tile[8][9];
  int x = blockIdx.x * 8 + threadIdx.x, y = blockIdx.y * 8 + threadIdx.y;
  if (x < w && y < h) tile[threadIdx.y][threadIdx.x] = in[y * w + x];
  __syncthreads();
  x = blockIdx.y * 8 + threadIdx.x;
  y = blockIdx.x * 8 + threadIdx.y;
  if (x < h && y < w) out[y * h + x] = tile[threadIdx.x][threadIdx.y];
}

// Floats are added to one place between barriers: in the order of the threads.
__global__ void gather(float* out) {
  __shared__ float sum;
  if (threadIdx.x == 0) sum = 1.0f;
  __syncthreads();
  atomicAdd(&sum, 1.0f / (3.0f + threadIdx.x));
  __syncthreads();
  out[threadIdx.x] = sum;
}

__device__ int mine() { return threadIdx.x * 2 + blockIdx.x; }
template <typename T, int N>
__global__ void typed(T* out, T add) {
  __shared__ T s[N];
  T v = add;
  for (int i = 0; i < N / 2; i += 1) {
    s[threadIdx.x] = v + static_cast<T>(mine());
    __syncthreads();
    v = s[(threadIdx.x + 1) % N];
    __syncthreads();
  }
  out[blockIdx.x * N + threadIdx.x] = v;
}

// A scan over a tree: two loops whose counters share a name, a step that all threads change alike.
__global__ void scan(const int* in, int* out, int n) {
  extern __shared__ int s[];
  const int t = threadIdx.x;
  s[2 * t] = in[2 * t], s[2 * t + 1] = in[2 * t + 1];
  int offset = 1;
  for (int d = n >> 1; d > 0; d >>= 1) {
    __syncthreads();
    if (t < d) {
      int a = offset * (2 * t + 1) - 1, b = offset * (2 * t + 2) - 1;
      s[b] += s[a];
    }
    offset <<= 1;
  }
  if (t == 0) s[n - 1] = 0;
  for (int d = 1; d < n; d *= 2) {
    offset >>= 1;
    __syncthreads();
    if (t < d) {
      int a = offset * (2 * t + 1) - 1, b = offset * (2 * t + 2) - 1;
      int kept = s[a];
      s[a] = s[b];
      s[b] += kept;
    }
  }
  __syncthreads();
  out[2 * t] = s[2 * t], out[2 * t + 1] = s[2 * t + 1];
}

// A thread that leaves before a barrier, and a bound of its own: these keep their fibers.
__global__ void leaves(int* out, int n) {
  int t = threadIdx.x;
  __shared__ int s[kSize];
  s[t] = 0;
  __syncthreads();
  if (t >= n) return;
  s[t] = t;
  __syncthreads();
  out[t] = s[n - 1 - t];
}

// Launched before it is defined, and before what it calls is known.
template <typename T>
__global__ void late(T* out);
void launch_late(int* out) { late<<<1, 32>>>(out); }
__device__ int less(int x) { return x - 1; }
template <typename T>
__global__ void late(T* out) {
  __shared__ T s[32];
  s[threadIdx.x] = threadIdx.x;
  __syncthreads();
  out[threadIdx.x] = less(s[31 - threadIdx.x]);
}

int* a;
int* b;
int bad = 0;
void expect(const char* what, int i, double got, double want) {
  if (got != want && bad++ < 5) printf("%s %d: %g, not %g\n", what, i, got, want);
}

int main() {
  cudaMallocManaged(&a, 4096 * sizeof(int));
  cudaMallocManaged(&b, 4096 * sizeof(int));
  tell<<<1, 3>>>();
  cudaDeviceSynchronize();
  for (int i = 0; i < 4096; ++i) a[i] = (i * 37) % 101;
  const int n = kSize;
  reverse<<<3, n>>>(a, b, n);
  cudaDeviceSynchronize();
  for (int i = 0; i < 3 * n; ++i) expect("reverse", i, b[i], (a[i / n * n + n - 1 - i % n] + 1) * 1000 + a[i] + 1);
  carry<<<1, 48, 48 * sizeof(int)>>>(a, b, 7);
  cudaDeviceSynchronize();
  for (int t = 0; t < 48; ++t) {
    int sum = 0, step = 1, last[2] = {0, 0};
    for (int r = 0; r < 7; ++r) sum += a[(t + step) % 48] + r, last[r % 2] = a[t] + r, step = step * 2 + 1;
    expect("carry", t, b[t], sum * 4 + last[0] - last[1]);
  }
  for (int mode = 0; mode < 6; ++mode) {
    for (int i = 0; i < n; ++i) b[i] = -1;
    shapes<<<1, n>>>(b, mode, n);
    cudaDeviceSynchronize();
    int s[kSize], old[kSize];
    for (int t = 0; t < n; ++t) s[t] = t;
    for (int t = 0; mode == 1 && t < n; ++t) s[t] = (t + 1) % n * 2;
    for (int d = n / 2; mode == 2 && d > 0; d /= 2)
      for (int t = 0; t < d; ++t) s[t] += s[t + d];
    for (int k = 0; mode > 2 && k < mode; ++k) {
      for (int t = 0; t < n; ++t) old[t] = s[t];
      for (int t = 0; t < n; ++t) s[t] = old[t ^ 1] + 1;
    }
    for (int t = 0; t < n; ++t) expect("shapes", mode * 100 + t, b[t], mode == 0 || t == n - 1 ? -1 : s[t]);
  }
  float *f = reinterpret_cast<float*>(a), *g = reinterpret_cast<float*>(b);
  for (int i = 0; i < 21 * 13; ++i) f[i] = i;
  turn<<<dim3(3, 2), dim3(8, 8)>>>(f, g, 21, 13);
  cudaDeviceSynchronize();
  for (int y = 0; y < 13; ++y)
    for (int x = 0; x < 21; ++x) expect("turn", y * 21 + x, g[x * 13 + y], y * 21 + x);
  gather<<<2, 100>>>(g);
  cudaDeviceSynchronize();
  for (int t = 1; t < 100; ++t) expect("gather", t, g[t], g[0]);
  double exact = 1;
  for (int t = 0; t < 100; ++t) exact += 1.0 / (3 + t);
  expect("gather", 0, g[0] > exact - 1e-5 && g[0] < exact + 1e-5, 1);
  double* d = reinterpret_cast<double*>(b);
  typed<double, 16><<<2, 16>>>(d, 0.5);
  cudaDeviceSynchronize();
  for (int i = 0; i < 32; ++i) {
    double v[16], s[16];
    for (double& x : v) x = 0.5;
    for (int r = 0; r < 8; ++r) {
      for (int t = 0; t < 16; ++t) s[t] = v[t] + t * 2 + i / 16;
      for (int t = 0; t < 16; ++t) v[t] = s[(t + 1) % 16];
    }
    expect("typed", i, d[i], v[i % 16]);
  }
  for (int i = 0; i < 128; ++i) a[i] = i % 9;
  scan<<<1, 64, 128 * sizeof(int)>>>(a, b, 128);
  cudaDeviceSynchronize();
  for (int i = 0, sum = 0; i < 128; sum += a[i++]) expect("scan", i, b[i], sum);
  leaves<<<1, n>>>(b, 40);
  cudaDeviceSynchronize();
  for (int t = 0; t < 40; ++t) expect("leaves", t, b[t], 39 - t);
  launch_late(b);
  cudaDeviceSynchronize();
  for (int t = 0; t < 32; ++t) expect("late", t, b[t], 30 - t);
  puts(bad == 0 && cudaGetLastError() == cudaSuccess ? "PASS" : "FAIL");
}
