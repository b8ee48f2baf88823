"""A second opinion: the whole ledger computed again by a slow, separate program, and forty sums done by hand."""
