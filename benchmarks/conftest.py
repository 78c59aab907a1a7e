"""Options, defaults and the description of the machine for pytest-benchmark."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any

import pytest

from tokbox import _fastsign

#: The columns of tables. OPS are items per second, because times are per item.
COLUMNS = ["median", "iqr", "ops", "rounds"]
#: Packages whose versions are part of the results.
PACKAGES = ("tokbox", "opentok", "vonage", "vonage-video", "PyJWT", "livekit-api")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--smoke",
        action="store_true",
        help="run each benchmark once, with little work, and report no times",
    )
    parser.addoption(
        "--scale",
        type=float,
        default=1.0,
        metavar="FACTOR",
        help="multiply the number of items (default: 1); the goals are for 1",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Measure, although the configuration disables benchmarks, and show what matters."""
    option = config.option
    option.benchmark_enable = not option.smoke
    option.benchmark_columns = option.benchmark_columns or COLUMNS
    option.benchmark_sort = "median"
    option.benchmark_name = "short"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(os.path.dirname(__file__)):
            # The packages of rivals warn of their own deprecations.
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture
def scale(request: pytest.FixtureRequest) -> float:
    """By what to multiply the work; 0 with ``--smoke``."""
    smoke, scale = map(request.config.getoption, ("smoke", "scale"))
    return 0.0 if smoke else float(scale)


def _processor() -> str:
    """Return the name of the processor, where the system has it."""
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def pytest_benchmark_generate_machine_info() -> dict[str, Any]:
    """Return what the figures depend on, and nothing that identifies the machine."""
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "cpu": _processor(),
        "cpus": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "kernels": _fastsign.kernels()["active"],
        "packages": packages,
    }


def pytest_benchmark_update_json(output_json: dict[str, Any]) -> None:
    """Leave out the options of pytest-benchmark, which do not apply to replayed times."""
    for each in output_json["benchmarks"]:
        del each["options"], each["params"]
