// The same sums in plain C: a loop over each block's elements, added in order as C defines it.
#include "clock.h"

__attribute__((noinline)) void sums(int n, const float* in, float* out) {
  for (int b = 0; b < n / 256; ++b) {
    float sum = 0;
    for (int i = 0; i < 256; ++i) sum += in[b * 256 + i];
    out[b] = sum;
  }
}

int main() {
  const int n = 1 << 24;
  float* in = static_cast<float*>(malloc(n * sizeof(float)));
  float* out = static_cast<float*>(malloc(n / 256 * sizeof(float)));
  fill(in, n);
  row("tree_reduce", [&] { sums(n, in, out); }, 5);
  row("shuffle_reduce", [&] { sums(n, in, out); }, 5);
  return out[0] != 0 ? 0 : 1;
}
