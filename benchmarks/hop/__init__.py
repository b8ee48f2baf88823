"""Bar 1, the durable hop: one pairing job, done by the project's own worker and by its peers (docs/benchmarks.md)."""
