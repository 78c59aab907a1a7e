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

kernels = sorted(glob("src/kernels/*.c"))

setup(
    ext_modules=cythonize(
        [
            Extension(
                "tokbox._fastsign",
                ["src/_fastsign.pyx", *kernels],
                include_dirs=["src/kernels"],
                depends=sorted(glob("src/kernels/*.h") + glob("src/kernels/*.pxd")),
                extra_compile_args=compile_args,
            ),
            Extension("tokbox._arrow", ["src/_arrow.pyx"], extra_compile_args=compile_args),
        ],
        include_path=["src/kernels"],
        build_dir="build/cython",
        compiler_directives={"language_level": 3},
    )
)
