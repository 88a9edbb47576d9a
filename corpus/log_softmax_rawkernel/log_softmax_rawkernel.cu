// log_softmax along the last axis: forward and backward. Strings like this one go to cupy.RawModule.
#define NEG_BIG -3.402823466e+38f

extern "C" __global__
void log_softmax_forward(const float* __restrict__ x, float* __restrict__ y, const int rows, const int cols)
{
    extern __shared__ float cache[];
    const int row = blockIdx.x, tid = threadIdx.x;
    if (row >= rows)          // the whole block
        return;
    x += (size_t)row * cols;
    y += (size_t)row * cols;

    float top = NEG_BIG;
    for (int c = tid; c < cols; c += blockDim.x)
        top = fmaxf(top, x[c]);
    cache[tid] = top;
    __syncthreads();
    for (int s = blockDim.x >> 1; s > 0; s >>= 1) {
        if (tid < s) cache[tid] = fmaxf(cache[tid], cache[tid + s]);
        __syncthreads();
    }
    top = cache[0];
    __syncthreads();

    float sum = 0.f;
    for (int c = tid; c < cols; c += blockDim.x)
        sum += __expf(x[c] - top);
    cache[tid] = sum;
    __syncthreads();
    for (int s = blockDim.x >> 1; s > 0; s >>= 1) {
        if (tid < s) cache[tid] += cache[tid + s];
        __syncthreads();
    }
    const float shift = top + __logf(cache[0]);
    for (int c = tid; c < cols; c += blockDim.x)
        y[c] = x[c] - shift;
}

// dx = dy - exp(y) * sum(dy); dx may be dy
extern "C" __global__
void log_softmax_backward(const float* dy, const float* __restrict__ y, float* dx, int rows, int cols)
{
    extern __shared__ float cache[];
    const int tid = threadIdx.x;
    for (int row = blockIdx.x; row < rows; row += gridDim.x) {
        const size_t base = (size_t)row * cols;
        float sum = 0.f;
        for (int c = tid; c < cols; c += blockDim.x)
            sum += dy[base + c];
        cache[tid] = sum;
        __syncthreads();
        for (int s = blockDim.x >> 1; s > 0; s >>= 1) {
            if (tid < s) cache[tid] += cache[tid + s];
            __syncthreads();
        }
        sum = cache[0];
        __syncthreads();
        for (int c = tid; c < cols; c += blockDim.x)
            dx[base + c] = dy[base + c] - __expf(y[base + c]) * sum;
    }
}
