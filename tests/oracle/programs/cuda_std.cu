// libcu++'s standard library in device code, and its own arithmetic, functions and pointers.
#include <cuda/annotated_ptr>
#include <cuda/cmath>
#include <cuda/functional>
#include <cuda/std/array>
#include <cuda/std/bit>
#include <cuda/std/cmath>
#include <cuda/std/complex>
#include <cuda/std/cstdint>
#include <cuda/std/functional>
#include <cuda/std/limits>
#include <cuda/std/numeric>
#include <cuda/std/optional>
#include <cuda/std/span>
#include <cuda/std/tuple>
#include <cuda/std/type_traits>
#include <cuda/std/utility>
#include <cuda/std/variant>
#include <cstdio>

__device__ cuda::std::tuple<int, float> split(float x) { return {static_cast<int>(x), x - static_cast<int>(x)}; }
__device__ cuda::std::optional<int> even(int x) {
  if (x % 2) return cuda::std::nullopt;
  return x / 2;
}
template <class T>
__device__ T first_or(cuda::std::span<const T> s, T otherwise) { return s.empty() ? otherwise : s[0]; }

struct Sum {
  cuda::std::array<int, 3> parts;
};

__global__ void use(int* o, float* f, cuda::annotated_ptr<const int, cuda::access_property::persisting> given, Sum sum) {
  cuda::std::array<int, 4> a = {4, 2, 3, 1};
  for (auto& v : a) v = 5 - v;
  o[0] = a[0] * 1000 + a[1] * 100 + a[2] * 10 + a[3];
  auto [whole, part] = split(3.25f);
  o[1] = whole, f[0] = part;
  const cuda::std::complex<float> z = cuda::std::complex<float>(1, 2) * cuda::std::complex<float>(3, -1);
  f[1] = z.real(), f[2] = z.imag(), f[3] = cuda::std::abs(cuda::std::complex<float>(3, 4));
  o[2] = cuda::std::numeric_limits<int>::max() == 2147483647, o[3] = cuda::std::is_same_v<cuda::std::remove_const_t<const int>, int>;
  o[4] = cuda::std::popcount(0xF0F0u), o[5] = cuda::std::countl_zero(1u), o[6] = cuda::std::bit_cast<int>(1.0f) == 0x3F800000;
  o[7] = even(10).value_or(-1) + even(7).value_or(-100);
  o[8] = first_or<int>(cuda::std::span<const int>(given.get(), 2), 5), o[9] = first_or<int>({}, 5);
  o[10] = cuda::ceil_div(10, 4) + 100 * cuda::round_up(10, 4);
  o[11] = cuda::maximum<int>{}(3, 9) + 100 * cuda::minimum<>{}(3, 9);
  o[12] = cuda::std::gcd(12, 18), o[13] = cuda::std::max(2, 7) - cuda::std::min(2, 7);
  cuda::std::variant<int, float> v = 2.5f;
  o[14] = static_cast<int>(v.index()), f[4] = cuda::std::get<float>(v) + cuda::std::sqrt(16.0f);
  o[15] = given[1] + sum.parts[0] + sum.parts[2];
  auto twice = cuda::proclaim_return_type<int>([] __device__(int x) { return 2 * x; });
  cuda::std::pair<int, int> p{twice(4), 5};
  cuda::std::swap(p.first, p.second);
  o[16] = p.first * 10 + p.second;
  cuda::std::uint8_t small = 255;
  o[17] = ++small + cuda::std::plus<>{}(1, 2) + cuda::std::accumulate(a.begin(), a.end(), 0);
}

int main() {
  int *o, *given;
  float* f;
  cudaMallocManaged(&o, 256), cudaMallocManaged(&f, 256), cudaMallocManaged(&given, 8);
  given[0] = 11, given[1] = 22;
  use<<<1, 1>>>(o, f, cuda::annotated_ptr<const int, cuda::access_property::persisting>(given), Sum{{100, 200, 300}});
  printf("%s\n", cudaGetErrorName(cudaDeviceSynchronize()));  // expect: cudaSuccess
  for (int i = 0; i < 18; i++) printf("%d%c", o[i], i == 17 ? '\n' : ' ');  // expect: 1324 3 1 1 8 31 1 -95 11 5 1203 309 6 5 1 422 58 13
  printf("%g %g %g %g %g\n", f[0], f[1], f[2], f[3], f[4]);  // expect: 0.25 5 5 5 6.5
  return 0;
}
