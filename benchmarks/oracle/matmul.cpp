// The same product in plain C, tiled the same way.
#include "clock.h"
#define T 16

__attribute__((noinline)) void matmul(int n, const float* a, const float* b, float* c) {
  for (int by = 0; by < n; by += T) {
    for (int bx = 0; bx < n; bx += T) {
      float sum[T][T] = {};
      for (int k = 0; k < n; k += T) {
        for (int y = 0; y < T; ++y) {
          for (int i = 0; i < T; ++i) {
            for (int x = 0; x < T; ++x) sum[y][x] += a[(by + y) * n + k + i] * b[(k + i) * n + bx + x];
          }
        }
      }
      for (int y = 0; y < T; ++y) {
        for (int x = 0; x < T; ++x) c[(by + y) * n + bx + x] = sum[y][x];
      }
    }
  }
}

int main() {
  const int n = 512;
  float* a = static_cast<float*>(malloc(n * n * sizeof(float)));
  float* b = static_cast<float*>(malloc(n * n * sizeof(float)));
  float* c = static_cast<float*>(malloc(n * n * sizeof(float)));
  fill(a, n * n);
  fill(b, n * n);
  row("matmul", [&] { matmul(n, a, b, c); });
  return c[0] != 0 ? 0 : 1;
}
