// Inline PTX that touches memory: loads and stores of all shapes, shared memory by its 32-bit addresses, atomic updates,
// asynchronous copies, address spaces. The number of a failed check is its line.
#include <cstdio>
#include <cstdint>
#include <cstring>

__device__ int bad;
__device__ void check(int line, unsigned long long got, unsigned long long want) {
  if (got != want) {
    printf("line %d: got %llx, not %llx\n", line, got, want);
    atomicAdd(&bad, 1);
  }
}
__constant__ int table[4] = {10, 20, 30, 40};

__device__ __forceinline__ uint32_t smem_u32(const void* p) {
  uint32_t a;
  asm("{ .reg .u64 t; cvta.to.shared.u64 t, %1; cvt.u32.u64 %0, t; }" : "=r"(a) : "l"(p));
  return a;
}

__global__ void loads(const float4* in, const signed char* bytes, const double* wide, float* out) {
  float4 v;
  asm volatile("ld.global.nc.L1::no_allocate.L2::128B.v4.f32 {%0, %1, %2, %3}, [%4];" : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w) : "l"(in));
  check(__LINE__, v.x == 0 && v.y == 1 && v.z == 2 && v.w == 3, 1);
  asm volatile("ld.global.ca.v2.f32 {%0, %1}, [%2+16];" : "=f"(v.x), "=f"(v.y) : "l"(in));
  check(__LINE__, v.x == 4 && v.y == 5, 1);
  asm volatile("ld.global.cg.f32 %0, [%1+-4];" : "=f"(v.x) : "l"((const float*)in + 8));
  check(__LINE__, v.x == 7, 1);
  int i;
  unsigned u;
  asm volatile("ld.global.s8 %0, [%1];" : "=r"(i) : "l"(bytes));
  check(__LINE__, (unsigned)i, (unsigned)-2);
  asm volatile("ld.global.u8 %0, [%1];" : "=r"(u) : "l"(bytes));
  check(__LINE__, u, 0xFE);
  double d;
  asm volatile("ld.global.nc.f64 %0, [%1+%2];" : "=d"(d) : "l"(wide), "n"(8));
  check(__LINE__, d == 2.5, 1);
  asm volatile("ld.const.s32 %0, [%1];" : "=r"(i) : "l"(__cvta_generic_to_constant(&table[2])));
  check(__LINE__, i, 30);
  asm volatile("ld.volatile.global.u32 %0, [%1];" : "=r"(u) : "l"((const float*)in + 1));
  check(__LINE__, u, 0x3F800000);
  asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(u) : "l"((const float*)in + 2));
  check(__LINE__, u, 0x40000000);
  asm volatile("prefetch.global.L2 [%0];" ::"l"(in));
  asm volatile("st.global.cs.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(out), "f"(1.0f), "f"(2.0f), "f"(3.0f), "f"(4.0f) : "memory");
  asm volatile("st.release.gpu.global.f32 [%0+16], %1;" ::"l"(out), "f"(5.0f) : "memory");
  asm volatile("{ .reg .pred p; setp.ne.u32 p, %2, 0; @p st.global.f32 [%0+20], %1; }" ::"l"(out), "f"(6.0f), "r"(0) : "memory");
  asm volatile("st.global.u8 [%0], %1;" ::"l"((char*)out + 24), "r"(0x1FF) : "memory");
  check(__LINE__, out[0] == 1 && out[3] == 4 && out[4] == 5 && out[5] == 0, 1);
  check(__LINE__, ((unsigned char*)out)[24] == 0xFF && ((unsigned char*)out)[25] == 0, 1);
}

__global__ void shared_memory() {
  __shared__ __align__(16) float tile[64];
  extern __shared__ __align__(16) int dynamic[];
  const unsigned t = threadIdx.x;
  const uint32_t at = static_cast<uint32_t>(__cvta_generic_to_shared(tile)) + 4 * t;
  check(__LINE__, smem_u32(tile + t), at);                  // both ways to an address
  check(__LINE__, (unsigned)(size_t)__cvta_generic_to_shared(dynamic + t) - smem_u32(dynamic), 4 * t);
  check(__LINE__, __cvta_shared_to_generic(at) == tile + t, 1);
  asm volatile("st.shared.f32 [%0], %1;" ::"r"(at), "f"((float)t) : "memory");
  asm volatile("st.shared.u32 [%0+128], %1;" ::"r"(at), "r"(t * 2) : "memory");
  asm volatile("bar.sync 0;" ::: "memory");
  float a, b, c, d;
  asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];" : "=f"(a), "=f"(b), "=f"(c), "=f"(d) : "r"(at & ~15u));
  check(__LINE__, a == t / 4 * 4 && d == t / 4 * 4 + 3 && b + c == 2 * a + 3, 1);
  check(__LINE__, tile[32 + (t ^ 1)] == __int_as_float(2 * (t ^ 1)), 1);
  uint64_t generic;
  asm("{ .reg .u64 t; cvt.u64.u32 t, %1; cvta.shared.u64 %0, t; }" : "=l"(generic) : "r"(at));
  check(__LINE__, *(float*)generic == t, 1);
  unsigned in_shared, in_global;
  asm("{ .reg .pred p; isspacep.shared p, %2; selp.u32 %0, 1, 0, p; isspacep.global p, %2; selp.u32 %1, 1, 0, p; }"
      : "=r"(in_shared), "=r"(in_global) : "l"(tile));
  check(__LINE__, in_shared, 1), check(__LINE__, in_global, 0);
  if (t == 0) dynamic[0] = 1000;
  __syncthreads();
  asm volatile("red.shared.add.u32 [%0], %1;" ::"r"(smem_u32(dynamic)), "r"(t) : "memory");
  __syncthreads();
  check(__LINE__, dynamic[0], 1000 + 496);
}

__global__ void atomics(unsigned* u, unsigned long long* l, float* f, unsigned short* h, unsigned* pair, float2* v) {
  unsigned r;
  unsigned long long w;
  float x;
  asm volatile("atom.global.add.u32 %0, [%1], %2;" : "=r"(r) : "l"(u), "r"(5u) : "memory");            // 10 -> 15
  check(__LINE__, r, 10);
  asm volatile("atom.global.gpu.relaxed.max.s32 %0, [%1], %2;" : "=r"(r) : "l"(u), "r"(-3) : "memory");
  check(__LINE__, r, 15);
  asm volatile("atom.acq_rel.gpu.global.cas.b32 %0, [%1], %2, %3;" : "=r"(r) : "l"(u), "r"(15u), "r"(20u) : "memory");
  check(__LINE__, r, 15), check(__LINE__, *u, 20);
  asm volatile("atom.global.inc.u32 %0, [%1], 20;" : "=r"(r) : "l"(u) : "memory");                     // wraps
  check(__LINE__, r, 20), check(__LINE__, *u, 0);
  asm volatile("atom.global.dec.u32 %0, [%1], 7;" : "=r"(r) : "l"(u) : "memory");
  check(__LINE__, *u, 7);
  asm volatile("atom.global.exch.b32 %0, [%1], 12;" : "=r"(r) : "l"(u) : "memory");
  asm volatile("atom.global.and.b32 %0, [%1], 9;" : "=r"(r) : "l"(u) : "memory");
  asm volatile("red.global.or.b32 [%0], 3;" ::"l"(u) : "memory");
  asm volatile("red.relaxed.gpu.global.xor.b32 [%0], 1;" ::"l"(u) : "memory");
  check(__LINE__, *u, 10);
  asm volatile("atom.global.add.u64 %0, [%1], %2;" : "=l"(w) : "l"(l), "l"(1ull << 40) : "memory");
  check(__LINE__, *l, (1ull << 40) + 1);
  asm volatile("red.global.add.f32 [%0], %1;" ::"l"(f), "f"(0.5f) : "memory");
  asm volatile("atom.global.add.f32 %0, [%1], %2;" : "=f"(x) : "l"(f), "f"(0.25f) : "memory");
  check(__LINE__, x == 1.5f && *f == 1.75f, 1);
  asm volatile("red.global.add.noftz.f16 [%0], %1;" ::"l"(h), "h"((unsigned short)0x3C00) : "memory");
  check(__LINE__, *h, 0x4000);
  asm volatile("red.global.add.noftz.f16x2 [%0], %1;" ::"l"(pair), "r"(0x3C003C00) : "memory");
  check(__LINE__, *pair, 0x40004000);
  asm volatile("red.global.add.v2.f32 [%0], {%1, %2};" ::"l"(v), "f"(1.0f), "f"(2.0f) : "memory");
  check(__LINE__, v->x == 1 && v->y == 2, 1);
  asm volatile("membar.gl;" ::: "memory");
  asm volatile("fence.acq_rel.gpu;" ::: "memory");
  asm volatile("fence.proxy.async;" ::: "memory");
}

// Two stages of tiles through cp.async, the second one only half there: the rest must become zeros.
template <int N>
__device__ __forceinline__ void wait_for() { asm volatile("cp.async.wait_group %0;\n" ::"n"(N)); }
__global__ void copies(const int4* in, int* out) {
  __shared__ int4 stage[2][32];
  const int t = threadIdx.x;
  asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], %2;\n" ::"r"(smem_u32(&stage[0][t])), "l"(in + t), "n"(16));
  asm volatile("cp.async.commit_group;\n" ::);
  const int bytes = t < 16 ? 16 : t == 16 ? 8 : 0;
  asm volatile("cp.async.ca.shared.global [%0], [%1], 16, %2;\n" ::"r"(smem_u32(&stage[1][t])), "l"(in + 32 + t), "r"(bytes));
  asm volatile("cp.async.commit_group;\n" ::);
  wait_for<1>();
  __syncthreads();
  check(__LINE__, stage[0][31 - t].x, 4 * (31 - t));
  asm volatile("cp.async.wait_all;\n" ::);
  __syncthreads();
  const int4 v = stage[1][31 - t];
  const int from = 31 - t;
  check(__LINE__, v.y, from <= 16 ? 128 + 4 * from + 1 : 0);
  check(__LINE__, v.z, from < 16 ? 128 + 4 * from + 2 : 0);
  out[t] = v.x;
}

int main() {
  float4* in;
  int4* ints;
  float* out;
  double* wide;
  signed char* bytes;
  char* cells;
  cudaMallocManaged(&in, 64), cudaMallocManaged(&out, 128), cudaMallocManaged(&wide, 16), cudaMallocManaged(&bytes, 4);
  cudaMallocManaged(&cells, 64), cudaMallocManaged(&ints, 64 * 16);
  for (int i = 0; i < 16; ++i) ((float*)in)[i] = i, out[i] = 0;
  for (int i = 0; i < 256; ++i) ((int*)ints)[i] = i;
  wide[0] = 1.5, wide[1] = 2.5, bytes[0] = -2;
  loads<<<1, 1>>>(in, bytes, wide, out);
  cudaDeviceSynchronize();
  memset(cells, 0, 64);
  *(unsigned*)cells = 10, *(unsigned long long*)(cells + 8) = 1, *(float*)(cells + 16) = 1.0f, *(unsigned short*)(cells + 20) = 0x3C00;
  *(unsigned*)(cells + 24) = 0x3C003C00;
  atomics<<<1, 1>>>((unsigned*)cells, (unsigned long long*)(cells + 8), (float*)(cells + 16), (unsigned short*)(cells + 20),
                    (unsigned*)(cells + 24), (float2*)(cells + 32));
  shared_memory<<<1, 32, 256>>>();
  copies<<<1, 32>>>(ints, (int*)out);
  int n = -1;
  cudaMemcpyFromSymbol(&n, bad, sizeof n);
  puts(n == 0 && cudaDeviceSynchronize() == cudaSuccess ? "PASS" : "FAIL");
}
// expect: PASS
