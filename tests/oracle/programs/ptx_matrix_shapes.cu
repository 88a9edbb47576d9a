// The rarer shapes of mma in PTX: where each lane's elements lie is written here as the PTX ISA manual lists it; products of
// small integers are exact, and compared with a plain loop.
#include <cstdio>
__device__ int bad;
__device__ int a_at(int i, int k) { return (3 * i + 2 * k) % 7 - 3; }
__device__ int b_at(int k, int j) { return (5 * k + j) % 6 - 2; }
__device__ double want(int i, int j, int d) { double s = i - 2 * j; for (int k = 0; k < d; k++) s += a_at(i, k) * b_at(k, j); return s; }
#define CK(got, w) if ((double)(got) != (w)) { if (atomicAdd(&bad, 1) < 5) printf("line %d lane %d got %g want %g\n", __LINE__, threadIdx.x, (double)(got), (double)(w)); }
__global__ void k() {
  int lane = threadIdx.x, g = lane >> 2, m = lane % 4;
  double a[8], b[4], c[4];
  // f64 m16n8k16: row = g for even i, g+8 for odd; col = (i/2)*4 + m ; B row = i*4 + m
  for (int i = 0; i < 8; i++) a[i] = a_at(i % 2 ? g + 8 : g, i / 2 * 4 + m);
  for (int i = 0; i < 4; i++) b[i] = b_at(i * 4 + m, g), c[i] = (i < 2 ? g : g + 8) - 2 * (m * 2 + (i & 1));
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f64.f64.f64.f64 {%0,%1,%2,%3},{%4,%5,%6,%7,%8,%9,%10,%11},{%12,%13,%14,%15},{%0,%1,%2,%3};" : "+d"(c[0]), "+d"(c[1]), "+d"(c[2]), "+d"(c[3]) : "d"(a[0]), "d"(a[1]), "d"(a[2]), "d"(a[3]), "d"(a[4]), "d"(a[5]), "d"(a[6]), "d"(a[7]), "d"(b[0]), "d"(b[1]), "d"(b[2]), "d"(b[3]));
  for (int i = 0; i < 4; i++) CK(c[i], want(i < 2 ? g : g + 8, m * 2 + (i & 1), 16));
  // s4 m16n8k64
  unsigned p[4] = {}, q[2] = {}; int d[4];
  for (int i = 0; i < 32; i++) { int row = (i < 8 || (i >= 16 && i < 24)) ? g : g + 8, col = i < 16 ? m * 8 + (i & 7) : m * 8 + (i & 7) + 32; p[i / 8] |= (a_at(row, col) & 15u) << (i % 8 * 4); }
  for (int i = 0; i < 16; i++) q[i / 8] |= (b_at(i < 8 ? m * 8 + (i & 7) : m * 8 + (i & 7) + 32, g) & 15u) << (i % 8 * 4);
  for (int i = 0; i < 4; i++) d[i] = (i < 2 ? g : g + 8) - 2 * (m * 2 + (i & 1));
  asm volatile("mma.sync.aligned.m16n8k64.row.col.s32.s4.s4.s32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};" : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3]) : "r"(p[0]), "r"(p[1]), "r"(p[2]), "r"(p[3]), "r"(q[0]), "r"(q[1]));
  for (int i = 0; i < 4; i++) CK(d[i], want(i < 2 ? g : g + 8, m * 2 + (i & 1), 64));
  // s8 x s8 m16n8k16: A 2 regs: row g for i<4 else g+8; col m*4+(i&3); B row m*4+i
  unsigned r[2] = {}, s = 0;
  for (int i = 0; i < 8; i++) r[i / 4] |= (a_at(i < 4 ? g : g + 8, m * 4 + (i & 3)) & 255u) << (i % 4 * 8);
  for (int i = 0; i < 4; i++) s |= (b_at(m * 4 + i, g) & 255u) << (i * 8), d[i] = (i < 2 ? g : g + 8) - 2 * (m * 2 + (i & 1));
  asm volatile("mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 {%0,%1,%2,%3},{%4,%5},{%6},{%0,%1,%2,%3};" : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3]) : "r"(r[0]), "r"(r[1]), "r"(s));
  for (int i = 0; i < 4; i++) CK(d[i], want(i < 2 ? g : g + 8, m * 2 + (i & 1), 16));
  // tf32 m16n8k4
  unsigned ta[2] = {__float_as_uint(a_at(g, m)), __float_as_uint(a_at(g + 8, m))}, tb = __float_as_uint(b_at(m, g)); float f[4];
  for (int i = 0; i < 4; i++) f[i] = (i < 2 ? g : g + 8) - 2 * (m * 2 + (i & 1));
  asm volatile("mma.sync.aligned.m16n8k4.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3},{%4,%5},{%6},{%0,%1,%2,%3};" : "+f"(f[0]), "+f"(f[1]), "+f"(f[2]), "+f"(f[3]) : "r"(ta[0]), "r"(ta[1]), "r"(tb));
  for (int i = 0; i < 4; i++) CK(f[i], want(i < 2 ? g : g + 8, m * 2 + (i & 1), 4));
}
int main() { k<<<1, 32>>>(); int n; cudaMemcpyFromSymbol(&n, bad, 4); puts(n ? "FAIL" : "PASS"); }
// expect: PASS
