/* Unary tensor operations, one kernel per (operation, type), all made by a macro.
   DEFINE_UNARY(name, expr) writes two kernels; both walk a strided vector. */
#include <cuda.h>
#include <cuda_runtime.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define CEIL_DIV(a, b) (((a) + (b) - 1) / (b))
#define THREADS 64

#define CHECK(x) do { cudaError_t rc_ = (x); if (rc_) { \
  printf("%s:%d %s -> %s\n", __FILE__, __LINE__, #x, cudaGetErrorName(rc_)); exit(2); } } while (0)

#define UNARY_KERNEL(name, TYPE, suffix, expr)                                              \
  extern "C" __global__ void u##name##_##suffix(                                            \
      const size_t numel, const TYPE *inp, const size_t inp_stride, TYPE *out) {            \
    for (unsigned int i = blockIdx.x * blockDim.x + threadIdx.x; i < numel;                 \
         i += blockDim.x * gridDim.x) {                                                     \
      const TYPE x = inp ? inp[i * inp_stride] : out[i];                                    \
      out[i] = expr;                                                                        \
    }                                                                                       \
  }

#define DEFINE_UNARY(name, expr)          \
  UNARY_KERNEL(name, float, f32, expr)    \
  UNARY_KERNEL(name, double, f64, expr)

DEFINE_UNARY(relu, x > 0 ? x : 0)
DEFINE_UNARY(sqr, x * x)
DEFINE_UNARY(recip, 1 / x)
DEFINE_UNARY(softplus, x > 20 ? x : log1p(exp(x)))
DEFINE_UNARY(sign, (x > 0) - (x < 0))
DEFINE_UNARY(cbrt, cbrt(x))

typedef void (*kernel_f32)(size_t, const float *, size_t, float *);
typedef void (*kernel_f64)(size_t, const double *, size_t, double *);

/* the references invert, or take another road */
static double ref_relu(double x) { return (x + fabs(x)) / 2; }
static double ref_sqr(double x) { return exp(2 * log(fabs(x))); }
static double ref_recip(double x) { return copysign(exp(-log(fabs(x))), x); }
static double ref_softplus(double x) { return fmax(x, 0) + log(1 + exp(-fabs(x))); }
static double ref_sign(double x) { return copysign(1.0, x); }
static double ref_cbrt(double x) { return copysign(exp(log(fabs(x)) / 3), x); }

#define ENTRY(name) {#name, u##name##_f32, u##name##_f64, ref_##name}
static const struct op {
  const char *title;
  kernel_f32 f32;
  kernel_f64 f64;
  double (*ref)(double);
} ops[] = {ENTRY(relu), ENTRY(sqr), ENTRY(recip), ENTRY(softplus), ENTRY(sign), ENTRY(cbrt)};

static double sample(size_t i) {
  /* never zero, both signs, magnitudes 2^-3 .. 2^4 */
  double m = ldexp(1.0 + (i * 37 % 101) / 101.0, (int)(i % 7) - 3);
  return i % 3 == 1 ? -m : m;
}

/* not fmax: that would let NaN pass */
#define WORST(so_far, e) do { double e_ = (e); if (!(e_ <= so_far)) so_far = isnan(e_) ? INFINITY : e_; } while (0)

int main(int argc, char **argv) {
  size_t n = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 1501, stride = 3;
  float *hf = (float *)malloc(n * stride * sizeof *hf), *of = (float *)malloc(n * sizeof *of);
  double *hd = (double *)malloc(n * stride * sizeof *hd), *od = (double *)malloc(n * sizeof *od);
  for (size_t i = 0; i < n * stride; i++) hf[i] = (float)(hd[i] = (float)sample(i));

  float *df, *rf;
  double *dd, *rd;
  CHECK(cudaMalloc(&df, n * stride * sizeof *df));
  CHECK(cudaMalloc(&rf, n * sizeof *rf));
  CHECK(cudaMalloc(&dd, n * stride * sizeof *dd));
  CHECK(cudaMalloc(&rd, n * sizeof *rd));
  CHECK(cudaMemcpy(df, hf, n * stride * sizeof *df, cudaMemcpyHostToDevice));
  CHECK(cudaMemcpy(dd, hd, n * stride * sizeof *dd, cudaMemcpyHostToDevice));

  int failures = 0;
  for (size_t k = 0; k < sizeof ops / sizeof ops[0]; k++) {
    double ef = 0, ed = 0;
    ops[k].f32<<<CEIL_DIV(n, THREADS), THREADS>>>(n, df, stride, rf);
    CHECK(cudaGetLastError());
    /* in place: a null input means "use the output buffer" */
    CHECK(cudaMemcpy(rd, dd, n * sizeof *rd, cudaMemcpyDeviceToDevice));
    ops[k].f64<<<3, THREADS>>>(n, NULL, 1, rd);
    CHECK(cudaGetLastError());
    CHECK(cudaMemcpy(of, rf, n * sizeof *of, cudaMemcpyDeviceToHost));
    CHECK(cudaMemcpy(od, rd, n * sizeof *od, cudaMemcpyDeviceToHost));
    for (size_t i = 0; i < n; i++) {
      double a = ops[k].ref(hd[i * stride]), b = ops[k].ref(hd[i]);
      WORST(ef, fabs(of[i] - a) / fmax(fabs(a), 1e-3));
      WORST(ed, fabs(od[i] - b) / fmax(fabs(b), 1e-3));
    }
    int ok = ef < 1e-6 && ed < 1e-12;
    printf("%-9s f32 %.1e  f64 %.1e  %s\n", ops[k].title, ef, ed, ok ? "ok" : "WRONG");
    failures += !ok;
  }
  CHECK(cudaFree(df)); CHECK(cudaFree(rf)); CHECK(cudaFree(dd)); CHECK(cudaFree(rd));
  free(hf); free(of); free(hd); free(od);
  puts(failures ? "FAIL" : "PASS");
  return failures != 0;
}
