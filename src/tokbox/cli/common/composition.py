"""The options of commands that start a composed archive or broadcast."""

from __future__ import annotations

import click

from tokbox.cli.common.params import Count, Decorator, options
from tokbox.enums import StreamMode

__all__ = ["composition_options"]

#: Add the options of :class:`~tokbox.rest.resources.compositions.Composition`.
composition_options: Decorator = options(
    click.option(
        "--audio/--no-audio", "has_audio", default=True, help="Include audio, or not."
    ),
    click.option(
        "--video/--no-video", "has_video", default=True, help="Include video, or not."
    ),
    click.option(
        "--resolution",
        metavar="WxH",
        help="The resolution of a composed video, such as 1280x720.",
    ),
    click.option(
        "--layout",
        metavar="NAME",
        help="The layout of a composed video, such as bestFit or pip.",
    ),
    click.option(
        "--stream-mode",
        type=click.Choice([mode.value for mode in StreamMode]),
        default=StreamMode.AUTO.value,
        show_default=True,
        help="Include all streams (auto), or those that are added by requests (manual).",
    ),
    click.option(
        "--max-bitrate",
        type=Count(),
        metavar="N",
        help="The maximum bit rate of a composed video, in bits per second.",
    ),
)
