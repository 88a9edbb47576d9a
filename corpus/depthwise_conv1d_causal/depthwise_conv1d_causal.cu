// Causal depthwise 1-D convolution of state space models: out[t] = act(bias + sum_w weight[w] * x[t - W + 1 + w]).
// Kernels only; an extension module launches them.

#include <cuda_runtime.h>

struct ConvParams {
    int batch;
    int dim;
    int seqlen;
    bool silu;
};

template <typename T>
__device__ __forceinline__ T activate(T v, bool silu) {
    return silu ? v / (T(1) + exp(-v)) : v;
}

// One block a (batch, channel) row. Each thread walks over a chunk of the sequence.
template <typename T, int kWidth>
__global__ void causal_conv1d_fwd(const ConvParams params, const T* __restrict__ x, const T* __restrict__ weight,
                                  const T* __restrict__ bias, T* __restrict__ out) {
    const int channel = blockIdx.x % params.dim;
    const int row = blockIdx.x;  // batch * dim + channel
    const T* xr = x + (size_t)row * params.seqlen;
    T* outr = out + (size_t)row * params.seqlen;

    T w[kWidth];
    #pragma unroll
    for (int i = 0; i < kWidth; ++i) w[i] = weight[channel * kWidth + i];
    const T b = bias == nullptr ? T(0) : bias[channel];

    const int chunk = (params.seqlen + blockDim.x - 1) / blockDim.x;
    const int start = threadIdx.x * chunk;
    const int stop = min(start + chunk, params.seqlen);

    T window[kWidth];
    #pragma unroll
    for (int i = 1; i < kWidth; ++i) {
        const int t = start - kWidth + i;
        window[i] = t >= 0 && t < params.seqlen ? xr[t] : T(0);
    }
    for (int t = start; t < stop; ++t) {
        T sum = b;
        #pragma unroll
        for (int i = 0; i < kWidth - 1; ++i) {
            window[i] = window[i + 1];
            sum += w[i] * window[i];
        }
        window[kWidth - 1] = xr[t];
        sum += w[kWidth - 1] * window[kWidth - 1];
        outr[t] = activate(sum, params.silu);
    }
}

// Decoding: one new value a channel; the state holds the last kWidth - 1 inputs and is shifted.
template <typename T, int kWidth>
__global__ void causal_conv1d_update(const ConvParams params, const T* __restrict__ x, T* __restrict__ state,
                                     const T* __restrict__ weight, T* __restrict__ out) {
    const int channel = blockIdx.x * blockDim.x + threadIdx.x;
    if (channel >= params.dim) return;
    const size_t row = (size_t)blockIdx.y * params.dim + channel;
    T* s = state + row * (kWidth - 1);
    T sum = 0;
    #pragma unroll
    for (int i = 0; i < kWidth - 1; ++i) {
        sum += weight[channel * kWidth + i] * s[i];
        s[i] = i + 1 < kWidth - 1 ? s[i + 1] : x[row];
    }
    sum += weight[channel * kWidth + kWidth - 1] * x[row];
    out[row] = activate(sum, params.silu);
}

template __global__ void causal_conv1d_fwd<float, 4>(const ConvParams, const float*, const float*, const float*, float*);
template __global__ void causal_conv1d_update<float, 4>(const ConvParams, const float*, float*, const float*, float*);
