// Intrinsics on the bytes and halves of a word, DPX, and bit intrinsics that other programs do not reach. Values by hand,
// lane by lane; the number of a failed check is its line.
#include <cstdio>

__device__ int bad;
__device__ void check(int line, unsigned got, unsigned want) {
  if (got != want) {
    printf("line %d: got %08x, not %08x\n", line, got, want);
    atomicAdd(&bad, 1);
  }
}
#define IS(expression, want) check(__LINE__, (unsigned)(expression), want);

__global__ void bytes(unsigned a) {           // a = 01 7F 80 FF
  IS(__vadd4(a, 0x01010101), 0x02808100)
  IS(__vaddss4(a, 0x01010101), 0x027F8100)    // 127 + 1 stays, -128 + 1 = -127
  IS(__vaddus4(a, 0x01010101), 0x028081FF)
  IS(__vsub4(a, 0x02020202), 0xFF7D7EFD)
  IS(__vsubss4(a, 0x02020202), 0xFF7D80FD)
  IS(__vsubus4(a, 0x02020202), 0x007D7EFD)
  IS(__vabs4(a), 0x017F8001)
  IS(__vabsss4(a), 0x017F7F01)
  IS(__vneg4(a), 0xFF818001)
  IS(__vnegss4(a), 0xFF817F01)
  IS(__vavgu4(a, 0x02020202), 0x02414181)     // (1+2+1)/2, (127+2+1)/2, (128+2+1)/2, (255+2+1)/2
  IS(__vhaddu4(a, 0x02020202), 0x01404180)
  IS(__vavgs4(a, 0x02020202), 0x0241C101)     // -126 / 2 = -63; (-1 + 2 + 1) / 2 = 1
  IS(__vabsdiffu4(a, 0x02020202), 0x017D7EFD)
  IS(__vabsdiffs4(a, 0x02020202), 0x017D8203) // |-128 - 2| = 130
  IS(__vsadu4(a, 0x02020202), 1 + 125 + 126 + 253)
  IS(__vsads4(a, 0x02020202), 1 + 125 + 130 + 3)
  IS(__vmaxs4(a, 0x02020202), 0x027F0202)
  IS(__vmaxu4(a, 0x02020202), 0x027F80FF)
  IS(__vmins4(a, 0x02020202), 0x010280FF)
  IS(__vminu4(a, 0x02020202), 0x01020202)
  IS(__vcmpeq4(a, 0x0180807F), 0xFF00FF00)
  IS(__vcmpne4(a, 0x0180807F), 0x00FF00FF)
  IS(__vcmpgts4(a, 0x00000000), 0xFFFF0000)
  IS(__vcmpgtu4(a, 0x7F7F7F7F), 0x0000FFFF)
  IS(__vcmpges4(a, 0x01010101), 0xFFFF0000)
  IS(__vcmpgeu4(a, 0x80808080), 0x0000FFFF)
  IS(__vcmplts4(a, 0x00000000), 0x0000FFFF)
  IS(__vcmpleu4(a, 0x7F7F7F7F), 0xFFFF0000)
  IS(__vseteq4(a, 0x01800080), 0x01000000)
  IS(__vsetgtu4(a, 0x7F7F7F7F), 0x00000101)
  IS(__vsetles4(a, 0x00000000), 0x00000101)
}
__global__ void halves(unsigned a) {          // a = 7FFF 8000
  IS(__vadd2(a, 0x00010001), 0x80008001)
  IS(__vaddss2(a, 0x00010001), 0x7FFF8001)
  IS(__vaddus2(a, 0x8001FFFF), 0xFFFFFFFF)
  IS(__vsubss2(a, 0x00010001), 0x7FFE8000)
  IS(__vsubus2(a, 0xFFFF0001), 0x00007FFF)
  IS(__vabsss2(a), 0x7FFF7FFF)
  IS(__vneg2(a), 0x80018000)
  IS(__vavgs2(0x0003FFFD, 0x00040000), 0x0004FFFE)  // 3.5 to 4, -1.5 to -2
  IS(__vmaxs2(a, 0), 0x7FFF0000)
  IS(__vminu2(a, 0x80008001), 0x7FFF8000)
  IS(__vcmpltu2(a, 0x80008000), 0xFFFF0000)
  IS(__vsetges2(a, 0), 0x00010000)
  IS(__vabsdiffu2(a, 0x80008001), 0x00010001)
  IS(__vsads2(0xFFFF0005, 0x00010002), 2 + 3)
}
__global__ void dpx(int n) {                  // n = 7
  IS(__viaddmax_s32(n, -10, -5), (unsigned)-3)
  IS(__viaddmax_s32_relu(n, -10, -5), 0)
  IS(__viaddmin_u32(n, 3, 20), 10)
  IS(__vimax3_s32(n, 9, -1), 9)
  IS(__vimin3_s32_relu(n, 9, -1), 0)
  IS(__vimax_s32_relu(-n, -9), 0)
  IS(__viaddmax_s16x2(0x0001FFFF, 0x00020001, 0x00050000), 0x00050000)
  IS(__vimin3_u16x2(0x00050006, 0x00070001, 0xFFFF0003), 0x00050001)
  bool first, high, low;
  IS(__vibmax_s32(n, 7, &first), 7)
  IS(first, 1)
  IS(__vibmin_u32(n, 2, &first), 2)
  IS(first, 0)
  IS(__vibmax_s16x2(0xFFFF0005, 0x00010002, &high, &low), 0x00010005)
  IS(high * 2 + low, 1)
}
__global__ void words(int n) {                // n = 7
  IS(__dp4a(0x01020304, 0x01FF01FF, 5), 1 - 2 + 3 - 4 + 5)
  IS(__dp4a(0xFF020304u, 0x01010101u, 5u), 255 + 2 + 3 + 4 + 5)
  IS(__dp2a_lo(0x0002FFFF, 0x00000305, 1), 2 * 3 - 5 + 1)
  IS(__dp2a_hi(0x0002FFFFu, 0x03050000u, 1u), 2 * 3 + 65535 * 5 + 1)
  IS(__dp4a(make_char4(1, -2, 3, 4), make_char4(1, 1, 1, 1), 0), 6)
  IS(__dp4a(make_uchar4(1, 254, 3, 4), make_uchar4(1, 1, 1, 1), 0u), 262)
  IS(__dp2a_lo(make_short2(100, -1), make_char4(2, 3, 9, 9), 0), 197)
  IS(__dp2a_hi(make_ushort2(100, 1), make_uchar4(9, 9, 2, 3), 0u), 203)
  IS(__fns(0xA8, 0, 2), 5)
  IS(__fns(0xA8, 7, -2), 5)
  IS(__funnelshift_l(0x80000000, n, 1), 15)
  IS(__funnelshift_rc(0x10, 0xF, 99), 0xF)
  IS(__hadd(-3, n), 2)
  IS(__rhadd(-4, n), 2)
  IS(__sad(-3, n, 1), 11)
  IS(__mulhi(1 << 30, -8), (unsigned)-2)
  IS(__umul64hi(1ull << 63, n + 1), 4)
  IS(__mul64hi(-1ll, n), (unsigned)-1)
  IS(__byte_perm(0x33221100, 0x77665544, 0x7520), 0x77552200)
  IS(__brevll(1ull) >> 63, 1)
  IS(__ffsll(1ll << 40), 41)
}

int main() {
  bytes<<<1, 1>>>(0x017F80FF);
  halves<<<1, 1>>>(0x7FFF8000);
  dpx<<<1, 1>>>(7);
  words<<<1, 1>>>(7);
  int n = -1;
  cudaMemcpyFromSymbol(&n, bad, sizeof n);
  puts(n == 0 && cudaDeviceSynchronize() == cudaSuccess ? "PASS" : "FAIL");
}
// expect: PASS
