"""Usage as files: CSV, JSON Lines, Parquet and XLSX; and batches of closed statements, whose bytes never change."""
