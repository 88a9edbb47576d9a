// 8-bit floating types: __nv_fp8_e4m3, __nv_fp8_e5m2, their pairs and fours, and the conversions.
#pragma once
#include "cuda_bf16.h"
#include "cuda_fp16.h"
#include "cuport/numbers/float8.h"

typedef unsigned char __nv_fp8_storage_t;
typedef unsigned short __nv_fp8x2_storage_t;
typedef unsigned int __nv_fp8x4_storage_t;
enum __nv_saturation_t { __NV_NOSAT, __NV_SATFINITE };
enum __nv_fp8_interpretation_t { __NV_E4M3, __NV_E5M2 };

CUPORT_FN __nv_fp8_storage_t __nv_cvt_double_to_fp8(const double x, const __nv_saturation_t saturate, const __nv_fp8_interpretation_t kind) {
  return kind == __NV_E4M3 ? cuport::Float8<4, 3>::narrow(x, saturate == __NV_SATFINITE) : cuport::Float8<5, 2>::narrow(x, saturate == __NV_SATFINITE);
}
CUPORT_FN __nv_fp8_storage_t __nv_cvt_float_to_fp8(const float x, const __nv_saturation_t saturate, const __nv_fp8_interpretation_t kind) {
  return __nv_cvt_double_to_fp8(static_cast<double>(x), saturate, kind);
}
CUPORT_FN __nv_fp8x2_storage_t __nv_cvt_double2_to_fp8x2(const double2 x, const __nv_saturation_t saturate, const __nv_fp8_interpretation_t kind) {
  return static_cast<__nv_fp8x2_storage_t>(__nv_cvt_double_to_fp8(x.y, saturate, kind) << 8 | __nv_cvt_double_to_fp8(x.x, saturate, kind));
}
CUPORT_FN __nv_fp8x2_storage_t __nv_cvt_float2_to_fp8x2(const float2 x, const __nv_saturation_t saturate, const __nv_fp8_interpretation_t kind) {
  return __nv_cvt_double2_to_fp8x2(make_double2(static_cast<double>(x.x), static_cast<double>(x.y)), saturate, kind);
}
CUPORT_FN __nv_fp8_storage_t __nv_cvt_halfraw_to_fp8(const __half_raw x, const __nv_saturation_t saturate, const __nv_fp8_interpretation_t kind) {
  return __nv_cvt_float_to_fp8(cuport::HalfFormat::widen(x.x), saturate, kind);
}
CUPORT_FN __nv_fp8x2_storage_t __nv_cvt_halfraw2_to_fp8x2(const __half2_raw x, const __nv_saturation_t saturate, const __nv_fp8_interpretation_t kind) {
  return __nv_cvt_float2_to_fp8x2(make_float2(cuport::HalfFormat::widen(x.x), cuport::HalfFormat::widen(x.y)), saturate, kind);
}
CUPORT_FN __nv_fp8_storage_t __nv_cvt_bfloat16raw_to_fp8(const __nv_bfloat16_raw x, const __nv_saturation_t saturate, const __nv_fp8_interpretation_t kind) {
  return __nv_cvt_float_to_fp8(cuport::BrainFormat::widen(x.x), saturate, kind);
}
CUPORT_FN __nv_fp8x2_storage_t __nv_cvt_bfloat16raw2_to_fp8x2(const __nv_bfloat162_raw x, const __nv_saturation_t saturate, const __nv_fp8_interpretation_t kind) {
  return __nv_cvt_float2_to_fp8x2(make_float2(cuport::BrainFormat::widen(x.x), cuport::BrainFormat::widen(x.y)), saturate, kind);
}
namespace cuport {
CUPORT_FN float widen_fp8(unsigned bits, __nv_fp8_interpretation_t kind) {
  const auto b = static_cast<uint8_t>(bits);
  return kind == __NV_E4M3 ? Float8<4, 3>::widen(b) : Float8<5, 2>::widen(b);
}
}  // namespace cuport
CUPORT_FN __half_raw __nv_cvt_fp8_to_halfraw(const __nv_fp8_storage_t x, const __nv_fp8_interpretation_t kind) {
  return __half_raw{cuport::HalfFormat::narrow(cuport::widen_fp8(x, kind))};
}
CUPORT_FN __half2_raw __nv_cvt_fp8x2_to_halfraw2(const __nv_fp8x2_storage_t x, const __nv_fp8_interpretation_t kind) {
  return __half2_raw{__nv_cvt_fp8_to_halfraw(static_cast<__nv_fp8_storage_t>(x), kind).x, __nv_cvt_fp8_to_halfraw(static_cast<__nv_fp8_storage_t>(x >> 8), kind).x};
}

// The structs saturate; they have conversions and no arithmetic of their own.
#define CUPORT_FP8(T, T2, T4, KIND, dtype)                                                                              \
  struct T {                                                                                                            \
    __nv_fp8_storage_t __x;                                                                                             \
    T() = default;                                                                                                      \
    explicit T(const __half f) : __x(__nv_cvt_float_to_fp8(f, __NV_SATFINITE, KIND)) {}                                 \
    explicit T(const __nv_bfloat16 f) : __x(__nv_cvt_float_to_fp8(f, __NV_SATFINITE, KIND)) {}                          \
    explicit T(const float f) : __x(__nv_cvt_float_to_fp8(f, __NV_SATFINITE, KIND)) {}                                  \
    explicit T(const double f) : __x(__nv_cvt_double_to_fp8(f, __NV_SATFINITE, KIND)) {}                                \
    template <class I, class = std::enable_if_t<std::is_integral_v<I>>>                                                 \
    explicit T(const I i) : __x(__nv_cvt_double_to_fp8(static_cast<double>(i), __NV_SATFINITE, KIND)) {}                \
    explicit operator float() const { return cuport::widen_fp8(__x, KIND); }                                            \
    explicit operator double() const { return static_cast<double>(cuport::widen_fp8(__x, KIND)); }                      \
    explicit operator __half() const { return __half(cuport::widen_fp8(__x, KIND)); }                                   \
    explicit operator __nv_bfloat16() const { return __nv_bfloat16(cuport::widen_fp8(__x, KIND)); }                     \
    explicit operator bool() const { return (__x & 0x7Fu) != 0; }                                                       \
    template <class I, class = std::enable_if_t<std::is_integral_v<I>>>                                                 \
    explicit operator I() const { return cuport::cast<I>(cuport::widen_fp8(__x, KIND)); }                               \
  };                                                                                                                    \
  struct T2 {                                                                                                           \
    __nv_fp8x2_storage_t __x;                                                                                           \
    T2() = default;                                                                                                     \
    explicit T2(const float2 f) : __x(__nv_cvt_float2_to_fp8x2(f, __NV_SATFINITE, KIND)) {}                             \
    explicit T2(const double2 f) : __x(__nv_cvt_double2_to_fp8x2(f, __NV_SATFINITE, KIND)) {}                           \
    explicit T2(const __half2 f) : T2(make_float2(f.x, f.y)) {}                                                         \
    explicit T2(const __nv_bfloat162 f) : T2(make_float2(f.x, f.y)) {}                                                  \
    explicit operator float2() const { return make_float2(cuport::widen_fp8(__x, KIND), cuport::widen_fp8(__x >> 8, KIND)); } \
    explicit operator __half2() const { const float2 f = static_cast<float2>(*this); return __half2(__half(f.x), __half(f.y)); } \
  };                                                                                                                    \
  struct T4 {                                                                                                           \
    __nv_fp8x4_storage_t __x;                                                                                           \
    T4() = default;                                                                                                     \
    explicit T4(const float4 f)                                                                                         \
        : __x(static_cast<unsigned>(T2(make_float2(f.z, f.w)).__x) << 16 | T2(make_float2(f.x, f.y)).__x) {}            \
    explicit T4(const double4 f)                                                                                        \
        : __x(static_cast<unsigned>(T2(make_double2(f.z, f.w)).__x) << 16 | T2(make_double2(f.x, f.y)).__x) {}          \
    explicit T4(const __half2 low, const __half2 high) : __x(static_cast<unsigned>(T2(high).__x) << 16 | T2(low).__x) {} \
    explicit T4(const __nv_bfloat162 low, const __nv_bfloat162 high) : __x(static_cast<unsigned>(T2(high).__x) << 16 | T2(low).__x) {} \
    explicit operator float4() const {                                                                                  \
      return make_float4(cuport::widen_fp8(__x, KIND), cuport::widen_fp8(__x >> 8, KIND), cuport::widen_fp8(__x >> 16, KIND), \
                         cuport::widen_fp8(__x >> 24, KIND));                                                           \
    }                                                                                                                   \
  };                                                                                                                    \
  namespace cuport {                                                                                                    \
  template <> struct dtype_of<T> { static constexpr const char* name = dtype; };                                        \
  }
CUPORT_FP8(__nv_fp8_e4m3, __nv_fp8x2_e4m3, __nv_fp8x4_e4m3, __NV_E4M3, "float8_e4m3fn")
CUPORT_FP8(__nv_fp8_e5m2, __nv_fp8x2_e5m2, __nv_fp8x4_e5m2, __NV_E5M2, "float8_e5m2")
#undef CUPORT_FP8
