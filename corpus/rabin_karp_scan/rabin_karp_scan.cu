/**
 * Exact matching of one pattern: every thread rolls a hash over SPAN consecutive starts and verifies hits letter by
 * letter. hit[i] becomes 1 where the pattern starts at i, 0 elsewhere.
 *
 * Shared memory: blockDim.x * SPAN + m - 1 bytes of text, then m bytes of the pattern.
 */
#define SPAN 8
#define BASE 257u

__device__ unsigned int power(unsigned int base, unsigned int exponent)
{
  unsigned int result = 1u;
  for (; exponent; exponent >>= 1) {
    if (exponent & 1u)
      result *= base;
    base *= base;
  }
  return result;
}

__device__ unsigned int hash_of(const unsigned char *s, int m)
{
  unsigned int h = 0;
  while (m--)
    h = h * BASE + *s++;
  return h;
}

extern "C" __global__ void rabin_karp(const unsigned char *text, int n, const unsigned char *pattern, int m,
                                      unsigned char *hit)
{
  extern __shared__ unsigned char shared[];
  unsigned char *window = shared;
  unsigned char *needle = shared + blockDim.x * SPAN + m - 1;

  const int first = blockIdx.x * blockDim.x * SPAN;
  const int staged = blockDim.x * SPAN + m - 1;
  for (int k = threadIdx.x; k < staged; k += blockDim.x)
    window[k] = first + k < n ? text[first + k] : 0;
  for (int k = threadIdx.x; k < m; k += blockDim.x)
    needle[k] = pattern[k];
  __syncthreads();

  const unsigned int wanted = hash_of(needle, m);
  const unsigned int lead = power(BASE, (unsigned int)(m - 1));
  unsigned char *mine = window + threadIdx.x * SPAN;
  unsigned int h = hash_of(mine, m);

  for (int s = 0; s < SPAN; ++s) {
    const int at = first + (int)threadIdx.x * SPAN + s;
    if (at >= n)
      return;
    unsigned char found = 0;
    if (h == wanted && at + m <= n) {
      int k = 0;
      while (k < m && mine[s + k] == needle[k])
        ++k;
      found = k == m;
    }
    hit[at] = found;
    if (s + 1 < SPAN)
      h = (h - mine[s] * lead) * BASE + mine[s + m];
  }
}
