// General permutation of a four-dimensional tensor, and the special case NCHW -> NHWC through a shared tile.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>
#include <cuda_runtime.h>

struct Layout4
{
	int    extent[4];
	size_t stride[4];      // in elements

	static Layout4 packed(int a, int b, int c, int d)
	{
		Layout4 l;
		l.extent[0] = a; l.extent[1] = b; l.extent[2] = c; l.extent[3] = d;
		size_t s = 1;
		for (int i = 3; i >= 0; --i) { l.stride[i] = s; s *= l.extent[i]; }
		return l;
	}

	__host__ __device__ size_t count() const
	{
		return (size_t)extent[0] * extent[1] * extent[2] * extent[3];
	}
};

// dst is packed in the permuted order; axis[i] says which source axis becomes destination axis i
template<typename T>
__global__ void PermuteAny(const T* src, T* dst, Layout4 from, int4 axis)
{
	size_t id = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
	if (id >= from.count()) return;

	const int order[4] = { axis.x, axis.y, axis.z, axis.w };
	size_t rest = id, offset = 0;
	for (int i = 3; i >= 0; --i)
	{
		const int a = order[i];
		offset += (rest % from.extent[a]) * from.stride[a];
		rest /= from.extent[a];
	}
	dst[id] = src[offset];
}

enum { TILE = 16, LANES = 8 };

template<typename T>
__global__ void NchwToNhwc(const T* __restrict__ src, T* __restrict__ dst, int channels, int pixels)
{
	__shared__ T tile[TILE][TILE + 1];

	const size_t image = (size_t)blockIdx.z * channels * pixels;
	const int p0 = blockIdx.x * TILE, c0 = blockIdx.y * TILE;

	for (int k = threadIdx.y; k < TILE; k += LANES)
		if (c0 + k < channels && p0 + (int)threadIdx.x < pixels)
			tile[k][threadIdx.x] = src[image + (size_t)(c0 + k) * pixels + p0 + threadIdx.x];
	__syncthreads();
	for (int k = threadIdx.y; k < TILE; k += LANES)
		if (p0 + k < pixels && c0 + (int)threadIdx.x < channels)
			dst[image + (size_t)(p0 + k) * channels + c0 + threadIdx.x] = tile[threadIdx.x][k];
}

template<typename T>
class DeviceTensor
{
public:
	explicit DeviceTensor(size_t n) : m_data(NULL), m_count(n)
	{
		if (cudaMalloc((void**)&m_data, n * sizeof(T)) != cudaSuccess) { fprintf(stderr, "out of memory\n"); exit(1); }
		cudaMemset(m_data, 0xEE, n * sizeof(T));
	}
	~DeviceTensor() { cudaFree(m_data); }
	T* Data() { return m_data; }
	void Upload(const std::vector<T>& v)   { cudaMemcpy(m_data, &v[0], m_count * sizeof(T), cudaMemcpyHostToDevice); }
	void Download(std::vector<T>& v) const { v.resize(m_count); cudaMemcpy(&v[0], m_data, m_count * sizeof(T), cudaMemcpyDeviceToHost); }
private:
	DeviceTensor(const DeviceTensor&);
	DeviceTensor& operator=(const DeviceTensor&);
	T*     m_data;
	size_t m_count;
};

template<typename T> T make(unsigned k)            { return (T)k; }
template<> uchar4 make<uchar4>(unsigned k)         { return make_uchar4(k & 255, k >> 8 & 255, k >> 16 & 255, 7); }

template<typename T>
static bool Equal(const std::vector<T>& a, const std::vector<T>& b)
{
	return a.size() == b.size() && memcmp(&a[0], &b[0], a.size() * sizeof(T)) == 0;
}

template<typename T>
static bool Test(const char* name, int N, int C, int H, int W)
{
	const size_t count = (size_t)N * C * H * W;
	std::vector<T> host(count), generic, tiled, back, expected(count);
	for (size_t i = 0; i < count; ++i) host[i] = make<T>((unsigned)(i * 31 + 5));
	// the reference scatters; the kernels gather
	size_t i = 0;
	for (int n = 0; n < N; ++n) for (int c = 0; c < C; ++c) for (int h = 0; h < H; ++h) for (int w = 0; w < W; ++w)
		expected[(((size_t)n * H + h) * W + w) * C + c] = host[i++];

	DeviceTensor<T> src(count), a(count), b(count), c(count);
	src.Upload(host);
	const int threads = 160;
	const unsigned blocks = (unsigned)((count - 1) / threads + 1);
	PermuteAny<T><<<blocks, threads>>>(src.Data(), a.Data(), Layout4::packed(N, C, H, W), make_int4(0, 2, 3, 1));

	dim3 grid((H * W + TILE - 1) / TILE, (C + TILE - 1) / TILE, N);
	NchwToNhwc<T><<<grid, dim3(TILE, LANES)>>>(src.Data(), b.Data(), C, H * W);
	// and back: NHWC -> NCHW
	PermuteAny<T><<<blocks, threads>>>(b.Data(), c.Data(), Layout4::packed(N, H, W, C), make_int4(0, 3, 1, 2));
	const cudaError_t status = cudaDeviceSynchronize();

	a.Download(generic);
	b.Download(tiled);
	c.Download(back);
	const bool ok = status == cudaSuccess && Equal(generic, expected) && Equal(tiled, expected) && Equal(back, host);
	printf("%-7s %dx%dx%dx%d: %s\n", name, N, C, H, W, ok ? "ok" : "wrong");
	return ok;
}

int main(int argc, char** argv)
{
	const int scale = argc > 1 ? atoi(argv[1]) : 1;
	bool ok = Test<float>("float", 2, 19 * scale, 7, 11);
	ok = Test<short>("short", 3, 5, 9 * scale, 6) && ok;
	ok = Test<uchar4>("uchar4", 1, 33, 3, 17 * scale) && ok;
	puts(ok ? "PASS" : "FAIL");
	return ok ? 0 : 1;
}
