// Formulas as trees of objects that live on the device: built by one kernel, evaluated by many threads of another,
// deleted by a third. Slow, but this is how a first version is often written.
#include <cuda_runtime.h>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

class Expr {
 public:
  __device__ virtual ~Expr() {}
  __device__ virtual float eval(const float* vars) const = 0;
  __device__ virtual float derivative(const float* vars, int by) const = 0;
};

class Constant : public Expr {
 public:
  __device__ explicit Constant(float v) : value_(v) {}
  __device__ float eval(const float*) const override { return value_; }
  __device__ float derivative(const float*, int) const override { return 0.0f; }

 private:
  float value_;
};

class Variable : public Expr {
 public:
  __device__ explicit Variable(int which) : which_(which) {}
  __device__ float eval(const float* vars) const override { return vars[which_]; }
  __device__ float derivative(const float*, int by) const override { return by == which_ ? 1.0f : 0.0f; }

 private:
  int which_;
};

class Binary : public Expr {
 public:
  __device__ Binary(Expr* l, Expr* r) : left(l), right(r) {}
  __device__ ~Binary() override {
    delete left;
    delete right;
  }

 protected:
  Expr *left, *right;
};

class Add : public Binary {
 public:
  using Binary::Binary;
  __device__ float eval(const float* v) const override { return left->eval(v) + right->eval(v); }
  __device__ float derivative(const float* v, int by) const override { return left->derivative(v, by) + right->derivative(v, by); }
};

class Mul : public Binary {
 public:
  using Binary::Binary;
  __device__ float eval(const float* v) const override { return left->eval(v) * right->eval(v); }
  __device__ float derivative(const float* v, int by) const override {
    return left->derivative(v, by) * right->eval(v) + left->eval(v) * right->derivative(v, by);
  }
};

// Reverse Polish text: digits are constants, x y z variables, + and * operators. One thread builds one tree.
__global__ void build(const char* text, const int* starts, Expr** trees, int count) {
  const int t = blockIdx.x * blockDim.x + threadIdx.x;
  if (t >= count) return;
  Expr* stack[16];
  int top = 0;
  for (const char* p = text + starts[t]; *p; ++p) {
    if (*p >= '0' && *p <= '9') {
      stack[top++] = new Constant(*p - '0');
    } else if (*p >= 'x' && *p <= 'z') {
      stack[top++] = new Variable(*p - 'x');
    } else if (*p == '+' || *p == '*') {
      Expr* r = stack[--top];
      Expr* l = stack[--top];
      if (*p == '+') stack[top++] = new Add(l, r);
      else stack[top++] = new Mul(l, r);
    }
  }
  trees[t] = top == 1 ? stack[0] : nullptr;
}

__global__ void evaluate(Expr* const* trees, int count, const float* points, int n, float* values, float* gradients) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  const int tree = blockIdx.y;
  if (i >= n || tree >= count) return;
  const Expr* e = trees[tree];
  float vars[3];
  for (int k = 0; k < 3; ++k) vars[k] = points[3 * i + k];
  values[tree * n + i] = e->eval(vars);
  for (int k = 0; k < 3; ++k) gradients[(tree * n + i) * 3 + k] = e->derivative(vars, k);
}

__global__ void destroy(Expr** trees, int count) {
  for (int t = threadIdx.x; t < count; t += blockDim.x) {
    delete trees[t];
    trees[t] = nullptr;
  }
}

#define CHECK_CUDA(x) do { if (cudaError_t e = (x)) { std::printf("%s: %s\n", #x, cudaGetErrorString(e)); return 1; } } while (0)

int main(int argc, char** argv) {
  // written so that values and gradients in small whole numbers are exact
  const char* formulas[] = {"xy+z*", "x2*y3*+4+", "xx*yy*+zz*+", "7", "xyz**2*xy*+", "x1+x2+x3+*+"};
  const int count = sizeof formulas / sizeof formulas[0], n = argc > 1 ? std::atoi(argv[1]) : 203;
  std::vector<char> text;
  std::vector<int> starts;
  for (const char* f : formulas) {
    starts.push_back((int)text.size());
    text.insert(text.end(), f, f + std::strlen(f) + 1);
  }
  std::vector<float> points(3 * n);
  for (int i = 0; i < 3 * n; ++i) points[i] = (float)(i * 7 % 19 - 9);

  char* d_text;
  int* d_starts;
  Expr** d_trees;
  float *d_points, *d_values, *d_grads;
  CHECK_CUDA(cudaMalloc(&d_text, text.size()));
  CHECK_CUDA(cudaMalloc(&d_starts, count * sizeof(int)));
  CHECK_CUDA(cudaMalloc(&d_trees, count * sizeof(Expr*)));
  CHECK_CUDA(cudaMalloc(&d_points, points.size() * sizeof(float)));
  CHECK_CUDA(cudaMalloc(&d_values, count * n * sizeof(float)));
  CHECK_CUDA(cudaMalloc(&d_grads, 3 * count * n * sizeof(float)));
  CHECK_CUDA(cudaMemcpy(d_text, text.data(), text.size(), cudaMemcpyHostToDevice));
  CHECK_CUDA(cudaMemcpy(d_starts, starts.data(), count * sizeof(int), cudaMemcpyHostToDevice));
  CHECK_CUDA(cudaMemcpy(d_points, points.data(), points.size() * sizeof(float), cudaMemcpyHostToDevice));
  build<<<1, 32>>>(d_text, d_starts, d_trees, count);
  evaluate<<<dim3((n + 63) / 64, count), 64>>>(d_trees, count, d_points, n, d_values, d_grads);
  destroy<<<1, 32>>>(d_trees, count);
  CHECK_CUDA(cudaDeviceSynchronize());
  std::vector<float> values(count * n), grads(3 * count * n);
  CHECK_CUDA(cudaMemcpy(values.data(), d_values, values.size() * sizeof(float), cudaMemcpyDeviceToHost));
  CHECK_CUDA(cudaMemcpy(grads.data(), d_grads, grads.size() * sizeof(float), cudaMemcpyDeviceToHost));

  int wrong = 0;
  for (int i = 0; i < n; ++i) {
    const float x = points[3 * i], y = points[3 * i + 1], z = points[3 * i + 2];
    // value and gradient worked out by hand
    const float want[count][4] = {
        {(x + y) * z, z, z, x + y},
        {2 * x + 3 * y + 4, 2, 3, 0},
        {x * x + y * y + z * z, 2 * x, 2 * y, 2 * z},
        {7, 0, 0, 0},
        {2 * x * y * z + x * y, 2 * y * z + y, 2 * x * z + x, 2 * x * y},
        {x + 1 + (x + 2) * (x + 3), 1 + 2 * x + 5, 0, 0},
    };
    for (int t = 0; t < count; ++t) {
      wrong += values[t * n + i] != want[t][0];
      for (int k = 0; k < 3; ++k) wrong += grads[(t * n + i) * 3 + k] != want[t][k + 1];
    }
  }
  for (void* p : {(void*)d_text, (void*)d_starts, (void*)d_trees, (void*)d_points, (void*)d_values, (void*)d_grads}) cudaFree(p);
  std::printf("%d trees, %d points, %d wrong\n%s\n", count, n, wrong, wrong ? "FAIL" : "PASS");
  return wrong ? 1 : 0;
}
