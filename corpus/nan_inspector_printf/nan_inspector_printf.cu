// Looks through tensors for values that will break a training run: NaN, infinities, denormals, outliers.
// The first culprit is reported from the device.
#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cuda_runtime.h>

enum Kind { FINITE, NOT_A_NUMBER, INFINITE, DENORMAL, KINDS };

typedef struct
{
    unsigned int counts[KINDS];
    unsigned int outliers;
    int          first_bad;      // lowest index of a NaN or an infinity
    float        lo, hi;         // of the finite values; filled in by the second kernel
} Report;

typedef bool (*Judge)(float value, float limit);

__device__ bool judge_abs(float value, float limit) { return fabsf(value) > limit; }
__device__ bool judge_above(float value, float limit) { return value > limit; }
__device__ bool judge_below(float value, float limit) { return value < -limit; }

__device__ Judge const d_judges[3] = {judge_abs, judge_above, judge_below};

__device__ Kind classify(float value)
{
    const unsigned int bits = __float_as_uint(value);
    const unsigned int exponent = bits >> 23 & 0xff, mantissa = bits & 0x7fffff;
    switch (exponent)
    {
    case 0xff:
        return mantissa ? NOT_A_NUMBER : INFINITE;
    case 0:
        if (mantissa)
            return DENORMAL;
        // zero: as any finite number
    default:
        return FINITE;
    }
}

__global__ void inspect(const float *data, int n, int judge, float limit, Report *report)
{
    assert(judge >= 0 && judge < 3);
    const Judge is_outlier = d_judges[judge];
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x)
    {
        const Kind kind = classify(data[i]);
        atomicAdd(&report->counts[kind], 1u);
        if (kind == NOT_A_NUMBER || kind == INFINITE)
        {
            assert(isnan(data[i]) || isinf(data[i]));
            atomicMin(&report->first_bad, i);
        }
        else if (is_outlier(data[i], limit))
            atomicAdd(&report->outliers, 1u);
    }
}

// one block; also tells what was found
__global__ void summarize(const float *data, int n, Report *report)
{
    __shared__ float s_lo[64], s_hi[64];
    const int t = threadIdx.x;
    float lo = INFINITY, hi = -INFINITY;
    for (int i = t; i < n; i += blockDim.x)
        if (isfinite(data[i]))
        {
            lo = fminf(lo, data[i]);
            hi = fmaxf(hi, data[i]);
        }
    s_lo[t] = lo;
    s_hi[t] = hi;
    __syncthreads();
    if (t == 0)
    {
        for (int k = 1; k < blockDim.x; k++)
        {
            lo = fminf(lo, s_lo[k]);
            hi = fmaxf(hi, s_hi[k]);
        }
        report->lo = lo;
        report->hi = hi;
        if (report->first_bad != INT_MAX)
            printf("device: first bad value at %d, %u NaN, %u Inf\n", report->first_bad, report->counts[NOT_A_NUMBER],
                   report->counts[INFINITE]);
        else
            printf("device: clean, %.3f to %.3f, %u denormals\n", lo, hi, report->counts[DENORMAL]);
    }
}

#define CHECK(call)                                                                         \
    {                                                                                       \
        const cudaError_t error = call;                                                     \
        if (error != cudaSuccess)                                                           \
        {                                                                                   \
            printf("Error: %s:%d, code: %d, reason: %s\n", __FILE__, __LINE__, error, cudaGetErrorString(error)); \
            exit(1);                                                                        \
        }                                                                                   \
    }

int main(int argc, char **argv)
{
    const int n = argc > 1 ? atoi(argv[1]) : 4001;
    float *data;
    Report *report;
    CHECK(cudaMallocManaged(&data, n * sizeof(float)));
    CHECK(cudaMallocManaged(&report, sizeof(Report)));

    int failures = 0;
    for (int round = 0; round < 3; round++)
    {
        // values k/8 in a known range; then known spoilers at known places
        Report want;
        memset(&want, 0, sizeof want);
        want.first_bad = INT_MAX;
        for (int i = 0; i < n; i++)
            data[i] = (i % 801 - 400) / 8.0f;
        const int every = 97;
        int spoiled = 0;
        for (int i = 50; round > 0 && i < n; i += every, spoiled++)
            switch (spoiled % 4)
            {
            case 0: data[i] = 1e-40f; want.counts[DENORMAL]++; break;
            case 1: data[i] = round == 2 ? NAN : 2e-39f; want.counts[round == 2 ? NOT_A_NUMBER : DENORMAL]++; break;
            case 2: data[i] = round == 2 ? -INFINITY : 3e-38f; want.counts[round == 2 ? INFINITE : FINITE]++; break;
            case 3: data[i] = -1e-45f; want.counts[DENORMAL]++; break;
            }
        want.counts[FINITE] += n - spoiled;
        if (round == 2 && n > 50 + every) want.first_bad = 50 + every;
        const float limit = 49.0f;
        for (int i = 0; i < n; i++)    // in eighths: beyond 392
        {
            const bool replaced = round > 0 && i >= 50 && (i - 50) % every == 0;
            const int k = i % 801 - 400;
            if (!replaced) want.outliers += round == 0 ? k > 392 || k < -392 : round == 1 ? k > 392 : k < -392;
        }

        memset(report, 0, sizeof *report);
        report->first_bad = INT_MAX;
        inspect<<<5, 96>>>(data, n, round, limit, report);
        CHECK(cudaGetLastError());
        summarize<<<1, 64>>>(data, n, report);
        CHECK(cudaDeviceSynchronize());

        int ok = report->first_bad == want.first_bad && report->outliers == want.outliers;
        for (int k = 0; k < KINDS; k++) ok = ok && report->counts[k] == want.counts[k];
        if (n >= 801 + every) ok = ok && report->lo == -50.0f && report->hi == 50.0f;
        printf("round %d: %u finite, %u denormal, %u outliers: %s\n", round, report->counts[FINITE],
               report->counts[DENORMAL], report->outliers, ok ? "ok" : "wrong");
        failures += !ok;
    }
    CHECK(cudaFree(data));
    CHECK(cudaFree(report));
    printf("%s\n", failures ? "FAIL" : "PASS");
    return failures;
}
