// Control flow that ends at another place in each thread.
__global__ void collatz(const unsigned* x, int* steps, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  unsigned v = x[i] % 1000u + 1u;
  int count = 0;
  while (v != 1u) {
    if (v & 1u) v = 3u * v + 1u; else v >>= 1;
    if (++count > 90) break;
  }
  steps[i] = count;
}

__global__ void breaks(const int* x, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int total = 0;
  for (int j = 0; j < 10; ++j) {
    if ((x[i] + j) % 3 == 0) continue;
    for (int k = 0; ; k++) {
      if (k * j > (x[i] & 15)) break;
      if (k == 7) { total += 1000; break; }
      total += k;
    }
    if (total > 40) break;
  }
  do { total -= 3; } while (total > 20);
  out[i] = total;
}

__global__ void switches(const int* x, int* out, int n) {
  int i = threadIdx.x + blockIdx.x * blockDim.x;
  if (i < n) {
    int r = 0;
    switch (x[i] & 7) {
      case 0: r = 1; break;
      case 1:
      case 2: r = 20;  // falls through
      case 3: r += 5; break;
      case 5: { int t = x[i] & 255; r = t * t; break; }
      default: r = -1;
    }
    out[i] = r;
  }
}

__device__ int classify(int v, int limit) {
  if (v < 0) return -1;
  for (int k = 1; k < limit; ++k) {
    if (v % (k + 1) == 0) return k;
  }
  return limit;
}

__global__ void early_returns(const int* x, int* out, int n, int limit) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  if (x[i] == 7) { out[i] = 777; return; }
  out[i] = classify(x[i] % 1000, limit) * (i % 2 ? 1 : classify(i, 3));
}

__global__ void short_circuit(const int* index, const int* table, int* out, int n, int size) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    int k = index[i];
    bool hit = k >= 0 && k < size && table[k] > 0;
    int v = (k >= 0 && k < size) ? table[k] : -5;
    out[i] = hit ? v : (k < 0 || table[k % size] == 0) ? -1 : v + 1;
  }
}
