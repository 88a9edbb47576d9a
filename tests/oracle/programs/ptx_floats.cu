// Inline PTX on floating-point numbers: rounding modes, flushing, saturation, half pairs, conversions. Wanted values are
// worked out by hand from IEEE 754 and the PTX ISA manual; the number of a failed check is its line.
#include <cstdio>
#include <cstdint>

__device__ int bad;
__device__ void check(int line, unsigned long long got, unsigned long long want) {
  if (got != want) {
    printf("line %d: got %llx, not %llx\n", line, got, want);
    atomicAdd(&bad, 1);
  }
}
__device__ unsigned long long bits(float x) { return __float_as_uint(x); }
__device__ unsigned long long bits(double x) { return __double_as_longlong(x); }
#define F1(op, a, want) { float r; asm(op " %0, %1;" : "=f"(r) : "f"(a)); check(__LINE__, bits(r), bits(want)); }
#define F2(op, a, b, want) { float r; asm(op " %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b)); check(__LINE__, bits(r), bits(want)); }
#define F3(op, a, b, c, want) { float r; asm(op " %0, %1, %2, %3;" : "=f"(r) : "f"(a), "f"(b), "f"(c)); check(__LINE__, bits(r), bits(want)); }
#define D2(op, a, b, want) { double r; asm(op " %0, %1, %2;" : "=d"(r) : "d"(a), "d"(b)); check(__LINE__, bits(r), bits(want)); }
#define H3(op, a, b, c, want) { unsigned short r; asm(op " %0, %1, %2, %3;" : "=h"(r) : "h"((unsigned short)(a)), "h"((unsigned short)(b)), "h"((unsigned short)(c))); check(__LINE__, r, want); }
#define H2(op, a, b, want) { unsigned short r; asm(op " %0, %1, %2;" : "=h"(r) : "h"((unsigned short)(a)), "h"((unsigned short)(b))); check(__LINE__, r, want); }
#define P2(op, a, b, want) { unsigned r; asm(op " %0, %1, %2;" : "=r"(r) : "r"((unsigned)(a)), "r"((unsigned)(b))); check(__LINE__, r, (unsigned)(want)); }

__global__ void arithmetic(float tiny, float one) {
  F2("add.f32", 1.5f, 2.25f, 3.75f)
  F2("add.rn.f32", one, 0x1p-24f, 1.0f)                 // a tie goes to even
  F2("add.rz.f32", one, 0x1.8p-24f, 1.0f)
  F2("add.rp.f32", one, 0x1p-30f, 0x1.000002p0f)
  F2("add.rm.f32", -one, -0x1p-30f, -0x1.000002p0f)
  F2("sub.rz.f32", one, 0x1p-30f, 0x1.fffffep-1f)
  F2("mul.rp.f32", 0x1.000002p0f, 0x1.000002p0f, 0x1.000006p0f)  // 1 + 2^-22 + 2^-46, one ulp above 1.000004
  F2("mul.ftz.f32", tiny, 0.25f, 0.0f)                  // 2^-128 is flushed
  F2("mul.f32", tiny, 0.25f, 0x1p-128f)
  F2("add.sat.f32", 0.75f, 0.5f, 1.0f)
  F2("sub.sat.f32", 0.25f, 0.5f, 0.0f)
  F2("div.rn.f32", 1.0f, 3.0f, 0x1.555556p-2f)
  F2("div.rz.f32", 1.0f, 3.0f, 0x1.555554p-2f)
  F2("div.approx.f32", 6.0f, 3.0f, 2.0f)
  F3("fma.rn.f32", 0x1.000002p0f, 0x1.000002p0f, -0x1.000004p0f, 0x1p-46f)  // the product is not rounded
  F3("fma.rz.f32", one, 1.0f, -0x1p-30f, 0x1.fffffep-1f)
  F3("mad.rn.f32", 2.0f, 3.0f, 4.0f, 10.0f)
  D2("add.rn.f64", 0.1, 0.2, 0x1.3333333333334p-2)
  D2("mul.rz.f64", 0.1, 0.1, 0x1.47ae147ae147bp-7)      // 0.01000000000000000055..., just above a number
  { double r; asm("fma.rn.f64 %0, %1, %2, %3;" : "=d"(r) : "d"(3.0), "d"(4.0), "d"(5.0)); check(__LINE__, bits(r), bits(17.0)); }
  F1("abs.f32", -2.0f, 2.0f)
  F1("neg.f32", 2.0f, -2.0f)
  F2("min.f32", 1.0f, __int_as_float(0x7FFFFFFF), 1.0f)  // NaN loses
  F2("max.f32", -0.0f, 0.0f, 0.0f)
  { float r; asm("min.NaN.f32 %0, %1, %2;" : "=f"(r) : "f"(1.0f), "f"(__int_as_float(0x7FFFFFFF))); check(__LINE__, r != r, 1); }
  F2("max.xorsign.abs.f32", -2.0f, 1.0f, -2.0f)
  F2("copysign.f32", -1.0f, 5.0f, -5.0f)                // the sign of the first
  F1("rcp.rn.f32", 4.0f, 0.25f)
  F1("rcp.approx.ftz.f32", 0.5f, 2.0f)
  F1("sqrt.rn.f32", 2.0f, 0x1.6a09e6p0f)
  F1("sqrt.approx.f32", 9.0f, 3.0f)
  F1("rsqrt.approx.f32", 4.0f, 0.5f)
  F1("ex2.approx.f32", 3.0f, 8.0f)
  F1("lg2.approx.ftz.f32", 8.0f, 3.0f)
  F1("sin.approx.f32", 0.0f, 0.0f)
  F1("cos.approx.f32", 0.0f, 1.0f)
  F1("tanh.approx.f32", 0.0f, 0.0f)
  { double r; asm("rcp.rn.f64 %0, %1;" : "=d"(r) : "d"(8.0)); check(__LINE__, bits(r), bits(0.125)); }
  { double r; asm("sqrt.rn.f64 %0, %1;" : "=d"(r) : "d"(2.25)); check(__LINE__, bits(r), bits(1.5)); }
  float x;
  asm("mov.f32 %0, 0f40490FDB;" : "=f"(x));
  check(__LINE__, bits(x), 0x40490FDBull);
  asm("{ .reg .f32 t; mov.f32 t, 0.5; add.f32 %0, t, %1; }" : "=f"(x) : "f"(2.0f));
  check(__LINE__, bits(x), bits(2.5f));
  asm("mov.b32 %0, %1;" : "=f"(x) : "r"(0x3F800000));
  check(__LINE__, bits(x), bits(1.0f));
}

__global__ void comparisons(float nan) {
  unsigned r;
#define TEST(op, a, b, want) asm("{ .reg .pred p; setp." op " p, %1, %2; selp.u32 %0, 1, 0, p; }" : "=r"(r) : "f"(a), "f"(b)); check(__LINE__, r, want);
  TEST("lt.f32", 1.0f, 2.0f, 1)
  TEST("lt.f32", nan, 2.0f, 0)
  TEST("ltu.f32", nan, 2.0f, 1)
  TEST("ne.f32", nan, nan, 0)
  TEST("neu.f32", nan, nan, 1)
  TEST("num.f32", 1.0f, 2.0f, 1)
  TEST("nan.f32", 1.0f, nan, 1)
  TEST("eq.ftz.f32", 0x1p-130f, 0.0f, 1)
  TEST("gt.f32", 3.0f, 2.0f, 1)
  asm("{ .reg .pred p; testp.subnormal.f32 p, %1; selp.u32 %0, 1, 0, p; }" : "=r"(r) : "f"(0x1p-130f));
  check(__LINE__, r, 1);
  asm("{ .reg .pred p; testp.infinite.f32 p, %1; selp.u32 %0, 1, 0, p; }" : "=r"(r) : "f"(-INFINITY));
  check(__LINE__, r, 1);
  float f;
  asm("set.ge.f32.f32 %0, %1, %2;" : "=f"(f) : "f"(2.0f), "f"(2.0f));
  check(__LINE__, bits(f), bits(1.0f));
  asm("slct.f32.f32 %0, %1, %2, %3;" : "=f"(f) : "f"(5.0f), "f"(6.0f), "f"(-1.0f));
  check(__LINE__, bits(f), bits(6.0f));
}

// half: 1 = 3C00, 2 = 4000, 0.5 = 3800, 3 = 4200; bfloat16: 1 = 3F80, 2 = 4000, 3 = 4040
__global__ void narrow() {
  H2("add.f16", 0x3C00, 0x4000, 0x4200)
  H2("add.rn.f16", 0x6800, 0x3C00, 0x6800)         // 2048 + 1: a tie, to even
  H2("add.rn.f16", 0x6801, 0x3C00, 0x6802)         // 2050 + 1
  H2("mul.f16", 0x4000, 0x4200, 0x4600)
  H2("sub.sat.f16", 0x3800, 0x3C00, 0x0000)
  H3("fma.rn.f16", 0x4000, 0x4200, 0x3C00, 0x4700) // 7
  H3("fma.rn.relu.f16", 0x4000, 0xC200, 0x3C00, 0)
  H3("fma.rn.bf16", 0x4000, 0x4040, 0x3F80, 0x40E0)
  H2("min.f16", 0x7FFF, 0x3C00, 0x3C00)
  H2("max.NaN.f16", 0x7FFF, 0x3C00, 0x7FFF)
  P2("add.f16x2", 0x3C004000, 0x3C003C00, 0x40004200)
  P2("mul.f16x2", 0x3C004000, 0xBC004200, 0xBC004600)
  P2("max.bf16x2", 0x3F804000, 0x40003F80, 0x40004000)
  { unsigned r; asm("fma.rn.f16x2 %0, %1, %2, %3;" : "=r"(r) : "r"(0x40003C00), "r"(0x42004200), "r"(0x3C003C00)); check(__LINE__, r, 0x47004400); }
  { unsigned r; asm("neg.f16x2 %0, %1;" : "=r"(r) : "r"(0x3C00BC00)); check(__LINE__, r, 0xBC003C00); }
  { unsigned short r; asm("ex2.approx.f16 %0, %1;" : "=h"(r) : "h"((unsigned short)0x4200)); check(__LINE__, r, 0x4800); }
  { unsigned r; asm("{ .reg .f16 h; cvt.rn.f16.f32 h, %1; mov.b32 %0, {h, h}; }" : "=r"(r) : "f"(1.0f)); check(__LINE__, r, 0x3C003C00); }
  { unsigned short r; asm("{ add.f16 %0, %1, %2;\n}" : "=h"(r) : "h"((unsigned short)0x3C00), "h"((unsigned short)0x3C00)); check(__LINE__, r, 0x4000); }
}

__global__ void conversions(float nan) {
#define TO_INT(op, a, want) { int r; asm(op " %0, %1;" : "=r"(r) : "f"(a)); check(__LINE__, (unsigned)r, (unsigned)(want)); }
  TO_INT("cvt.rzi.s32.f32", -2.7f, -2)
  TO_INT("cvt.rni.s32.f32", 2.5f, 2)
  TO_INT("cvt.rpi.s32.f32", 2.1f, 3)
  TO_INT("cvt.rmi.s32.f32", -2.1f, -3)
  TO_INT("cvt.rzi.s32.f32", 1e20f, 0x7FFFFFFF)
  TO_INT("cvt.rzi.u32.f32", -5.0f, 0)
  TO_INT("cvt.rzi.s32.f32", nan, 0)
  TO_INT("cvt.rni.sat.u8.f32", 300.0f, 255)
  TO_INT("cvt.rzi.s8.f32", -200.0f, -128)
  { int r; asm("cvt.rzi.s32.f64 %0, %1;" : "=r"(r) : "d"((double)nan)); check(__LINE__, (unsigned)r, 0x80000000u); }
  { long long r; asm("cvt.rzi.s64.f32 %0, %1;" : "=l"(r) : "f"(nan)); check(__LINE__, r, 1ull << 63); }
  { float r; asm("cvt.rn.f32.s32 %0, %1;" : "=f"(r) : "r"(16777217)); check(__LINE__, bits(r), bits(16777216.0f)); }
  { float r; asm("cvt.rp.f32.u32 %0, %1;" : "=f"(r) : "r"(16777217)); check(__LINE__, bits(r), bits(16777218.0f)); }
  { float r; asm("cvt.rz.f32.f64 %0, %1;" : "=f"(r) : "d"(0.1)); check(__LINE__, bits(r), bits(0x1.999998p-4f)); }
  { float r; asm("cvt.rni.f32.f32 %0, %1;" : "=f"(r) : "f"(3.5f)); check(__LINE__, bits(r), bits(4.0f)); }
  { float r; asm("cvt.sat.f32.f32 %0, %1;" : "=f"(r) : "f"(3.5f)); check(__LINE__, bits(r), bits(1.0f)); }
  { double r; asm("cvt.f64.f32 %0, %1;" : "=d"(r) : "f"(0.5f)); check(__LINE__, bits(r), bits(0.5)); }
  { unsigned short r; asm("cvt.rn.f16.f32 %0, %1;" : "=h"(r) : "f"(65520.0f)); check(__LINE__, r, 0x7C00); }
  { unsigned short r; asm("cvt.rz.f16.f32 %0, %1;" : "=h"(r) : "f"(65535.0f)); check(__LINE__, r, 0x7BFF); }
  { unsigned short r; asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(r) : "f"(1.00390625f)); check(__LINE__, r, 0x3F80); }  // a tie
  { float r; asm("cvt.f32.f16 %0, %1;" : "=f"(r) : "h"((unsigned short)0x3555)); check(__LINE__, bits(r), bits(0x1.554p-2f)); }
  { float r; asm("{ .reg .b16 h; mov.b16 h, %1; cvt.f32.bf16 %0, h; }" : "=f"(r) : "h"((unsigned short)0x4049)); check(__LINE__, bits(r), bits(3.140625f)); }
  { unsigned r; asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(1.0f), "f"(2.0f)); check(__LINE__, r, 0x3C004000); }  // the first above
  { unsigned r; asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(1.0f), "f"(2.0f)); check(__LINE__, r, 0x3F804000); }
  { unsigned r; asm("cvt.rn.relu.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(-1.0f), "f"(2.0f)); check(__LINE__, r, 0x4000); }
  { unsigned r; asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(__uint_as_float(0x3F801000))); check(__LINE__, r, 0x3F802000); }  // half an ulp, away
  { unsigned short r; asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(r) : "f"(1000.0f), "f"(1.0f)); check(__LINE__, r, 0x7E38); }
  { unsigned short r; asm("cvt.rn.satfinite.e5m2x2.f32 %0, %1, %2;" : "=h"(r) : "f"(1.0f), "f"(-2.0f)); check(__LINE__, r, 0x3CC0); }
  { unsigned r; asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(r) : "h"((unsigned short)0x3840)); check(__LINE__, r, 0x3C004000); }
  { int r; asm("cvt.rni.s32.f16 %0, %1;" : "=r"(r) : "h"((unsigned short)0x4100)); check(__LINE__, r, 2); }  // 2.5
  { unsigned r; asm("cvt.pack.sat.s16.s32 %0, %1, %2;" : "=r"(r) : "r"(70000), "r"(-5)); check(__LINE__, r, 0x7FFFFFFB); }
  { unsigned r; asm("cvt.pack.sat.u8.s32.b32 %0, %1, %2, %3;" : "=r"(r) : "r"(300), "r"(-5), "r"(0x1234)); check(__LINE__, r, 0x1234FF00); }
}

int main() {
  const float nan = __builtin_nanf("");
  arithmetic<<<1, 1>>>(0x1p-126f, 1.0f);
  comparisons<<<1, 1>>>(nan);
  narrow<<<1, 1>>>();
  conversions<<<1, 1>>>(nan);
  int n = -1;
  cudaMemcpyFromSymbol(&n, bad, sizeof n);
  puts(n == 0 && cudaDeviceSynchronize() == cudaSuccess ? "PASS" : "FAIL");
}
// expect: PASS
