// The same bit tricks three times: inline PTX, CUDA intrinsics, and plain C on the host. All three must agree.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cuda_runtime.h>

typedef unsigned int       u32;
typedef unsigned long long u64;

#define N_TRICKS 12
#ifndef COUNT
#define COUNT 1111
#endif

// one-result, register-only instructions
#define PTX_UNARY(name, op)                                     \
    __device__ __forceinline__ u32 ptx_##name(u32 a)            \
    {                                                           \
        u32 r;                                                  \
        asm(op " %0, %1;" : "=r"(r) : "r"(a));                  \
        return r;                                               \
    }
PTX_UNARY(popc, "popc.b32")
PTX_UNARY(brev, "brev.b32")
PTX_UNARY(clz, "clz.b32")

__device__ __forceinline__ u32 ptx_bfe(u32 a, u32 start, u32 len)
{
    u32 r;
    asm("bfe.u32 %0, %1, %2, %3;" : "=r"(r) : "r"(a), "r"(start), "r"(len));
    return r;
}

__device__ __forceinline__ u32 ptx_bfi(u32 field, u32 into, u32 start, u32 len)
{
    u32 r;
    asm("bfi.b32 %0, %1, %2, %3, %4;" : "=r"(r) : "r"(field), "r"(into), "r"(start), "r"(len));
    return r;
}

// 0x96: a ^ b ^ c; 0xE8: majority
template <int TABLE>
__device__ __forceinline__ u32 ptx_lop3(u32 a, u32 b, u32 c)
{
    u32 r;
    asm("lop3.b32 %0, %1, %2, %3, %4;" : "=r"(r) : "r"(a), "r"(b), "r"(c), "n"(TABLE));
    return r;
}

__device__ __forceinline__ u32 ptx_prmt(u32 a, u32 b, u32 selector)
{
    u32 r;
    asm("prmt.b32 %0, %1, %2, %3;" : "=r"(r) : "r"(a), "r"(b), "r"(selector));
    return r;
}

__device__ __forceinline__ u32 ptx_mad(u32 a, u32 b, u32 c)
{
    asm volatile("mad.lo.u32 %0, %0, %1, %2;" : "+r"(a) : "r"(b), "r"(c));
    return a;
}

__device__ __forceinline__ u32 ptx_mulhi(u32 a, u32 b)
{
    u32 r;
    asm("mul.hi.u32 %0, %1, %2;" : "=r"(r) : "r"(a), "r"(b));
    return r;
}

// min through a predicate
__device__ __forceinline__ u32 ptx_min_select(u32 a, u32 b)
{
    u32 r;
    asm("{\n\t"
        ".reg .pred p;\n\t"
        "setp.lt.u32 p, %1, %2;\n\t"
        "selp.u32 %0, %1, %2, p;\n\t"
        "}"
        : "=r"(r) : "r"(a), "r"(b));
    return r;
}

__device__ __forceinline__ u32 lane_id()
{
    u32 lane;
    asm volatile("mov.u32 %0, %%laneid;" : "=r"(lane));
    return lane;
}

__global__ void tricks_ptx(const u32 *in, u32 *out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    u32 a = in[i], b = in[(i + 1) % n], c = in[(i + 7) % n];
    u32 *o = out + (size_t)i * N_TRICKS;
    o[0] = ptx_popc(a);
    o[1] = ptx_brev(a);
    o[2] = ptx_clz(a >> (b & 31));
    o[3] = ptx_bfe(a, b & 31, 1 + (c & 15));
    o[4] = ptx_bfi(a, b, c & 15, 9);
    o[5] = ptx_lop3<0x96>(a, b, c);
    o[6] = ptx_lop3<0xE8>(a, b, c);
    o[7] = ptx_prmt(a, b, 0x0527);
    o[8] = ptx_mad(a, b, c);
    o[9] = ptx_mulhi(a, b);
    o[10] = ptx_min_select(a, b);
    o[11] = lane_id();
}

__global__ void tricks_intrinsics(const u32 *in, u32 *out, u64 *wide, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    u32 a = in[i], b = in[(i + 1) % n], c = in[(i + 7) % n];
    u32 *o = out + (size_t)i * N_TRICKS;
    o[0] = __popc(a);
    o[1] = __brev(a);
    o[2] = __clz((int)(a >> (b & 31)));
    o[3] = (a >> (b & 31)) & ((2u << (c & 15)) - 1);
    o[4] = (b & ~(511u << (c & 15))) | ((a & 511u) << (c & 15));
    o[5] = a ^ b ^ c;
    o[6] = (a & b) | (c & (a | b));
    o[7] = __byte_perm(a, b, 0x0527);
    o[8] = a * b + c;
    o[9] = __umulhi(a, b);
    o[10] = min(a, b);
    o[11] = threadIdx.x % warpSize;

    u64 ab = (u64)a << 32 | b;
    wide[4 * i + 0] = __popcll(ab) * 100 + __clzll((long long)(ab >> (c & 63))) * 1000000ull + __ffs((int)a);
    wide[4 * i + 1] = __brevll(ab);
    wide[4 * i + 2] = (u64)__funnelshift_l(a, b, c) << 32 | __funnelshift_r(a, b, c);
    wide[4 * i + 3] = __umul64hi(ab, ab ^ 0x9E3779B97F4A7C15ull) ^ (u64)__ffsll((long long)(ab & -ab)) ^ (u64)(u32)__mulhi((int)a, (int)b);
}

static int bit(u32 v, int k) { return k < 32 ? v >> k & 1 : 0; }

static int check(const u32 *in, const u32 *p, const u32 *q, const u64 *wide, int n)
{
    int wrong = 0;
    for (int i = 0; i < n; i++) {
        u32 a = in[i], b = in[(i + 1) % n], c = in[(i + 7) % n], want[N_TRICKS];
        memset(want, 0, sizeof want);
        int start = b & 31, len = 1 + (c & 15), at = c & 15;
        for (int k = 0; k < 32; k++) { // bit by bit
            want[0] += bit(a, k);
            want[1] |= (u32)bit(a, k) << (31 - k);
            if (a >> start >> k) want[2] = 31 - k;
            if (k < len) want[3] |= (u32)bit(a, start + k) << k;
            want[4] |= (u32)(k >= at && k < at + 9 ? bit(a, k - at) : bit(b, k)) << k;
            want[5] |= (u32)((bit(a, k) + bit(b, k) + bit(c, k)) % 2) << k;
            want[6] |= (u32)(bit(a, k) + bit(b, k) + bit(c, k) >= 2) << k;
        }
        if (a >> start == 0) want[2] = 32;
        const unsigned char *ba = (const unsigned char *)&a, *bb = (const unsigned char *)&b;
        want[7] = (u32)bb[3] | (u32)ba[2] << 8 | (u32)bb[1] << 16 | (u32)ba[0] << 24;
        want[8] = (u32)((u64)a * b % 4294967296ull + c);
        want[9] = (u32)((u64)a * b >> 32);
        want[10] = a < b ? a : b;
        want[11] = (u32)(i % 96 % 32);
        for (int k = 0; k < N_TRICKS; k++) {
            if (p[i * N_TRICKS + k] != want[k] || q[i * N_TRICKS + k] != want[k]) {
                if (wrong++ < 5) printf("trick %d of %d: %08x %08x, not %08x\n", k, i, p[i * N_TRICKS + k], q[i * N_TRICKS + k], want[k]);
            }
        }
        u64 ab = (u64)a << 32 | b, reversed = 0, pop = 0, lead = 64, first = 0, first64 = 0;
        for (int k = 63; k >= 0; k--) {
            pop += ab >> k & 1;
            reversed |= (ab >> k & 1) << (63 - k);
            if (ab >> k & 1) first64 = k + 1;
            if (k < 32 && bit(a, k)) first = k + 1;
        }
        u64 shifted = ab >> (c & 63);
        while (shifted) { shifted >>= 1; lead--; }
        unsigned s = c & 31;
        u64 ba64 = (u64)b << 32 | a;
        u64 funnel = (ba64 << s >> 32) << 32 | (u32)(ba64 >> s);
        u64 high = (u64)(((unsigned __int128)ab * (ab ^ 0x9E3779B97F4A7C15ull)) >> 64);
        u64 signedHigh = (u32)(((long long)(int)a * (int)b) >> 32);
        wrong += wide[4 * i] != pop * 100 + lead * 1000000 + first;
        wrong += wide[4 * i + 1] != reversed;
        wrong += wide[4 * i + 2] != funnel;
        wrong += wide[4 * i + 3] != (high ^ first64 ^ signedHigh);
    }
    return wrong;
}

int main(void)
{
    const int n = COUNT;
    u32 *in, *p, *q;
    u64 *wide;
    cudaMallocManaged((void **)&in, n * sizeof(u32), cudaMemAttachGlobal);
    cudaMallocManaged((void **)&p, n * N_TRICKS * sizeof(u32), cudaMemAttachGlobal);
    cudaMallocManaged((void **)&q, n * N_TRICKS * sizeof(u32), cudaMemAttachGlobal);
    cudaMallocManaged((void **)&wide, n * 4 * sizeof(u64), cudaMemAttachGlobal);
    u32 x = 1u;
    for (int i = 0; i < n; i++) {
        x = x * 1664525u + 1013904223u;
        in[i] = i < 33 ? (i == 32 ? 0u : 1u << i) : x ^ x >> 15;
    }
    int blocks = (n + 95) / 96;
    tricks_ptx<<<blocks, 96>>>(in, p, n);
    tricks_intrinsics<<<blocks, 96>>>(in, q, wide, n);
    if (cudaDeviceSynchronize() != cudaSuccess) {
        printf("FAIL\n");
        return 2;
    }
    int wrong = check(in, p, q, wide, n);
    printf(wrong ? "%d wrong\nFAIL\n" : "%d wrong\nPASS\n", wrong);
    cudaFree(in); cudaFree(p); cudaFree(q); cudaFree(wide);
    return wrong ? 1 : 0;
}
