"""Every setting, typed, read once at the door. Environment: ``EVERYMINUTE_<NAME>``; see docs/settings.md."""

from __future__ import annotations

from os import environ
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "EVERYMINUTE_"
TENANT = r"^[A-Za-z0-9_.-]{1,60}$"


class FromFiles(PydanticBaseSettingsSource):
    """``EVERYMINUTE_<NAME>_FILE`` names a file that holds the value: so secrets stay out of the environment."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Raises OSError where the file cannot be read."""
        named = environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        return (Path(named).read_text(encoding="utf-8").rstrip("\r\n") if named else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    home: Path = Field(default=Path("~/.everyminute"), description="Data, logs and run files of the embedded stack.")
    tenant: str = Field(default="main", pattern=TENANT, description="Tenant of commands and imports.")

    kafka: str = Field(default="127.0.0.1:19092", description="Bootstrap servers.")
    topic_prefix: str = Field(default="everyminute.", description="Prefix of every topic and consumer group.")
    partitions: int = Field(default=4, ge=1, le=1000, description="Partitions of every topic; never changed in place.")
    replication: int = Field(default=1, ge=1, le=5, description="Replicas of every topic; 3 on a cluster.")
    epoch: int = Field(default=0, ge=0, lt=256, description="Highest part of every version; raised by a rebuild.")

    clickhouse_host: str = Field(default="127.0.0.1", description="ClickHouse HTTP host.")
    clickhouse_port: int = Field(default=18123, description="ClickHouse HTTP port.")
    clickhouse_database: str = Field(default="everyminute", description="Database of the ledger.")
    clickhouse_user: str = Field(default="default", description="User that may write.")
    clickhouse_password: SecretStr = Field(default=SecretStr(""), description="Password of that user.")

    workers: int = Field(default=1, ge=1, le=64, description="Workers that `everyminute up` starts.")
    batch_records: int = Field(default=5000, ge=1, le=20000, description="Most records a hop takes in one step.")
    session_timeout: float = Field(default=30.0, gt=0, description="Seconds until a silent worker is replaced.")
    mark_seconds: int = Field(default=3600, ge=1, description="Seconds between two clock marks of the scheduler.")
    write_rows: int = Field(default=5000, ge=1, description="Most rows the writer inserts at once.")
    write_seconds: float = Field(default=0.2, gt=0, description="Longest wait of the writer for more rows.")

    kafka_port: int = Field(default=19092, description="Port of the embedded broker.")
    kafka_controller_port: int = Field(default=19093, description="Port of the embedded broker's controller.")
    web_port: int = Field(default=18080, description="Port of the web pages and of the API.")
    web_host: str = Field(default="127.0.0.1", description="Address on which they listen; 0.0.0.0 in a container.")
    public_hosts: str = Field(
        default="", description="Names under which they are reached over TLS, comma-separated: `minutes.example.com`."
    )
    proxies: str = Field(
        default="", description="Addresses of proxies whose `X-Forwarded-For` is believed, comma-separated."
    )
    session_idle_hours: int = Field(default=12, ge=1, description="A sign-in ends after so long without a request.")
    session_hours: int = Field(default=168, ge=1, description="A sign-in ends after so long in any case.")
    cache_dir: Path | None = Field(default=None, description="Downloaded jars; default: the user's cache folder.")
    maven_url: str = Field(default="", description="Mirror of Maven Central to download the broker from.")

    @model_validator(mode="before")
    @classmethod
    def _own_broker(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Who moves the embedded broker to another port need not say so twice."""
        if "kafka" not in data and "kafka_port" in data:
            return data | {"kafka": f"127.0.0.1:{data['kafka_port']}"}
        return data

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:  # fmt: skip
        """A variable goes before the file of the same name."""
        return init_settings, env_settings, FromFiles(settings_cls)

    @property
    def reader_password_file(self) -> Path:
        """Where the password of the embedded engine's read-only user lies, once the stack has started there."""
        return self.home.expanduser() / "secrets" / "reader.password"

    @property
    def public_names(self) -> frozenset[str]:
        return frozenset(name.strip().lower() for name in self.public_hosts.split(",") if name.strip())

    def topic(self, name: str) -> str:
        return self.topic_prefix + name
