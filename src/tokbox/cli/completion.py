"""``tokbox completion``: scripts for completion in shells."""

from __future__ import annotations

import click

from tokbox.cli.common.params import Command

__all__ = ["completion"]


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> None:
    """Print a script that completes commands and options in a shell.

    \b
    bash: add this line to ~/.bashrc
          eval "$(tokbox completion bash)"
    zsh:  add this line to ~/.zshrc
          eval "$(tokbox completion zsh)"
    fish: run this command once
          tokbox completion fish > ~/.config/fish/completions/tokbox.fish
    """
    from click.shell_completion import get_completion_class

    from tokbox.cli.app import root

    kind = get_completion_class(shell)
    assert kind is not None
    print(kind(root, {}, "tokbox", "_TOKBOX_COMPLETE").source())
