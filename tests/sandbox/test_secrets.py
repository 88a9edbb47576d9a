"""No key reaches a child's environment or command line, nor anything that is written or said.

Every program that a run starts is looked at from outside (its /proc entries, many times a second); the CUDA program,
the compiler and the port each try to print what they were given; and all that stays on disk is searched.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.cli.programs import KERNEL
from tests.providers import server

MARK = "5ecre7"  # in every secret, so that one search finds all
SECRETS = {
    "OPENAI_API_KEY": f"sk-proj-{MARK}openai0123456789",
    "AZURE_OPENAI_API_KEY": f"{MARK}azure0123456789abcdef",
    "AZURE_CLIENT_SECRET": f"{MARK}~azure.client",
    "HF_TOKEN": f"hf_{MARK}0123456789abcdefghij",
    "AWS_ACCESS_KEY_ID": f"AKIA{MARK.upper()}012345",
    "AWS_SECRET_ACCESS_KEY": f"{MARK}/aws/secret+key",
    "AWS_SESSION_TOKEN": f"{MARK}awssession",
    "ANTHROPIC_API_KEY": f"{MARK}another",
    "CUPORT_PRIVATE": f"{MARK}cuport",
    "CI_DATABASE": f"postgres://user:{MARK}@db.example/x",
}
# prints its own environment, on stdout and into the file beside it
PROGRAM = f"""#include <cstdio>
#include <cstdlib>
extern char **environ;
{KERNEL}
int main(int argc, char **argv) {{
    FILE *f = fopen("environment", "w");
    for (char **e = environ; *e; e++) {{ if (f) fprintf(f, "%s\\n", *e); printf("%s\\n", *e); }}
    for (int i = 0; i < argc; i++) if (f) fprintf(f, "%s\\n", argv[i]);
    if (f) fclose(f);
    const int n = 100;
    float h[n], *d;
    for (int i = 0; i < n; i++) h[i] = i * 0.5f;
    cudaMalloc(&d, sizeof h);
    cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice);
    scale<<<(n + 31) / 32, 32>>>(n, 3.0f, d);
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    return h[n - 1] == 1.5f * (n - 1) + 1.0f ? 0 : 7;
}}
"""
TELLING = """import sys
import jax.numpy as jnp


def scale(n, a, x):
    raise ValueError(repr(dict(__import__("os").environ)) + repr(sys.argv))
"""
RIGHT = """import jax.numpy as jnp


def scale(n, a, x):
    return {"x": x.at[:n].set(a * x[:n] + jnp.float32(1.0))}
"""


@dataclass
class Watch:
    """Environment and command line of everything under a process, as often as there is time to look."""

    root: int
    command: bytes
    seen: dict[bytes, bytes] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Watch:
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self.ended.is_set():
            for pid in self._below(self.root):
                try:
                    told = Path(f"/proc/{pid}/cmdline").read_bytes()
                    environment = Path(f"/proc/{pid}/environ").read_bytes()
                    again = Path(f"/proc/{pid}/cmdline").read_bytes()
                except OSError:
                    continue
                if told and told == again and told != self.command:  # between fork and exec it is still its parent
                    self.seen[told] = environment
            time.sleep(0.01)

    def _below(self, pid: int) -> Iterator[int]:
        try:
            tasks = list(Path(f"/proc/{pid}/task").iterdir())
            children = [int(c) for t in tasks for c in (t / "children").read_text().split()]
        except OSError:
            return
        for child in children:
            yield child
            yield from self._below(child)


@pytest.fixture
def compiler(tmp_path: Path) -> Path:
    """A g++ that notes what it was given."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("g++", "c++", "clang++"):
        (folder / name).write_text(
            f'#!/bin/sh\n{{ env; echo "$@"; }} >> {tmp_path}/compiler.log\nexec /usr/bin/{name} "$@"\n'
        )
        (folder / name).chmod(0o755)
    return folder


def run(tmp_path: Path, compiler: Path, *words: str, **env: str) -> tuple[Watch, str]:
    """The command with all secrets in its environment; everything it said and left."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CUPORT_", "OPENAI_", "AZURE_"))}
    given = SECRETS | {"CUPORT_CACHE_DIR": str(tmp_path / "cache"), "NO_PROXY": "127.0.0.1", "NO_COLOR": "1"} | env
    temp = tmp_path / "temp"
    temp.mkdir(exist_ok=True)
    given |= {"PATH": f"{compiler}:{os.environ['PATH']}", "TMPDIR": str(temp), "HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "cuport", *words]
    process = subprocess.Popen(
        command, cwd=tmp_path / "work", env=clean | given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with Watch(process.pid, b"".join(w.encode() + b"\0" for w in command)) as watch:
        said, _ = process.communicate(timeout=600)
    kept = [p for p in tmp_path.rglob("*") if p.is_file() and compiler not in p.parents]
    files = "\n".join(f"{p}\n{p.read_bytes().decode(errors='replace')}" for p in kept)
    return watch, said + files


def check(watch: Watch, texts: str) -> None:
    found = [line[:200] for line in texts.splitlines() if MARK in line.lower()]
    assert not found, found
    for command, environment in watch.seen.items():
        assert MARK.encode() not in command.lower() + environment.lower(), (command[:300], environment[:2000])


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "prog.cu").write_text(PROGRAM)
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
class TestSecrets:
    def test_rules(self, tmp_path: Path, work: Path, compiler: Path) -> None:
        watch, texts = run(tmp_path, compiler, "translate", "--translator", "rules", "prog.cu", "-t", "jax", "-v")
        assert "ACCEPTED" in texts, texts[:3000]
        assert len(watch.seen) >= 3, "children were seen"
        assert (tmp_path / "compiler.log").stat().st_size, "the compiler was met"
        check(watch, texts)

    def test_a_port_that_tells_all(self, tmp_path: Path, work: Path, compiler: Path) -> None:
        (work / "prog_jax.py").write_text(TELLING)
        watch, texts = run(tmp_path, compiler, "verify", "prog.cu", "-t", "jax", "-v")
        assert "REJECTED" in texts
        check(watch, texts)

    def test_a_model_behind_an_endpoint(self, tmp_path: Path, work: Path, compiler: Path) -> None:
        key = SECRETS["OPENAI_API_KEY"]
        replies = [
            server.fails(401, f"Incorrect API key provided: {key}"),
            server.says(f"```python\n{TELLING}\n```"),
            server.says(f"```python\n{RIGHT}\n```"),
        ]
        words = ("translate", "--translator", "llm", "prog.cu", "-t", "jax", "-v", "--model", "tested")
        with server.Endpoint(replies[:1]) as endpoint:
            check(*run(tmp_path, compiler, *words, OPENAI_BASE_URL=endpoint.url))
        with server.Endpoint(replies[1:]) as endpoint:
            watch, texts = run(tmp_path, compiler, *words, OPENAI_BASE_URL=endpoint.url)
            assert any(asked.headers["authorization"] == f"Bearer {key}" for asked in endpoint.asked)
            assert all(MARK not in str(asked.body).lower() for asked in endpoint.asked)
        check(watch, texts)
