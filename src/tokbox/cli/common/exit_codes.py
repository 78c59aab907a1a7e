"""The exit codes of commands."""

from __future__ import annotations

SERVICE_ERROR = 1
INVALID_INPUT = 2
NO_RESPONSE = 3
REJECTED = 4
MISSING_DEPENDENCY = 5
STREAM_ERROR = 6
BUG = 70
INTERRUPTED = 130
BROKEN_PIPE = 141

HELP = """\
Exit codes:
  0    success
  1    the service or a webhook handler returned an error, or a check of the demo failed
  2    wrong usage or invalid input, or a file or port that cannot be used
  3    no response from the service or from a webhook handler
  4    inspect, verify: a token is not valid; sign: rows were rejected
  5    an optional dependency is not installed
  6    standard output, or standard input if it is needed, is closed or cannot be used
  70   a bug in tokbox
  130  interrupted (143: terminated; 141: the reader of a pipe ended)
"""
