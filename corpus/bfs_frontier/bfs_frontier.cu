/* Level-synchronous breadth-first search with explicit frontier queues.
 *
 * The graph is a ring with chords: vertex v is joined to v+1 and to (v*v+17) mod n, stored both ways in CSR.
 * Usage: bfs_frontier [vertices]
 */
#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CUDA_CHECK(call)                                                                 \
    do {                                                                                 \
        cudaError_t err_ = (call);                                                       \
        if (err_ != cudaSuccess) {                                                       \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, cudaGetErrorString(err_)); \
            exit(EXIT_FAILURE);                                                          \
        }                                                                                \
    } while (0)

#define BLOCK_SIZE 96
#define LOCAL_QUEUE 512
#define UNSEEN (-1)

/* One thread a frontier vertex. New vertices go to a queue of the block first; what does not fit is put straight
 * into the global queue. */
__global__ void expand_frontier(const int *row_offsets, const int *columns, int *level, const int *frontier,
                                int frontier_size, int *next, int *next_size, int depth)
{
    __shared__ int queue[LOCAL_QUEUE];
    __shared__ int queued;
    __shared__ int base;

    if (threadIdx.x == 0)
        queued = 0;
    __syncthreads();

    int tid = blockIdx.x * blockDim.x + threadIdx.x;
    if (tid < frontier_size) {
        int v = frontier[tid];
        for (int e = row_offsets[v]; e < row_offsets[v + 1]; e++) {
            int w = columns[e];
            if (atomicCAS(&level[w], UNSEEN, depth) == UNSEEN) {
                int slot = atomicAdd(&queued, 1);
                if (slot < LOCAL_QUEUE) {
                    queue[slot] = w;
                } else {
                    next[atomicAdd(next_size, 1)] = w;
                }
            }
        }
    }
    __syncthreads();

    int kept = min(queued, LOCAL_QUEUE);
    if (threadIdx.x == 0)
        base = atomicAdd(next_size, kept);
    __syncthreads();

    for (int i = threadIdx.x; i < kept; i += blockDim.x)
        next[base + i] = queue[i];
}

/* Reference: relax every edge until nothing changes (no queue at all). */
static void relax_until_stable(int n, const int *offsets, const int *columns, int source, int *dist)
{
    for (int v = 0; v < n; v++)
        dist[v] = n + 1;
    dist[source] = 0;
    int changed = 1;
    while (changed) {
        changed = 0;
        for (int v = n - 1; v >= 0; v--)
            for (int e = offsets[v]; e < offsets[v + 1]; e++)
                if (dist[columns[e]] + 1 < dist[v]) {
                    dist[v] = dist[columns[e]] + 1;
                    changed = 1;
                }
    }
}

int main(int argc, char **argv)
{
    const int n = argc > 1 ? atoi(argv[1]) : 3001;
    const int source = n / 3;

    /* build CSR of the undirected graph; the vertices from n-5 on stay alone */
    int *degree = (int *)calloc(n + 1, sizeof(int));
    int *offsets = (int *)calloc(n + 1, sizeof(int));
    const int joined = n - 5;
#define FAR(v) (int)(((long long)(v) * (v) + 17) % joined)
    for (int v = 0; v < joined; v++) {
        degree[v]++;
        degree[(v + 1) % joined]++;
        degree[v]++;
        degree[FAR(v)]++;
    }
    for (int v = 0; v < n; v++)
        offsets[v + 1] = offsets[v] + degree[v];
    int edges = offsets[n];
    int *columns = (int *)malloc(edges * sizeof(int));
    memset(degree, 0, n * sizeof(int));
    for (int v = 0; v < joined; v++) {
        int to[2] = {(v + 1) % joined, FAR(v)};
        for (int k = 0; k < 2; k++) {
            columns[offsets[v] + degree[v]++] = to[k];
            columns[offsets[to[k]] + degree[to[k]]++] = v;
        }
    }

    int *d_offsets, *d_columns, *d_level, *d_frontier, *d_next, *d_size;
    CUDA_CHECK(cudaMalloc((void **)&d_offsets, (n + 1) * sizeof(int)));
    CUDA_CHECK(cudaMalloc((void **)&d_columns, edges * sizeof(int)));
    CUDA_CHECK(cudaMalloc((void **)&d_level, n * sizeof(int)));
    CUDA_CHECK(cudaMalloc((void **)&d_frontier, n * sizeof(int)));
    CUDA_CHECK(cudaMalloc((void **)&d_next, n * sizeof(int)));
    CUDA_CHECK(cudaMalloc((void **)&d_size, sizeof(int)));
    CUDA_CHECK(cudaMemcpy(d_offsets, offsets, (n + 1) * sizeof(int), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_columns, columns, edges * sizeof(int), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemset(d_level, 0xff, n * sizeof(int)));
    int zero = 0;
    CUDA_CHECK(cudaMemcpy(d_level + source, &zero, sizeof(int), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_frontier, &source, sizeof(int), cudaMemcpyHostToDevice));

    int frontier_size = 1, depth = 0;
    while (frontier_size > 0) {
        depth++;
        CUDA_CHECK(cudaMemset(d_size, 0, sizeof(int)));
        int blocks = (frontier_size + BLOCK_SIZE - 1) / BLOCK_SIZE;
        expand_frontier<<<blocks, BLOCK_SIZE>>>(d_offsets, d_columns, d_level, d_frontier, frontier_size, d_next,
                                                d_size, depth);
        CUDA_CHECK(cudaGetLastError());
        CUDA_CHECK(cudaMemcpy(&frontier_size, d_size, sizeof(int), cudaMemcpyDeviceToHost));
        int *swap = d_frontier;
        d_frontier = d_next;
        d_next = swap;
    }

    int *level = (int *)malloc(n * sizeof(int));
    int *dist = (int *)malloc(n * sizeof(int));
    CUDA_CHECK(cudaMemcpy(level, d_level, n * sizeof(int), cudaMemcpyDeviceToHost));
    relax_until_stable(n, offsets, columns, source, dist);
    int wrong = 0;
    for (int v = 0; v < n; v++)
        if (level[v] != (dist[v] > n ? UNSEEN : dist[v]))
            wrong++;
    printf("%d vertices, %d edges, depth %d: %s\n", n, edges, depth - 1, wrong ? "FAIL" : "PASS");

    cudaFree(d_offsets); cudaFree(d_columns); cudaFree(d_level);
    cudaFree(d_frontier); cudaFree(d_next); cudaFree(d_size);
    free(degree); free(offsets); free(columns); free(level); free(dist);
    return wrong != 0;
}
