// Transposes a batch of matrices of 16-bit elements. `negate` flips the signs on the way (conjugation of
// quaternion tables); a sign is one bit in half as in bfloat16, so the type does not matter.

using u16 = unsigned short;

template <int TILE = 32, int ROWS = 8, bool NEGATE = false>
__global__ void transpose16(u16 *dst, const u16 *src, int height, int width)
{
    __shared__ u16 tile[TILE][TILE + 2];   // two elements of padding: one bank

    const unsigned long long plane = (unsigned long long)blockIdx.z * height * width;
    int x = blockIdx.x * TILE + threadIdx.x;
    int y = blockIdx.y * TILE + threadIdx.y;
    #pragma unroll
    for (int j = 0; j < TILE; j += ROWS)
        if (x < width && y + j < height)
            tile[threadIdx.y + j][threadIdx.x] = src[plane + (unsigned)(y + j) * width + x];

    __syncthreads();

    x = blockIdx.y * TILE + threadIdx.x;
    y = blockIdx.x * TILE + threadIdx.y;
    #pragma unroll
    for (int j = 0; j < TILE; j += ROWS)
        if (x < height && y + j < width) {
            u16 v = tile[threadIdx.x][threadIdx.y + j];
            if (NEGATE) v ^= 0x8000u;
            dst[plane + (unsigned)(y + j) * height + x] = v;
        }
}

// De-interleaves pairs: (a0 b0 a1 b1 ...) becomes two planes. Two pairs a thread.
__global__ void split_pairs(const ushort4 *__restrict__ pairs, ushort2 *__restrict__ a, ushort2 *__restrict__ b, int quads)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= quads) return;
    const ushort4 v = pairs[i];
    a[i] = make_ushort2(v.x, v.z);
    b[i] = make_ushort2(v.y, v.w);
}
