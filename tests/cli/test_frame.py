import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
HEAVY = ("torch", "triton", "jax", "numpy", "openai", "tree_sitter", "pydantic", "rich", "sqlite3")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print([n for n in {HEAVY} if n in sys.modules]))\n"
        "sys.argv = ['cuport', '--help']\n"
        "import cuport.__main__"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(f"  {name} " in done.stdout for name in ("translate", "verify", "review", "inspect", "run", "doctor"))


@pytest.mark.parametrize("command", ["translate", "verify", "review", "inspect", "run", "doctor"])
def test_each_command_has_help(cuport: Run, command: str) -> None:
    done = cuport(command, "--help")
    assert done.returncode == 0 and "Usage:" in done.stdout


def test_version(cuport: Run) -> None:
    import cuport as package

    assert cuport("--version").stdout.strip().endswith(package.__version__)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["frobnicate"], "No such command"),
        (["translate"], "Missing argument"),
        (["translate", "missing.cu"], "usage.missing-file"),
        (["verify", "missing.cu"], "usage.missing-file"),
        (["inspect", "missing.cu"], "usage.missing-file"),
        (["translate", "."], "usage.no-sources"),
        (["translate", "p.py"], "usage.not-a-source"),
        (["verify", "p.py"], "usage.not-a-source"),
        (["verify", "missing.cu", "p.py"], "usage.missing-file"),
        (["verify", "sub", "p.py"], "usage.not-a-source"),
        (["verify", "a.cu", "p.py"], "usage.missing-file"),
        (["translate", "a.cu", "--target", "cobol"], "usage.no-such-target"),
        (["translate", "a.cu", "--translator", "magic"], "Invalid value"),
        (["translate", "a.cu", "--attempts", "0"], "Invalid value"),
        (["verify", "a.cu", "--seed", "-1"], "Invalid value"),
    ],
)
def test_usage_errors_end_with_2(cuport: Run, tmp_path: Path, words: list[str], part: str) -> None:
    (tmp_path / "sub").mkdir()
    if words[1:] != ["."]:
        (tmp_path / "a.cu").write_text("")
    done = cuport(*words)
    assert done.returncode == 2, done.stderr
    assert part in done.stderr and "Traceback" not in done.stderr and done.stdout == ""


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("seed = -3\n", "settings.invalid", 1),
        ("# fine\nspeed = 3\n", "settings.unknown", 2),
        ("seed = = 3\n", "settings.unreadable", 1),
        ("port-timeout = 'long'\n", "settings.invalid", 1),
    ],
)
def test_a_bad_configuration_names_file_line_and_key(
    cuport: Run, tmp_path: Path, text: str, code: str, line: int
) -> None:
    (tmp_path / "cuport.toml").write_text(text)
    (tmp_path / "a.cu").write_text("")
    done = cuport("translate", "a.cu")
    assert done.returncode == 2
    assert f"cuport.toml:{line}:" in done.stderr and f"[{code}]" in done.stderr


def test_a_bad_environment_variable_is_named(cuport: Run, tmp_path: Path) -> None:
    (tmp_path / "a.cu").write_text("")
    done = cuport("translate", "a.cu", env={"CUPORT_SEED": "many"})
    assert done.returncode == 2 and "CUPORT_SEED" in done.stderr


def test_doctor_says_what_is_there(cuport: Run) -> None:
    done = cuport("doctor", "--output-format", "json")
    found = {f["what"]: f for f in json.loads(done.stdout)}
    assert done.returncode == 0 and found["C++ compiler"]["state"] == "ok"
    assert found["target jax"]["state"] == found["target triton"]["state"] == "ok"


def test_doctor_without_a_compiler_says_what_to_install(cuport: Run, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    done = cuport("doctor", env={"PATH": str(tmp_path / "bin")})
    assert done.returncode == 3 and "g++" in done.stdout
