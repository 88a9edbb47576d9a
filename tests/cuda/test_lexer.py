"""The tokeniser: what it gives back joined is the text, and directives, strings and comments are told apart."""

import pytest

from cuport.cuda.lexer import pieces, significant, tokens, unbalanced

TEXTS = [
    "int a = 1'000; // don't\nchar c = '\\'';",
    'auto s = R"x(\n#include <a> )" )x"; int b;',
    "#define A(x) /* two\nlines */ x\\\n + 1\nint a;",
    'const char *s = "a\\"b // no comment";',
    "/* never closed",
    '"never closed\nint x;',
    "#error don't stop\nint y;",
    "k<<<1, 2>>>(x); a >>= 2; b <<= 1; c <=> d;",
    "",
    "\\",
]


@pytest.mark.parametrize("text", TEXTS)
def test_joined_tokens_are_the_text(text: str) -> None:
    assert "".join(t.text for t in tokens(text)) == text
    assert "".join(t.text for t in pieces(text)) == text


def test_directives_end_after_splices_and_block_comments() -> None:
    found = [t.text for t in pieces(TEXTS[2]) if t.kind == "directive"]
    assert found == ["#define A(x) /* two\nlines */ x\\\n + 1"]


def test_no_directive_inside_a_raw_string_or_comment() -> None:
    text = 'auto s = R"(\n#include <a>\n)";\n/*\n#include <b>\n*/ int x;\n  # include <c>'
    assert [t.text for t in pieces(text) if t.kind == "directive"] == ["# include <c>"]


def test_layout_and_comments_do_not_count() -> None:
    assert significant("a + b; // c") == significant("a/* d */+\n   b ;")
    assert significant("a++ + b") != significant("a + ++b")


@pytest.mark.parametrize(
    ("text", "left"),
    [("f(a[1]{2})", ""), ("f(a", "("), ("f(a))", ")"), ("{ ( }", "}"), ("'{' \"(\" // [", ""), ("{{}", "{")],
)
def test_unbalanced(text: str, left: str) -> None:
    assert "".join(t.text for t in unbalanced(pieces(text))) == left
