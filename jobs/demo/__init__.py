"""The demo month: a believable service desk, drawn from a seed.

Truth is drawn first (who really worked on what, when); the evidence is degraded from it the way real tools and
people degrade it, and written in the tools' own formats. Nothing here is read by the pipeline: it meets these
files as it meets anybody's.
"""
