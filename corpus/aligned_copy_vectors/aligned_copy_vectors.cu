// Copies of byte ranges with any alignment: the middle in the widest words both sides allow, the ends byte by byte.
#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vector>

typedef unsigned char byte;

namespace detail {
template <class W> struct fill_word { static __device__ W make(unsigned v) { return (W)v; } };
template <> struct fill_word<int4> { static __device__ int4 make(unsigned v) { return make_int4(v, v, v, v); } };
template <> struct fill_word<longlong2> {
    static __device__ longlong2 make(unsigned v) {
        const long long w = (long long)(((unsigned long long)v << 32) | v);
        longlong2 r = {w, w};
        return r;
    }
};
}  // namespace detail

/** head bytes, then `words` words of type W, then tail bytes */
template <class W>
__global__ void copy_words(byte *dst, const byte *src, int head, long words, int tail)
{
    const long id = blockIdx.x * (long)blockDim.x + threadIdx.x, step = (long)gridDim.x * blockDim.x;
    W *wd = reinterpret_cast<W *>(dst + head);
    const W *ws = reinterpret_cast<const W *>(src + head);
    for (long i = id; i < words; i += step) wd[i] = ws[i];
    if (id < head) dst[id] = src[id];
    if (id < tail) {
        const long at = head + words * (long)sizeof(W) + id;
        dst[at] = src[at];
    }
}

template <class W>
__global__ void set_words(byte *dst, unsigned value, int head, long words, int tail)
{
    const long id = blockIdx.x * (long)blockDim.x + threadIdx.x;
    if (id < words) reinterpret_cast<W *>(dst + head)[id] = detail::fill_word<W>::make(value);
    if (id < head) dst[id] = (byte)value;
    if (id < tail) dst[head + words * (long)sizeof(W) + id] = (byte)value;
}

__global__ void reverse_bytes(byte *data, long n)
{
    long i = blockIdx.x * (long)blockDim.x + threadIdx.x;
    if (i < n / 2) {
        byte t = data[i];
        data[i] = data[n - 1 - i];
        data[n - 1 - i] = t;
    }
}

// up to 7 trailing bytes of every row are gathered into one word a row
__global__ void pack_tails(const byte *rows, int pitch, int width, unsigned long long *packed, int count)
{
    const int r = threadIdx.x + blockIdx.x * blockDim.x;
    if (r >= count) return;
    const byte *p = rows + (size_t)r * pitch + width / 8 * 8;
    unsigned long long word = 0;
    switch (width % 8) {
    case 7: word |= (unsigned long long)p[6] << 48;  // fall through
    case 6: word |= (unsigned long long)p[5] << 40;  // fall through
    case 5: word |= (unsigned long long)p[4] << 32;  // fall through
    case 4: word |= (unsigned long long)p[3] << 24;  // fall through
    case 3: word |= (unsigned long long)p[2] << 16;  // fall through
    case 2: word |= (unsigned long long)p[1] << 8;   // fall through
    case 1: word |= p[0];
    default: break;
    }
    packed[r] = word;
}

static int alignment(uintptr_t a) { return a % 16 == 0 ? 16 : a % 8 == 0 ? 8 : a % 4 == 0 ? 4 : 1; }

template <class W> static void split(const byte *dst, long n, int &head, long &words, int &tail)
{
    head = (int)((sizeof(W) - (uintptr_t)dst % sizeof(W)) % sizeof(W));
    if (head > n) head = (int)n;
    words = (n - head) / (long)sizeof(W);
    tail = (int)(n - head - words * (long)sizeof(W));
}

template <class W> static void run_copy(byte *dst, const byte *src, long n)
{
    int head, tail;
    long words;
    split<W>(dst, n, head, words, tail);
    copy_words<W><<<4, 64>>>(dst, src, head, words, tail);
}

static void device_copy(byte *dst, const byte *src, long n)
{
    // the widest word by which both ranges are shifted alike
    switch (alignment((uintptr_t)dst ^ (uintptr_t)src)) {
    case 16: run_copy<int4>(dst, src, n); break;
    case 8: run_copy<int2>(dst, src, n); break;
    case 4: run_copy<int>(dst, src, n); break;
    default: run_copy<char>(dst, src, n);
    }
}

static void device_set(byte *dst, byte value, long n)
{
    int head, tail;
    long words;
    split<longlong2>(dst, n, head, words, tail);
    const long items = words > 16 ? words : 16;
    set_words<longlong2><<<(unsigned)((items + 31) / 32), 32>>>(dst, value * 0x01010101u, head, words, tail);
}

#define CHK(x) if (cudaError_t e = (x)) { printf("line %d: %s\n", __LINE__, cudaGetErrorString(e)); return 1; }

int main(void)
{
    const int N = 2000;
    std::vector<byte> src(N), model(N), got(N);
    for (int i = 0; i < N; i++) src[i] = (byte)(i * 151 + i / 256);
    byte *dsrc, *ddst;
    CHK(cudaMalloc((void **)&dsrc, N));
    CHK(cudaMalloc((void **)&ddst, N));
    CHK(cudaMemcpy(dsrc, src.data(), N, cudaMemcpyHostToDevice));

    int wrong = 0;
    const struct { int to, from; long n; } ranges[] = {{0, 0, 2000}, {3, 19, 1501}, {8, 0, 777}, {5, 1, 900}, {1, 2, 640},
        {16, 16, 15}, {7, 7, 1}, {9, 25, 0}, {2, 10, 33}};
    for (auto &r : ranges) {
        CHK(cudaMemset(ddst, 0x5A, N));
        memset(model.data(), 0x5A, N);
        device_copy(ddst + r.to, dsrc + r.from, r.n);
        CHK(cudaGetLastError());
        memcpy(model.data() + r.to, src.data() + r.from, r.n);
        CHK(cudaMemcpy(got.data(), ddst, N, cudaMemcpyDeviceToHost));
        wrong += memcmp(got.data(), model.data(), N) != 0;     // nothing beyond the range may change

        device_set(ddst + r.from, 0xC3, r.n);
        CHK(cudaGetLastError());
        memset(model.data() + r.from, 0xC3, r.n);
        CHK(cudaMemcpy(got.data(), ddst, N, cudaMemcpyDeviceToHost));
        wrong += memcmp(got.data(), model.data(), N) != 0;
    }
    for (long n : {1999L, 2000L, 1L, 2L}) {   // twice is nothing; once is palindromic with the source
        reverse_bytes<<<(unsigned)(n / 2 / 128 + 1), 128>>>(dsrc, n);
        CHK(cudaMemcpy(got.data(), dsrc, N, cudaMemcpyDeviceToHost));
        for (long i = 0; i < n; i++) wrong += got[i] != src[n - 1 - i];
        reverse_bytes<<<(unsigned)(n / 2 / 128 + 1), 128>>>(dsrc, n);
    }
    CHK(cudaMemcpy(got.data(), dsrc, N, cudaMemcpyDeviceToHost));
    wrong += memcmp(got.data(), src.data(), N) != 0;

    unsigned long long *dpacked, packed[40];
    CHK(cudaMalloc((void **)&dpacked, sizeof packed));
    for (int width = 16; width < 24; width++) {
        pack_tails<<<2, 32>>>(dsrc, 50, width, dpacked, 40);
        CHK(cudaMemcpy(packed, dpacked, sizeof packed, cudaMemcpyDeviceToHost));
        for (int r = 0; r < 40; r++) {
            unsigned long long want = 0;      // little endian
            memcpy(&want, &src[r * 50 + 16], width - 16);
            wrong += packed[r] != want;
        }
    }
    cudaFree(dsrc);
    cudaFree(ddst);
    cudaFree(dpacked);
    printf("%d wrong\n%s\n", wrong, wrong ? "FAIL" : "PASS");
    return wrong != 0;
}
