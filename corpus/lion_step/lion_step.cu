// Lion optimiser: the update is the sign of an interpolated momentum. One exported function, two element types.
#include <cuda_fp16.h>
#include <cuda_runtime.h>

typedef struct lion_params {
    float lr;
    float beta1;
    float beta2;
    float weight_decay;
    int   n;
} lion_params;

enum lion_dtype { LION_FLOAT32 = 0, LION_FLOAT16 = 1 };

__device__ __forceinline__ float load_f(const float *p, int i) { return __ldg(p + i); }
__device__ __forceinline__ float load_f(const __half *p, int i) { return __half2float(__ldg(p + i)); }

__device__ __forceinline__ float sign_of(float v) { return v > 0.0f ? 1.0f : (v < 0.0f ? -1.0f : 0.0f); }

template <typename grad_t>
__global__ void lion_kernel(float *__restrict__ weight, const grad_t *__restrict__ grad, float *__restrict__ momentum,
                            lion_params p)
{
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < p.n; i += blockDim.x * gridDim.x) {
        const float g = load_f(grad, i);
        const float m = momentum[i];
        const float w = weight[i];
        const float update = sign_of(p.beta1 * m + (1.0f - p.beta1) * g);
        weight[i] = w - p.lr * (update + p.weight_decay * w);
        momentum[i] = p.beta2 * m + (1.0f - p.beta2) * g;
    }
}

// zeroes momentum wherever a mask bit is set: 32 elements a word
__global__ void lion_reset(float *momentum, const unsigned *mask, int n)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n && ((mask[i >> 5] >> (i & 31)) & 1u))
        momentum[i] = 0.0f;
}

#if defined(_WIN32)
#define LION_API extern "C" __declspec(dllexport)
#else
#define LION_API extern "C"
#endif

LION_API int lion_step(float *weight, const void *grad, int dtype, float *momentum, const unsigned *reset_mask,
                       const lion_params *params, void *stream)
{
    cudaStream_t s = (cudaStream_t)stream;
    const lion_params p = *params;
    if (p.n == 0)
        return 0;
    const int threads = 256;
    const int blocks = (p.n + threads - 1) / threads;
    if (reset_mask != nullptr)
        lion_reset<<<blocks, threads, 0, s>>>(momentum, reset_mask, p.n);
    switch (dtype) {
    case LION_FLOAT32:
        lion_kernel<float><<<blocks < 64 ? blocks : 64, threads, 0, s>>>(weight, (const float *)grad, momentum, p);
        break;
    case LION_FLOAT16:
        lion_kernel<__half><<<blocks < 64 ? blocks : 64, threads, 0, s>>>(weight, (const __half *)grad, momentum, p);
        break;
    default:
        return -1;
    }
    return (int)cudaGetLastError();
}
