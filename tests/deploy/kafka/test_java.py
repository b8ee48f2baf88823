"""JAVA_HOME wins when it is new enough; otherwise the runtime that comes with the package."""

from pathlib import Path

import pytest

from deploy.embedded import java


def runtime(folder: Path, shown: str) -> Path:
    binary = folder / "bin" / "java"
    binary.parent.mkdir(parents=True)
    binary.write_text(f"#!/bin/sh\necho '{shown}' >&2\n")
    binary.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("shown", "feature"), [('openjdk version "17.0.15" 2025-04-15', 17), ('java version "21" 2023-09-19 LTS', 21)]
)
def test_java_home_is_used(tmp_path: Path, shown: str, feature: int) -> None:
    home = runtime(tmp_path, shown)
    assert java.find({"JAVA_HOME": str(home)}) == java.Java(home / "bin" / "java", feature)


@pytest.mark.parametrize("shown", ['java version "1.8.0_402"', 'openjdk version "11.0.2"', "Segmentation fault"])
def test_an_old_or_broken_java_home_is_passed_over(tmp_path: Path, shown: str) -> None:
    found = java.find({"JAVA_HOME": str(runtime(tmp_path, shown))})
    assert found.feature >= java.OLDEST
    assert tmp_path not in found.binary.parents


def test_without_java_home_the_packaged_runtime_is_used(tmp_path: Path) -> None:
    assert java.find({}) == java.find({"JAVA_HOME": str(tmp_path)})
