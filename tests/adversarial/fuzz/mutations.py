"""Broken CUDA sources, made from sound ones by a seeded random generator: the same seed gives the same text."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

Mutation = Callable[[random.Random, str, Sequence[str]], str]

_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[A-Za-z_]\w*|\d[\w.]*|<<<|>>>|::|->|\+\+|--|<<|>>|[<>=!&|+*/%^-]=|&&|\|\||\S')
_NASTY = (
    "\x00", "\ufeff", "\u202e", "\xe9", "\\\n", "??=", "'", '"', "/*", "*/", "//", 'R"x(', "#", "#if 0",
    "#endif", "#else", "#define X X", "#define F(x) F(x) F(x)", '#include "no_such_header.h"',
    "#include __FILE__", "#line 0", "#pragma once", "__shared__", "__global__", "__device__", "template <",
    "<<<", ">>>", "typename T::x", "operator()", "[[", "@", "`", "0x", "1e999", "99999999999999999999", "-1",
    'asm("bar.sync 0;");', "__syncthreads();", 'extern "C" {', "}", "{", "namespace {", "goto here;", "here:",
    "sizeof...", "decltype(auto)", "...", "= default;", "static_assert(0);", "\r", "\t",
)  # fmt: skip


def _pick(rng: random.Random, text: str) -> tuple[int, int]:
    """The span of one token."""
    tokens = [m.span() for m in _TOKEN.finditer(text)]
    return rng.choice(tokens) if tokens else (0, 0)


def drop_token(rng: random.Random, text: str, others: Sequence[str]) -> str:
    a, b = _pick(rng, text)
    return text[:a] + text[b:]


def double_token(rng: random.Random, text: str, others: Sequence[str]) -> str:
    a, b = _pick(rng, text)
    return text[:b] + " " + text[a:b] + text[b:]


def swap_tokens(rng: random.Random, text: str, others: Sequence[str]) -> str:
    (a, b), (c, d) = sorted((_pick(rng, text), _pick(rng, text)))
    return text if b > c else text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]


def replace_token(rng: random.Random, text: str, others: Sequence[str]) -> str:
    (a, b), (c, d) = _pick(rng, text), _pick(rng, text)
    return text[:a] + text[c:d] + text[b:]


def nasty(rng: random.Random, text: str, others: Sequence[str]) -> str:
    a, _ = _pick(rng, text)
    return text[:a] + rng.choice(_NASTY) + text[a:]


def nasty_line(rng: random.Random, text: str, others: Sequence[str]) -> str:
    lines = text.split("\n")
    lines.insert(rng.randrange(len(lines) + 1), rng.choice(_NASTY))
    return "\n".join(lines)


def drop_line(rng: random.Random, text: str, others: Sequence[str]) -> str:
    lines = text.split("\n")
    del lines[rng.randrange(len(lines))]
    return "\n".join(lines)


def double_lines(rng: random.Random, text: str, others: Sequence[str]) -> str:
    lines = text.split("\n")
    a = rng.randrange(len(lines))
    b = min(len(lines), a + rng.randrange(1, 20))
    at = rng.randrange(len(lines) + 1)
    return "\n".join([*lines[:at], *lines[a:b], *lines[at:]])


def cut_off(rng: random.Random, text: str, others: Sequence[str]) -> str:
    return text[: rng.randrange(len(text) + 1)]


def cut_head(rng: random.Random, text: str, others: Sequence[str]) -> str:
    return text[rng.randrange(len(text) + 1) :]


def flip_byte(rng: random.Random, text: str, others: Sequence[str]) -> str:
    raw = bytearray(text.encode("utf-8", "surrogateescape"))
    if raw:
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return raw.decode("utf-8", "surrogateescape")


def splice(rng: random.Random, text: str, others: Sequence[str]) -> str:
    other = rng.choice(others)
    return text[: rng.randrange(len(text) + 1)] + other[rng.randrange(len(other) + 1) :]


def nest(rng: random.Random, text: str, others: Sequence[str]) -> str:
    """One token inside very many brackets."""
    a, b = _pick(rng, text)
    opening, closing = rng.choice([("(", ")"), ("{", "}"), ("[", "]"), ("<", ">"), ("-(", ")"), ("if (1) {", "}")])
    depth = rng.choice([3, 50, 2000])
    return text[:a] + opening * depth + text[a:b] + closing * depth + text[b:]


def repeat(rng: random.Random, text: str, others: Sequence[str]) -> str:
    a, b = _pick(rng, text)
    return text[:b] + (" " + text[a:b]) * rng.choice([10, 1000]) + text[b:]


def rename(rng: random.Random, text: str, others: Sequence[str]) -> str:
    """One name everywhere, for another one or a strange one."""
    names = sorted(set(re.findall(r"[A-Za-z_]\w*", text)))
    if not names:
        return text
    new = rng.choice([rng.choice(names), "x" * 5000, "int", "_", "cuport_0", "operator", "main", "threadIdx"])
    return re.sub(rf"\b{rng.choice(names)}\b", new, text)


def renumber(rng: random.Random, text: str, others: Sequence[str]) -> str:
    numbers = list(re.finditer(r"\b\d+\b", text))
    if not numbers:
        return text
    m = rng.choice(numbers)
    return text[: m.start()] + rng.choice(["0", "-1", "4294967296", "1e308", "0b2", "08", "1'000"]) + text[m.end() :]


MUTATIONS: tuple[Mutation, ...] = (
    drop_token, double_token, swap_tokens, replace_token, nasty, nasty_line, drop_line, double_lines, cut_off, cut_head,
    flip_byte, splice, nest, repeat, rename, renumber,
)  # fmt: skip


def mutant(seed: int, sources: Sequence[str]) -> tuple[str, str]:
    """A broken text and what was done to it, in words. Up to four mutations; mostly one, which breaks least."""
    rng = random.Random(seed)
    which = rng.randrange(len(sources))
    text, done = sources[which], [f"source {which}"]
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        mutate = rng.choice(MUTATIONS)
        text = mutate(rng, text, sources)
        done.append(mutate.__name__)
    return text, ", ".join(done)
