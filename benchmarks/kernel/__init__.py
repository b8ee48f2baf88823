"""Bars 4 and 5: how fast the kernel rates, and what one more piece of work costs."""
