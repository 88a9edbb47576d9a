"""What a user meets when something is wrong: exit code, stable code, place, hint, and nothing half-written."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.cli.programs import KERNEL, SCALE, changed, line_of

Run = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]
TRANSLATE = ("translate", "--translator", "rules", "--out", "out")


@dataclass(frozen=True)
class Bad:
    """One bad input. `passage`: the text on whose line the message must point; None: the message has no place."""

    name: str
    content: str | bytes
    exit_code: int
    code: str
    passage: str | None
    words: str
    hint: str


SYNTAX = changed("if (i < n) x[i]", "if (i < ) x[i]")
HEADER = changed("#include <cstdlib>", '#include <cstdlib>\n#include "gone.h"')
ENDLESS = changed("    return h[n - 1]", "    for (volatile int i = 0;; i++) {}\n    return h[n - 1]")
CRASH = changed("    return h[n - 1]", "    *(volatile int *)0 = 1;\n    return h[n - 1]")
NEVER = changed("    scale<<<(n + 31) / 32, 32>>>(n, 3.0f, d);\n", "")
BEYOND = changed("if (i < n) x[i]", "x[i]")
PTX = changed("a * x[i]", 'a * x[i]; asm volatile("wgmma.fence.sync.aligned;"); x[i] = x[i]')
LATIN = SCALE.replace("*x", "*\u00fcx", 1).encode("latin-1")
LIBRARY = "#include <cudnn.h>\n" + changed("    return h", "    cudnnHandle_t b;\n    cudnnCreate(&b);\n    return h")
BROKEN_BRACKETS = changed("x[i] = a * x[i] + 1.0f;\n}", "x[i] = a * x[i] + 1.0f;\n")

BAD = [
    Bad("binary", b"\x7fELF\x02\x01\x01\x00\x00\x00", 3, "read.binary", "\x7fELF", "ELF", ".cu file"),
    Bad("encoding", LATIN, 3, "read.encoding", "float *", "0xfc", "UTF-8"),
    Bad("empty", "", 3, "read.empty", None, "is empty", "__global__"),
    Bad("blank", " \n\n\t\n", 3, "read.empty", None, "is empty", "__global__"),
    Bad("syntax", SYNTAX, 3, "read.syntax-error", "if (i < )", "kernel scale", "C++"),
    Bad("brackets", BROKEN_BRACKETS, 3, "read.unbalanced", "void scale", "never closed", "brackets"),
    Bad("header", HEADER, 3, "read.missing-header", '"gone.h"', "gone.h", "-I"),
    Bad("no kernel", "int main() { return 0; }\n", 3, "read.no-kernel", None, "__global__", "header"),
    Bad("never launched", NEVER, 3, "cases.never-launched", "__global__ void scale", "never launched", "--write-cases"),
    Bad("no main", KERNEL, 3, "cases.never-launched", "__global__ void scale", "no case file", "--write-cases"),
    Bad("fails", changed("? 0 : 7", "? 9 : 7"), 3, "oracle.program-failed", "#include", "exit code 9", "cuport run"),
    Bad("crashes", CRASH, 3, "oracle.crash", "#include", "SIGSEGV", "cuport run"),
    Bad("never ends", ENDLESS, 3, "oracle.timeout", "#include", "within 2 s", "CUPORT_PROGRAM_TIMEOUT"),
    Bad("out of bounds", BEYOND, 3, "cases.original-faults", "x[i] = a", "out-of-bounds", "mend the CUDA program"),
    Bad("inline PTX", PTX, 3, "oracle.inline-ptx", "asm volatile(", "wgmma", "CUDA C++"),
    Bad("library", LIBRARY, 3, "oracle.unsupported-library", "cudnnCreate", "cuDNN", "case file"),
]  # fmt: skip


def everything(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*")}


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    assert "Exception ignored" not in done.stderr
    assert "internal.error" not in done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("bad", BAD, ids=lambda b: b.name)
def test_a_bad_source_is_told_with_place_and_hint(bad: Bad, cuport: Run, tmp_path: Path) -> None:
    path = tmp_path / "prog.cu"
    content = bad.content.encode() if isinstance(bad.content, str) else bad.content
    path.write_bytes(content)
    done = cuport(*TRANSLATE, "prog.cu", "-t", "jax", env={"CUPORT_PROGRAM_TIMEOUT": "2"})
    text = said(done)
    assert done.returncode == bad.exit_code, text
    line = next(x for x in text.splitlines() if f"[{bad.code}]" in x)
    assert bad.words in line
    if bad.passage is not None:
        at = line_of(bad.passage, content.decode("latin-1"))
        assert line.strip().startswith(f"prog.cu:{at}:")
    assert bad.hint in text[text.index(f"[{bad.code}]") :].split("hint:", 1)[1].splitlines()[0]
    assert everything(tmp_path) == {"prog.cu"}, "nothing was accepted, so nothing is written"


def test_where_a_construct_is_not_supported_the_verdict_says_so(cuport: Run, tmp_path: Path) -> None:
    (tmp_path / "prog.cu").write_text(PTX)
    assert "1 unsupported" in cuport(*TRANSLATE, "prog.cu", "-t", "jax").stdout


def test_one_bad_file_does_not_keep_the_others_from_being_read(cuport: Run, tmp_path: Path) -> None:
    (tmp_path / "a.cu").write_bytes(b"MZ\x00")
    (tmp_path / "b.cu").write_text(SCALE)
    done = cuport("inspect", "a.cu", "b.cu")
    assert done.returncode == 3 and "[read.binary]" in said(done) and "b.cu:3  scale" in done.stdout


def test_a_missing_file_is_told_with_what_may_be_meant(cuport: Run, tmp_path: Path) -> None:
    (tmp_path / "saxpy.cu").write_text(SCALE)
    done = cuport("translate", "sxpy.cu")
    assert done.returncode == 2 and "[usage.missing-file]" in said(done) and "saxpy.cu" in done.stderr


def test_a_file_whose_name_is_not_utf_8_is_told(cuport: Run, tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"k\xe9rnel.cu")).write_text(SCALE)
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    for words in (TRANSLATE, ("inspect", "--output-format", "json"), ("verify",)):
        done = cuport(*words, ".")
        assert done.returncode == 3 and said(done)
    assert "[read.file-name]" in cuport(*TRANSLATE, ".").stderr


# -- the machine ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["translate", "inspect", "run"])
def test_without_a_compiler_it_says_what_to_install(command: str, cuport: Run, tmp_path: Path) -> None:
    (tmp_path / "prog.cu").write_text(SCALE)
    (tmp_path / "bin").mkdir()
    done = cuport(command, "prog.cu", env={"PATH": str(tmp_path / "bin"), "CXX": None})
    assert done.returncode == 3 and "[read.no-compiler]" in said(done) and "apt install g++" in done.stderr
    assert everything(tmp_path) == {"prog.cu", "bin"}


BLOCKER = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "triton":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
"""


@pytest.fixture
def without_triton(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which Python finds no triton, as after a `pip install cuport[jax]`."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "sitecustomize.py").write_text(BLOCKER)
    return {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])}


def test_a_target_that_is_not_installed(cuport: Run, tmp_path: Path, without_triton: dict[str, str]) -> None:
    (tmp_path / "prog.cu").write_text(SCALE)
    done = cuport(*TRANSLATE, "prog.cu", "-t", "triton", env=without_triton)
    assert done.returncode == 3 and "[target.not-installed]" in said(done)
    assert "pip install 'cuport[triton]'" in done.stderr
    assert everything(tmp_path) == {"prog.cu"}


def test_a_port_whose_target_is_missing_is_no_pass(cuport: Run, tmp_path: Path, without_triton: dict[str, str]) -> None:
    (tmp_path / "prog.cu").write_text(SCALE)
    (tmp_path / "prog_triton.py").write_text("import triton\n\ndef scale(n, a, x):\n    pass\n")
    for words in (("verify", "prog.cu"), ("verify", "."), ("verify", "prog.cu", "prog_triton.py")):
        done = cuport(*words, env=without_triton)
        assert done.returncode == 3, said(done)
        assert "triton" in said(done) and "not installed" in said(done)


def test_doctor_names_the_missing_target(cuport: Run, without_triton: dict[str, str]) -> None:
    done = cuport("doctor", env=without_triton)
    assert done.returncode == 0 and "pip install 'cuport[triton]'" in done.stdout


# -- places to write -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["prog.cu/ports", "/proc/ports", "/dev/null"])
def test_an_unwritable_output_is_told_before_any_work(place: str, cuport: Run, tmp_path: Path) -> None:
    (tmp_path / "prog.cu").write_text(SCALE)
    done = cuport("translate", "prog.cu", "--out", place, "-v")
    assert done.returncode == 3 and "[record.unwritable]" in said(done) and "--out" in done.stderr
    assert "running" not in done.stderr, "the work would be lost"
    assert everything(tmp_path) == {"prog.cu"}


@pytest.mark.parametrize("variable", ["HOME", "CUPORT_CACHE_DIR"])
def test_a_cache_that_cannot_be_written_costs_only_the_cache(
    variable: str, cuport: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    """Root passes every mode, so the folder lies where none can be made: under a file."""
    (tmp_path / "prog.cu").write_text(SCALE)
    (tmp_path / "tmp").mkdir()
    env = {"CUPORT_CACHE_DIR": None, "XDG_CACHE_HOME": None, variable: str(tmp_path / "prog.cu" / "home")}
    done = cuport("run", "prog.cu", env={**env, "TMPDIR": str(tmp_path / "tmp")})
    assert done.returncode == 0 and done.stdout == "last of 100: 149.5\n"
    assert "[store.unavailable]" in said(done) and "CUPORT_CACHE_DIR" in done.stderr
    assert everything(tmp_path) == {"prog.cu", "tmp"}, "the temporary cache is gone"


def small_disk(folder: Path, size: str) -> list[str] | None:
    """The head of a command line that runs the rest with a full-size `folder` turned into a disk of that size."""
    if shutil.which("unshare") is None or shutil.which("mount") is None:
        return None
    head = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    mount = f'mount -t tmpfs -o size={size} none "{folder}" && exec "$@"'
    probe = subprocess.run([*head, "sh", "-c", mount, "sh", "true"], capture_output=True, check=False)
    return [*head, "sh", "-c", mount, "sh"] if probe.returncode == 0 else None


def test_a_full_disk_leaves_no_half_port(cuport: Run, tmp_path: Path, environment: dict[str, str]) -> None:
    """A disk of one page, where the machine lets us mount one (root, or unprivileged user namespaces)."""
    (tmp_path / "prog.cu").write_text(SCALE)
    (tmp_path / "out").mkdir()
    head = small_disk(tmp_path / "out", "4k")
    if head is None:
        pytest.skip("this machine lets nobody mount a small disk")
    listing = 'python=$1; shift; "$python" -m cuport "$@"; code=$?; ls -A out; exit $code'
    command = [*head, "sh", "-c", listing, "sh", sys.executable, *TRANSLATE, "prog.cu", "-t", "jax", "-q"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 3 and "[record.unwritable]" in said(done) and "No space left" in done.stderr
    assert "free some space" in done.stderr
    assert done.stdout.splitlines()[-1] == "1 accepted", f"something lies on the disk:\n{done.stdout}"


@pytest.mark.parametrize("bytes_a_file", [0, 1 << 12, 1 << 16])
def test_a_disk_that_takes_no_more_is_told(bytes_a_file: int, tmp_path: Path, environment: dict[str, str]) -> None:
    """No file may grow beyond so many bytes, which any machine can do: every write that matters fails somewhere."""
    (tmp_path / "prog.cu").write_text(SCALE)
    (tmp_path / "tmp").mkdir()
    limit = (bytes_a_file, bytes_a_file)
    done = subprocess.run(
        [sys.executable, "-m", "cuport", *TRANSLATE, "prog.cu", "-t", "jax", "-q"],
        cwd=tmp_path,
        env=environment | {"CUPORT_CACHE_DIR": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "tmp")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3 and "error: " in said(done)
    assert [p for folder in ("out", "tmp") for p in everything(tmp_path / folder)] == []


@pytest.mark.parametrize(
    "words", [("inspect", "prog.cu"), ("inspect", "prog.cu", "--output-format", "json"), ("--help",)]
)
def test_a_full_disk_behind_stdout_is_no_success(
    words: tuple[str, ...], tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "prog.cu").write_text(SCALE)
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "cuport", *words]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 3 and "[system.io]" in done.stderr and "Traceback" not in done.stderr
    assert done.stderr.count("No space left") == 1 and "Exception ignored" not in done.stderr


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_reader_that_leaves_changes_nothing(form: str, tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "prog.cu").write_text(SCALE)
    command = [sys.executable, "-m", "cuport", "inspect", "prog.cu", "--output-format", form]
    work = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert work.stdout is not None and work.stderr is not None
    work.stdout.close()  # `| head` is gone before the first line
    assert work.stderr.read() == "" and work.wait() == 0


def test_closed_standard_streams_are_no_trouble(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "prog.cu").write_text(SCALE)
    command = f'"{sys.executable}" -m cuport inspect prog.cu >&- 2>&-'
    assert subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, check=False).returncode == 0


# -- being stopped -------------------------------------------------------------------------------------------------


@pytest.fixture
def alone(tmp_path: Path, environment: dict[str, str], shared_cache: Path) -> Iterator[Start]:
    """Start cuport in a process group of its own, its results and temporary files under `tmp_path`.

    What the C++ compiler made for other tests may be used.
    """
    started: list[subprocess.Popen[str]] = []
    (tmp_path / "tmp").mkdir()
    (tmp_path / "cache").mkdir()
    (shared_cache / "oracle").mkdir(exist_ok=True)
    (tmp_path / "cache" / "oracle").symlink_to(shared_cache / "oracle")
    mine = environment | {"CUPORT_CACHE_DIR": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "tmp")}

    def start(*words: str) -> subprocess.Popen[str]:
        work = subprocess.Popen(
            [sys.executable, "-m", "cuport", *words],
            cwd=tmp_path,
            env=mine,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(work)
        return work

    yield start
    for work in started:
        if work.poll() is None:
            os.killpg(work.pid, signal.SIGKILL)
        work.communicate()


def until(condition: Callable[[], object], work: subprocess.Popen[str]) -> None:
    """Wait for something to happen while cuport works; fails if it ends first, or never does it."""
    deadline = time.monotonic() + 600
    while not condition():
        assert work.poll() is None, work.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def processes_about(folder: Path) -> list[str]:
    """Command lines of processes that run something of this folder or were told of it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                told = (entry / "cmdline").read_bytes() + b"\0" + (entry / "environ").read_bytes()
            except OSError:
                continue
            if os.fsencode(folder) in told:
                found.append(told.decode(errors="replace")[:200])
    return found


MOMENTS = [
    ("the original runs", signal.SIGINT),
    ("the original runs", signal.SIGTERM),
    ("the original runs", signal.SIGHUP),
    ("a port runs", signal.SIGINT),
]


@pytest.mark.parametrize(("moment", "number"), MOMENTS)
def test_an_interrupted_run_leaves_nothing_behind(
    moment: str, number: signal.Signals, alone: Start, tmp_path: Path
) -> None:
    original = moment == "the original runs"
    (tmp_path / "prog.cu").write_text(ENDLESS if original else SCALE)
    work = alone(*TRANSLATE, "prog.cu", "-t", "jax", "-v")
    sign = "tmp/**/cuport-capture-*" if original else "tmp/**/port.py"
    until(lambda: list(tmp_path.glob(sign)), work)
    os.killpg(work.pid, number)
    _, err = work.communicate(timeout=60)
    assert work.returncode == 130 and "interrupted" in err and "Traceback" not in err, err
    assert processes_about(tmp_path) == []
    assert everything(tmp_path / "tmp") == set() and not (tmp_path / "out").exists()
    assert [p for p in everything(tmp_path) if "/.build-" in p] == []


def test_run_passes_an_interrupt_on(alone: Start, tmp_path: Path) -> None:
    (tmp_path / "prog.cu").write_text(changed("printf(", 'FILE *f = fopen("here", "w"); fclose(f); printf(', ENDLESS))
    work = alone("run", "prog.cu")
    until((tmp_path / "here").exists, work)
    os.killpg(work.pid, signal.SIGINT)
    _, err = work.communicate(timeout=60)
    assert work.returncode == 130 and "Traceback" not in err
    assert processes_about(tmp_path) == [] and everything(tmp_path / "tmp") == set()


def test_a_killed_run_goes_on_where_it_was(alone: Start, tmp_path: Path) -> None:
    (tmp_path / "a.cu").write_text(SCALE)
    (tmp_path / "b.cu").write_text(changed("+ 1.0f", "- 1.0f", KERNEL) + ENDLESS.replace(KERNEL, ""))
    work = alone(*TRANSLATE, "a.cu", "b.cu", "-t", "jax", "--jobs", "1")
    until((tmp_path / "out" / "a_jax.py").exists, work)  # the first file is done, the second runs without end
    work.kill()
    work.communicate()
    (tmp_path / "b.cu").write_text(SCALE.replace("+ 1.0f;", "- 1.0f;").replace("+ 1.0f ?", "- 1.0f ?"))
    compile((tmp_path / "out" / "a_jax.py").read_text(), "a_jax.py", "exec")
    again = alone(*TRANSLATE, "a.cu", "b.cu", "-t", "jax", "--jobs", "1")
    out, err = again.communicate(timeout=900)
    assert again.returncode == 0, err
    assert "2 accepted  (1 unchanged, from the store)" in out
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"a_jax.py", "a_jax.json", "b_jax.py", "b_jax.json"}
