"""The help of ``tokbox`` itself, which is shown without loading click."""

from __future__ import annotations

from tokbox.cli.common import exit_codes

__all__ = ["COMMANDS", "module_of", "root_help"]

ENVIRONMENT = """\
Credentials come from the environment or a file, never from arguments:
  TOKBOX_API_KEY with TOKBOX_SECRET or TOKBOX_SECRET_FILE
  OPENTOK_API_KEY with OPENTOK_API_SECRET
  TOKBOX_APPLICATION_ID with TOKBOX_PRIVATE_KEY or TOKBOX_PRIVATE_KEY_FILE
  VONAGE_APPLICATION_ID with VONAGE_PRIVATE_KEY or VONAGE_PRIVATE_KEY_PATH
  TOKBOX_API_URL to reach an emulator (see: tokbox emulator); with TOKBOX_ALLOW_HTTP=1
  a URL with http:// that leads to another machine causes no warning
"""


#: The commands, and the first sentences of their help.
COMMANDS = {
    "archive": "Record sessions, and manage the recordings.",
    "broadcast": "Broadcast sessions live, over HLS and RTMP.",
    "callback": "Register URLs that are told of events (OpenTok only).",
    "captions": "Caption sessions live.",
    "connection": "Look at the clients of a session.",
    "connector": "Connect sessions with WebSockets (Audio Connector).",
    "demo": "See it all at work on this machine, without an account.",
    "dial": "Call URI, and let whoever answers take part in SESSION.",
    "disconnect": "Force a client to leave SESSION; also hangs up a call.",
    "dtmf": "Play tones to the calls of SESSION: 0 to 9, *, #, and p for a pause.",
    "emulator": "Stand in for the service on this machine, until Ctrl-C.",
    "inspect": "Show what a token says, when it ends, and why it would be refused.",
    "mute": "Mute one stream of SESSION, or all, also those to come.",
    "render": "Publish web pages into sessions (Experience Composer).",
    "session": "Create sessions.",
    "sign": "Sign a token for each row of a table: CSV, NDJSON or Parquet.",
    "signal": "Send TEXT to the clients of SESSION.",
    "stream": "Look at the streams of a session, and arrange them.",
    "token": "Sign one token.",
    "tokens": "Sign N distinct tokens.",
    "unmute": "Let streams be published unmuted again.",
    "verify": "Find out which tokens of a table hold, with the credentials.",
}
#: The modules of the commands that are not in a module of the same name.
_MODULES = {
    "demo": "demo.command",
    "dial": "commands.sip",
    "disconnect": "commands.moderation",
    "dtmf": "commands.sip",
    "inspect": "inspect.command",
    "mute": "commands.moderation",
    "sign": "signing.command",
    "token": "commands.tokens",
    "unmute": "commands.moderation",
}


def module_of(command: str) -> str:
    """Return the name of the module of a command, to import it when it is used."""
    return f"tokbox.cli.{_MODULES.get(command, f'commands.{command}')}"


def root_help() -> str:
    """Return what ``tokbox --help`` prints."""
    width = max(map(len, COMMANDS))
    commands = [f"  {name:{width}}  {help}" for name, help in COMMANDS.items()]
    parts = (
        _USAGE + "\n".join(commands),
        _indented(ENVIRONMENT),
        _indented(exit_codes.HELP),
    )
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
