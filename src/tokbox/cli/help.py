"""The help of ``tokbox`` itself, which is shown without loading click."""

from __future__ import annotations

__all__ = ["COMMANDS", "root_help"]

EXIT_CODES = """\
Exit codes:
  0    it worked
  1    the service refused, or a check of the demo failed
  2    usage or invalid input; a file or port that cannot be used
  3    no answer from the service
  4    inspect, verify: a token would be refused, or is none; sign: rows were rejected
  5    an optional part is not installed
  6    standard output, or standard input where it is read, is closed or cannot be used
  70   a bug in tokbox
  130  interrupted (143: terminated, 141: the reader of a pipe left)
"""

ENVIRONMENT = """\
Credentials come from the environment or a file, never from arguments:
  TOKBOX_API_KEY with TOKBOX_SECRET or TOKBOX_SECRET_FILE
  OPENTOK_API_KEY with OPENTOK_API_SECRET
  TOKBOX_APPLICATION_ID with TOKBOX_PRIVATE_KEY or TOKBOX_PRIVATE_KEY_FILE
  VONAGE_APPLICATION_ID with VONAGE_PRIVATE_KEY or VONAGE_PRIVATE_KEY_PATH
  TOKBOX_API_URL to reach an emulator (see: tokbox emulator); with TOKBOX_ALLOW_HTTP=1
  a URL with http:// that leads to another machine causes no warning
"""


#: The modules of the commands and the first sentences of their help. A module is imported
#: when its command is used.
COMMANDS = {
    "archive": ("commands.archive", "Record sessions, and manage the recordings."),
    "broadcast": ("commands.broadcast", "Broadcast sessions live, over HLS and RTMP."),
    "callback": (
        "commands.callback",
        "Register URLs that are told of events (OpenTok only).",
    ),
    "captions": ("commands.captions", "Caption sessions live."),
    "connection": ("commands.connection", "Look at the clients of a session."),
    "connector": (
        "commands.connector",
        "Connect sessions with WebSockets (Audio Connector).",
    ),
    "demo": ("demo.command", "See it all at work on this machine, without an account."),
    "dial": ("commands.sip", "Call URI, and let whoever answers take part in SESSION."),
    "disconnect": (
        "commands.moderation",
        "Force a client to leave SESSION; also hangs up a call.",
    ),
    "dtmf": (
        "commands.sip",
        "Play tones to the calls of SESSION: 0 to 9, *, #, and p for a pause.",
    ),
    "emulator": (
        "commands.emulator",
        "Stand in for the service on this machine, until Ctrl-C.",
    ),
    "inspect": (
        "inspect.command",
        "Show what a token says, when it ends, and why it would be refused.",
    ),
    "mute": (
        "commands.moderation",
        "Mute one stream of SESSION, or all, also those to come.",
    ),
    "render": ("commands.render", "Publish web pages into sessions (Experience Composer)."),
    "session": ("commands.session", "Create sessions."),
    "sign": (
        "signing.command",
        "Sign a token for each row of a table: CSV, NDJSON or Parquet.",
    ),
    "signal": ("commands.signal", "Send TEXT to the clients of SESSION."),
    "stream": ("commands.stream", "Look at the streams of a session, and arrange them."),
    "token": ("commands.tokens", "Sign one token."),
    "tokens": ("commands.tokens", "Sign N distinct tokens."),
    "unmute": ("commands.moderation", "Let streams be published unmuted again."),
    "verify": (
        "commands.verify",
        "Find out which tokens of a table hold, with the credentials.",
    ),
}


def root_help() -> str:
    """Return what ``tokbox --help`` prints."""
    width = max(map(len, COMMANDS))
    commands = [f"  {name:{width}}  {help}" for name, (_, help) in COMMANDS.items()]
    parts = (_USAGE + "\n".join(commands), _indented(ENVIRONMENT), _indented(EXIT_CODES))
    return "\n\n".join(parts)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


_USAGE = """\
Usage: tokbox [OPTIONS] COMMAND [ARGS]...

  Sessions, signed tokens and archives of OpenTok / Vonage Video.

  Without an account: "tokbox demo" shows it all at work on this machine.

Options:
  --version   Show the version and the kernel that signs, and exit.
  -h, --help  Show this message and exit.

Commands:
"""
