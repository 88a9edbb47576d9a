// mma, ldmatrix, stmatrix, movmatrix in PTX. Where each lane's elements lie is written here as the PTX ISA manual lists it,
// shape by shape; products of small integers are exact in every type, and compared with a plain loop.
#include <cstdio>
#include <cstdint>
#include <cstring>
#include <cuda_fp16.h>

__device__ int bad;
__device__ void check(int line, double got, double want) {
  if (got != want) {
    if (atomicAdd(&bad, 1) < 10) printf("line %d, lane %d: got %g, not %g\n", line, (int)threadIdx.x, got, want);
  }
}
__device__ int a_at(int i, int k) { return (3 * i + 2 * k) % 7 - 3; }
__device__ int b_at(int k, int j) { return (5 * k + j) % 6 - 2; }
__device__ int c_at(int i, int j) { return i - 2 * j; }
__device__ int want(int i, int j, int depth) {
  int sum = c_at(i, j);
  for (int k = 0; k < depth; ++k) sum += a_at(i, k) * b_at(k, j);
  return sum;
}
__device__ unsigned half_bits(int v) { return __half_as_ushort(__float2half(v)); }
__device__ unsigned bfloat_bits(int v) { return __float_as_uint((float)v) >> 16; }
__device__ unsigned tf32_bits(int v) { return __float_as_uint((float)v); }

__global__ void sixteen_bits() {
  const int lane = threadIdx.x, group = lane >> 2, member = lane % 4;
  unsigned a[4], b[2], h[4], g[2];
  for (int i = 0; i < 8; ++i) {
    const int row = (i < 2 || (i >= 4 && i < 6)) ? group : group + 8;
    const int col = i < 4 ? member * 2 + (i & 1) : member * 2 + (i & 1) + 8;
    const unsigned shift = i % 2 * 16;
    a[i / 2] = (i % 2 ? a[i / 2] : 0) | half_bits(a_at(row, col)) << shift;
    h[i / 2] = (i % 2 ? h[i / 2] : 0) | bfloat_bits(a_at(row, col)) << shift;
  }
  for (int i = 0; i < 4; ++i) {
    const int row = i < 2 ? member * 2 + (i & 1) : member * 2 + (i & 1) + 8;
    b[i / 2] = (i % 2 ? b[i / 2] : 0) | half_bits(b_at(row, group)) << (i % 2 * 16);
    g[i / 2] = (i % 2 ? g[i / 2] : 0) | bfloat_bits(b_at(row, group)) << (i % 2 * 16);
  }
  float c[4], d[4];
  for (int i = 0; i < 4; ++i) c[i] = c_at(i < 2 ? group : group + 8, member * 2 + (i & 1));
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};\n"
               : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "f"(c[0]), "f"(c[1]), "f"(c[2]), "f"(c[3]));
  for (int i = 0; i < 4; ++i) check(__LINE__, d[i], want(i < 2 ? group : group + 8, member * 2 + (i & 1), 16));
  for (int i = 0; i < 4; ++i) d[i] = c[i];
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(h[0]), "r"(h[1]), "r"(h[2]), "r"(h[3]), "r"(g[0]), "r"(g[1]));
  for (int i = 0; i < 4; ++i) check(__LINE__, d[i], want(i < 2 ? group : group + 8, member * 2 + (i & 1), 16));
  // m16n8k8: the first halves; half sums, two a register
  unsigned s[2] = {half_bits(c[0]) | half_bits(c[1]) << 16, half_bits(c[2]) | half_bits(c[3]) << 16}, r[2];
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16 {%0,%1}, {%2,%3}, {%4}, {%5,%6};\n"
               : "=r"(r[0]), "=r"(r[1]) : "r"(a[0]), "r"(a[1]), "r"(b[0]), "r"(s[0]), "r"(s[1]));
  for (int i = 0; i < 4; ++i) {
    check(__LINE__, __half2float(__ushort_as_half(r[i / 2] >> (i % 2 * 16))), want(i < 2 ? group : group + 8, member * 2 + (i & 1), 8));
  }
}

__global__ void tf32_and_double() {
  const int lane = threadIdx.x, group = lane >> 2, member = lane % 4;
  unsigned a[4], b[2];
  float d[4];
  for (int i = 0; i < 4; ++i) a[i] = tf32_bits(a_at(i % 2 == 0 ? group : group + 8, i < 2 ? member : member + 4));
  for (int i = 0; i < 2; ++i) b[i] = tf32_bits(b_at(i == 0 ? member : member + 4, group));
  for (int i = 0; i < 4; ++i) d[i] = c_at(i < 2 ? group : group + 8, member * 2 + (i & 1));
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  for (int i = 0; i < 4; ++i) check(__LINE__, d[i], want(i < 2 ? group : group + 8, member * 2 + (i & 1), 8));
  double x[2];
  for (int i = 0; i < 2; ++i) x[i] = c_at(group, member * 2 + i);
  asm volatile("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0,%1}, {%2}, {%3}, {%0,%1};\n"
               : "+d"(x[0]), "+d"(x[1]) : "d"((double)a_at(group, member)), "d"((double)b_at(member, group)));
  for (int i = 0; i < 2; ++i) check(__LINE__, x[i], want(group, member * 2 + i, 4));
}

__global__ void integers() {
  const int lane = threadIdx.x, group = lane >> 2, member = lane % 4;
  unsigned a[4] = {0, 0, 0, 0}, b[2] = {0, 0};
  int d[4];
  for (int i = 0; i < 16; ++i) {
    const int row = i < 4 || (i >= 8 && i < 12) ? group : group + 8;
    const int col = i < 8 ? member * 4 + (i & 3) : member * 4 + (i & 3) + 16;
    a[i / 4] |= (a_at(row, col) & 255u) << (i % 4 * 8);
  }
  for (int i = 0; i < 8; ++i) b[i / 4] |= (b_at(i < 4 ? member * 4 + (i & 3) : member * 4 + (i & 3) + 16, group) & 255u) << (i % 4 * 8);
  for (int i = 0; i < 4; ++i) d[i] = c_at(i < 2 ? group : group + 8, member * 2 + (i & 1));
  asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
               : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  for (int i = 0; i < 4; ++i) check(__LINE__, d[i], want(i < 2 ? group : group + 8, member * 2 + (i & 1), 32));
  int e[2] = {c_at(group, member * 2), c_at(group, member * 2 + 1)};
  asm volatile("mma.sync.aligned.m8n8k16.row.col.satfinite.s32.s8.s8.s32 {%0,%1}, {%2}, {%3}, {%0,%1};\n" : "+r"(e[0]), "+r"(e[1]) : "r"(a[0]), "r"(b[0]));
  for (int i = 0; i < 2; ++i) check(__LINE__, e[i], want(group, member * 2 + i, 16));
  // one bit: row i of A has bit k set where k % 32 == i, all of B is set, so each sum is 256 bits minus the 8 of A
  unsigned ones = ~0u;
  for (int i = 0; i < 4; ++i) a[i] = 1u << (i % 2 == 0 ? group : group + 8), d[i] = 1;
  asm volatile("mma.sync.aligned.m16n8k256.row.col.s32.b1.b1.s32.xor.popc {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%8}, {%0,%1,%2,%3};\n"
               : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(ones));
  for (int i = 0; i < 4; ++i) check(__LINE__, d[i], 256 - 8 + 1);
  asm volatile("mma.sync.aligned.m16n8k256.row.col.s32.b1.b1.s32.and.popc {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%8}, {%0,%1,%2,%3};\n"
               : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(ones));
  for (int i = 0; i < 4; ++i) check(__LINE__, d[i], 256 + 1);
}

__global__ void moving() {
  __shared__ __align__(16) unsigned short tile[32][24], back[16][16];  // element (r, c) is 100 r + c
  const int lane = threadIdx.x, group = lane >> 2, member = lane % 4;
  for (int c = 0; c < 24; ++c) tile[lane][c] = 100 * lane + c;
  __syncwarp();
  unsigned r[4];
  const unsigned at = __cvta_generic_to_shared(&tile[lane][8]);  // matrix m: rows 8 m .. 8 m + 7, columns 8 .. 15
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];\n" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at));
  for (int m = 0; m < 4; ++m) {
    check(__LINE__, r[m] & 0xFFFF, 100 * (8 * m + group) + 8 + 2 * member);
    check(__LINE__, r[m] >> 16, 100 * (8 * m + group) + 8 + 2 * member + 1);
  }
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];\n" : "=r"(r[0]), "=r"(r[1]) : "r"(at));
  for (int m = 0; m < 2; ++m) {
    check(__LINE__, r[m] & 0xFFFF, 100 * (8 * m + 2 * member) + 8 + group);
    check(__LINE__, r[m] >> 16, 100 * (8 * m + 2 * member + 1) + 8 + group);
  }
  unsigned t;
  asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;\n" : "=r"(t) : "r"(r[0]));
  check(__LINE__, t & 0xFFFF, 100 * group + 8 + 2 * member);
  check(__LINE__, t >> 16, 100 * group + 8 + 2 * member + 1);
  const unsigned to = __cvta_generic_to_shared(&back[lane % 16][0]);
  asm volatile("stmatrix.sync.aligned.m8n8.x2.shared.b16 [%0], {%1, %2};\n" ::"r"(to), "r"(t), "r"(r[1]) : "memory");
  __syncwarp();
  check(__LINE__, back[lane % 8][3], 100 * (lane % 8) + 11);
  check(__LINE__, back[8 + lane % 8][2], 100 * (8 + 2) + 8 + lane % 8);
}

int main() {
  sixteen_bits<<<1, 32>>>();
  tf32_and_double<<<1, 32>>>();
  integers<<<1, 32>>>();
  moving<<<1, 32>>>();
  int n = -1;
  cudaMemcpyFromSymbol(&n, bad, sizeof n);
  puts(n == 0 && cudaDeviceSynchronize() == cudaSuccess ? "PASS" : "FAIL");
}
// expect: PASS
