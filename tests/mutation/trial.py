"""One mutant's trial: a forked child takes the change in and runs the evidence until something differs.

The child is thrown away, the parent and the files never change. A change in a function replaces the code of the
function that everybody holds already; one outside of functions has the modules imported anew.
"""

from __future__ import annotations

import ast
import functools
import gc
import importlib
import os
import resource
import signal
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Protocol

from tests.mutation.mutants import ROOT, Mutant, mutated

PATIENCE = 20  # times what a test needs without a change, and half a second, before it counts as endless
MEMORY = 3 << 30  # bytes a child may take: an endless loop must not take the machine
SURVIVED, ENDLESS, BROKEN = "survived", "timed out", "broken"
OURS = {"billing", "jobs", "tests"}


class Evidence(Protocol):
    """Something that tells a wrong kernel from a right one."""

    @property
    def name(self) -> str: ...

    def holds(self) -> bool: ...


class Timed(Protocol):
    """Evidence and the seconds it takes."""

    @property
    def evidence(self) -> Evidence: ...

    @property
    def seconds(self) -> float: ...


def start(mutant: Mutant, evidence: Sequence[Timed]) -> tuple[int, int]:
    """The process of the child, and the file to read which evidence it runs by number."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, reading
    code = 3
    try:
        os.close(reading)
        code = _child(mutant, evidence, writing)
    finally:
        os._exit(code)


def verdict(status: int, told: bytes, evidence: Sequence[Timed]) -> tuple[str, str]:
    """How a child ended, and by what evidence; ``told`` are the numbers it wrote before each."""
    last = evidence[int(told.split()[-1])].evidence.name if told.split() else ""
    if os.WIFSIGNALED(status):
        endless = os.WTERMSIG(status) in (signal.SIGVTALRM, signal.SIGXCPU)
        return (ENDLESS if endless else BROKEN), last
    return {0: (SURVIVED, ""), 1: ("killed", last)}.get(os.waitstatus_to_exitcode(status), (BROKEN, last))


def _child(mutant: Mutant, evidence: Sequence[Timed], writing: int) -> int:
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_VIRTUAL, 5)
    tests: list[Evidence] = [one.evidence for one in evidence]
    try:
        if mutant.function:
            swap(mutant)
        else:
            tests = import_anew(mutant, [one.name for one in tests])
    except Exception:
        return 1  # the module cannot even be imported
    for number, (test, timed) in enumerate(zip(tests, evidence, strict=False)):
        os.write(writing, b"%d " % number)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.5 + PATIENCE * timed.seconds)
        if not _holds(test):
            return 1
    return 0


def _holds(test: Evidence) -> bool:
    try:
        return test.holds()
    except Exception:
        return False


def swap(mutant: Mutant) -> None:
    """Give the function its changed code, wherever it is held; forget what it computed before."""
    path = str(ROOT / mutant.module)
    code = _code_of(compile(mutated(mutant), path, "exec"), mutant.function)
    held = _functions().get((path, code.co_qualname, code.co_firstlineno), [])
    if not held:
        raise LookupError(f"{mutant.name}: nobody holds this function")
    for function in held:
        function.__code__ = code
    for wrapper in _caches():
        wrapper.cache_clear()


@functools.cache
def _functions() -> dict[tuple[str, str, int], list[FunctionType]]:
    found: dict[tuple[str, str, int], list[FunctionType]] = {}
    for one in gc.get_objects():
        if isinstance(one, FunctionType):
            code = one.__code__
            found.setdefault((code.co_filename, code.co_qualname, code.co_firstlineno), []).append(one)
    return found


@functools.cache
def _caches() -> list[functools._lru_cache_wrapper[object]]:
    found = [one for one in gc.get_objects() if isinstance(one, functools._lru_cache_wrapper)]
    return [one for one in found if getattr(one, "__module__", "").startswith(("billing.", "streams.", "jobs."))]


def prepare() -> None:
    """What every child would find out for itself, found out once; then nothing is touched by collections any more."""
    _functions()
    _caches()
    gc.collect()
    gc.freeze()


def _code_of(code: CodeType, name: str) -> CodeType:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_qualname == name:
                return constant
            if name.startswith(constant.co_qualname + "."):
                return _code_of(constant, name)
    raise LookupError(f"no function {name}")


class _Changed(MetaPathFinder, Loader):
    """Loads one module from a tree in place of its file."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self._name, self._path, self._tree = name, path, tree

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return spec_from_file_location(name, self._path, loader=self) if name == self._name else None

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._tree, str(self._path), "exec"), module.__dict__)


def import_anew(mutant: Mutant, names: Sequence[str]) -> list[Evidence]:
    """The stories among ``names``, read by modules that stand on the changed one."""
    path = ROOT / mutant.module
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Changed(module, path, mutated(mutant)))
    fresh = importlib.import_module("tests.mutation.stories")
    found: list[Evidence] = fresh.stories([name.removeprefix("story ") for name in names if name.startswith("story ")])
    return found
