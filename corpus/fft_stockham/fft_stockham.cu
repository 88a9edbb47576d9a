// Batched complex FFT of power-of-two length, one block a signal, Stockham's autosort algorithm in shared memory.
#include <cuComplex.h>
#include <cuda_runtime.h>
#include <cmath>
#include <complex>
#include <cstdio>
#include <cstdlib>
#include <vector>

typedef cuFloatComplex cplx;

__host__ __device__ static inline cplx operator+(cplx a, cplx b) { return cuCaddf(a, b); }
__host__ __device__ static inline cplx operator-(cplx a, cplx b) { return cuCsubf(a, b); }
__host__ __device__ static inline cplx operator*(cplx a, cplx b) { return cuCmulf(a, b); }
__device__ static inline cplx mul_i(cplx a) { return make_cuFloatComplex(-a.y, a.x); }

__device__ static inline cplx unit(float turns_times_two)
{
    float s, c;
    sincospif(turns_times_two, &s, &c);
    return make_cuFloatComplex(c, s);
}

// One step: n is the length of the transforms already done times RADIX. Reads src, writes dst, both in shared memory.
template <int RADIX, int DIR>
__device__ void stockham_step(const cplx *src, cplx *dst, int length, int done)
{
    const int quarter = length / RADIX;
    for (int j = threadIdx.x; j < quarter; j += blockDim.x) {
        const int k = j % done;                           // index in the transform already done
        const int base = (j - k) * RADIX + k;
        const float angle = DIR * 2.0f * k / (done * RADIX);
        cplx v[RADIX];
        for (int r = 0; r < RADIX; r++)
            v[r] = src[j + r * quarter] * unit(angle * r);
        if (RADIX == 2) {
            dst[base] = v[0] + v[1];
            dst[base + done] = v[0] - v[1];
        } else {
            const cplx a = v[0] + v[2], b = v[0] - v[2], c = v[1] + v[3];
            cplx d = mul_i(v[1] - v[3]);
            if (DIR < 0) { d.x = -d.x; d.y = -d.y; }
            dst[base] = a + c;
            dst[base + done] = b + d;
            dst[base + 2 * done] = a - c;
            dst[base + 3 * done] = b - d;
        }
    }
}

template <int DIR>
__global__ void fft(cplx *data, int length, float scale)
{
    extern __shared__ cplx buffer[];
    cplx *src = buffer, *dst = buffer + length;
    cplx *row = data + (size_t)blockIdx.x * length;

    for (int i = threadIdx.x; i < length; i += blockDim.x)
        src[i] = row[i];
    __syncthreads();
    int done = 1;
    while (done < length) {
        if (length / done % 4 == 0) {
            stockham_step<4, DIR>(src, dst, length, done);
            done *= 4;
        } else {
            stockham_step<2, DIR>(src, dst, length, done);
            done *= 2;
        }
        __syncthreads();
        cplx *swap = src; src = dst; dst = swap;
    }
    for (int i = threadIdx.x; i < length; i += blockDim.x)
        row[i] = make_cuFloatComplex(src[i].x * scale, src[i].y * scale);
}

// pointwise product of every row with the spectrum of one filter
__global__ void apply_filter(cplx *data, const cplx *filter, int length, int rows)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < length * rows) data[i] = cuCmulf(data[i], filter[i % length]);
}

#define REQUIRE(x) do { cudaError_t s_ = (x); if (s_ != cudaSuccess) { std::printf("%s\n", cudaGetErrorString(s_)); std::exit(1); } } while (0)

// keeps NaN, which std::fmax drops
static double worst_of(double a, double b) { return a >= b ? a : b > a ? b : INFINITY; }

static double test(int length, int rows, int threads)
{
    std::vector<cplx> in(length * rows), filter(length), spectrum(in.size()), out(in.size());
    for (int i = 0; i < length * rows; i++)
        in[i] = make_cuFloatComplex((i * 37 % 101) / 50.0f - 1.0f, (i * 53 % 97) / 48.0f - 1.0f);
    const int delay = length > 2 ? 3 % length : 0;
    // a delay by 3 samples is a phase in the spectrum
    for (int k = 0; k < length; k++)
        filter[k] = make_cuFloatComplex((float)std::cos(2 * M_PI * k * delay / length), (float)-std::sin(2 * M_PI * k * delay / length));

    cplx *d_data, *d_filter;
    const size_t bytes = in.size() * sizeof(cplx), shared = 2 * length * sizeof(cplx);
    REQUIRE(cudaMalloc(&d_data, bytes));
    REQUIRE(cudaMalloc(&d_filter, length * sizeof(cplx)));
    REQUIRE(cudaMemcpy(d_data, in.data(), bytes, cudaMemcpyHostToDevice));
    REQUIRE(cudaMemcpy(d_filter, filter.data(), length * sizeof(cplx), cudaMemcpyHostToDevice));
    fft<-1><<<rows, threads, shared>>>(d_data, length, 1.0f);
    REQUIRE(cudaGetLastError());
    REQUIRE(cudaMemcpy(spectrum.data(), d_data, bytes, cudaMemcpyDeviceToHost));
    apply_filter<<<(length * rows + 127) / 128, 128>>>(d_data, d_filter, length, rows);
    fft<1><<<rows, threads, shared>>>(d_data, length, 1.0f / length);
    REQUIRE(cudaGetLastError());
    REQUIRE(cudaMemcpy(out.data(), d_data, bytes, cudaMemcpyDeviceToHost));
    REQUIRE(cudaFree(d_data));
    REQUIRE(cudaFree(d_filter));

    double worst = 0;
    for (int r = 0; r < rows; r++) {
        const cplx *x = &in[r * length];
        for (int k = 0; k < length; k += length > 40 ? 7 : 1) {  // some frequencies, by the definition (Horner)
            const std::complex<double> w = std::polar(1.0, -2 * M_PI * k / length);
            std::complex<double> sum = 0;
            for (int i = length; i-- > 0;) sum = sum * w + std::complex<double>(x[i].x, x[i].y);
            worst = worst_of(worst, std::abs(sum - std::complex<double>(spectrum[r * length + k].x, spectrum[r * length + k].y)) / std::sqrt((double)length));
        }
        for (int i = 0; i < length; i++)
            worst = worst_of(worst, cuCabsf(out[r * length + (i + delay) % length] - x[i]));
    }
    std::printf("%4d points, %d signals: %.2e\n", length, rows, worst);
    return worst;
}

int main()
{
    double worst = 0;
    for (int length : {1, 2, 4, 8, 32, 256, 512})
        worst = worst_of(worst, test(length, length > 100 ? 3 : 5, 48));
    std::puts(worst < 3e-6 ? "PASS" : "FAIL");
    return worst < 3e-6 ? 0 : 1;
}
