// Connected components: hook roots onto smaller labels, then shorten the trees by pointer jumping, until quiet.
#include <cstdio>
#include <numeric>
#include <vector>
#include <cuda_runtime.h>

typedef unsigned int u32;

struct Edge { u32 a, b; };

__device__ int anyChange;

__global__ void initLabels(u32* label, u32 n)
{
	for (u32 v = blockIdx.x * blockDim.x + threadIdx.x; v < n; v += gridDim.x * blockDim.x)
		label[v] = v;
}

// `label` of this round is only read, `hooked` takes the minimum: the outcome does not depend on the order.
__global__ void hook(const Edge* edges, u32 m, const u32* label, u32* hooked)
{
	for (u32 e = blockIdx.x * blockDim.x + threadIdx.x; e < m; e += gridDim.x * blockDim.x) {
		const Edge edge = edges[e];
		const u32 la = label[edge.a], lb = label[edge.b];
		if (la == lb) continue;
		const u32 lo = la < lb ? la : lb, hi = la < lb ? lb : la;
		if (atomicMin(&hooked[hi], lo) > lo)
			atomicExch(&anyChange, 1);
	}
}

// Every vertex walks up to its root in `hooked` (roots only ever point to smaller ones, so this ends).
__global__ void compress(const u32* hooked, u32* label, u32 n)
{
	const u32 v = blockIdx.x * blockDim.x + threadIdx.x;
	if (v >= n) return;
	u32 root = hooked[v];
	while (root != hooked[root])
		root = hooked[root];
	label[v] = root;
}

__global__ void copyLabels(const u32* from, u32* to, u32 n)
{
	const u32 v = blockIdx.x * blockDim.x + threadIdx.x;
	if (v < n) to[v] = from[v];
}

// Host reference: disjoint sets, one edge after the other.
struct DisjointSets {
	std::vector<u32> parent;
	explicit DisjointSets(u32 n) : parent(n) { std::iota(parent.begin(), parent.end(), 0u); }
	u32 find(u32 v) { return parent[v] == v ? v : parent[v] = find(parent[v]); }
	void join(u32 a, u32 b)
	{
		a = find(a), b = find(b);
		if (a < b) parent[b] = a; else parent[a] = b;
	}
};

#ifndef VERTICES
#define VERTICES 2500u
#endif

int main()
{
	const u32 n = VERTICES, m = n * 9 / 10;
	Edge* edges; u32 *label, *hooked;
	if (cudaMallocManaged(&edges, m * sizeof(Edge)) != cudaSuccess || cudaMallocManaged(&label, n * sizeof(u32)) != cudaSuccess
	    || cudaMallocManaged(&hooked, n * sizeof(u32)) != cudaSuccess) {
		std::fprintf(stderr, "no managed memory\n");
		return 2;
	}

	DisjointSets sets(n);
	u32 seed = 2463534242u;
	for (u32 e = 0; e < m; ++e) {
		u32 ends[2];
		for (u32& end : ends) {
			seed ^= seed << 13; seed ^= seed >> 17; seed ^= seed << 5;
			end = seed % n;
		}
		edges[e] = { ends[0], ends[1] };
		sets.join(ends[0], ends[1]);
	}

	const u32 threads = 224, blocks = (n + threads - 1) / threads;
	initLabels<<<4, threads>>>(label, n);
	int rounds = 0, changed;
	do {
		const int none = 0;
		cudaMemcpyToSymbol(anyChange, &none, sizeof none);
		copyLabels<<<blocks, threads>>>(label, hooked, n);
		hook<<<5, threads>>>(edges, m, label, hooked);
		compress<<<blocks, threads>>>(hooked, label, n);
		cudaMemcpyFromSymbol(&changed, anyChange, sizeof changed);
		++rounds;
	} while (changed && rounds < 1000);
	if (cudaDeviceSynchronize() != cudaSuccess) return 2;

	u32 wrong = 0, components = 0;
	for (u32 v = 0; v < n; ++v) {
		wrong += label[v] != sets.find(v);
		components += label[v] == v;
	}
	std::printf("%u components in %d rounds\n%s\n", components, rounds, wrong == 0 ? "PASS" : "FAIL");
	cudaFree(edges); cudaFree(label); cudaFree(hooked);
	return wrong != 0;
}
