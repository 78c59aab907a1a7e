"""The compiled extensions and nothing else; all metadata is in pyproject.toml."""

from __future__ import annotations

import sys
from glob import glob

from Cython.Build import cythonize
from setuptools import Extension, setup

if sys.platform == "win32":
    compile_args = ["/O2", "/std:c11"]
else:
    # Instruction sets are switched on inside the kernel files, never here: nothing
    # may be decided from the CPU of the machine that builds.
    compile_args = ["-O3", "-std=gnu11", "-fvisibility=hidden", "-Wall", "-Wextra"]

csv = "src/kernels/csv.c"
kernels = sorted({*glob("src/kernels/*.c")} - {csv})
headers = sorted(
    glob("src/kernels/*.h") + glob("src/kernels/*.pxd") + glob("src/tokbox/*.pxd")
)


def extension(name: str, *sources: str) -> Extension:
    return Extension(
        f"tokbox.{name}",
        [f"src/{name}.pyx", *sources],
        include_dirs=["src/kernels"],
        depends=headers,
        extra_compile_args=compile_args,
    )


setup(
    ext_modules=cythonize(
        [
            extension("_memory"),
            extension("_arrow"),
            extension("_capsules"),
            extension("_csv", csv),
            extension("_fastsign", *kernels),
        ],
        include_path=["src", "src/kernels"],
        build_dir="build/cython",
        compiler_directives={"language_level": 3},
    )
)
