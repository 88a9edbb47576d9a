// Variables, members and parameters that have the name of a kernel hide it where C++ says so.
// expect: 135 135 5 7 9 0
#include <cstdio>

__global__ void sum(int *o, int n) { int t = 0; for (int i = 0; i < n; i++) t += i; o[0] = t; }
__global__ void scale(int *o, int f) { o[0] *= f; }

struct Pair {
  int scale = 2;
  int sum(int x) const { return x + scale; }
};
namespace settings {
static const int scale = 2;
constexpr int sum = 4;
int twice() { return 2 * sum; }
}  // namespace settings

static int check(int n) {
  int sum = 0;
  for (int i = 0; i < n; i++) sum += i;
  int scale{3};
  return sum * scale;
}
enum class Op { sum, scale };

int main() {
  int *d, h;
  void (*first)(int *, int) = sum;  // the kernel
  cudaMalloc(&d, sizeof(int));
  first<<<1, 1>>>(d, 10);  // 0 + 1 + ... + 9 = 45
  scale<<<1, 1>>>(d, 3);
  cudaMemcpy(&h, d, sizeof(int), cudaMemcpyDeviceToHost);
  Pair p;
  auto next = [](int sum) { return sum + 1; };
  int scale = settings::scale;
  // 45 * 3 twice; (1 + 2) + 2; (4 + 1) + 2; 2 * 4 + 1; the first enumerator
  printf("%d %d %d %d %d %d\n", h, check(10), p.sum(1) + p.scale, next(settings::sum) + scale, settings::twice() + 1, (int)Op::sum);
  return 0;
}
