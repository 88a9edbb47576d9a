/* Proof of work in small: the first nonce for which SHA-256(message || nonce) begins with a number of zero bits. */
#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define checkCudaErrors(v) do { if ((v) != cudaSuccess) { fprintf(stderr, "line %d: %s\n", __LINE__, cudaGetErrorString(cudaGetLastError())); exit(1); } } while (0)

__constant__ uint32_t K[64];

struct Job
{
    uint32_t message[15]; // words 0-14 of the block, big endian; 15 words of text are hashed with the nonce as word 3
    uint32_t zero_bits;
};

#define ROTR(x, n) __funnelshift_r((x), (x), (n))
#define CH(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define MAJ(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))
#define EP0(x) (ROTR(x, 2) ^ ROTR(x, 13) ^ ROTR(x, 22))
#define EP1(x) (ROTR(x, 6) ^ ROTR(x, 11) ^ ROTR(x, 25))
#define SIG0(x) (ROTR(x, 7) ^ ROTR(x, 18) ^ ((x) >> 3))
#define SIG1(x) (ROTR(x, 17) ^ ROTR(x, 19) ^ ((x) >> 10))

__device__ void sha256_block(uint32_t w[16], uint32_t h[8])
{
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], hh = h[7];
#pragma unroll
    for (int i = 0; i < 64; i++)
    {
        if (i >= 16)
            w[i & 15] += SIG1(w[(i - 2) & 15]) + w[(i - 7) & 15] + SIG0(w[(i - 15) & 15]);
        uint32_t t1 = hh + EP1(e) + CH(e, f, g) + K[i] + w[i & 15];
        uint32_t t2 = EP0(a) + MAJ(a, b, c);
        hh = g; g = f; f = e; e = d + t1;
        d = c; c = b; b = a; a = t1 + t2;
    }
    h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += hh;
}

__device__ void hash_nonce(const Job *job, uint32_t nonce, uint32_t h[8])
{
    uint32_t w[16];
    for (int i = 0; i < 15; i++)
        w[i] = job->message[i];
    w[3] = __byte_perm(nonce, 0, 0x0123); // little endian in the message
    w[13] = 0x80000000u;                  // 52 bytes of text, then padding and the length in bits
    w[14] = 0;
    w[15] = 52 * 8;
    const uint32_t iv[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    for (int i = 0; i < 8; i++)
        h[i] = iv[i];
    sha256_block(w, h);
}

__global__ void search(const Job *job, uint32_t first, uint32_t count, uint32_t *best)
{
    uint32_t id = blockIdx.x * blockDim.x + threadIdx.x;
    if (id >= count)
        return;
    uint32_t h[8];
    hash_nonce(job, first + id, h);
    if (__clz((int)h[0]) >= (int)job->zero_bits)
        atomicMin(best, first + id);
}

__global__ void digest(const Job *job, const uint32_t *nonce, unsigned char *out)
{
    if (threadIdx.x != 0 || *nonce == 0xffffffffu)
        return;
    uint32_t h[8];
    hash_nonce(job, *nonce, h);
    for (int i = 0; i < 32; i++)
        out[i] = (unsigned char)(h[i / 4] >> (24 - 8 * (i % 4)));
}

/* host: bytes, bit by bit where that is easy; constants from the fractional parts of roots of primes */
static uint32_t root_bits(int p, int cube)
{
    /* floor(2^32 * frac(p^(1/2) or p^(1/3))) by bisection in integers */
    unsigned __int128 lo = 0, hi = (unsigned __int128)p << 32, target = (unsigned __int128)p << 64;
    if (cube) target <<= 32;
    while (hi - lo > 1) {
        unsigned __int128 mid = (lo + hi) / 2;
        unsigned __int128 power = cube ? mid * mid * mid : mid * mid;
        int above = cube && mid > ((unsigned __int128)8 << 32) ? 1 : power > target;
        if (above) hi = mid; else lo = mid;
    }
    return (uint32_t)lo;
}

static uint32_t rot(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void host_sha256(const unsigned char *text, int length, const uint32_t *k, const uint32_t *iv, unsigned char *out)
{
    unsigned char block[64] = {0};
    memcpy(block, text, length);
    block[length] = 0x80;
    block[62] = (unsigned char)(length * 8 >> 8);
    block[63] = (unsigned char)(length * 8);
    uint32_t w[64], s[8], v[8];
    for (int i = 0; i < 64; i++)
        w[i] = i < 16 ? (uint32_t)block[4 * i] << 24 | block[4 * i + 1] << 16 | block[4 * i + 2] << 8 | block[4 * i + 3]
                      : w[i - 16] + (rot(w[i - 15], 7) ^ rot(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
                            (rot(w[i - 2], 17) ^ rot(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(s, iv, sizeof s);
    memcpy(v, iv, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t *a = v;
        uint32_t t = a[7] + (rot(a[4], 6) ^ rot(a[4], 11) ^ rot(a[4], 25)) + ((a[4] & a[5]) + (~a[4] & a[6])) + k[i] + w[i];
        uint32_t u = (rot(a[0], 2) ^ rot(a[0], 13) ^ rot(a[0], 22)) + ((a[0] & a[1]) ^ (a[0] & a[2]) ^ (a[1] & a[2]));
        memmove(a + 1, a, 7 * sizeof *a);
        a[4] += t;
        a[0] = t + u;
    }
    for (int i = 0; i < 32; i++)
        out[i] = (unsigned char)((s[i / 4] + v[i / 4]) >> (24 - 8 * (i % 4)));
}

int main(int argc, char **argv)
{
    const uint32_t bits = argc > 1 ? (uint32_t)atoi(argv[1]) : 9;
    const uint32_t batch = 777;

    uint32_t k[64], iv[8];
    int found = 0;
    for (int p = 2; found < 64; p++) {
        int prime = 1;
        for (int d = 2; d * d <= p; d++) prime &= p % d != 0;
        if (!prime) continue;
        k[found] = root_bits(p, 1);
        if (found < 8) iv[found] = root_bits(p, 0);
        found++;
    }
    unsigned char text[52], want[32], got[32];
    for (int i = 0; i < 52; i++) text[i] = (unsigned char)(i * 7 + 3);
    Job job;
    for (int i = 0; i < 13; i++)
        job.message[i] = (uint32_t)text[4 * i] << 24 | text[4 * i + 1] << 16 | text[4 * i + 2] << 8 | text[4 * i + 3];
    job.message[13] = job.message[14] = 0;
    job.zero_bits = bits;

    Job *d_job;
    uint32_t *d_best, best = 0xffffffffu;
    unsigned char *d_digest;
    checkCudaErrors(cudaMalloc(&d_job, sizeof(Job)));
    checkCudaErrors(cudaMalloc(&d_best, sizeof best));
    checkCudaErrors(cudaMalloc(&d_digest, 32));
    checkCudaErrors(cudaMemcpyToSymbol(K, k, sizeof k));
    checkCudaErrors(cudaMemcpy(d_job, &job, sizeof job, cudaMemcpyHostToDevice));
    checkCudaErrors(cudaMemset(d_best, 0xff, sizeof best));
    checkCudaErrors(cudaMemset(d_digest, 0, 32));
    for (uint32_t first = 0; best == 0xffffffffu && first < 100000; first += batch) {
        search<<<(batch + 127) / 128, 128>>>(d_job, first, batch, d_best);
        checkCudaErrors(cudaMemcpy(&best, d_best, sizeof best, cudaMemcpyDeviceToHost));
    }
    digest<<<1, 32>>>(d_job, d_best, d_digest);
    checkCudaErrors(cudaMemcpy(got, d_digest, 32, cudaMemcpyDeviceToHost));

    uint32_t nonce = 0;
    for (;; nonce++) {
        text[12] = (unsigned char)nonce; text[13] = (unsigned char)(nonce >> 8);
        text[14] = (unsigned char)(nonce >> 16); text[15] = (unsigned char)(nonce >> 24);
        host_sha256(text, 52, k, iv, want);
        uint32_t zeros = 0;
        while (zeros < 256 && !(want[zeros / 8] >> (7 - zeros % 8) & 1)) zeros++;
        if (zeros >= bits) break;
    }
    int ok = nonce == best && memcmp(want, got, 32) == 0;
    printf("nonce %u: %02x%02x%02x%02x...\n%s\n", best, got[0], got[1], got[2], got[3], ok ? "PASS" : "FAIL");
    cudaFree(d_job); cudaFree(d_best); cudaFree(d_digest);
    return !ok;
}
