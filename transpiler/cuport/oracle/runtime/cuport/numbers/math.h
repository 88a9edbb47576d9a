// CUDA's mathematical functions that the C library does not have.
#pragma once
#include "math_fast.h"

CUPORT_FN float rsqrtf(float x) { return static_cast<float>(1.0 / sqrt(static_cast<double>(x))); }
CUPORT_FN double rsqrt(double x) { return 1.0 / sqrt(x); }
CUPORT_FN float rsqrt(float x) { return rsqrtf(x); }
CUPORT_FN float rcbrtf(float x) { return static_cast<float>(1.0 / cbrt(static_cast<double>(x))); }
CUPORT_FN double rcbrt(double x) { return 1.0 / cbrt(x); }
CUPORT_FN float rcbrt(float x) { return rcbrtf(x); }

// Exact at multiples of one half: the argument is reduced before pi comes in.
CUPORT_FN double sinpi(double x) {
  if (!isfinite(x)) return NAN;
  const double sign_of_zero = copysign(0.0, x);
  double r = fmod(fabs(x), 2.0);
  double sign = signbit(x) ? -1.0 : 1.0;
  if (r >= 1.0) r -= 1.0, sign = -sign;
  if (r == 0.0) return sign_of_zero;
  if (r > 0.5) r = 1.0 - r;
  return sign * (r > 0.25 ? cos(M_PI * (0.5 - r)) : sin(M_PI * r));
}
CUPORT_FN double cospi(double x) {
  if (!isfinite(x)) return NAN;
  double r = fmod(fabs(x), 2.0);
  if (r > 1.0) r = 2.0 - r;
  if (r == 0.5) return 0.0;
  const double sign = r > 0.5 ? -1.0 : 1.0;
  if (r > 0.5) r = 1.0 - r;
  return sign * (r > 0.25 ? sin(M_PI * (0.5 - r)) : cos(M_PI * r));
}
CUPORT_FN float sinpif(float x) { return static_cast<float>(sinpi(static_cast<double>(x))); }
CUPORT_FN float cospif(float x) { return static_cast<float>(cospi(static_cast<double>(x))); }
CUPORT_FN float sinpi(float x) { return sinpif(x); }
CUPORT_FN float cospi(float x) { return cospif(x); }
CUPORT_FN void sincospi(double x, double* s, double* c) { *s = sinpi(x), *c = cospi(x); }
CUPORT_FN void sincospif(float x, float* s, float* c) { *s = sinpif(x), *c = cospif(x); }
CUPORT_FN void sincospi(float x, float* s, float* c) { sincospif(x, s, c); }
CUPORT_FN void sincos(float x, float* s, float* c) { *s = sinf(x), *c = cosf(x); }
CUPORT_FN float exp10(float x) { return exp10f(x); }

CUPORT_FN double rhypot(double x, double y) { return 1.0 / hypot(x, y); }
CUPORT_FN float rhypotf(float x, float y) { return static_cast<float>(1.0 / hypot(static_cast<double>(x), static_cast<double>(y))); }
CUPORT_FN double norm3d(double a, double b, double c) { return hypot(hypot(a, b), c); }
CUPORT_FN float norm3df(float a, float b, float c) { return static_cast<float>(norm3d(static_cast<double>(a), static_cast<double>(b), static_cast<double>(c))); }
CUPORT_FN double rnorm3d(double a, double b, double c) { return 1.0 / norm3d(a, b, c); }
CUPORT_FN float rnorm3df(float a, float b, float c) { return static_cast<float>(rnorm3d(static_cast<double>(a), static_cast<double>(b), static_cast<double>(c))); }
CUPORT_FN double norm4d(double a, double b, double c, double d) { return hypot(norm3d(a, b, c), d); }
CUPORT_FN float norm4df(float a, float b, float c, float d) {
  return static_cast<float>(norm4d(static_cast<double>(a), static_cast<double>(b), static_cast<double>(c), static_cast<double>(d)));
}
CUPORT_FN double rnorm4d(double a, double b, double c, double d) { return 1.0 / norm4d(a, b, c, d); }
CUPORT_FN float rnorm4df(float a, float b, float c, float d) { return static_cast<float>(1.0 / norm4d(static_cast<double>(a), static_cast<double>(b), static_cast<double>(c), static_cast<double>(d))); }
CUPORT_FN double norm(int n, const double* p) {
  double r = 0;
  for (int i = 0; i < n; ++i) r = hypot(r, p[i]);
  return r;
}
CUPORT_FN float normf(int n, const float* p) {
  double r = 0;
  for (int i = 0; i < n; ++i) r = hypot(r, static_cast<double>(p[i]));
  return static_cast<float>(r);
}
CUPORT_FN double rnorm(int n, const double* p) { return 1.0 / norm(n, p); }
CUPORT_FN float rnormf(int n, const float* p) {
  double r = 0;
  for (int i = 0; i < n; ++i) r = hypot(r, static_cast<double>(p[i]));
  return static_cast<float>(1.0 / r);
}

// The normal distribution and its inverse, the latter by Acklam's rational approximation and two Halley steps in double.
CUPORT_FN double normcdf(double x) { return 0.5 * erfc(-x * M_SQRT1_2); }
CUPORT_FN double normcdfinv(double p) {
  if (!(p >= 0.0 && p <= 1.0)) return NAN;
  if (p == 0.0) return -INFINITY;
  if (p == 1.0) return INFINITY;
  static const double a[] = {-3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02, 1.383577518672690e+02, -3.066479806614716e+01, 2.506628277459239e+00};
  static const double b[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01, -1.328068155288572e+01};
  static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00, -2.549732539343734e+00, 4.374664141464968e+00, 2.938163982698783e+00};
  static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00};
  double x;
  if (p < 0.02425 || p > 1 - 0.02425) {
    const double q = sqrt(-2 * log(p < 0.5 ? p : 1 - p));
    x = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) / ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
    if (p > 0.5) x = -x;
  } else {
    const double q = p - 0.5, r = q * q;
    x = (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q / (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
  }
  for (int i = 0; i < 2; ++i) {
    const double e = normcdf(x) - p;
    const double u = e * sqrt(2 * M_PI) * exp(x * x / 2);
    if (isfinite(u)) x -= u / (1 + x * u / 2);
  }
  return x;
}
CUPORT_FN double erfcinv(double x) { return -normcdfinv(x / 2) * M_SQRT1_2; }
CUPORT_FN double erfinv(double x) {
  const double size = fabs(x);
  if (size > 0.5) return copysign(erfcinv(1 - size), x);
  double y = normcdfinv((x + 1) / 2) * M_SQRT1_2;  // near 0 only its absolute error is small: two steps of Newton's
  if (size < 1e-9) y = x / M_2_SQRTPI;
  for (int i = 0; i < 2; ++i) y -= (erf(y) - x) / (M_2_SQRTPI * exp(-y * y));
  return y;
}
CUPORT_FN double erfcx(double x) {
  if (x < 25) return exp(x * x) * erfc(x);
  const double r = 1 / (x * x);  // asymptotic series
  return (1 - r / 2 * (1 - 1.5 * r * (1 - 2.5 * r))) / (x * sqrt(M_PI));
}
CUPORT_FN float normcdff(float x) { return static_cast<float>(normcdf(static_cast<double>(x))); }
CUPORT_FN float normcdfinvf(float x) { return static_cast<float>(normcdfinv(static_cast<double>(x))); }
CUPORT_FN float erfinvf(float x) { return static_cast<float>(erfinv(static_cast<double>(x))); }
CUPORT_FN float erfcinvf(float x) { return static_cast<float>(erfcinv(static_cast<double>(x))); }
CUPORT_FN float erfcxf(float x) { return static_cast<float>(erfcx(static_cast<double>(x))); }
CUPORT_FN float normcdf(float x) { return normcdff(x); }
CUPORT_FN float normcdfinv(float x) { return normcdfinvf(x); }
CUPORT_FN float erfinv(float x) { return erfinvf(x); }
CUPORT_FN float erfcinv(float x) { return erfcinvf(x); }
CUPORT_FN float erfcx(float x) { return erfcxf(x); }

// Modified Bessel functions of the first kind, by their power series (all terms positive).
namespace cuport {
CUPORT_FN double bessel_i(int order, double x) {
  const double q = x * x / 4;
  double term = order == 0 ? 1.0 : x / 2, sum = term;
  for (int k = 1; k < 2000 && fabs(term) > 1e-18 * fabs(sum); ++k) sum += term *= q / (static_cast<double>(k) * (k + order));
  return sum;
}
}  // namespace cuport
CUPORT_FN double cyl_bessel_i0(double x) { return cuport::bessel_i(0, x); }
CUPORT_FN double cyl_bessel_i1(double x) { return cuport::bessel_i(1, x); }
CUPORT_FN float cyl_bessel_i0f(float x) { return static_cast<float>(cuport::bessel_i(0, static_cast<double>(x))); }
CUPORT_FN float cyl_bessel_i1f(float x) { return static_cast<float>(cuport::bessel_i(1, static_cast<double>(x))); }
