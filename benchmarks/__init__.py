"""Side by side with peers, in one run, on one machine: docs/benchmarks.md."""
