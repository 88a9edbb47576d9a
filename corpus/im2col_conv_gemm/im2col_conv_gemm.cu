// Convolution layer as a matrix product: im2col -> gemm, and the gradient of its input by gemm -> col2im.
#include <cuda_runtime.h>
#include <cmath>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <vector>

#define KERNEL_FOR(i, n) for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < (n); i += blockDim.x * gridDim.x)
#define ASSERT_CUDA(x)                                                                        \
    do {                                                                                      \
        cudaError_t code = (x);                                                               \
        if (code != cudaSuccess) {                                                            \
            std::ostringstream message;                                                       \
            message << __FILE__ << ':' << __LINE__ << ": " << cudaGetErrorString(code);       \
            throw std::runtime_error(message.str());                                          \
        }                                                                                     \
    } while (0)

struct ConvShape {
    int channels, height, width, outputs, kernel, pad, stride, dilation;
    __host__ __device__ int outHeight() const { return (height + 2 * pad - (dilation * (kernel - 1) + 1)) / stride + 1; }
    __host__ __device__ int outWidth() const { return (width + 2 * pad - (dilation * (kernel - 1) + 1)) / stride + 1; }
    __host__ __device__ int colRows() const { return channels * kernel * kernel; }
    __host__ __device__ int colCols() const { return outHeight() * outWidth(); }
};

// one comparison for 0 <= a < b
__device__ __forceinline__ bool inside(int a, int b) { return static_cast<unsigned>(a) < static_cast<unsigned>(b); }

__global__ void im2col(const float* image, float* col, const ConvShape s) {
    const int ow = s.outWidth(), oh = s.outHeight();
    KERNEL_FOR(i, s.channels * oh * ow) {
        const int x = i % ow, y = i / ow % oh, c = i / ow / oh;
        const int x0 = x * s.stride - s.pad, y0 = y * s.stride - s.pad;
        float* out = col + (c * s.kernel * s.kernel * oh + y) * ow + x;
        const float* in = image + c * s.height * s.width;
        for (int ky = 0; ky < s.kernel; ++ky)
            for (int kx = 0; kx < s.kernel; ++kx) {
                const int iy = y0 + ky * s.dilation, ix = x0 + kx * s.dilation;
                *out = inside(iy, s.height) && inside(ix, s.width) ? in[iy * s.width + ix] : 0.0f;
                out += oh * ow;
            }
    }
}

// gathers, so no atomics
__global__ void col2im(const float* col, float* image, const ConvShape* shape) {
    const ConvShape s = *shape;
    const int ow = s.outWidth(), oh = s.outHeight();
    KERNEL_FOR(i, s.channels * s.height * s.width) {
        const int x = i % s.width + s.pad, y = i / s.width % s.height + s.pad, c = i / s.width / s.height;
        float sum = 0.0f;
        for (int ky = 0; ky < s.kernel; ++ky) {
            const int dy = y - ky * s.dilation;
            if (dy < 0 || dy % s.stride) continue;
            for (int kx = 0; kx < s.kernel; ++kx) {
                const int dx = x - kx * s.dilation;
                if (dx < 0 || dx % s.stride) continue;
                if (dy / s.stride < oh && dx / s.stride < ow)
                    sum += col[((c * s.kernel + ky) * s.kernel + kx) * oh * ow + dy / s.stride * ow + dx / s.stride];
            }
        }
        image[i] = sum;
    }
}

// C (m x n) = op(A) (m x k) * B (k x n) + bias of the row
template <bool TransA>
__global__ void gemm(const float* A, const float* B, const float* bias, float* C, int m, int n, int k) {
    constexpr int T = 8;
    __shared__ float a[T][T], b[T][T];
    const int row = blockIdx.y * T + threadIdx.y, col = blockIdx.x * T + threadIdx.x;
    float sum = bias != nullptr && row < m ? bias[row] : 0.0f;
    for (int t = 0; t < (k + T - 1) / T; ++t) {
        const int ka = t * T + threadIdx.x, kb = t * T + threadIdx.y;
        a[threadIdx.y][threadIdx.x] = row < m && ka < k ? (TransA ? A[ka * m + row] : A[row * k + ka]) : 0.0f;
        b[threadIdx.y][threadIdx.x] = kb < k && col < n ? B[kb * n + col] : 0.0f;
        __syncthreads();
        for (int q = 0; q < T; ++q) sum += a[threadIdx.y][q] * b[q][threadIdx.x];
        __syncthreads();
    }
    if (row < m && col < n) C[row * n + col] = sum;
}

class DeviceVector {
public:
    explicit DeviceVector(size_t n) : n_(n) { ASSERT_CUDA(cudaMalloc((void**)&p_, n * sizeof(float))); ++alive; }
    explicit DeviceVector(const std::vector<float>& v) : DeviceVector(v.size()) {
        ASSERT_CUDA(cudaMemcpy(p_, v.data(), n_ * sizeof(float), cudaMemcpyHostToDevice));
    }
    ~DeviceVector() { cudaFree(p_); --alive; }
    DeviceVector(DeviceVector&& o) noexcept : p_(o.p_), n_(o.n_) { o.p_ = nullptr; ++alive; }
    float* operator+() { return p_; }
    std::vector<float> get() const {
        std::vector<float> v(n_);
        ASSERT_CUDA(cudaMemcpy(v.data(), p_, n_ * sizeof(float), cudaMemcpyDeviceToHost));
        return v;
    }
    static int alive;
private:
    float* p_ = nullptr;
    size_t n_;
};
int DeviceVector::alive = 0;

static DeviceVector multiply(bool transA, DeviceVector& a, DeviceVector& b, float* bias, int m, int n, int k) {
    DeviceVector c(static_cast<size_t>(m) * n);
    const dim3 block(8, 8), grid((n + 7) / 8, (m + 7) / 8);
    if (transA) gemm<true><<<grid, block>>>(+a, +b, bias, +c, m, n, k);
    else gemm<false><<<grid, block>>>(+a, +b, bias, +c, m, n, k);
    ASSERT_CUDA(cudaGetLastError());
    return c;
}

static bool test(const ConvShape& s) {
    const int oh = s.outHeight(), ow = s.outWidth(), taps = s.colRows();
    std::vector<float> image(s.channels * s.height * s.width), weight(s.outputs * taps), bias(s.outputs), dy(s.outputs * oh * ow);
    // eighths and quarters: all results are exact
    for (size_t i = 0; i < image.size(); ++i) image[i] = static_cast<int>(i * 29 % 31 - 15) / 8.0f;
    for (size_t i = 0; i < weight.size(); ++i) weight[i] = static_cast<int>(i * 11 % 17 - 8) / 4.0f;
    for (size_t i = 0; i < bias.size(); ++i) bias[i] = i - 1.0f;
    for (size_t i = 0; i < dy.size(); ++i) dy[i] = static_cast<int>(i * 7 % 13 - 6) / 2.0f;

    DeviceVector dimage(image), dweight(weight), dbias(bias), ddy(dy), col(static_cast<size_t>(taps) * oh * ow), dx(image.size());
    im2col<<<3, 96>>>(+dimage, +col, s);
    ASSERT_CUDA(cudaGetLastError());
    DeviceVector y = multiply(false, dweight, col, +dbias, s.outputs, oh * ow, taps);
    DeviceVector dcol = multiply(true, dweight, ddy, nullptr, taps, oh * ow, s.outputs);
    ConvShape* dshape;
    ASSERT_CUDA(cudaMalloc((void**)&dshape, sizeof s));
    ASSERT_CUDA(cudaMemcpy(dshape, &s, sizeof s, cudaMemcpyHostToDevice));
    col2im<<<(image.size() + 127) / 128, 128>>>(+dcol, +dx, dshape);
    ASSERT_CUDA(cudaGetLastError());

    // reference: every input value is sent to all the outputs it reaches
    std::vector<double> want(dy.size());
    std::vector<double> back(image.size());
    for (size_t i = 0; i < want.size(); ++i) want[i] = bias[i / (oh * ow)];
    for (int c = 0; c < s.channels; ++c)
        for (int iy = 0; iy < s.height; ++iy)
            for (int ix = 0; ix < s.width; ++ix)
                for (int tap = 0; tap < s.kernel * s.kernel; ++tap) {
                    const int ny = iy + s.pad - tap / s.kernel * s.dilation, nx = ix + s.pad - tap % s.kernel * s.dilation;
                    if (ny < 0 || nx < 0 || ny % s.stride || nx % s.stride || ny / s.stride >= oh || nx / s.stride >= ow) continue;
                    const int o = ny / s.stride * ow + nx / s.stride, in = (c * s.height + iy) * s.width + ix;
                    for (int f = 0; f < s.outputs; ++f) {
                        const double w = weight[f * taps + c * s.kernel * s.kernel + tap];
                        want[f * oh * ow + o] += w * image[in];
                        back[in] += w * dy[f * oh * ow + o];
                    }
                }
    const auto gotY = y.get(), gotX = dx.get();
    cudaFree(dshape);
    int wrong = 0;
    for (size_t i = 0; i < want.size(); ++i) wrong += gotY[i] != want[i];
    for (size_t i = 0; i < back.size(); ++i) wrong += gotX[i] != back[i];
    std::cout << s.channels << "x" << s.height << "x" << s.width << " -> " << s.outputs << "x" << oh << "x" << ow << ": " << wrong << " wrong\n";
    return wrong == 0;
}

int main() {
    try {
        const bool a = test({3, 13, 17, 5, 3, 1, 1, 1});
        const bool b = test({2, 20, 11, 4, 3, 2, 2, 2});
        const bool c = test({1, 9, 9, 9, 1, 0, 3, 1});
        const bool ok = a && b && c && DeviceVector::alive == 0;
        std::cout << (ok ? "PASS" : "FAIL") << std::endl;
        return ok ? 0 : 1;
    } catch (const std::exception& e) {
        std::cerr << "FAIL: " << e.what() << std::endl;
        return 2;
    }
}
