"""Writes kafka.lock.json for one release of Apache Kafka. For developers; needs `mvn`.

python -m deploy.embedded.make_kafka_lock 4.3.1
"""

import hashlib
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.embedded.jars import LOCK

LOG4J_BINDING = "org.apache.logging.log4j:log4j-slf4j-impl"  # without it the broker's log is silent

LEFT_OUT = {
    "com.fasterxml.jackson.dataformat:jackson-dataformat-csv": "command line tools only",
    "com.fasterxml.jackson.dataformat:jackson-dataformat-yaml": "log4j2 in YAML; ours is XML",
    "com.fasterxml.jackson.datatype:jackson-datatype-jdk8": "command line tools only",
    "com.github.ben-manes.caffeine:caffeine": "index cache of tiered storage",
    "commons-beanutils:commons-beanutils": "of commons-validator only the address checks are used",
    "commons-collections:commons-collections": "of commons-validator only the address checks are used",
    "commons-digester:commons-digester": "of commons-validator only the address checks are used",
    "commons-logging:commons-logging": "of commons-validator only the address checks are used",
    "org.bitbucket.b_c:jose4j": "OAuth logins",
    "org.jspecify:jspecify": "annotations for compilers",
    "org.scala-lang:scala-reflect": "compile-time macros",
    "org.yaml:snakeyaml": "log4j2 in YAML; ours is XML",
}

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>lock</groupId><artifactId>lock</artifactId><version>1</version><dependencies>{}</dependencies></project>
"""
DEPENDENCY = "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"


def main(kafka: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = [f"org.apache.kafka:kafka_2.13:{kafka}"]
        resolved = _resolve(folder, wanted)
        log4j = dict(c.rsplit(":", 1) for c in resolved)["org.apache.logging.log4j:log4j-core"]
        resolved = _resolve(folder, [*wanted, f"{LOG4J_BINDING}:{log4j}"])
        kept = [c for c in sorted(resolved) if c.rsplit(":", 1)[0] not in LEFT_OUT]
        unknown = set(LEFT_OUT) - {c.rsplit(":", 1)[0] for c in resolved}
        if unknown:
            sys.exit(f"no longer a dependency, take it out of LEFT_OUT: {', '.join(sorted(unknown))}")
        rows = [_row(coordinates, folder / "jars") for coordinates in kept]
    LOCK.write_text(json.dumps({"kafka": kafka, "left_out": LEFT_OUT, "jars": rows}, indent=1) + "\n")
    print(f"{LOCK.name}: {len(rows)} jars, {sum(int(row['size']) for row in rows) / 1e6:.1f} MB")


def _resolve(folder: Path, wanted: list[str]) -> list[str]:
    """All runtime coordinates (group:artifact:version) that `wanted` needs; their jars are in folder/jars."""
    (folder / "pom.xml").write_text(POM.format("".join(DEPENDENCY.format(*c.split(":")) for c in wanted)))
    _mvn(folder, "dependency:list", "-DoutputFile=list.txt")
    _mvn(folder, "dependency:copy-dependencies", "-DoutputDirectory=jars")
    found = re.findall(r"^\s+(\S+):(\S+):jar:([^:\s]+):\w+", (folder / "list.txt").read_text(), re.MULTILINE)
    return [":".join(match) for match in found]


def _mvn(folder: Path, goal: str, *options: str) -> None:
    subprocess.run(["mvn", "-q", "-B", goal, "-DincludeScope=runtime", *options], cwd=folder, check=True)


def _row(coordinates: str, folder: Path) -> dict[str, str | int]:
    _, artifact, version = coordinates.split(":")
    path = folder / f"{artifact}-{version}.jar"
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return {"coordinates": coordinates, "file": path.name, "size": len(content), "sha256": digest}


if __name__ == "__main__":
    main(*sys.argv[1:])
