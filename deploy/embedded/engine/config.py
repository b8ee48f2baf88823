"""Directory layout and the engine's configuration file. Every path is ours, so nothing is picked up by surprise."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

MIB = 1024 * 1024

_TEMPLATE = """<clickhouse>
  <logger><level>none</level><console>0</console></logger>
  <path>{path}/</path>
  <tmp_path>{tmp}/</tmp_path>
  <user_files_path>{files}/</user_files_path>
  <timezone>UTC</timezone>
  <max_server_memory_usage>{memory}</max_server_memory_usage>
  <mark_cache_size>16777216</mark_cache_size>
  <index_mark_cache_size>4194304</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
  <query_condition_cache_size>4194304</query_condition_cache_size>
  <mmap_cache_size>64</mmap_cache_size>
  <compiled_expression_cache_size>4194304</compiled_expression_cache_size>
  <max_thread_pool_size>128</max_thread_pool_size>
  <max_thread_pool_free_size>4</max_thread_pool_free_size>
  <background_pool_size>2</background_pool_size>
  <background_merges_mutations_concurrency_ratio>2</background_merges_mutations_concurrency_ratio>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_buffer_flush_schedule_pool_size>1</background_buffer_flush_schedule_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <background_message_broker_schedule_pool_size>1</background_message_broker_schedule_pool_size>
  <background_distributed_schedule_pool_size>1</background_distributed_schedule_pool_size>
  <backups><allowed_path>{backups}/</allowed_path></backups>
  <merge_tree>
    <fsync_after_insert>{fsync}</fsync_after_insert>
    <fsync_part_directory>{fsync}</fsync_part_directory>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
"""


@dataclass(frozen=True)
class Layout:
    """Where things are below the directory the process owns."""

    root: Path

    @property
    def data(self) -> Path:
        """Databases and tables."""
        return self.root / "data"

    @property
    def tmp(self) -> Path:
        """Temporary files; emptied at every start."""
        return self.root / "tmp"

    @property
    def files(self) -> Path:
        """Files for the file() table function."""
        return self.root / "files"

    @property
    def backups(self) -> Path:
        """The one place BACKUP may write to: `BACKUP … TO File('name')`."""
        return self.root / "backups"

    @property
    def config(self) -> Path:
        """The engine's configuration, written at every start."""
        return self.root / "config.xml"

    def prepare(self, memory_bytes: int, fsync: bool) -> None:
        """Make the folders, sweep temporary files of an earlier life, write the configuration."""
        shutil.rmtree(self.tmp, ignore_errors=True)
        for folder in (self.data, self.tmp, self.files, self.backups):
            folder.mkdir(parents=True, exist_ok=True)
        text = _TEMPLATE.format(
            path=escape(str(self.data)),
            tmp=escape(str(self.tmp)),
            files=escape(str(self.files)),
            backups=escape(str(self.backups)),
            memory=memory_bytes,
            fsync=int(fsync),
        )
        self.config.write_text(text, encoding="utf-8")
