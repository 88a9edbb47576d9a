"""CUDA's header-only helpers as CUDA text, lowered like the user's own: vector operators, complex numbers, groups.

Written for the rules alone (the oracle has its own). A header's text is parsed behind the source's where the source
includes it; what the source defines itself comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

_VECTORS = {"float": "float", "int": "int", "uint": "unsigned"}
_D = "__device__ inline"


def text_for(includes: Sequence[str]) -> str:
    """The text of all headers known here that a source includes; "" if there are none."""
    wanted = {name.split("/")[-1] for name in includes}
    parts = [make() for name, make in _HEADERS.items() if name in wanted]
    if any("cooperative_groups" in name for name in includes):
        parts.append(_groups())
    return "\n".join(parts)


def _lanes(n: int) -> str:
    return "xyzw"[:n]


def _each(vector: str, n: int, form: str) -> str:
    """make_vector with `form` for every lane; `@` stands for the lane's name."""
    return f"make_{vector}({', '.join(form.replace('@', k) for k in _lanes(n))})"


@cache
def _helper_math() -> str:
    """helper_math.h of the CUDA samples."""
    lines = [
        f"{_D} float fracf(float v) {{ return v - floorf(v); }}",
        f"{_D} float lerp(float a, float b, float t) {{ return a + t * (b - a); }}",
        f"{_D} float clamp(float v, float a, float b) {{ return fmaxf(a, fminf(v, b)); }}",
        f"{_D} int clamp(int v, int a, int b) {{ return max(a, min(v, b)); }}",
        f"{_D} unsigned clamp(unsigned v, unsigned a, unsigned b) {{ return max(a, min(v, b)); }}",
        f"{_D} float smoothstep(float a, float b, float x) "
        "{ float y = clamp((x - a) / (b - a), 0.0f, 1.0f); return y * y * (3.0f - 2.0f * y); }",
    ]
    for base, lane in _VECTORS.items():
        for n in (2, 3, 4):
            lines += _vector(f"{base}{n}", lane, n)
    return "\n".join(lines)


def _vector(v: str, t: str, n: int) -> list[str]:
    """Everything about one vector type."""
    found = [f"{_D} {v} make_{v}({t} s) {{ return {_each(v, n, 's')}; }}"]
    for op in "+-*/":
        if op == "/" and t != "float":
            continue
        found += [
            f"{_D} {v} operator{op}({v} a, {v} b) {{ return {_each(v, n, f'a.@ {op} b.@')}; }}",
            f"{_D} {v} operator{op}({v} a, {t} b) {{ return {_each(v, n, f'a.@ {op} b')}; }}",
            f"{_D} {v} operator{op}({t} a, {v} b) {{ return {_each(v, n, f'a {op} b.@')}; }}",
            f"{_D} void operator{op}=({v} &a, {v} b) {{ a = a {op} b; }}",
            f"{_D} void operator{op}=({v} &a, {t} b) {{ a = a {op} b; }}",
        ]
    found.append(f"{_D} {t} dot({v} a, {v} b) {{ return {' + '.join(f'a.{k} * b.{k}' for k in _lanes(n))}; }}")
    low, high = ("fminf", "fmaxf") if t == "float" else ("min", "max")
    for name in {low, "min"}:
        found.append(f"{_D} {v} {name}({v} a, {v} b) {{ return {_each(v, n, f'{low}(a.@, b.@)')}; }}")
    for name in {high, "max"}:
        found.append(f"{_D} {v} {name}({v} a, {v} b) {{ return {_each(v, n, f'{high}(a.@, b.@)')}; }}")
    found += [
        f"{_D} {v} clamp({v} v, {t} a, {t} b) {{ return {_each(v, n, 'clamp(v.@, a, b)')}; }}",
        f"{_D} {v} clamp({v} v, {v} a, {v} b) {{ return {_each(v, n, 'clamp(v.@, a.@, b.@)')}; }}",
    ]
    if t != "unsigned":
        found.append(f"{_D} {v} operator-({v} a) {{ return {_each(v, n, '-a.@')}; }}")
    if t == "int":
        found.append(f"{_D} {v} abs({v} a) {{ return {_each(v, n, 'abs(a.@)')}; }}")
    if t == "float":
        found += _float_vector(v, n)
    return found


def _float_vector(v: str, n: int) -> list[str]:
    found = [
        f"{_D} {v} lerp({v} a, {v} b, float t) {{ return a + t * (b - a); }}",
        f"{_D} float length({v} a) {{ return sqrtf(dot(a, a)); }}",
        f"{_D} {v} normalize({v} a) {{ return a * rsqrtf(dot(a, a)); }}",
        f"{_D} {v} floorf({v} a) {{ return {_each(v, n, 'floorf(a.@)')}; }}",
        f"{_D} {v} fracf({v} a) {{ return {_each(v, n, 'fracf(a.@)')}; }}",
        f"{_D} {v} fabs({v} a) {{ return {_each(v, n, 'fabsf(a.@)')}; }}",
        f"{_D} {v} fmodf({v} a, {v} b) {{ return {_each(v, n, 'fmodf(a.@, b.@)')}; }}",
        f"{_D} {v} smoothstep({v} a, {v} b, {v} x) {{ return {_each(v, n, 'smoothstep(a.@, b.@, x.@)')}; }}",
        f"{_D} {v} make_{v}(int{n} a) {{ return {_each(v, n, 'float(a.@)')}; }}",
    ]
    if n == 3:
        found += [
            f"{_D} float3 cross(float3 a, float3 b) "
            "{ return make_float3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x); }",
            f"{_D} float3 reflect(float3 i, float3 n) {{ return i - 2.0f * n * dot(n, i); }}",
            f"{_D} float3 make_float3(float2 a) {{ return make_float3(a.x, a.y, 0.0f); }}",
            f"{_D} float3 make_float3(float2 a, float s) {{ return make_float3(a.x, a.y, s); }}",
            f"{_D} float3 make_float3(float4 a) {{ return make_float3(a.x, a.y, a.z); }}",
        ]
    if n == 4:
        found += [
            f"{_D} float4 make_float4(float3 a) {{ return make_float4(a.x, a.y, a.z, 0.0f); }}",
            f"{_D} float4 make_float4(float3 a, float w) {{ return make_float4(a.x, a.y, a.z, w); }}",
        ]
    if n == 2:
        found.append(f"{_D} float2 make_float2(float3 a) {{ return make_float2(a.x, a.y); }}")
    return found


@cache
def _complex() -> str:
    """cuComplex.h. Quotient and modulus scale by the larger part, as the header does."""
    lines = ["typedef float2 cuFloatComplex;", "typedef double2 cuDoubleComplex;", "typedef cuFloatComplex cuComplex;"]
    for suffix, t, v in (("f", "float", "float2"), ("", "double", "double2")):
        f = "f" if t == "float" else ""
        named = "cuFloatComplex" if t == "float" else "cuDoubleComplex"
        lines += [
            f"{_D} {v} make_{named}({t} x, {t} y) {{ return make_{v}(x, y); }}",
            f"{_D} {t} cuCreal{suffix}({v} a) {{ return a.x; }}",
            f"{_D} {t} cuCimag{suffix}({v} a) {{ return a.y; }}",
            f"{_D} {v} cuConj{suffix}({v} a) {{ return make_{v}(a.x, -a.y); }}",
            f"{_D} {v} cuCadd{suffix}({v} a, {v} b) {{ return make_{v}(a.x + b.x, a.y + b.y); }}",
            f"{_D} {v} cuCsub{suffix}({v} a, {v} b) {{ return make_{v}(a.x - b.x, a.y - b.y); }}",
            f"{_D} {v} cuCmul{suffix}({v} a, {v} b) "
            f"{{ return make_{v}(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x); }}",
            f"{_D} {v} cuCfma{suffix}({v} a, {v} b, {v} c) "
            f"{{ return make_{v}(a.x * b.x + c.x - a.y * b.y, a.x * b.y + c.y + a.y * b.x); }}",
            f"{_D} {v} cuCdiv{suffix}({v} a, {v} b) {{ {t} s = fabs{f}(b.x) + fabs{f}(b.y); {t} o = 1 / s; "
            f"{t} p = a.x * o, q = a.y * o, r = b.x * o, u = b.y * o; s = r * r + u * u; o = 1 / s; "
            f"return make_{v}((p * r + q * u) * o, (q * r - p * u) * o); }}",
            f"{_D} {t} cuCabs{suffix}({v} a) {{ {t} p = fabs{f}(a.x), q = fabs{f}(a.y); "
            f"{t} v = p > q ? p : q, w = p > q ? q : p, t = w / v; t = 1 + t * t; t = v * sqrt{f}(t); "
            f"if (v == 0 || v > {'3.402823466e38f' if f else '1.79769313486231570e+308'} || w > "
            f"{'3.402823466e38f' if f else '1.79769313486231570e+308'}) t = v + w; return t; }}",
        ]
    lines += [f"{_D} float2 make_cuComplex(float x, float y) {{ return make_float2(x, y); }}"]
    return "\n".join(lines)


@cache
def _groups() -> str:
    """Groups of cooperative_groups that are a set of lanes, and its collective algorithms."""
    return """
namespace cooperative_groups {
struct coalesced_group {
  unsigned mask;
  __device__ unsigned lane() const { return __lane_id(); }
  __device__ unsigned size() const { return __popc(mask); }
  __device__ unsigned num_threads() const { return __popc(mask); }
  __device__ unsigned thread_rank() const { return __popc(mask & ((1u << lane()) - 1u)); }
  __device__ unsigned meta_group_size() const { return 1; }
  __device__ unsigned meta_group_rank() const { return 0; }
  __device__ void sync() const { __syncwarp(mask); }
  __device__ int nth(int rank) const {
    unsigned rest = mask;
    for (int k = 0; k < rank; k++) rest &= rest - 1u;
    return __ffs((int)rest) - 1;
  }
  __device__ unsigned ranks(unsigned lanes) const {
    unsigned found = 0, rest = mask;
    for (int k = 0; k < (int)size(); k++) {
      found |= ((lanes >> (__ffs((int)rest) - 1)) & 1u) << k;
      rest &= rest - 1u;
    }
    return found;
  }
  __device__ int any(int p) const { return __any_sync(mask, p); }
  __device__ int all(int p) const { return __all_sync(mask, p); }
  __device__ unsigned ballot(int p) const { return ranks(__ballot_sync(mask, p)); }
  template <typename T> __device__ unsigned match_any(T v) const { return ranks(__match_any_sync(mask, v)); }
  template <typename T> __device__ T shfl(T v, unsigned rank) const { return __shfl_sync(mask, v, nth(rank % size())); }
  template <typename T> __device__ T shfl_up(T v, unsigned d) const {
    int me = thread_rank();
    return __shfl_sync(mask, v, nth(me < (int)d ? me : me - (int)d));
  }
  template <typename T> __device__ T shfl_down(T v, unsigned d) const {
    unsigned to = thread_rank() + d;
    return __shfl_sync(mask, v, nth(to >= size() ? thread_rank() : to));
  }
  template <typename T> __device__ T shfl_xor(T v, unsigned x) const {
    unsigned to = thread_rank() ^ x;
    return __shfl_sync(mask, v, nth(to >= size() ? thread_rank() : to));
  }
};
__device__ inline coalesced_group coalesced_threads() { coalesced_group g; g.mask = __activemask(); return g; }
template <typename G> __device__ coalesced_group binary_partition(const G &g, bool p) {
  unsigned mine = __lanes_of(g), yes = __ballot_sync(mine, p);
  coalesced_group r; r.mask = p ? yes : mine & ~yes; return r;
}
template <typename G, typename T> __device__ coalesced_group labeled_partition(const G &g, T label) {
  coalesced_group r; r.mask = __match_any_sync(__lanes_of(g), label); return r;
}
template <typename G, typename T, typename F> __device__ T inclusive_scan(const G &g, T v, F f) {
  int me = g.thread_rank();
  for (int d = 1; d < (int)g.size(); d *= 2) { T o = g.shfl_up(v, d); if (me >= d) v = f(o, v); }
  return v;
}
template <typename G, typename T> __device__ T inclusive_scan(const G &g, T v) {
  int me = g.thread_rank();
  for (int d = 1; d < (int)g.size(); d *= 2) { T o = g.shfl_up(v, d); if (me >= d) v = o + v; }
  return v;
}
template <typename G, typename T> __device__ T exclusive_scan(const G &g, T v) {
  T s = g.shfl_up(inclusive_scan(g, v), 1);
  return g.thread_rank() == 0 ? T(0) : s;
}
template <typename G, typename T> __device__ void memcpy_async(const G &g, T *to, const T *from, size_t bytes) {
  for (unsigned i = g.thread_rank(); i < bytes / sizeof(T); i += g.size()) to[i] = from[i];
}
template <typename G> __device__ void wait(const G &g) { g.sync(); }
}
"""


_HEADERS = {"helper_math.h": _helper_math, "cutil_math.h": _helper_math, "cuComplex.h": _complex}
