"""The kernel: pure functions from facts to intervals, work and entries. No clock, no network, no environment."""
