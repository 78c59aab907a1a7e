"""What the commands that start an archive and a broadcast have in common."""

from __future__ import annotations

from collections.abc import Callable

import click

from tokbox.enums import StreamMode

__all__ = ["composition_options"]

Function = Callable[..., None]


def composition_options(function: Function) -> Function:
    """Add the options of :class:`~tokbox.rest.resources.compositions.Composition`."""
    for add in (
        click.option(
            "--max-bitrate",
            type=int,
            metavar="N",
            help="Of a composed video, in bits/s.",
        ),
        click.option(
            "--stream-mode",
            type=click.Choice([mode.value for mode in StreamMode]),
            default=StreamMode.AUTO.value,
            show_default=True,
            help="All streams, or those that are added by calls.",
        ),
        click.option(
            "--layout", metavar="NAME", help="Of a composed video: bestFit, pip ..."
        ),
        click.option(
            "--resolution", metavar="WxH", help="Of a composed video: 1280x720 ..."
        ),
        click.option(
            "--video/--no-video", "has_video", default=True, help="Take pictures."
        ),
        click.option("--audio/--no-audio", "has_audio", default=True, help="Take sound."),
    ):
        function = add(function)
    return function
