// Solves many tridiagonal systems   a[i] x[i-1] + b[i] x[i] + c[i] x[i+1] = d[i].
//   pcr    : one system a block, one equation a thread, log2(n) rounds
//   thomas : one system a thread, interleaved storage so that neighbours read neighbours
#include "cuda_runtime.h"
#include <cassert>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

template<class Real>
struct Systems
{
  Real *a, *b, *c, *d;
  int   size;        // equations a system
  int   count;       // systems
};

template<class Real>
__global__ void pcr(Systems<Real> s, Real *x)
{
  extern __shared__ unsigned char bytes[];
  const int n = s.size;
  Real *const a = reinterpret_cast<Real *>(bytes);
  Real *const b = &a[n];
  Real *const c = &b[n];
  Real *const d = &c[n];

  const int i = threadIdx.x;
  const size_t at = (size_t)blockIdx.x * n + i;
  a[i] = i == 0 ? Real(0) : s.a[at];
  b[i] = s.b[at];
  c[i] = i == n - 1 ? Real(0) : s.c[at];
  d[i] = s.d[at];
  __syncthreads();

  for (int reach = 1; reach < n; reach *= 2) {
    const int lo = i - reach, hi = i + reach;
    Real na = 0, nb = b[i], nc = 0, nd = d[i];
    if (lo >= 0) {
      const Real k = a[i] / b[lo];
      na = -a[lo] * k;
      nb -= c[lo] * k;
      nd -= d[lo] * k;
    }
    if (hi < n) {
      const Real k = c[i] / b[hi];
      nc = -c[hi] * k;
      nb -= a[hi] * k;
      nd -= d[hi] * k;
    }
    __syncthreads();
    a[i] = na; b[i] = nb; c[i] = nc; d[i] = nd;
    __syncthreads();
  }
  x[at] = d[i] / b[i];
}

// element e of system k lies at e * count + k; c and d are overwritten
template<class Real>
__global__ void thomas(Systems<Real> s, Real *__restrict__ x)
{
  const int k = blockIdx.x * blockDim.x + threadIdx.x;
  if (k >= s.count) return;
  const int pitch = s.count;
  int at = k;
  s.c[at] /= s.b[at];
  s.d[at] /= s.b[at];
  for (int e = 1; e < s.size; ++e) {
    const int before = at;
    at += pitch;
    const Real w = Real(1) / (s.b[at] - s.a[at] * s.c[before]);
    s.c[at] *= w;
    s.d[at] = (s.d[at] - s.a[at] * s.d[before]) * w;
  }
  x[at] = s.d[at];
  while (at >= pitch) {
    at -= pitch;
    x[at] = s.d[at] - s.c[at] * x[at + pitch];
  }
}

static void check(cudaError_t e)
{
  if (e == cudaSuccess) return;
  std::fprintf(stderr, "CUDA: %s\n", cudaGetErrorString(e));
  std::exit(1);
}

template<class Real>
auto toDevice(const std::vector<Real> &v)
{
  Real *p = nullptr;
  check(cudaMalloc(&p, v.size() * sizeof(Real)));
  check(cudaMemcpy(p, v.data(), v.size() * sizeof(Real), cudaMemcpyHostToDevice));
  auto release = [](Real *q) { cudaFree(q); };
  return std::unique_ptr<Real, decltype(release)>(p, release);
}

template<class Real>
static double residual(bool interleaved, int size, int count)
{
  const size_t total = (size_t)size * count;
  std::vector<Real> a(total), b(total), c(total), d(total), x(total, Real(-1));
  auto at = [&](int k, int e) { return interleaved ? (size_t)e * count + k : (size_t)k * size + e; };
  for (int k = 0; k < count; ++k)
    for (int e = 0; e < size; ++e) {
      const size_t i = at(k, e);
      a[i] = Real(-1) - Real((e + k) % 3) / 4;
      c[i] = Real(-1) + Real((e * k) % 5) / 8;
      b[i] = Real(4) + Real(e % 7) / 8;      // diagonally dominant
      d[i] = Real((e * 29 + k * 13) % 41 - 20) / 4;
    }
  auto da = toDevice(a), db = toDevice(b), dc = toDevice(c), dd = toDevice(d), dx = toDevice(x);
  const Systems<Real> s{da.get(), db.get(), dc.get(), dd.get(), size, count};
  if (interleaved)
    thomas<Real><<<(count + 63) / 64, 64>>>(s, dx.get());
  else
    pcr<Real><<<count, size, 4 * size * sizeof(Real)>>>(s, dx.get());
  check(cudaGetLastError());
  check(cudaMemcpy(x.data(), dx.get(), total * sizeof(Real), cudaMemcpyDeviceToHost));

  // the solution is put back into the equations; dominance bounds the error by the residual
  double worst = 0;
  for (int k = 0; k < count; ++k)
    for (int e = 0; e < size; ++e) {
      double r = (double)b[at(k, e)] * x[at(k, e)] - d[at(k, e)];
      if (e > 0) r += (double)a[at(k, e)] * x[at(k, e - 1)];
      if (e + 1 < size) r += (double)c[at(k, e)] * x[at(k, e + 1)];
      if (!(std::fabs(r) <= worst)) worst = std::isnan(r) ? INFINITY : std::fabs(r);
    }
  std::printf("%s, %zu bytes, %d x %d: residual %.2e\n", interleaved ? "thomas" : "pcr", sizeof(Real), count, size, worst);
  return worst;
}

int main()
{
  bool ok = residual<float>(false, 100, 7) < 1e-5;
  ok &= residual<double>(false, 37, 5) < 1e-13;
  ok &= residual<float>(true, 45, 101) < 1e-5;
  ok &= residual<double>(true, 1, 3) < 1e-13;
  std::puts(ok ? "PASS" : "FAIL");
  return ok ? 0 : 1;
}
