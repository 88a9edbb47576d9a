"""Every setting, with its default and its unit. Read, later wins: defaults, `[tool.cuport]` of pyproject.toml,
cuport.toml, environment (`CUPORT_SEED=3`), command line. Keys of providers are never settings: they stay in the
environment, so that no file, log or evidence holds one.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from cuport.diagnostic import CuportError, Diagnostic, Span


class ModelPrice(BaseModel):
    """US dollars per million tokens."""

    model_config = ConfigDict(extra="forbid")
    prompt: float = Field(0.0, ge=0)
    completion: float = Field(0.0, ge=0)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CUPORT_", extra="forbid", frozen=True)

    # where things are kept
    cache_dir: Path = Field(default_factory=lambda: Path(platformdirs.user_cache_dir("cuport")))
    work_dir: Path = Path(".cuport")  # rejected code and its counterexamples

    # what is asked for
    target: tuple[str, ...] = ()  # empty: every target that is installed
    translator: str = "auto"
    seed: int = Field(0, ge=0, lt=2**63)
    jobs: int = Field(0, ge=0)  # 0: one a core
    attempts: int = Field(4, ge=1, le=100)  # proposals a kernel and target, the first included

    # limits; seconds, bytes
    program_timeout: float = Field(60.0, gt=0)  # the user's program
    kernel_timeout: float = Field(60.0, gt=0)  # all cases of one kernel on the oracle
    port_timeout: float = Field(240.0, gt=0)  # one port over all its cases
    build_timeout: float = Field(240.0, gt=0)
    memory: int = Field(12 << 30, gt=0)  # address space; JAX alone reserves about 4 GiB of it
    port_cpu: float = Field(0.0, ge=0)  # processor seconds, all threads together; 0: what fits into port_timeout
    processes: int = Field(512, ge=16)  # of one port, threads included; XLA and torch start one a core and more
    file_size: int = Field(256 << 20, gt=0)  # of one file that a port writes
    scratch: int = Field(512 << 20, gt=0)  # of all its temporary files together
    cases: int = Field(48, ge=1, le=10_000)  # a kernel
    unsafe_no_sandbox: bool = False  # run ports where no sandbox holds; never read from a file, which comes with ports
    threads: int = Field(200_000, ge=1)  # CUDA threads over all cases of a kernel: what an interpreter can bear

    # reading
    include_dirs: tuple[Path, ...] = ()
    defines: tuple[str, ...] = ()

    # models
    model: str = ""
    base_url: str = ""
    temperature: float | None = None
    max_tokens: int | None = Field(None, gt=0)
    model_seed: int | None = None  # None: not sent, since some endpoints refuse it
    model_timeout: float = Field(120.0, gt=0)  # one exchange, retries included
    command: tuple[str, ...] = ()  # the command translator's program and its arguments
    prices: dict[str, ModelPrice] = Field(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment above what `load` passes from files; a .env file is not read."""
        return (env_settings, init_settings)


def load(folder: Path | None = None, **given: Any) -> Settings:
    """Settings for work in `folder` (default: the current one); `given` are command-line values, None means not given.

    The nearest folder upwards that holds a cuport.toml or a pyproject.toml with `[tool.cuport]` is taken. Raises
    CuportError (`settings.*`) naming the file and the key.
    """
    from_files, path = _from_files((folder or Path.cwd()).absolute())
    if "unsafe_no_sandbox" in from_files:  # a project's own file must not say that its ports are harmless
        raise CuportError(
            Diagnostic(
                "settings.unsafe",
                "`unsafe_no_sandbox` is not taken from a file",
                Span(str(path), _line_of(path, "unsafe_no_sandbox") if path else 1),
                hint="say --unsafe-no-sandbox on the command line, or set CUPORT_UNSAFE_NO_SANDBOX=1",
            )
        )
    chosen = {k: v for k, v in given.items() if v is not None and v != ()}
    try:
        base = Settings(**from_files)
        return Settings.model_validate(base.model_dump() | chosen) if chosen else base
    except ValidationError as error:
        raise CuportError(*[_explain(problem, path, from_files, chosen) for problem in error.errors()]) from None


def _from_files(folder: Path) -> tuple[dict[str, Any], Path | None]:
    for place in (folder, *folder.parents):
        for name in ("cuport.toml", "pyproject.toml"):
            path = place / name
            try:
                content = tomllib.loads(path.read_text(encoding="utf-8"))
            except (FileNotFoundError, NotADirectoryError):
                continue
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
                if name == "pyproject.toml":  # somebody else's file: their tools will complain
                    continue
                raise CuportError(
                    Diagnostic("settings.unreadable", f"cannot read settings: {error}", Span(str(path), 1))
                ) from None
            table = content if name == "cuport.toml" else content.get("tool", {}).get("cuport")
            if isinstance(table, dict):
                return {k.replace("-", "_"): v for k, v in table.items()}, path
    return {}, None


def _explain(problem: Any, path: Path | None, from_files: dict[str, Any], chosen: dict[str, Any]) -> Diagnostic:
    key = ".".join(map(str, problem["loc"]))
    top = str(problem["loc"][0]) if problem["loc"] else ""
    if top in chosen:
        where, span = f"--{top.replace('_', '-')}", None
    elif top in from_files and path is not None:
        where, span = str(path), Span(str(path), _line_of(path, top))
    else:
        where, span = f"CUPORT_{top.upper()}", None
    unknown = problem["type"] == "extra_forbidden"
    message = f"unknown setting `{key}`" if unknown else f"setting `{key}`: {problem['msg']}"
    known = ", ".join(sorted(Settings.model_fields))
    return Diagnostic(
        "settings.unknown" if unknown else "settings.invalid",
        f"{message} (from {where})",
        span,
        hint=f"known settings: {known}" if unknown else "",
    )


def _line_of(path: Path, key: str) -> int:
    names = (key, key.replace("_", "-"))
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.split("=")[0].strip().strip('"') in names:
            return number
    return 1
