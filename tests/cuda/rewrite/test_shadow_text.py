"""Literals that a shadow build has to see: which are changed, and above all which are not."""

from __future__ import annotations

import pytest

from cuport.cuda.rewrite.shadow import for_shadow


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("c ? a : 0;", "c ? a : ::cuport::Literal{0};"),
        ("c ? 0 : a;", "c ? ::cuport::Literal{0} : a;"),
        ("f(c ? -1 : a, b)", "f(c ? ::cuport::Negative{-1} : a, b)"),
        ("a ? b ? x : 0 : y;", "a ? b ? x : ::cuport::Literal{0} : y;"),
        ("a ? x : b ? 0 : z;", "a ? x : b ? ::cuport::Literal{0} : z;"),
        ("c ? f(d ? q : 0) : 5;", "c ? f(d ? q : ::cuport::Literal{0}) : ::cuport::Literal{5};"),
        ("[&]{ return c ? x : 1; }();", "[&]{ return c ? x : ::cuport::Literal{1}; }();"),
        ("x = 0.5f * .25f + 1e-5F;", "x = ::cuport::Shadow(0.5f) * ::cuport::Shadow(.25f) + ::cuport::Shadow(1e-5F);"),
        ("{ atomicAdd(p, 1); }", "{ ::cuport::taint::unread(), atomicAdd(p, 1); }"),
        ("if (c) atomicMax(&m[f(i)], v);", "if (c) ::cuport::taint::unread(), atomicMax(&m[f(i)], v);"),
        ("x = 0x1p-3f;", "x = ::cuport::Shadow(0x1p-3f);"),
    ],
)
def test_literals_that_must_be_explicit(text: str, wanted: str) -> None:
    assert for_shadow(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "b ? 1 : 0;",
        "b ? 'a' : 0;",
        "b ? 0.5 : 0;",
        "b ? x : 1000;",
        "b ? x : y;",
        "case 0: f(); default: g();",
        "struct S { int a : 3; unsigned b : 0; };",
        "for (auto v : list) {}",
        "public: A() : x(0) {}",
        "std::x::y(a);",
        "x = 3.0 + 0xff + 12;",
        "int i = atomicAdd(p, 1);",
        "if (atomicAdd(p, 1) == 3) f();",
        "{ atomicAdd(&a[atomicAdd(p, 1)], 1); }",
        "{ atomicAdd(p, 1) ? f() : g(); }",
        'char* s = "1.0f ? a : 0"; // 0.5f ? a : 0',
        "#define HALF 0.5f\n",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert for_shadow(text) == text
