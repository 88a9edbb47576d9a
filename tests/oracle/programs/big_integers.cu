// 256-bit products with carries from statement to statement, and the bit operations of a hash, against plain C++.
#include <cstdio>
#include <cstdint>
#include <cuda.h>
#define __device_inline__ __device__ __forceinline__
#define UADDO(c, a, b) asm volatile ("add.cc.u64 %0, %1, %2;" : "=l"(c) : "l"(a), "l"(b) : "memory" );
#define UADDC(c, a, b) asm volatile ("addc.cc.u64 %0, %1, %2;" : "=l"(c) : "l"(a), "l"(b) : "memory" );
#define UADD(c, a, b) asm volatile ("addc.u64 %0, %1, %2;" : "=l"(c) : "l"(a), "l"(b));
#define UADDO1(c, a) asm volatile ("add.cc.u64 %0, %0, %1;" : "+l"(c) : "l"(a) : "memory" );
#define UADDC1(c, a) asm volatile ("addc.cc.u64 %0, %0, %1;" : "+l"(c) : "l"(a) : "memory" );
#define UADD1(c, a) asm volatile ("addc.u64 %0, %0, %1;" : "+l"(c) : "l"(a));
#define UMULLO(lo,a, b) asm volatile ("mul.lo.u64 %0, %1, %2;" : "=l"(lo) : "l"(a), "l"(b));
#define UMULHI(hi,a, b) asm volatile ("mul.hi.u64 %0, %1, %2;" : "=l"(hi) : "l"(a), "l"(b));
#define MADDO(r,a,b,c) asm volatile ("mad.hi.cc.u64 %0, %1, %2, %3;" : "=l"(r) : "l"(a), "l"(b), "l"(c) : "memory" );
#define MADDC(r,a,b,c) asm volatile ("madc.hi.cc.u64 %0, %1, %2, %3;" : "=l"(r) : "l"(a), "l"(b), "l"(c) : "memory" );
#define MADD(r,a,b,c) asm volatile ("madc.hi.u64 %0, %1, %2, %3;" : "=l"(r) : "l"(a), "l"(b), "l"(c));
__device__ void UMult(uint64_t* r, const uint64_t* a, uint64_t b) {
  UMULLO(r[0], a[0], b); UMULLO(r[1], a[1], b); MADDO(r[1], a[0], b, r[1]); UMULLO(r[2], a[2], b); MADDC(r[2], a[1], b, r[2]);
  UMULLO(r[3], a[3], b); MADDC(r[3], a[2], b, r[3]); MADD(r[4], a[3], b, 0ULL);
}
__device__ void mult512(uint64_t r512[8], const uint64_t* a, const uint64_t* b) {
  uint64_t t[5];
  r512[5] = r512[6] = r512[7] = 0;
  UMult(r512, a, b[0]);
  UMult(t, a, b[1]); UADDO1(r512[1], t[0]); UADDC1(r512[2], t[1]); UADDC1(r512[3], t[2]); UADDC1(r512[4], t[3]); UADD1(r512[5], t[4]);
  UMult(t, a, b[2]); UADDO1(r512[2], t[0]); UADDC1(r512[3], t[1]); UADDC1(r512[4], t[2]); UADDC1(r512[5], t[3]); UADD1(r512[6], t[4]);
  UMult(t, a, b[3]); UADDO1(r512[3], t[0]); UADDC1(r512[4], t[1]); UADDC1(r512[5], t[2]); UADDC1(r512[6], t[3]); UADD1(r512[7], t[4]);
}
__device_inline__ uint32_t rotr(uint32_t x, int n) { uint32_t r; asm("shf.r.wrap.b32 %0, %1, %1, %2;" : "=r"(r) : "r"(x), "r"(n)); return r; }
__device_inline__ uint32_t xor3(uint32_t a, uint32_t b, uint32_t c) { uint32_t r; asm("lop3.b32 %0, %1, %2, %3, 0x96;" : "=r"(r) : "r"(a), "r"(b), "r"(c)); return r; }
__device_inline__ uint32_t ch(uint32_t a, uint32_t b, uint32_t c) { uint32_t r; asm("lop3.b32 %0, %1, %2, %3, 0xCA;" : "=r"(r) : "r"(a), "r"(b), "r"(c)); return r; }
__global__ void k(uint64_t* out, const uint64_t* a, const uint64_t* b, uint32_t* s) { mult512(out, a, b); s[0] = xor3(rotr(0x6a09e667, 2), rotr(0x6a09e667, 13), rotr(0x6a09e667, 22)); s[1] = ch(0x510e527f, 0x9b05688c, 0x1f83d9ab); }
int main() {
  uint64_t *a, *b, *r; uint32_t* s; cudaMallocManaged(&a, 32); cudaMallocManaged(&b, 32); cudaMallocManaged(&r, 64); cudaMallocManaged(&s, 8);
  for (int i = 0; i < 4; i++) a[i] = 0xFFFFFFFFFFFFFFFFull - i * 77, b[i] = 0xF123456789ABCDEFull * (i + 3);
  k<<<1, 1>>>(r, a, b, s); cudaDeviceSynchronize();
  uint64_t w[8] = {};
  for (int i = 0; i < 4; i++) { unsigned __int128 c = 0; for (int j = 0; j < 4; j++) { c += (unsigned __int128)a[j] * b[i] + w[i + j]; w[i + j] = (uint64_t)c; c >>= 64; } w[i + 4] = (uint64_t)c; }
  bool ok = true; for (int i = 0; i < 8; i++) ok &= w[i] == r[i];
  auto ro = [](uint32_t x, int n) { return x >> n | x << (32 - n); };
  ok &= s[0] == (ro(0x6a09e667, 2) ^ ro(0x6a09e667, 13) ^ ro(0x6a09e667, 22)) && s[1] == ((0x510e527fu & 0x9b05688cu) ^ (~0x510e527fu & 0x1f83d9abu));
  puts(ok ? "PASS" : "FAIL");
}
// expect: PASS
