"""What lowered CUDA means, construct by construct: small kernels in the interpreter, results worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Launch = Callable[..., dict[str, Any]]
I = "int i = blockIdx.x * blockDim.x + threadIdx.x;"  # noqa: E741


def per_thread(body: str, prelude: str = "") -> str:
    """A kernel that computes out[i] from i."""
    return f"{prelude}\n__global__ void k(int *out) {{ {I} {body} }}"


def _doubled(i: int) -> int:
    s, j = 0, i
    while j <= 20:
        j, s = 2 * j + 1, s + 1
    return s * 100 + j


def _table(i: int) -> int:
    t = [[1, 2, 3], [4, 0, 0]]
    t[i % 2][i % 3] += 10
    return t[0][0] + t[1][0] * 100 + t[1][2] * 10000


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("int s = 0; for (int j = 0; j < 10; j++) { if (j == i) continue; if (j > 6) break; s += j; } out[i] = s;",
         lambda i: sum(j for j in range(7) if j != i)),
        ("int s = 0, j = i; while (true) { if (j > 20) break; j = 2 * j + 1; s++; } out[i] = s * 100 + j;",
         _doubled),
        ("int s = 0; do { s++; if (s == 5) continue; if (s > i) break; } while (s < 7); out[i] = s;",
         lambda i: next(s for s in range(1, 8) if s == 7 or (s != 5 and s > i))),
        ("out[i] = -1; if (i > 2) { if (i == 5) return; out[i] = 7; } else { out[i] = 8; return; } out[i] += 1;",
         lambda i: -1 if i == 5 else 8),
        ("int v = 0; switch (i % 4) { case 0: v = 1; case 1: v += 10; break; case 2: if (i > 4) break; v = 5; "
         "default: v += 100; } out[i] = v;",
         lambda i: {0: 11, 1: 10, 2: 0 if i > 4 else 105, 3: 100}[i % 4]),
        ("int s = 0; for (int a = 0; a < 4; a++) for (int b = 0; b < 4; b++) { if (b > a) break; if (a * b == i) "
         "{ s += 50; continue; } s += 1; } out[i] = s;",
         lambda i: sum(50 if a * b == i else 1 for a in range(4) for b in range(a + 1))),
        ("int n = 0; for (int a = i, b = 10; a < b; a++, --b) n += a * b; out[i] = n;",
         lambda i: sum(a * b for a, b in zip(range(i, 11), range(10, -1, -1), strict=False) if a < b)),
        ("int x = 3; { int x = i; x *= 2; out[i] = x; } out[i] += x;", lambda i: 2 * i + 3),
        ("int a = i; int b = a++ * 10 + a; int c = --a + a--; out[i] = b * 1000 + c * 10 + a;",
         lambda i: (i * 10 + i + 1) * 1000 + 2 * i * 10 + i - 1),
        ("int a = 1, b = 2; a = b = i; a += b -= 1; out[i] = a * 100 + b;", lambda i: (2 * i - 1) * 100 + i - 1),
        ("out[i] = (i, i + 1, i * 7);", lambda i: 7 * i),
        ("unsigned u = 5; out[i] = (u - 6 > 0) + 2 * (5 - 6 > 0) + 4 * (-1 < u);", lambda i: 1),
        ("unsigned char c = 250; c += 10; signed char d = 200; out[i] = c * 1000 + d;", lambda i: 4 * 1000 - 56),
        ("int x = -17; out[i] = (x / 5) * 100 + x % 5 + (x >> 2) * 10000;", lambda i: -300 - 2 - 50000),
        ("float f = 0.1f; double d = 0.1; out[i] = (f == 0.1) + 2 * (f == 0.1f) + 4 * (d == 0.1);", lambda i: 6),
        ("long long big = 1LL << 40; out[i] = (int)(big >> 38) + (1 << 3) + sizeof(big) + sizeof(float[3]);",
         lambda i: 4 + 8 + 8 + 12),
        ("const int t[5] = {3, 1, 4, 1, 5}; out[i] = t[i % 5] * 10 + t[2];", lambda i: [3, 1, 4, 1, 5][i % 5] * 10 + 4),
        ("int t[2][3] = {{1, 2, 3}, {4}}; t[i % 2][i % 3] += 10; out[i] = t[0][0] + t[1][0] * 100 + t[1][2] * 10000;",
         _table),
        ("int t[2][3] = {0}, u[3][2] = {1, 2, 3}; t[1][2] = i; out[i] = t[0][0] + t[1][2] + u[1][0] * 10 + u[2][1];",
         lambda i: i + 30),
        ("if (int r = i % 3) out[i] = r; else out[i] = -5;", lambda i: i % 3 or -5),
        ("int *p = out + i; *p = 4; p[0] += 2; *(&out[i]) *= 3; out[i] += p - out;", lambda i: 18 + i),
        ("auto sq = [](int v) { return v * v; }; int base = 7; auto add = [&](int v) { base += v; return base; }; "
         "int r = add(i); out[i] = sq(3) + r + base;", lambda i: 9 + 2 * (7 + i)),
        ("int b = 1; auto by_copy = [=] { return b + i; }; b = 100; out[i] = by_copy();", lambda i: 1 + i),
        ("int j = i; int &r = out[j]; j = 0; r = 5; int t[2] = {1, 2}; int m = 1; int &s = t[m]; m = 0; s += 3; "
         "out[i] += t[1];", lambda i: 10),
        ("bool t = i; out[i] = t + true + !t;", lambda i: 2),
        ("out[i] = 'a' + '\\n' + '\\\\' + 0x1F + 017 + 0b101;", lambda i: 97 + 10 + 92 + 31 + 15 + 5),
        ("int m = 0; for (unsigned s = 8; s > 0; s >>= 1) m = m * 3 + s; out[i] = m;",
         lambda i: ((8 * 3 + 4) * 3 + 2) * 3 + 1),
        ("int c = 0; for (int j = 9; j >= 0; j -= 2) c = c * 2 + j; out[i] = c;",
         lambda i: 9 * 16 + 7 * 8 + 5 * 4 + 3 * 2 + 1),
    ],
)  # fmt: skip
def test_statements_and_operators(launch: Launch, body: str, expected: Callable[[int], int]) -> None:
    out = launch(per_thread(body), out=np.full(8, -99, np.int32), block=8)["out"]
    assert out.tolist() == [expected(i) for i in range(8)]


@pytest.mark.parametrize(
    ("prelude", "body", "expected"),
    [
        ("__device__ int f(int a) { if (a > 5) return 1; for (int j = 0; j < 9; j++) if (j * j > a) return j; "
         "return -1; }",
         "out[i] = f(i) * 10 + f(i + 3);", lambda i: _f(i) * 10 + _f(i + 3)),
        ("__device__ void swap2(int &a, int &b) { int t = a; a = b; b = t; }",
         "int a = i, b = 50; swap2(a, b); out[i] = a * 100 + b;", lambda i: 5000 + i),
        ("__device__ void two(int v, int *lo, int *hi) { *lo = v; *hi = v * 2; }",
         "int a, b; two(i, &a, &b); out[i] = a + b;", lambda i: 3 * i),
        ("template <typename T> __device__ T mx(T a, T b) { return a > b ? a : b; }",
         "out[i] = mx(i, 3) + (int)mx<float>(2.5f, i);", lambda i: max(i, 3) + int(max(2.5, i))),
        ("template <int N> __device__ int pw(int v) { return v * pw<N - 1>(v); } template <> __device__ int pw<0>(int) "
         "{ return 1; }", "out[i] = pw<3>(i);", lambda i: i**3),
        ("__device__ int g(int a) { return a; } __device__ int g(float a) { return 100 + (int)a; }",
         "out[i] = g(i) + g(i * 1.0f);", lambda i: 100 + 2 * i),
        ("__device__ int h(int a, int b = 4) { return a * b; }", "out[i] = h(i) + h(i, 1);", lambda i: 5 * i),
        ("struct P { int x, y; __device__ P(int a, int b) : x(a), y(b) {} __device__ int area() const "
         "{ return x * y; } __device__ P operator+(const P &o) const { return P(x + o.x, y + o.y); } };",
         "P p(i, 2), q(1, 3); P r = p + q; r.x++; out[i] = r.area();", lambda i: (i + 2) * 5),
        ("struct S { int v[3]; int n = 7; };", "S s; s.v[0] = i; s.v[1] = 2; S t = s; t.v[0] += 5; "
         "out[i] = s.v[0] * 100 + t.v[0] + t.n;", lambda i: i * 100 + i + 12),
        ("enum class Op { Add = 3, Sub }; enum { K = 5 }; constexpr int Z = K * 2; namespace a { const int q = 6; }",
         "Op o = i % 2 ? Op::Add : Op::Sub; out[i] = (o == Op::Sub) + (int)Op::Sub * 10 + Z + a::q;",
         lambda i: (i % 2 == 0) + 40 + 10 + 6),
        ("template <typename T, int N> struct Arr { T d[N]; __device__ T &operator[](int k) { return d[k]; } "
         "static constexpr int size = N; };",
         "Arr<int, 4> a; for (int k = 0; k < a.size; k++) a[k] = k * i; a[2] += 1; out[i] = a[2] + a[3];",
         lambda i: 5 * i + 1),
        ("struct Sq { __device__ int operator()(int v) const { return v * v; } }; template <typename F> __device__ int "
         "twice(F f, int v) { return f(f(v)); }", "out[i] = twice(Sq(), i) + twice([](int v) { return v + 1; }, i);",
         lambda i: i**4 + i + 2),
        ("union U { float f; unsigned u; };", "U u; u.f = 1.0f; out[i] = (u.u >> 23) + i;", lambda i: 127 + i),
        ("typedef unsigned int uint_t; using F = float;\n#define SQ(x) ((x) * (x))\n",
         "uint_t a = 3; F f = SQ(1.5f); out[i] = a + (int)(f * 4);", lambda i: 12),
        ("__device__ int side(int *c, int r) { (*c)++; return r; }",
         "int c = 0; int a = side(&c, i > 3) && side(&c, 1); int b = side(&c, i > 3) || side(&c, 1); "
         "out[i] = c * 10 + a + b;",
         lambda i: 30 + (2 if i > 3 else 1)),
        ("__device__ int side(int *c, int r) { (*c)++; return r; }",
         "int c = 0; int v = i % 2 ? side(&c, 5) : i; out[i] = v * 10 + c;", lambda i: 51 if i % 2 else i * 10),
        ("", "float4 v = make_float4(1, 2, 3, 4); float *p = &v.x; p[i % 4] = 10; "
         "out[i] = v.x + 2 * v.y + 3 * v.z + 4 * v.w;",
         lambda i: 30 + (10 - (i % 4 + 1)) * (i % 4 + 1)),
        ("", "int2 a = {i, 2}; int2 b = a; b.x += a.y; a = make_int2(b.y, a.x); out[i] = a.x * 100 + a.y * 10 + b.x;",
         lambda i: 200 + i * 10 + i + 2),
        ("", "half2 h = __floats2half2_rn(1.5f, 2.5f); unsigned u = *(unsigned *)&h; out[i] = u & 0xffff;",
         lambda i: int(np.float16(1.5).view(np.uint16))),
        ("", "int f = __float_as_int(-2.0f); out[i] = (f < 0) + __popc(i) * 10 + __clz(i + 1) * 1000 "
         "+ __ffs(4) * 100000;",
         lambda i: 1 + i.bit_count() * 10 + (32 - (i + 1).bit_length()) * 1000 + 300000),
        ("", "out[i] = min(i, 3) * 100 + max(i, 3) + abs(-i) * 10000;",
         lambda i: min(i, 3) * 100 + max(i, 3) + i * 10000),
        ("struct P { int x, y; };", "P p{i, 2}; auto [a, b] = p; a += 10; auto &[c, d] = p; c += 1; "
         "out[i] = a * 100 + b * 10 + p.x;", lambda i: (i + 10) * 100 + 20 + i + 1),
        ("template <typename... A> __device__ int mul(A... a) { return (a * ... * 1) + (int)sizeof...(a); }",
         "out[i] = mul(i, 2, 3);", lambda i: 6 * i + 3),
        ("template <typename... A> __device__ int total(A... a) { return 0; } template <typename T, typename... A> "
         "__device__ int total(T v, A... rest) { return v + total(rest...); }",
         "out[i] = total(i, 2, 3);", lambda i: i + 5),
    ],
)  # fmt: skip
def test_functions_and_types(launch: Launch, prelude: str, body: str, expected: Callable[[int], int]) -> None:
    out = launch(per_thread(body, prelude), out=np.full(8, -99, np.int32), block=8)["out"]
    assert out.tolist() == [expected(i) for i in range(8)]


def _f(a: int) -> int:
    return 1 if a > 5 else next((j for j in range(9) if j * j > a), -1)


def test_a_load_behind_a_short_circuit_is_not_made(launch: Launch) -> None:
    text = "__global__ void k(const int *x, int *out, int n) { int i = threadIdx.x; " \
        "out[i] = (i < n && x[i * 1000000] == 5) ? x[i * 1000000] : (i >= n || x[0]) ? -1 : -2; }"  # fmt: skip
    assert launch(text, block=4, x=[5], out=[0] * 4, n=1)["out"].tolist() == [5, -1, -1, -1]


def test_pointer_variables(launch: Launch) -> None:
    text = """__global__ void k(float *a, float *b, int n) {
      float *from = a, *to = b;
      for (int s = 0; s < 3; s++) {
        to[threadIdx.x] = from[(threadIdx.x + 1) % n] + 1;
        __syncthreads();
        float *t = from; from = to; to = t;
      }
      for (const float *p = from; p < from + n; p += 2) if (threadIdx.x == 0) b[0] += *p * 0.0f;
    }"""
    a = np.arange(4, dtype=np.float32)
    result = launch(text, block=4, a=a, b=np.zeros(4, np.float32), n=4)
    assert result["b"].tolist() == [6.0, 3.0, 4.0, 5.0]


def test_shared_memory_seen_as_several_types(launch: Launch) -> None:
    text = """extern __shared__ char raw[];
    __global__ void k(const float *x, const int *n, double *out) {
      double *d = (double *)raw; float *f = (float *)(d + blockDim.x); short *s = (short *)&f[blockDim.x];
      int t = threadIdx.x, o = blockDim.x - 1 - t;
      d[t] = x[t] * 0.5; f[t] = x[t]; s[t] = n[t];
      __syncthreads();
      out[t] = d[o] + f[o] + s[o];
    }"""
    x, n = np.arange(4, dtype=np.float32) + 0.25, np.array([1, -2, 3, -4], np.int32)
    result = launch(text, block=4, shared_bytes=4 * 14, x=x, n=n, out=np.zeros(4))
    np.testing.assert_array_equal(result["out"], (1.5 * x.astype(np.float64) + n)[::-1])


def test_vector_casts_of_buffers(launch: Launch) -> None:
    text = """__global__ void k(const float *x, float *y, const unsigned char *bytes, unsigned *words) {
      int i = threadIdx.x;
      float4 v = reinterpret_cast<const float4 *>(x)[i];
      v.y = -v.y;
      ((float4 *)y)[i] = v;
      words[i] = *(const unsigned *)(bytes + 4 * i);
    }"""
    x, raw = np.arange(8, dtype=np.float32), np.arange(200, 208, dtype=np.uint8)
    result = launch(text, block=2, x=x, y=np.zeros(8, np.float32), bytes=raw, words=[0, 0])
    assert result["y"].tolist() == [0, -1, 2, 3, 4, -5, 6, 7]
    assert result["words"].tolist() == raw.view("<u4").tolist()


def test_structs_in_memory(launch: Launch) -> None:
    text = """struct Body { float3 pos; int tag[2]; };
    __global__ void k(Body *p, int n) {
      int i = threadIdx.x; if (i >= n) return;
      Body b = p[i]; b.pos.x += b.tag[1]; Body &other = p[i]; other.tag[0] = 9; b.tag[0] = other.tag[0] + 1; p[i] = b;
    }"""
    result = launch(text, block=4, n=3, p_pos=np.arange(9, dtype=np.float32), p_tag=np.arange(6, dtype=np.int32))
    assert result["p_pos"].tolist() == [1, 1, 2, 6, 4, 5, 11, 7, 8]
    assert result["p_tag"].tolist() == [10, 1, 10, 3, 10, 5]


def test_template_arguments_of_the_kernel(launch: Launch) -> None:
    text = """template <typename T, unsigned N, bool Twice = false> __global__ void k(T *out) {
      T total = 0; for (unsigned j = 0; j < N; ++j) total += T(j) / T(2);
      if (Twice) total *= 2; out[threadIdx.x] = total + (N - 5 > 0);
    }"""
    as_int = launch(text, block=1, template_args=(("T", "int32"), ("N", 4), ("Twice", True)), out=[0])["out"]
    as_float = launch(text, block=1, template_args=(("T", "float32"), ("N", 4), ("Twice", False)), out=[0.0])["out"]
    assert as_int.tolist() == [5] and as_float.tolist() == [4.0]


def test_warp_and_block_cooperation(launch: Launch) -> None:
    text = """__global__ void k(const int *x, int *sums, unsigned *ballots, int *counts) {
      int t = threadIdx.x, v = x[t], lane = t % 32;
      for (int d = 16; d; d /= 2) v += __shfl_xor_sync(0xffffffff, v, d);
      unsigned b = __ballot_sync(0xffffffff, x[t] > 0);
      int before = __popc(b & ((1u << lane) - 1)), c = __syncthreads_count(x[t] & 1);
      sums[t] = v; ballots[t] = b; counts[t] = c * 100 + before;
    }"""
    x = np.random.default_rng(3).integers(-5, 6, 64).astype(np.int32)
    result = launch(text, block=64, x=x, sums=[0] * 64, ballots=[0] * 64, counts=[0] * 64)
    warps = x.reshape(2, 32)
    assert result["sums"].tolist() == np.repeat(warps.sum(axis=1), 32).tolist()
    bits = [sum(1 << k for k in range(32) if w[k] > 0) for w in warps]
    assert result["ballots"].tolist() == np.repeat(bits, 32).tolist()
    before = np.concatenate([np.cumsum(w > 0) - (w > 0) for w in warps])
    assert result["counts"].tolist() == ((x & 1).sum() * 100 + before).tolist()


def test_atomics_and_their_old_values(launch: Launch) -> None:
    text = """__global__ void k(int *c, int *order, float *m, unsigned *turn) {
      int t = threadIdx.x; order[t] = atomicAdd(c, 2); atomicMax((int *)m, __float_as_int(t * 0.5f));
      atomicInc(turn, 4u); atomicCAS(c + 1, t, t + 1); atomicExch(c + 2, t); atomicSub(c + 3, t);
    }"""
    result = launch(text, block=6, c=[10, 0, 0, 100], order=[0] * 6, m=[0.75], turn=[0])
    assert sorted(result["order"].tolist()) == [10, 12, 14, 16, 18, 20]
    assert result["c"].tolist()[:2] == [22, 6] and result["c"][3] == 85
    assert result["m"].tolist() == [2.5] and result["turn"].tolist() == [1]


def test_null_pointers(launch: Launch) -> None:
    text = """__global__ void k(const int *bias, int *out) {
      int v = threadIdx.x; if (bias != nullptr) v += bias[0]; out[threadIdx.x] = v + (bias ? 100 : 0);
    }"""
    assert launch(text, block=2, bias=None, out=[0, 0])["out"].tolist() == [0, 1]
    assert launch(text, block=2, bias=[7], out=[0, 0])["out"].tolist() == [107, 108]
