"""The help of ``tokbox`` itself, which is shown without loading click."""

from __future__ import annotations

from tokbox.cli.common import exit_codes

__all__ = ["COMMANDS", "module_of", "root_help"]

ENVIRONMENT = """\
Credentials are read from environment variables or files, never from arguments:
  OpenTok project      TOKBOX_API_KEY and TOKBOX_SECRET or TOKBOX_SECRET_FILE,
                       or OPENTOK_API_KEY and OPENTOK_API_SECRET
  Vonage application   TOKBOX_APPLICATION_ID and TOKBOX_PRIVATE_KEY or
                       TOKBOX_PRIVATE_KEY_FILE, or VONAGE_APPLICATION_ID and
                       VONAGE_PRIVATE_KEY or VONAGE_PRIVATE_KEY_PATH
  OpenTok account      TOKBOX_ACCOUNT_KEY and TOKBOX_ACCOUNT_SECRET or
                       TOKBOX_ACCOUNT_SECRET_FILE (only for: tokbox project)
  Emulator             TOKBOX_API_URL (see: tokbox emulator); TOKBOX_ALLOW_HTTP=1
                       disables the warning about http:// and another machine
"""


#: The commands, and the first sentences of their help.
COMMANDS = {
    "archive": "Record sessions, and manage their archives.",
    "broadcast": "Broadcast sessions over HLS and RTMP.",
    "callback": "Register URLs for events (OpenTok only).",
    "captions": "Start and stop live captions.",
    "completion": "Print a script that completes commands and options in a shell.",
    "connection": "List the clients of a session.",
    "connector": "Send the audio of sessions to WebSockets (Audio Connector).",
    "demo": "Try tokbox on this machine, without an account.",
    "dial": "Call the SIP URI, and connect the call to SESSION.",
    "disconnect": "Disconnect a client from SESSION, or end a SIP call.",
    "dtmf": "Play DTMF tones to the SIP calls of SESSION.",
    "emulator": "Run a local copy of the service until Ctrl-C.",
    "inspect": "Show the claims of a token, and why the service would refuse it.",
    "mute": "Mute all streams of SESSION, or one of them.",
    "project": "Manage the projects of an OpenTok account.",
    "render": "Publish web pages into sessions (Experience Composer).",
    "session": "Create sessions.",
    "sign": "Sign a token for each row of a CSV, NDJSON or Parquet file.",
    "signal": "Send TEXT to the clients of SESSION.",
    "stream": "List the streams of a session, and set their layout classes.",
    "token": "Sign one token.",
    "tokens": "Sign N different tokens.",
    "unmute": "Stop muting new streams of SESSION.",
    "verify": "Verify every token in a file, with the credentials.",
    "webhooks": "Send sample webhooks to a handler.",
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
    "completion": "completion",
    "unmute": "commands.moderation",
    "webhooks": "webhooks",
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

  Create sessions, sign tokens and record archives with OpenTok / Vonage Video.

  Try it without an account: tokbox demo

Options:
  --json      Print the result as JSON; also accepted after the command.
  --version   Show the version and the kernel that signs, and exit.
  -h, --help  Show this message and exit.

Commands:
"""
