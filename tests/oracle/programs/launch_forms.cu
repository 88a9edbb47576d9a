// Every way to launch a kernel: `<<<>>>` with one to four arguments, function pointers and arrays of them, pointers as
// template arguments, overloads, default arguments, namespaces, cudaLaunchKernel and its relatives, extended lambdas,
// function objects, packs. Each adds a number of its own to one counter, so that the sum says whether all ran once.
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>

#define CHECK(call)                                                                                \
  do {                                                                                             \
    const cudaError_t e_ = (call);                                                                 \
    if (e_ != cudaSuccess) printf("line %d: %s\n", __LINE__, cudaGetErrorName(e_)), exit(1);       \
  } while (0)

__global__ void add(int* p, int v) { atomicAdd(p, v); }
__global__ void add(int* p, float v) { atomicAdd(p, (int)(v * 10)); }
__global__ void with_default(int* p, int v = 1000) { atomicAdd(p, v); }
__global__ void shared_sum(int* p) {
  extern __shared__ int s[];
  s[threadIdx.x] = threadIdx.x;
  __syncthreads();
  if (threadIdx.x == 0) {
    int sum = 0;
    for (int i = 0; i < blockDim.x; i++) sum += s[i];
    atomicAdd(p, sum);
  }
}
namespace outer {
namespace {
__global__ void hidden(int* p) { atomicAdd(p, 3); }
}
namespace inner {
template <typename T, int N = 4>
__global__ void scaled(T* p) { atomicAdd(p, T(N)); }
}  // namespace inner
void run(int* p) {
  hidden<<<1, 1>>>(p);
  inner::scaled<int><<<1, 1>>>(p);
  outer::inner::scaled<int, 40><<<1, 1>>>(p);
}
}  // namespace outer
namespace borrowed {
inline namespace v1 {
__global__ void zero(int* p) { atomicAdd(p, 1); }
}  // namespace v1
}  // namespace borrowed
using borrowed::zero;
using namespace outer::inner;

struct Pair {
  int a, b;
};
__global__ void announced(const Pair, int* const, int);  // without const where it is defined: the same function
void before(int* p) { announced<<<1, 1>>>(Pair{2, 3}, p, 4); }
__global__ void announced(Pair pair, int* p, int v) { atomicAdd(p, pair.a * pair.b + v); }
__global__ void by_reference(Pair& pair, const int& v) { pair.a += v; }
template <class A, class Index, int p>
__global__ void named_alike(A* to, Index i) { atomicAdd(to, A(i) + p); }

template <void (*K)(int*, int)>
void through_argument(int* p, int v) { K<<<1, 1>>>(p, v); }
template <typename K, typename... A>
void through_type(K kernel, dim3 grid, A... a) { kernel<<<grid, 1>>>(a...); }
template <typename F>
__global__ void apply(F f, int n) {
  if (threadIdx.x < n) f(threadIdx.x);
}
template <typename... T>
__global__ void sum_of(int* p, T... v) { atomicAdd(p, (int(v) + ... + 0)); }
struct Adder {
  int* p;
  int v;
  __device__ void operator()(int i) const { atomicAdd(p, v + i); }
};
struct Runner {
  int* p;
  static void launch(int* p) { with_default<<<1, 1>>>(p, 2); }
  void run() const { with_default<<<1, 2>>>(p, 5); }
};
typedef void (*Kernel)(int*, int);
struct Entry {
  const char* name;
  Kernel kernel;
};
static Kernel pick(bool) { return with_default; }
#define LAUNCH(kernel, ...) kernel<<<1, 1>>>(__VA_ARGS__)

int *d, total = 0;
static void expect(const char* what, int more) {
  int now;
  CHECK(cudaGetLastError());
  CHECK(cudaMemcpy(&now, d, sizeof now, cudaMemcpyDeviceToHost));
  if (now != (total += more)) printf("%s: %d instead of %d\n", what, now, total), total = now;
}

int main() {
  CHECK(cudaMalloc(&d, sizeof(int)));
  CHECK(cudaMemset(d, 0, sizeof(int)));
  cudaStream_t s;
  CHECK(cudaStreamCreate(&s));

  add<<<2, 3>>>(d, 1);
  expect("two arguments", 6);
  shared_sum<<<1, 10, 10 * sizeof(int)>>>(d);
  expect("three arguments", 45);
  shared_sum<<<dim3(1, 1, 2), dim3(4), 4 * sizeof(int), s>>>(d);
  expect("four arguments", 12);
  add<<<{2, 2, 1}, {1, 2, 1}>>>(d, 1);
  expect("braces", 8);
  add<<<1, 1>>>(d, 0.5f);
  expect("overload", 5);
  with_default<<<1, 1>>>(d);
  expect("default argument", 1000);
  outer::run(d);
  expect("namespaces", 3 + 4 + 40);
  scaled<int, 7><<<1, 1>>>(d);
  expect("using namespace", 7);
  LAUNCH(with_default, d, 9);
  expect("macro", 9);

  zero<<<1, 2>>>(d);
  before(d);
  named_alike<int, short, 5><<<1, 1>>>(d, 6);
  expect("using declaration, prototype, names", 2 + 10 + 11);
  Pair* pair;
  CHECK(cudaMallocManaged(&pair, sizeof *pair));
  pair->a = 1;
  by_reference<<<1, 1>>>(*pair, pair->b = 41);
  CHECK(cudaDeviceSynchronize());
  with_default<<<1, 1>>>(d, pair->a);
  expect("reference to managed memory", 42);

  Kernel one = with_default;
  one<<<1, 1>>>(d, 20);
  (*one)<<<1, 1>>>(d, 20);
  expect("pointer", 40);
  const Entry table[] = {{"a", with_default}, {"b", &with_default}};
  for (const Entry& e : table) e.kernel<<<1, 1>>>(d, 30);
  expect("array of structs", 60);
  Kernel list[2] = {with_default, nullptr};
  list[0]<<<1, 1>>>(d, 1);
  expect("array", 1);
  pick(true)<<<1, 1>>>(d, 2);
  expect("returned", 2);
  through_argument<with_default>(d, 50);
  expect("template argument", 50);
  through_type(with_default, 2, d, 25);
  through_type(scaled<int, 3>, dim3(1), d);
  expect("deduced", 53);
  void (*overloaded)(int*, float) = add;
  overloaded<<<1, 1>>>(d, 0.7f);
  expect("chosen overload", 7);
  auto kernel = &scaled<int, 6>;
  kernel<<<1, 1>>>(d);
  expect("auto", 6);
  Runner::launch(d);
  Runner{d}.run();
  expect("methods", 12);

  int v = 60;
  void* args[] = {&d, &v};
  CHECK(cudaLaunchKernel((void*)with_default, dim3(1), dim3(1), args, 0, s));
  CHECK(cudaLaunchKernel((const void*)&with_default, 1, 1, args, 0, nullptr));
  CHECK(cudaLaunchKernel(with_default, 1, 1, args));
  CHECK(cudaLaunchKernel(reinterpret_cast<const void*>(with_default), 1, 1, args));
  const void* address = (const void*)with_default;
  CHECK(cudaLaunchKernel(address, 1, 1, args, 0, 0));
  CHECK(cudaLaunchKernel((void*)scaled<int, 8>, 1, 1, args, 0, 0));
  CHECK(cudaLaunchCooperativeKernel((void*)with_default, dim3(1), dim3(1), args, 0, s));
  expect("by address", 6 * 60 + 8);
  const void* chosen = (const void*)(void (*)(int*, int))add;
  CHECK(cudaLaunchKernel(chosen, 1, 1, args, 0, 0));
  expect("overload by address", 60);
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(2), config.blockDim = dim3(1), config.stream = s;
  cudaLaunchAttribute attribute[1];
  attribute[0].id = cudaLaunchAttributeCooperative;
  attribute[0].val.cooperative = 1;
  config.attrs = attribute, config.numAttrs = 1;
  CHECK(cudaLaunchKernelEx(&config, with_default, d, 4));
  CHECK(cudaLaunchKernelExC(&config, (const void*)with_default, args));
  expect("extended", 8 + 120);

  int* p = d;
  apply<<<1, 32>>>([=] __device__(int i) { atomicAdd(p, i); }, 4);
  expect("lambda", 6);
  const auto named = [p] __device__(int i) { atomicAdd(p, 1); };
  apply<<<1, 32>>>(named, 20);
  expect("named lambda", 20);
  apply<<<1, 2>>>(Adder{d, 10}, 2);
  apply<Adder><<<1, 1>>>({d, 1}, 1);
  expect("function object", 22);
  sum_of<<<1, 1>>>(d, 1, 2.0f, (short)3);
  sum_of<<<1, 1>>>(d);
  expect("pack", 6);
  int* nothing = NULL;
  void (*maybe)(int*, int) = [](bool b) { return b ? with_default : (Kernel) nullptr; }(true);
  if (nothing == nullptr) maybe<<<1, 1>>>(d, 11);
  expect("ternary", 11);
  puts("PASS");  // expect: PASS
  return 0;
}
