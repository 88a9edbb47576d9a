"""Any program as a provider: what it prints is the reply, and everything it can do wrong is a typed fault."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from cuport.providers import Command, Message, ProviderFault, Reply
from cuport.providers.command import as_text

ASK = [Message("system", "Port kernels."), Message("user", "Port saxpy.")]


def run(program: str, *, seconds: float = 30.0, messages: list[Message] | None = None) -> Reply | ProviderFault:
    command = Command([sys.executable, "-c", program])
    return command.complete(messages or ASK, deadline=time.monotonic() + seconds)


def fault(answer: Reply | ProviderFault, kind: str) -> ProviderFault:
    assert isinstance(answer, ProviderFault), answer
    assert answer.kind == kind, answer
    assert answer.message and answer.hint and answer.message.isprintable()
    return answer


def test_prompt_on_stdin_reply_on_stdout():
    answer = run("import sys; print(sys.stdin.read().upper())")
    assert isinstance(answer, Reply)
    assert "PORT KERNELS.\n\nPORT SAXPY." in answer.text
    assert answer.model == Path(sys.executable).name


def test_more_than_a_pipe_holds_in_both_directions():
    big = [Message("user", "x" * 3_000_000)]
    answer = run("import sys; t = sys.stdin.read(); sys.stderr.write('e' * 300000); print(t[::-1])", messages=big)
    assert isinstance(answer, Reply) and len(answer.text) >= 3_000_000


def test_a_program_that_never_reads_its_prompt():
    answer = run("print('code')", messages=[Message("user", "x" * 3_000_000)])
    assert isinstance(answer, Reply) and answer.text == "code\n"


def test_a_program_that_closes_stdin_and_writes_later():
    answer = run("import os, time; os.close(0); time.sleep(0.2); print('code')")
    assert isinstance(answer, Reply)


def test_exit_code_and_its_last_words():
    found = fault(run("import sys; sys.stderr.write('\\x1b[31mno such model\\x1b[0m'); sys.exit(3)"), "command-failed")
    assert "exit code 3" in found.message and "no such model" in found.message


def test_a_signal():
    assert "SIGSEGV" in fault(run("import os; os.kill(os.getpid(), 11)"), "command-failed").message


def test_a_key_in_its_last_words_is_not_repeated():
    found = fault(run("import sys; sys.exit('bad key sk-live-0123456789abcdef')"), "command-failed")
    assert "0123456789abcdef" not in found.message


@pytest.mark.parametrize("program", ["", "print('  ')"])
def test_nothing_printed(program):
    fault(run(program), "empty")


def test_bytes_that_are_no_text():
    answer = run("import sys; sys.stdout.buffer.write(b'a\\xff\\xfeb')")
    assert isinstance(answer, Reply) and answer.text.encode("utf-8")


@pytest.mark.parametrize(
    "program",
    [
        "import time; time.sleep(600)",
        "import os, time; os.close(1); time.sleep(600)",
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
    ],
)
def test_the_deadline_ends_it(program):
    assert "CUPORT_MODEL_TIMEOUT" in fault(run(program, seconds=0.8), "timeout").hint


def test_children_end_with_it(tmp_path):
    pid_file = tmp_path / "pid"
    child = "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
    fault(run(f"{child}; open({str(pid_file)!r}, 'w').write(str(p.pid)); time.sleep(600)", seconds=3.0), "timeout")
    pid = int(pid_file.read_text())
    for _ in range(200):
        if not _alive(pid):
            break
        time.sleep(0.02)
    assert not _alive(pid)


def test_a_flood_is_stopped():
    fault(run("import sys\nwhile True: sys.stdout.write('x' * 65536)"), "too-long")


def test_no_program():
    fault(Command([]).complete(ASK, deadline=time.monotonic() + 5), "unconfigured")
    fault(Command(["no-such-program-anywhere"]).complete(ASK, deadline=time.monotonic() + 5), "unconfigured")


def test_a_file_that_is_no_program(tmp_path):
    script = tmp_path / "tool"
    script.write_bytes(b"\x7fELF but not really")
    script.chmod(0o755)
    fault(Command([str(script)]).complete(ASK, deadline=time.monotonic() + 5), "command-failed")


def test_a_repair_says_which_part_is_which():
    text = as_text([*ASK, Message("assistant", "OLD CODE"), Message("user", "WRONG AT 3")])
    assert text.index("Port saxpy.") < text.index("# Your earlier reply") < text.index("OLD CODE")
    assert text.index("OLD CODE") < text.index("# What became of it") < text.index("WRONG AT 3")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
