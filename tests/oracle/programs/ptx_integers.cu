// Inline PTX on integers. Every wanted value is worked out by hand from the PTX ISA manual; the number of a failed check
// is its line.
#include <cstdio>
#include <cstdint>

__device__ int bad;
template <class A, class B>
__device__ void check(int line, A got, B want) {
  if ((unsigned long long)got != (unsigned long long)want) {
    printf("line %d: got %llx, not %llx\n", line, (unsigned long long)got, (unsigned long long)want);
    atomicAdd(&bad, 1);
  }
}
#define U1(op, a, want) { unsigned r; asm(op " %0, %1;" : "=r"(r) : "r"((unsigned)(a))); check(__LINE__, r, (unsigned)(want)); }
#define U2(op, a, b, want) { unsigned r; asm(op " %0, %1, %2;" : "=r"(r) : "r"((unsigned)(a)), "r"((unsigned)(b))); check(__LINE__, r, (unsigned)(want)); }
#define U3(op, a, b, c, want) { unsigned r; asm(op " %0, %1, %2, %3;" : "=r"(r) : "r"((unsigned)(a)), "r"((unsigned)(b)), "r"((unsigned)(c))); check(__LINE__, r, (unsigned)(want)); }
#define L2(op, a, b, want) { unsigned long long r; asm(op " %0, %1, %2;" : "=l"(r) : "l"((unsigned long long)(a)), "l"((unsigned long long)(b))); check(__LINE__, r, (unsigned long long)(want)); }
#define H2(op, a, b, want) { unsigned short r; asm(op " %0, %1, %2;" : "=h"(r) : "h"((unsigned short)(a)), "h"((unsigned short)(b))); check(__LINE__, r, (unsigned short)(want)); }

__global__ void arithmetic() {
  U2("add.u32", 0xFFFFFFFF, 2, 1)
  U2("add.s32", 5, -7, -2)
  U2("add.sat.s32", 0x7FFFFFFF, 1, 0x7FFFFFFF)
  U2("sub.sat.s32", 0x80000000, 1, 0x80000000)
  L2("add.s64", 0xFFFFFFFF, 1, 0x100000000)
  H2("add.u16", 0xFFFF, 3, 2)
  H2("sub.s16", 1, 3, 0xFFFE)
  U2("mul.lo.u32", 0x10001, 0x10001, 0x20001)   // 2^32 + 2^17 + 1
  U2("mul.hi.u32", 0x10001, 0x10001, 1)
  U2("mul.hi.s32", -2, 3, -1)                    // -6 = ...FFFA: the upper word is all ones
  L2("mul.hi.u64", 1ull << 63, 6, 3)
  U3("mad.lo.s32", 7, -3, 1, -20)
  U3("mad.hi.u32", 0x80000000, 6, 4, 7)
  U3("mad.hi.sat.s32", 0x7FFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF)
  { unsigned long long r; asm("mul.wide.u32 %0, %1, %2;" : "=l"(r) : "r"(0xFFFFFFFFu), "r"(0xFFFFFFFFu)); check(__LINE__, r, 0xFFFFFFFE00000001ull); }
  { long long r; asm("mad.wide.s32 %0, %1, %2, %3;" : "=l"(r) : "r"(-5), "r"(4), "l"(100ll)); check(__LINE__, r, 80); }
  { unsigned r; asm("mul.wide.s16 %0, %1, %2;" : "=r"(r) : "h"((short)-300), "h"((short)300)); check(__LINE__, r, (unsigned)-90000); }
  U2("mul24.lo.u32", 0xFF000003, 5, 15)
  U2("mul24.hi.u32", 0x00800000, 0x00000800, 0x40000)  // 2^23 * 2^11 = 2^34; bits 16 and up
  U3("mad24.lo.s32", 0x00FFFFFF, 2, 10, 8)             // -1 in 24 bits
  U2("div.s32", -7, 2, -3)
  U2("div.u32", 0x80000000, 3, 0x2AAAAAAA)
  U2("rem.s32", -7, 2, -1)
  L2("rem.u64", 1000000000007ull, 1000, 7)
  U1("abs.s32", -5, 5)
  U1("neg.s32", 5, -5)
  U2("min.s32", -1, 1, -1)
  U2("min.u32", -1, 1, 1)
  U2("max.s32", -1, 1, 1)
  L2("max.s64", -1, 1, 1)
  U3("sad.u32", 3, 10, 100, 107)
  U3("sad.s32", -3, 10, 100, 113)
}

__global__ void bits() {
  U2("and.b32", 0xF0F0, 0xFF00, 0xF000)
  U2("or.b32", 0xF0F0, 0xFF00, 0xFFF0)
  L2("xor.b64", 0xF0F0, 0xFF00, 0x0FF0)
  U1("not.b32", 0xFF, 0xFFFFFF00)
  U1("cnot.b32", 0, 1)
  U1("cnot.b32", 9, 0)
  U2("shl.b32", 1, 31, 0x80000000)
  U2("shl.b32", 1, 32, 0)          // clamped, not wrapped
  U2("shr.u32", 0x80000000, 40, 0)
  U2("shr.s32", 0x80000000, 40, 0xFFFFFFFF)
  U3("shf.l.wrap.b32", 0x80000000, 1, 33, 3)    // low, high, by 1: high << 1 | low >> 31
  U3("shf.l.clamp.b32", 0x12345678, 1, 33, 0x12345678)
  U3("shf.r.wrap.b32", 0x10, 0xF, 4, 0xF0000001)
  U3("shf.r.clamp.b32", 0x10, 0xF, 99, 0xF)
  { unsigned r; asm("lop3.b32 %0, %1, %2, %3, 0x96;" : "=r"(r) : "r"(0xF0u), "r"(0xCCu), "r"(0xAAu)); check(__LINE__, r, 0x96u); }  // xor of three
  { unsigned r; asm("lop3.b32 %0, %1, %2, %3, 0xE2;" : "=r"(r) : "r"(0xF0u), "r"(0xCCu), "r"(0xAAu)); check(__LINE__, r & 0xFF, 0xE2u); }
  U3("prmt.b32", 0x33221100, 0x77665544, 0x7520, 0x77552200)
  U3("prmt.b32", 0x000000FF, 0, 0x0008, 0xFFFFFFFF)     // 8: byte 0's sign, four of byte... 0 elsewhere
  U3("prmt.b32.f4e", 0x33221100, 0x77665544, 1, 0x44332211)
  U3("prmt.b32.b4e", 0x33221100, 0x77665544, 1, 0x66770011)
  U3("prmt.b32.rc8", 0x33221100, 0, 2, 0x22222222)
  U3("prmt.b32.ecl", 0x33221100, 0, 1, 0x33221111)
  U3("prmt.b32.ecr", 0x33221100, 0, 2, 0x22221100)
  U3("prmt.b32.rc16", 0x33221100, 0, 1, 0x33223322)
  U3("bfe.u32", 0xABCD1234, 8, 8, 0x12)
  U3("bfe.s32", 0x0000F000, 12, 4, 0xFFFFFFFF)
  U3("bfe.s32", 0x80000000, 28, 8, 0xFFFFFFF8)  // the field ends at bit 31, whose sign goes on
  U3("bfe.u32", 0x80000000, 28, 8, 8)
  { unsigned r; asm("bfi.b32 %0, %1, %2, %3, %4;" : "=r"(r) : "r"(0xFFu), "r"(0x12345678u), "r"(8), "r"(4)); check(__LINE__, r, 0x12345F78u); }
  { unsigned long long r; asm("bfi.b64 %0, %1, %2, 60, 8;" : "=l"(r) : "l"(0xFFull), "l"(0x1ull)); check(__LINE__, r, 0xF000000000000001ull); }
  U1("bfind.u32", 0x00010000, 16)
  U1("bfind.u32", 0, 0xFFFFFFFF)
  U1("bfind.s32", 0xFFFFFFF0, 3)                // the first bit that differs from the sign
  U1("bfind.shiftamt.u32", 0x00010000, 15)
  U1("brev.b32", 0x00000003, 0xC0000000)
  U1("clz.b32", 0x00008000, 16)
  U1("popc.b32", 0xF0F00001, 9)
  { unsigned r; asm("popc.b64 %0, %1;" : "=r"(r) : "l"(0xFF000000000000FFull)); check(__LINE__, r, 16u); }
  { unsigned r; asm("clz.b64 %0, %1;" : "=r"(r) : "l"(1ull)); check(__LINE__, r, 63u); }
  U3("fns.b32", 0x000000A8, 4, 1, 5)            // bits 3, 5, 7: the first from 4 on
  U3("dp4a.u32.u32", 0x01020304, 0x01010101, 10, 20)
  U3("dp4a.s32.s32", 0xFF020304, 0x01010101, 10, 18)
  U3("dp4a.u32.s32", 0xFF000000, 0xFF000000, 0, -255)
  U3("dp2a.lo.s32.s32", 0x0003FFFF, 0x00000205, 1, 2)   // -1 * 5 + 3 * 2 + 1
  U3("dp2a.hi.u32.u32", 0x00030001, 0x02050000, 1, 12)  // 1 * 5 + 3 * 2 + 1
}

__global__ void video() {
  U3("vadd.u32.u32.u32.sat.add", 3, 4, 5, 12)
  { unsigned r; asm("vadd.s32.u32.u32 %0, %1.b1, %2.h1;" : "=r"(r) : "r"(0xAA00u), "r"(0x00050000u)); check(__LINE__, r, 0xAFu); }
  { unsigned r; asm("vsub.s32.s32.s32 %0, %1.b0, %2.b3;" : "=r"(r) : "r"(0x00000080u), "r"(0x7F000000u)); check(__LINE__, r, (unsigned)-255); }
  { unsigned r; asm("vabsdiff.u32.u32.u32.add %0, %1.b0, %2.b0, %3;" : "=r"(r) : "r"(10u), "r"(30u), "r"(1u)); check(__LINE__, r, 21u); }
  U3("vadd4.u32.u32.u32.sat", 0xFF01F0FF, 0x01010F01, 0, 0xFF02FFFF)
  U3("vsub2.s32.s32.s32", 0x00000001, 0x00010002, 0, 0xFFFFFFFF)
  U3("vabsdiff4.u32.u32.u32.add", 0x01020304, 0x04030201, 7, 15)
  U3("vmax4.s32.s32.s32", 0x7F80FF00, 0x00000000, 0, 0x7F000000)
  U3("vmin2.u32.u32.u32", 0xFFFF0001, 0x00020002, 0, 0x00020001)
}

// 128-bit sums and products a word at a time: the carry goes from one instruction to the next.
__device__ unsigned add_cc(unsigned a, unsigned b) { unsigned r; asm volatile("add.cc.u32 %0, %1, %2;" : "=r"(r) : "r"(a), "r"(b)); return r; }
__device__ unsigned addc(unsigned a, unsigned b) { unsigned r; asm volatile("addc.u32 %0, %1, %2;" : "=r"(r) : "r"(a), "r"(b)); return r; }
__global__ void carries() {
  unsigned r0, r1, r2, r3;
  asm("add.cc.u32 %0, %4, %8;\n\t"
      "addc.cc.u32 %1, %5, %9;\n\t"
      "addc.cc.u32 %2, %6, %10;\n\t"
      "addc.u32 %3, %7, %11;"
      : "=r"(r0), "=r"(r1), "=r"(r2), "=r"(r3)
      : "r"(0xFFFFFFFF), "r"(0xFFFFFFFF), "r"(0), "r"(1), "r"(1), "r"(0), "r"(0), "r"(2));
  check(__LINE__, r0, 0), check(__LINE__, r1, 0), check(__LINE__, r2, 1), check(__LINE__, r3, 3);
  asm("{ sub.cc.u32 %0, 0, 1; subc.cc.u32 %1, 0, 0; subc.u32 %2, 5, 0; }" : "=r"(r0), "=r"(r1), "=r"(r2));
  check(__LINE__, r0, 0xFFFFFFFFu), check(__LINE__, r1, 0xFFFFFFFFu), check(__LINE__, r2, 4);
  // (2^64 - 1)^2 = 2^128 - 2^65 + 1
  unsigned a = 0xFFFFFFFF;
  asm("{\n\t"
      "mul.lo.u32      %0, %4, %4;    \n\t"
      "mul.hi.u32      %1, %4, %4;    \n\t"
      "mad.lo.cc.u32   %1, %4, %4, %1;\n\t"
      "madc.hi.u32     %2, %4, %4, 0; \n\t"
      "mad.lo.cc.u32   %1, %4, %4, %1;\n\t"
      "madc.hi.cc.u32  %2, %4, %4, %2;\n\t"
      "addc.u32        %3, 0, 0;      \n\t"
      "mad.lo.cc.u32   %2, %4, %4, %2;\n\t"
      "madc.hi.u32     %3, %4, %4, %3;\n\t"
      "}"
      : "=&r"(r0), "=&r"(r1), "=&r"(r2), "=&r"(r3) : "r"(a));
  check(__LINE__, r0, 1), check(__LINE__, r1, 0), check(__LINE__, r2, 0xFFFFFFFEu), check(__LINE__, r3, 0xFFFFFFFFu);
  unsigned low = add_cc(0x80000000u, 0x80000000u);
  check(__LINE__, addc(1, 1), 3u), check(__LINE__, low, 0);
  unsigned long long x, y;
  asm("add.cc.u64 %0, %2, %2; addc.u64 %1, %3, 0;" : "=l"(x), "=l"(y) : "l"(~0ull), "l"(7ull));
  check(__LINE__, x, ~1ull), check(__LINE__, y, 8);
}

__global__ void predicates_and_moves(int n) {
  unsigned r = 0;
  asm("{ .reg .pred p, q; setp.lt.and.s32 p|q, %1, 5, 1; selp.u32 %0, 10, 20, p; @q add.u32 %0, %0, 1; }" : "=r"(r) : "r"(n));
  check(__LINE__, r, 10u);   // n is 3: p holds, q does not
  asm("{ .reg .pred p; setp.hi.u32 p, %1, %2; @!p mov.u32 %0, 7; @p mov.u32 %0, 8; }" : "=r"(r) : "r"(-1), "r"(5));
  check(__LINE__, r, 8u);
  asm("{ .reg .pred p<2>; setp.eq.u32 p0, %1, 3; setp.ne.xor.u32 p1, %1, 3, p0; selp.b32 %0, 1, 0, p1; }" : "=r"(r) : "r"(n));
  check(__LINE__, r, 1u);
  asm("set.lt.u32.s32 %0, %1, 4;" : "=r"(r) : "r"(n));
  check(__LINE__, r, 0xFFFFFFFFu);
  asm("slct.u32.s32 %0, 1, 2, %1;" : "=r"(r) : "r"(-n));
  check(__LINE__, r, 2u);
  unsigned low, high;
  unsigned long long whole;
  asm("mov.b64 {%0, %1}, %2;" : "=r"(low), "=r"(high) : "l"(0x1122334455667788ull));
  check(__LINE__, low, 0x55667788u), check(__LINE__, high, 0x11223344u);
  asm("mov.b64 %0, {%1, %2};" : "=l"(whole) : "r"(1), "r"(2));
  check(__LINE__, whole, 0x200000001ull);
  unsigned short h;
  asm("{ .reg .b16 lo, hi; mov.b32 {lo, hi}, %1; mov.b16 %0, hi; }" : "=h"(h) : "r"(0xABCD1234));
  check(__LINE__, h, 0xABCD);
  asm("{ .reg .b16 t; mov.b16 t, 9; mov.b32 %0, {t, t}; }" : "=r"(r));
  check(__LINE__, r, 0x90009u);
  asm("{ .reg .u32 t; add.u32 t, %0, 1; { .reg .u32 t; mov.u32 t, 50; } add.u32 %0, t, 0; }" : "+r"(r) : );
  check(__LINE__, r, 0x9000Au);
  asm("add.u32 %0, %1, %1;" : "=r"(r) : "r"(21));
  check(__LINE__, r, 42u);
  asm("add.u32 %0, %1, %2;" : "=r"(r) : "r"(r), "n"(8));
  check(__LINE__, r, 50u);
  r = 0;
  asm("{ .reg .pred p; .reg .u32 i; mov.u32 i, 0; LOOP%=: add.u32 %0, %0, i; add.u32 i, i, 1; setp.le.u32 p, i, 10; @p bra LOOP%=; }" : "+r"(r));
  check(__LINE__, r, 55u);
  signed char c = -3;
  int wide;
  asm("cvt.s32.s8 %0, %1;" : "=r"(wide) : "r"((int)c & 0xFF));
  check(__LINE__, wide, -3);
  asm("cvt.sat.u8.s32 %0, %1;" : "=r"(r) : "r"(300));
  check(__LINE__, r, 255u);
  asm("cvt.sat.s8.s32 %0, %1;" : "=r"(wide) : "r"(-300));
  check(__LINE__, wide, -128);
  asm("cvt.u16.u32 %0, %1;" : "=h"(h) : "r"(0x12345678));
  check(__LINE__, h, 0x5678);
}

int main() {
  arithmetic<<<1, 1>>>();
  bits<<<1, 1>>>();
  video<<<1, 1>>>();
  carries<<<1, 1>>>();
  predicates_and_moves<<<1, 1>>>(3);
  int n = -1;
  cudaMemcpyFromSymbol(&n, bad, sizeof n);
  puts(n == 0 && cudaDeviceSynchronize() == cudaSuccess ? "PASS" : "FAIL");
}
// expect: PASS
