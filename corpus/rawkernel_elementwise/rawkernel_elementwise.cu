// Source of a module compiled at run time; loaded by name, hence extern "C".
extern "C" {

__global__ void masked_fill(float *x, const unsigned char *mask, float value, long long n)
{
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n && mask[i])
        x[i] = value;
}

__global__ void where_f64(const bool *cond, const double *a, const double *b, double *out, int n)
{
    for (int i = threadIdx.x + blockIdx.x * blockDim.x; i < n; i += blockDim.x * gridDim.x)
        out[i] = cond[i] ? a[i] : b[i];
}

// y[i * incy] = alpha * x[i * incx] + beta * y[i * incy]; what lies between stays
__global__ void axpby_strided(int n, float alpha, const float *x, int incx, float beta, float *y, int incy)
{
    const int i = blockDim.x * blockIdx.x + threadIdx.x;
    if (i >= n) return;
    y[i * incy] = fmaf(alpha, x[i * incx], beta * y[i * incy]);
}

// z * conj(w) / (|w|^2 + eps), the quotient of spectra in a Wiener filter
__global__ void wiener_divide(const float2 *z, const float2 *w, float2 *out, float eps, int n)
{
    const int i = blockDim.x * blockIdx.x + threadIdx.x;
    if (i < n) {
        const float2 a = z[i], b = w[i];
        const float d = b.x * b.x + b.y * b.y + eps;
        float2 q;
        q.x = (a.x * b.x + a.y * b.y) / d;
        q.y = (a.y * b.x - a.x * b.y) / d;
        out[i] = q;
    }
}

// clamp with both limits optional: bit 0 of flags asks for the lower, bit 1 for the upper one
__global__ void clamp_i32(const int *x, int *out, int lo, int hi, unsigned flags, unsigned n)
{
    const unsigned i = blockDim.x * blockIdx.x + threadIdx.x;
    if (i < n) {
        int v = x[i];
        if (flags & 1u) v = max(v, lo);
        if (flags & 2u) v = min(v, hi);
        out[i] = v;
    }
}

}
