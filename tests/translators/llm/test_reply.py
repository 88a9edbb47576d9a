"""Taking the one port out of what models really write."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuport.translators.reply import Code, ReplyFault, essence, parse_reply

PORT = "import jax\n\n\ndef k(x):\n    return {}\n"


def code(reply: str, **kw: bool) -> Code:
    found = parse_reply(reply, "k", **kw)
    assert isinstance(found, Code), found
    return found


def fault(reply: str, kind: str, **kw: bool) -> ReplyFault:
    found = parse_reply(reply, "k", **kw)
    assert isinstance(found, ReplyFault), found
    assert found.kind == kind, found
    assert found.diagnostic.code == f"llm.{kind}" and found.diagnostic.hint
    return found


@pytest.mark.parametrize(
    "reply",
    [
        f"```python\n{PORT}```",
        f"Here is the port:\n\n```python\n{PORT}```\nIt uses `.at[]`.",
        f"```\n{PORT}```",
        f"```py\n{PORT}```",
        f"```Python3\n{PORT}```",
        f"``` python title=port.py\n{PORT}```",
        f"```{{.python .numberLines}}\n{PORT}```",
        f"~~~python\n{PORT}~~~",
        f"````python\n{PORT}````",
        f"```python\n{PORT}\n\n",  # never closed
        PORT,
        f"\ufeff{PORT}",
        f"\n\n{PORT}\n",
        PORT.replace("\n", "\r\n"),
        f"<think>\nMaybe\n```python\ndef k(x): pass\n```\n</think>\n```python\n{PORT}```",
        f"Maybe this.\n</think>\n\n```python\n{PORT}```",
        f"1. The port:\n\n   ```python\n{''.join('   ' + line for line in PORT.splitlines(True))}   ```",
        f"- ```python\n{''.join('  ' + line for line in PORT.splitlines(True))}  ```",
        f"```python\n{PORT}```\n\nRun it:\n\n```bash\npython port.py\n```",
        f"```cuda\n__global__ void k(float* x) {{}}\n```\nbecomes\n```python\n{PORT}```",
        f"```python\nimport jax\n\ndef helper(x):\n    return x\n```\nand\n```python\n{PORT}```",
    ],
)
def test_the_port_is_found(reply):
    assert code(reply).text == PORT


def test_the_last_of_several_ports_is_taken_and_said():
    found = code(f"```python\ndef k(x): return 1\n```\nBetter:\n```python\n{PORT}```")
    assert found.text == PORT
    assert "2 code blocks define `k`" in found.notes[0]


def test_a_fence_inside_a_longer_fence_is_code():
    text = f'DOC = """\n```\n"""\n\n\n{PORT}'
    assert code(f"````python\n{text}````").text == text


def test_a_decorated_and_a_second_function_are_fine():
    text = f"{PORT}\n\ndef other(x):\n    return x\n"
    assert code(f"```python\n{text}```").text == text


@pytest.mark.parametrize("reply", ["", "I cannot do that.", "Sure!\n\nThe kernel adds two arrays.", "`def k(x)`"])
def test_no_code(reply):
    assert "`k`" in fault(reply, "no-code").problem


@pytest.mark.parametrize(
    "reply",
    [
        "```python\ndef k(x):\n    return {\n```",
        "```python\n__global__ void k(float* x) {}\n```",
        "```cuda\n__global__ void k(float* x) {}\n```",
        "```python\ndef k(x):\nreturn 1\n```",
        "```python\n<<<<<<< HEAD\n```",
    ],
)
def test_no_python(reply):
    assert "line 1" in fault(reply, "bad-syntax").problem or "line 2" in fault(reply, "bad-syntax").problem


@pytest.mark.parametrize(
    ("body", "there"),
    [
        ("def kernel(x):\n    return {}\n", "`kernel`"),
        ("x = 1\n", "no function"),
        ("class K:\n    def k(self, x):\n        return {}\n", "no function"),
        ("if True:\n    def k(x):\n        return {}\n", "no function"),
        ("async def k(x):\n    return {}\n", "no function"),
        ("", "no function"),
    ],
)
def test_another_function(body, there):
    assert there in fault(f"```python\n{body}```", "no-function").problem


def test_a_cut_reply_counts_only_closed_blocks():
    assert code(f"```python\n{PORT}```\nThis port uses", complete=False).text == PORT
    fault(f"```python\n{PORT}", "cut-code", complete=False)
    fault(PORT, "no-code", complete=False)


def test_thinking_that_never_ends_is_no_answer():
    fault(f"<think>\n```python\n{PORT}```\nbut perhaps", "no-code")


@pytest.mark.parametrize(
    "body",
    [
        "(" * 5000 + ")" * 5000,
        "x = " + "-" * 100_000 + "1",
        "def k(x):\n    return '\x00'\n",
        "x = 1\n" * 1000 + "def k(x: \n",
        "x = " + "1" * 5000 + "\n",
    ],
)
def test_code_that_breaks_parsers(body):
    found = parse_reply(f"```python\n{body}\n```", "k")
    assert isinstance(found, Code | ReplyFault)
    assert essence(body)


def test_a_port_that_no_one_needs_that_long():
    fault(f"```python\n{PORT}x = '{'y' * 500_000}'\n```", "no-code")


def test_characters_that_hide_are_removed():
    found = code(f"```python\n{PORT}\n# \u202e\u200b\x1b[31m\x07 done\n```")
    assert not set("\u202e\u200b\x1b\x07") & set(found.text)


@given(st.text(st.sampled_from("`~\n \tdefk(x):python-1.<think>/\\\"'#é\u2028\x00"), max_size=200))
def test_any_text_gives_code_or_a_fault(reply):
    found = parse_reply(reply, "k")
    if isinstance(found, Code):
        compile(found.text, "port", "exec", dont_inherit=True)
    else:
        assert found.problem


def test_depth_does_not_end_the_program():
    deep = "x = " + "[" * (sys.getrecursionlimit() * 3)
    assert isinstance(parse_reply(f"```python\n{deep}\n```", "k"), ReplyFault)
