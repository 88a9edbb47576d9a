// The same in plain C.
#include "clock.h"

__attribute__((noinline)) void saxpy(int n, float a, const float* x, float* y) {
  for (int i = 0; i < n; ++i) y[i] = a * x[i] + y[i];
}
__attribute__((noinline)) void stencil(int w, int h, const float* in, float* out) {
  for (int y = 1; y < h - 1; ++y) {
    for (int x = 1; x < w - 1; ++x) {
      out[y * w + x] = 0.2f * (in[y * w + x] + in[y * w + x - 1] + in[y * w + x + 1] + in[(y - 1) * w + x] + in[(y + 1) * w + x]);
    }
  }
}
static unsigned mix(unsigned h) {
  h ^= h >> 16;
  h *= 0x85ebca6bu;
  h ^= h >> 13;
  h *= 0xc2b2ae35u;
  return h ^ (h >> 16);
}
__attribute__((noinline)) void gather(unsigned n, const float* table, float* out) {
  for (unsigned i = 0; i < n; ++i) out[i] = table[mix(i) & 1023u];
}
__attribute__((noinline)) void escape(int w, int h, int* out) {
  for (int py = 0; py < h; ++py) {
    for (int px = 0; px < w; ++px) {
      float cx = -2.0f + 3.0f * px / w, cy = -1.5f + 3.0f * py / h, x = 0, y = 0;
      int k = 0;
      for (; k < 200 && x * x + y * y < 4.0f; ++k) {
        float t = x * x - y * y + cx;
        y = 2 * x * y + cy;
        x = t;
      }
      out[py * w + px] = k;
    }
  }
}

int main() {
  const int n = 1 << 24, w = 2048, h = 2048;
  float* x = static_cast<float*>(malloc(n * sizeof(float)));
  float* y = static_cast<float*>(malloc(n * sizeof(float)));
  int* k = static_cast<int*>(malloc(512 * 512 * sizeof(int)));
  fill(x, n);
  fill(y, n);
  row("saxpy", [&] { saxpy(n, 1.5f, x, y); });
  row("saxpy_strided", [&] { saxpy(n, 1.5f, x, y); });
  row("stencil", [&] { stencil(w, h, x, y); });
  row("gather", [&] { gather(n, x, y); });
  row("escape", [&] { escape(512, 512, k); });
  return 0;
}
