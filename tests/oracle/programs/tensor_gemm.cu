// Half-precision product of matrices: cp.async in three stages, ldmatrix, mma; against a plain loop. All values are multiples
// of 1/8 below 1, so every sum is exact.
#include <cuda_runtime.h>
#include <cuda_fp16.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <math.h>
#define CHECK(x) do { cudaError_t e_ = (x); if (e_ != cudaSuccess) { fprintf(stderr, "%s:%d %s\n", __FILE__, __LINE__, cudaGetErrorString(e_)); exit(1); } } while (0)
#define CP_ASYNC_CG(dst, src, Bytes) \
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], %2;\n" ::"r"(dst), "l"(src), "n"(Bytes))
#define CP_ASYNC_COMMIT_GROUP() asm volatile("cp.async.commit_group;\n" ::)
#define CP_ASYNC_WAIT_GROUP(N) asm volatile("cp.async.wait_group %0;\n" ::"n"(N))
#define LDMATRIX_X4(R0, R1, R2, R3, addr)                                             \
    asm volatile("ldmatrix.sync.aligned.x4.m8n8.shared.b16 {%0, %1, %2, %3}, [%4];\n" \
                 : "=r"(R0), "=r"(R1), "=r"(R2), "=r"(R3)                             \
                 : "r"(addr))
#define LDMATRIX_X2(R0, R1, addr) \
    asm volatile("ldmatrix.sync.aligned.x2.m8n8.shared.b16 {%0, %1}, [%2];\n" : "=r"(R0), "=r"(R1) : "r"(addr))
#define HMMA16816(RD0, RD1, RA0, RA1, RA2, RA3, RB0, RB1, RC0, RC1)                                                    \
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {%0, %1}, {%2, %3, %4, %5}, {%6, %7}, {%8, %9};\n" \
                 : "=r"(RD0), "=r"(RD1)                                                                                \
                 : "r"(RA0), "r"(RA1), "r"(RA2), "r"(RA3), "r"(RB0), "r"(RB1), "r"(RC0), "r"(RC1))
constexpr int BM = 64, BN = 64, BK = 32, WM = 32, WN = 32;
template <int STAGES>
__global__ void __launch_bounds__(128) hgemm(const half* __restrict__ A, const half* __restrict__ B, half* __restrict__ C, size_t M, size_t N, size_t K) {
    extern __shared__ half smem[];
    half (*As)[BM][BK + 8] = reinterpret_cast<half (*)[BM][BK + 8]>(smem);
    half (*Bs)[BN][BK + 8] = reinterpret_cast<half (*)[BN][BK + 8]>(smem + STAGES * BM * (BK + 8));
    const int warp_id = threadIdx.x / 32, lane_id = threadIdx.x & 31;
    const int wm = (warp_id / 2) * WM, wn = (warp_id % 2) * WN;
    const size_t bm = blockIdx.y * BM, bn = blockIdx.x * BN;
    uint32_t RC[2][4][2] = {};
    auto load = [&](int stage, int k0) {
        #pragma unroll
        for (int i = threadIdx.x; i < BM * BK / 8; i += blockDim.x) {
            int r = i / (BK / 8), c = i % (BK / 8) * 8;
            uint32_t dst = __cvta_generic_to_shared(&As[stage][r][c]);
            CP_ASYNC_CG(dst, (const int4*)(A + (bm + r) * K + k0 + c), 16);
            dst = __cvta_generic_to_shared(&Bs[stage][r][c]);
            CP_ASYNC_CG(dst, (const int4*)(B + (bn + r) * K + k0 + c), 16);
        }
        CP_ASYNC_COMMIT_GROUP();
    };
    const int nk = K / BK;
    for (int s = 0; s < STAGES - 1 && s < nk; ++s) load(s, s * BK);
    for (int kt = 0; kt < nk; ++kt) {
        CP_ASYNC_WAIT_GROUP(STAGES - 2);
        __syncthreads();
        if (kt + STAGES - 1 < nk) load((kt + STAGES - 1) % STAGES, (kt + STAGES - 1) * BK); else CP_ASYNC_COMMIT_GROUP();
        const int st = kt % STAGES;
        #pragma unroll
        for (int kk = 0; kk < BK; kk += 16) {
            uint32_t RA[2][4], RB[4][2];
            for (int i = 0; i < 2; ++i) {
                uint32_t addr = __cvta_generic_to_shared(&As[st][wm + i * 16 + lane_id % 16][kk + (lane_id / 16) * 8]);
                LDMATRIX_X4(RA[i][0], RA[i][1], RA[i][2], RA[i][3], addr);
            }
            for (int j = 0; j < 4; ++j) {
                uint32_t addr = __cvta_generic_to_shared(&Bs[st][wn + j * 8 + lane_id % 8][kk + ((lane_id / 8) % 2) * 8]);
                LDMATRIX_X2(RB[j][0], RB[j][1], addr);
            }
            for (int i = 0; i < 2; ++i)
                for (int j = 0; j < 4; ++j) HMMA16816(RC[i][j][0], RC[i][j][1], RA[i][0], RA[i][1], RA[i][2], RA[i][3], RB[j][0], RB[j][1], RC[i][j][0], RC[i][j][1]);
        }
    }
    for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 4; ++j) {
            *((uint32_t*)(&C[(bm + wm + i * 16 + lane_id / 4) * N + bn + wn + j * 8]) + lane_id % 4) = RC[i][j][0];
            *((uint32_t*)(&C[(bm + wm + i * 16 + lane_id / 4 + 8) * N + bn + wn + j * 8]) + lane_id % 4) = RC[i][j][1];
        }
}
int main() {
    const int M = 128, N = 128, K = 128;
    half *hA = (half*)malloc(M * K * 2), *hB = (half*)malloc(N * K * 2), *hC = (half*)malloc(M * N * 2), *A, *B, *C;
    srand(3);
    for (int i = 0; i < M * K; ++i) hA[i] = __float2half((rand() % 9 - 4) / 8.f);
    for (int i = 0; i < N * K; ++i) hB[i] = __float2half((rand() % 9 - 4) / 8.f);
    CHECK(cudaMalloc(&A, M * K * 2)); CHECK(cudaMalloc(&B, N * K * 2)); CHECK(cudaMalloc(&C, M * N * 2));
    CHECK(cudaMemcpy(A, hA, M * K * 2, cudaMemcpyHostToDevice)); CHECK(cudaMemcpy(B, hB, N * K * 2, cudaMemcpyHostToDevice));
    size_t sm = 3 * (BM + BN) * (BK + 8) * sizeof(half);
    CHECK(cudaFuncSetAttribute(hgemm<3>, cudaFuncAttributeMaxDynamicSharedMemorySize, sm));
    hgemm<3><<<dim3(N / BN, M / BM), 128, sm>>>(A, B, C, M, N, K);
    CHECK(cudaGetLastError()); CHECK(cudaDeviceSynchronize());
    CHECK(cudaMemcpy(hC, C, M * N * 2, cudaMemcpyDeviceToHost));
    double worst = 0;
    for (int i = 0; i < M; ++i) for (int j = 0; j < N; ++j) { float s = 0; for (int k = 0; k < K; ++k) s += __half2float(hA[i * K + k]) * __half2float(hB[j * K + k]); worst = fmax(worst, fabs(s - __half2float(hC[i * N + j]))); }
    puts(worst == 0 ? "PASS" : "FAIL");
}
// expect: PASS
