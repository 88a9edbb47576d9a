// MaxPool2d and AvgPool2d, forward and backward, NCHW, in the manner of the classic layer libraries.
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdio>
#include <vector>

#include "cuda_runtime.h"

#define CUDA_KERNEL_LOOP(i, n) \
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < (n); i += blockDim.x * gridDim.x)

const int CUDA_NUM_THREADS = 128;
inline int GET_BLOCKS(const int N) { return (N + CUDA_NUM_THREADS - 1) / CUDA_NUM_THREADS; }

#define CUDA_POST_KERNEL_CHECK                                                      \
  do {                                                                              \
    cudaError_t error = cudaPeekAtLastError();                                      \
    if (error != cudaSuccess) {                                                     \
      printf("Check failed: %s\n", cudaGetErrorString(error));                      \
      exit(1);                                                                      \
    }                                                                               \
  } while (0)

template <typename Dtype>
__global__ void MaxPoolForward(const int nthreads, const Dtype* const bottom_data, const int channels, const int height,
                               const int width, const int pooled_height, const int pooled_width, const int kernel_h,
                               const int kernel_w, const int stride_h, const int stride_w, const int pad_h,
                               const int pad_w, Dtype* const top_data, int* mask) {
  CUDA_KERNEL_LOOP(index, nthreads) {
    const int pw = index % pooled_width;
    const int ph = (index / pooled_width) % pooled_height;
    const int plane = index / pooled_width / pooled_height;
    int hstart = ph * stride_h - pad_h;
    int wstart = pw * stride_w - pad_w;
    const int hend = min(hstart + kernel_h, height);
    const int wend = min(wstart + kernel_w, width);
    hstart = max(hstart, 0);
    wstart = max(wstart, 0);
    Dtype maxval = -FLT_MAX;
    int maxidx = -1;
    const Dtype* const bottom_slice = bottom_data + plane * height * width;
    for (int h = hstart; h < hend; ++h) {
      for (int w = wstart; w < wend; ++w) {
        if (bottom_slice[h * width + w] > maxval) {
          maxidx = h * width + w;
          maxval = bottom_slice[maxidx];
        }
      }
    }
    top_data[index] = maxval;
    mask[index] = maxidx;
  }
}

template <typename Dtype>
__global__ void MaxPoolBackward(const int nthreads, const Dtype* const top_diff, const int* const mask, const int plane_top,
                                const int plane_bottom, Dtype* const bottom_diff) {
  CUDA_KERNEL_LOOP(index, nthreads) {
    if (mask[index] < 0) continue;  // a window without any finite value
    atomicAdd(bottom_diff + index / plane_top * plane_bottom + mask[index], top_diff[index]);
  }
}

// each input gathers from the windows that contain it; windows are counted without their padding
template <typename Dtype, bool Gradient>
__global__ void AvgPool(const int nthreads, const Dtype* const from, const int height, const int width,
                        const int pooled_height, const int pooled_width, const int kernel, const int stride,
                        const int pad, Dtype* const to) {
  CUDA_KERNEL_LOOP(index, nthreads) {
    Dtype sum = 0;
    if (!Gradient) {
      const int pw = index % pooled_width, ph = index / pooled_width % pooled_height;
      const int plane = index / pooled_width / pooled_height;
      int count = 0;
      for (int h = ph * stride - pad; h < ph * stride - pad + kernel; ++h) {
        if (h < 0) continue;
        if (h >= height) break;
        for (int w = pw * stride - pad; w < pw * stride - pad + kernel; ++w) {
          if (w < 0) continue;
          if (w >= width) break;
          sum += from[(plane * height + h) * width + w];
          ++count;
        }
      }
      to[index] = sum / count;
    } else {
      const int w = index % width + pad, h = index / width % height + pad, plane = index / width / height;
      const int phstart = h < kernel ? 0 : (h - kernel) / stride + 1, phend = min(h / stride + 1, pooled_height);
      const int pwstart = w < kernel ? 0 : (w - kernel) / stride + 1, pwend = min(w / stride + 1, pooled_width);
      for (int ph = phstart; ph < phend; ++ph)
        for (int pw = pwstart; pw < pwend; ++pw) {
          const int rows = min(ph * stride - pad + kernel, height) - max(ph * stride - pad, 0);
          const int cols = min(pw * stride - pad + kernel, width) - max(pw * stride - pad, 0);
          sum += from[(plane * pooled_height + ph) * pooled_width + pw] / (rows * cols);
        }
      to[index] = sum;
    }
  }
}

template <typename T>
T* alloc(size_t n, const T* init = NULL) {
  T* p = NULL;
  if (cudaMalloc((void**)&p, n * sizeof(T)) != cudaSuccess) exit(1);
  if (init) cudaMemcpy(p, init, n * sizeof(T), cudaMemcpyHostToDevice);
  else cudaMemset(p, 0, n * sizeof(T));
  return p;
}

template <typename Dtype>
bool TestPooling(const char* name) {
  const int n = 2, c = 3, h = 17, w = 22, k = 3, s = 2, pad = 1;
  const int ph = (h + 2 * pad - k) / s + 1, pw = (w + 2 * pad - k) / s + 1;
  const int bottom = n * c * h * w, top = n * c * ph * pw;
  std::vector<Dtype> x(bottom), dy(top), y(top), dx(bottom), avg(top), davg(bottom);
  std::vector<int> mask(top);
  for (int i = 0; i < bottom; ++i) x[i] = Dtype((i * 37) % 1009) / 4;  // all different within a window
  for (int i = 0; i < top; ++i) dy[i] = Dtype(i % 16) / 8 - 1;

  Dtype *d_x = alloc(bottom, x.data()), *d_dy = alloc(top, dy.data()), *d_y = alloc<Dtype>(top), *d_dx = alloc<Dtype>(bottom);
  Dtype *d_avg = alloc<Dtype>(top), *d_davg = alloc<Dtype>(bottom);
  int* d_mask = alloc<int>(top);
  MaxPoolForward<Dtype><<<GET_BLOCKS(top), CUDA_NUM_THREADS>>>(top, d_x, c, h, w, ph, pw, k, k, s, s, pad, pad, d_y, d_mask);
  CUDA_POST_KERNEL_CHECK;
  MaxPoolBackward<Dtype><<<GET_BLOCKS(top), CUDA_NUM_THREADS>>>(top, d_dy, d_mask, ph * pw, h * w, d_dx);
  CUDA_POST_KERNEL_CHECK;
  AvgPool<Dtype, false><<<GET_BLOCKS(top), CUDA_NUM_THREADS>>>(top, d_x, h, w, ph, pw, k, s, pad, d_avg);
  CUDA_POST_KERNEL_CHECK;
  AvgPool<Dtype, true><<<2, CUDA_NUM_THREADS>>>(bottom, d_dy, h, w, ph, pw, k, s, pad, d_davg);
  CUDA_POST_KERNEL_CHECK;
  cudaMemcpy(y.data(), d_y, top * sizeof(Dtype), cudaMemcpyDeviceToHost);
  cudaMemcpy(mask.data(), d_mask, top * sizeof(int), cudaMemcpyDeviceToHost);
  cudaMemcpy(dx.data(), d_dx, bottom * sizeof(Dtype), cudaMemcpyDeviceToHost);
  cudaMemcpy(avg.data(), d_avg, top * sizeof(Dtype), cudaMemcpyDeviceToHost);
  cudaMemcpy(davg.data(), d_davg, bottom * sizeof(Dtype), cudaMemcpyDeviceToHost);

  // Reference for the maximum: visit the inputs of a plane from the largest down, each claims its unclaimed windows.
  int wrong = 0;
  for (int plane = 0; plane < n * c; ++plane) {
    std::vector<int> order(h * w), owner(ph * pw, -1);
    for (int i = 0; i < h * w; ++i) order[i] = i;
    const Dtype* slice = &x[plane * h * w];
    std::sort(order.begin(), order.end(), [slice](int a, int b) { return slice[a] > slice[b]; });
    for (int o : order) {
      Dtype gradient = 0;
      const int oy = o / w + pad, ox = o % w + pad;
      for (int p = 0; p < ph; ++p)
        for (int q = 0; q < pw; ++q)
          if (oy >= p * s && oy < p * s + k && ox >= q * s && ox < q * s + k && owner[p * pw + q] < 0) {
            owner[p * pw + q] = o;
            gradient += dy[(plane * ph + p) * pw + q];
          }
      wrong += dx[plane * h * w + o] != gradient;  // eighths: exact
    }
    for (int t = 0; t < ph * pw; ++t)
      wrong += mask[plane * ph * pw + t] != owner[t] || y[plane * ph * pw + t] != slice[owner[t]];
  }
  // Averages: <dy, A x> = <A' dy, x>, and the mean of a constant is that constant.
  double left = 0, right = 0, size = 0, total = 0, spread = 0;
  for (int i = 0; i < top; ++i) left += (double)dy[i] * avg[i], size += std::fabs((double)dy[i] * avg[i]), total += dy[i];
  for (int i = 0; i < bottom; ++i) right += (double)davg[i] * x[i], spread += davg[i];
  int outside = 0;
  for (int i = 0; i < top; ++i) {
    double sum = 0;
    int count = 0;
    const int p = i / pw % ph, q = i % pw, plane = i / pw / ph;
    for (int j = 0; j < k * k; ++j) {
      const int yy = p * s - pad + j / k, xx = q * s - pad + j % k;
      if (yy >= 0 && yy < h && xx >= 0 && xx < w) sum += x[(plane * h + yy) * w + xx], ++count;
    }
    outside += !(std::fabs(avg[i] - sum / count) <= 1e-6 * (1 + sum / count));
  }
  const bool ok = wrong == 0 && outside == 0 && std::fabs(left - right) < 1e-6 * size && std::fabs(total - spread) < 1e-4;
  printf("%s: %d wrong, %d averages outside, <dy,Ax> = %.4f = %.4f\n", name, wrong, outside, left, right);
  cudaFree(d_x); cudaFree(d_dy); cudaFree(d_y); cudaFree(d_dx); cudaFree(d_avg); cudaFree(d_davg); cudaFree(d_mask);
  return ok;
}

int main() {
  const bool f = TestPooling<float>("float"), d = TestPooling<double>("double");
  printf("%s\n", f && d ? "PASS" : "FAIL");
  return f && d ? 0 : 1;
}
