"""The options of commands that start a composed archive or broadcast."""

from __future__ import annotations

import click

from tokbox.cli.common.params import Decorator, options
from tokbox.enums import StreamMode

__all__ = ["composition_options"]

#: Add the options of :class:`~tokbox.rest.resources.compositions.Composition`.
composition_options: Decorator = options(
    click.option("--audio/--no-audio", "has_audio", default=True, help="Take sound."),
    click.option("--video/--no-video", "has_video", default=True, help="Take pictures."),
    click.option("--resolution", metavar="WxH", help="Of a composed video: 1280x720 ..."),
    click.option("--layout", metavar="NAME", help="Of a composed video: bestFit, pip ..."),
    click.option(
        "--stream-mode",
        type=click.Choice([mode.value for mode in StreamMode]),
        default=StreamMode.AUTO.value,
        show_default=True,
        help="All streams, or those that are added by calls.",
    ),
    click.option(
        "--max-bitrate", type=int, metavar="N", help="Of a composed video, in bits/s."
    ),
)
