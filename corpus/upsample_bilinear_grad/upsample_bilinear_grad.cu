// Bilinear up- and down-sampling of NCHW images and its gradient; storage type and arithmetic type are separate.
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cmath>
#include <iostream>
#include <vector>

template <typename acc> struct Tap { int low, step; acc w0, w1; };

template <typename acc>
__device__ __forceinline__ acc source_index(acc scale, int dst, bool align_corners)
{
    if (align_corners) return scale * dst;
    const acc s = scale * (dst + acc(0.5)) - acc(0.5);
    return s < acc(0) ? acc(0) : s;
}

template <typename acc>
__device__ Tap<acc> tap(acc scale, int dst, int size, bool align_corners)
{
    const acc s = source_index(scale, dst, align_corners);
    Tap<acc> t;
    t.low = min((int)floor(s), size - 1);
    t.step = t.low < size - 1 ? 1 : 0;
    t.w1 = s - t.low;
    t.w0 = acc(1) - t.w1;
    return t;
}

__device__ inline float load(const float* p) { return *p; }
__device__ inline float load(const __half* p) { return __half2float(*p); }
__device__ inline double load(const double* p) { return *p; }
template <typename A> __device__ inline void store(A* p, A v) { *p = v; }
__device__ inline void store(__half* p, float v) { *p = __float2half(v); }

template <typename T, typename acc>
__global__ void upsample_forward(const int n, const acc scale_h, const acc scale_w, const bool align, const T* __restrict__ in,
                                 const int planes, const int h, const int w, T* __restrict__ out, const int oh, const int ow)
{
    const int index = threadIdx.x + blockIdx.x * blockDim.x;
    if (index >= n) return;
    const int x = index % ow, y = index / ow;
    const Tap<acc> ty = tap<acc>(scale_h, y, h, align), tx = tap<acc>(scale_w, x, w, align);
    for (int p = 0; p < planes; ++p) {
        const T* at = in + ((size_t)p * h + ty.low) * w + tx.low;
        const acc value = ty.w0 * (tx.w0 * load(at) + tx.w1 * load(at + tx.step)) +
                          ty.w1 * (tx.w0 * load(at + ty.step * w) + tx.w1 * load(at + ty.step * w + tx.step));
        store(out + ((size_t)p * oh + y) * ow + x, value);
    }
}

// scatters; dx must be zero before
template <typename T, typename acc>
__global__ void upsample_backward(const size_t total, const acc scale_h, const acc scale_w, const bool align,
                                  const T* __restrict__ dy, const int h, const int w, acc* __restrict__ dx, const int oh, const int ow)
{
    for (size_t i = blockIdx.x * blockDim.x + threadIdx.x; i < total; i += blockDim.x * gridDim.x) {
        const int x = i % ow, y = i / ow % oh;
        const size_t plane = i / ow / oh;
        const Tap<acc> ty = tap<acc>(scale_h, y, h, align), tx = tap<acc>(scale_w, x, w, align);
        acc* at = dx + (plane * h + ty.low) * w + tx.low;
        const acc d = load(dy + i);
        atomicAdd(at, d * ty.w0 * tx.w0);
        atomicAdd(at + tx.step, d * ty.w0 * tx.w1);
        atomicAdd(at + ty.step * w, d * ty.w1 * tx.w0);
        atomicAdd(at + ty.step * w + tx.step, d * ty.w1 * tx.w1);
    }
}

static double as_double(float v) { return v; }
static double as_double(double v) { return v; }
static double as_double(__half v) { return __half2float(v); }

template <typename T> struct Dev {
    T* p = nullptr;
    explicit Dev(size_t n) { if (cudaMalloc(&p, n * sizeof(T)) != cudaSuccess) throw "cudaMalloc"; cudaMemset(p, 0, n * sizeof(T)); }
    explicit Dev(const std::vector<T>& v) : Dev(v.size()) { cudaMemcpy(p, v.data(), v.size() * sizeof(T), cudaMemcpyHostToDevice); }
    ~Dev() { cudaFree(p); }
    std::vector<T> host(size_t n) const { std::vector<T> v(n); cudaMemcpy(v.data(), p, n * sizeof(T), cudaMemcpyDeviceToHost); return v; }
};

template <typename T, typename acc>
static bool test(const char* name, int planes, int h, int w, int oh, int ow, bool align, double tolerance)
{
    const size_t ni = (size_t)planes * h * w, no = (size_t)planes * oh * ow;
    std::vector<T> x(ni), dy(no);
    // a plane that rises linearly: interpolation must give the plane back
    for (size_t i = 0; i < ni; ++i) x[i] = T(float(int(i % w) * 2 - int(i / w % h) * 3 + int(i / w / h) * 5));
    for (size_t i = 0; i < no; ++i) dy[i] = T(float(int(i * 37 % 65) - 32) / 32);
    const acc sh = align ? (oh > 1 ? acc(h - 1) / (oh - 1) : acc(0)) : acc(h) / oh;
    const acc sw = align ? (ow > 1 ? acc(w - 1) / (ow - 1) : acc(0)) : acc(w) / ow;
    Dev<T> dev_x(x), dev_dy(dy), dev_y(no);
    Dev<acc> dev_dx(ni);
    upsample_forward<T, acc><<<(oh * ow + 127) / 128, 128>>>(oh * ow, sh, sw, align, dev_x.p, planes, h, w, dev_y.p, oh, ow);
    upsample_backward<T, acc><<<4, 96>>>(no, sh, sw, align, dev_dy.p, h, w, dev_dx.p, oh, ow);
    if (cudaDeviceSynchronize() != cudaSuccess) return false;
    const auto y = dev_y.host(no);
    const auto dx = dev_dx.host(ni);

    int wrong = 0;
    for (size_t i = 0; i < no; ++i) {
        auto clampd = [](double v, double hi) { return v < 0 ? 0.0 : v > hi ? hi : v; };
        const int c = i % ow, r = i / ow % oh, p = i / ow / oh;
        const double sx = clampd(align ? (double)sw * c : (c + 0.5) * w / ow - 0.5, w - 1);
        const double sy = clampd(align ? (double)sh * r : (r + 0.5) * h / oh - 0.5, h - 1);
        wrong += !(std::fabs(as_double(y[i]) - (2 * sx - 3 * sy + 5 * p)) <= tolerance * (3 * h + 2 * w));
    }
    // the gradient is the adjoint: <dx, x> = <dy, y>, and weights sum to one
    double left = 0, right = 0, scale = 0, sum_dx = 0, sum_dy = 0;
    for (size_t i = 0; i < ni; ++i) left += as_double(dx[i]) * as_double(x[i]), sum_dx += as_double(dx[i]);
    for (size_t i = 0; i < no; ++i) {
        const double term = as_double(dy[i]) * as_double(y[i]);
        right += term, scale += std::fabs(term), sum_dy += as_double(dy[i]);
    }
    const bool adjoint = std::fabs(left - right) <= tolerance * scale && std::fabs(sum_dx - sum_dy) <= 1e-4 * no / 100;
    std::cout << name << ' ' << h << 'x' << w << " -> " << oh << 'x' << ow << (align ? " aligned" : "") << ": " << wrong
              << " wrong, adjoint " << (adjoint ? "holds" : "broken") << '\n';
    return wrong == 0 && adjoint;
}

int main()
{
    bool ok = test<float, float>("float", 3, 13, 17, 29, 40, false, 1e-6);
    ok = test<float, float>("float", 2, 13, 17, 29, 40, true, 1e-6) && ok;
    ok = test<double, double>("double", 1, 30, 20, 11, 7, false, 1e-13) && ok;
    ok = test<__half, float>("half", 2, 9, 8, 23, 9, true, 1e-3) && ok;
    ok = test<float, float>("float", 4, 1, 5, 3, 1, true, 1e-6) && ok;
    std::cout << (ok ? "PASS" : "FAIL") << std::endl;
    return !ok;
}
