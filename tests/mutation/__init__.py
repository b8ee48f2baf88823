"""Mutation testing of the modules that make amounts: `make mutants`. Nothing is written into the tree."""
