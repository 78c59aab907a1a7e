"""The compiled extensions, and a bill of materials; all metadata is in pyproject.toml."""

from __future__ import annotations

import json
import sys
import tempfile
from glob import glob
from importlib.metadata import version
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

#: Hardening: what breaks in the core ends the process and cannot be steered. Compilers
#: differ in what they have of it: the last two are x86's and AArch64's own. Together
#: they cost no kernel anything that can be measured; level 3 of the first would, a
#: tenth to a quarter of each SHA-1 token.
HARDENING = [
    ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"],
    ["-fstack-protector-strong"],
    ["-fstack-clash-protection"],
    ["-fcf-protection=full"],
    ["-mbranch-protection=standard"],
]

link_args = []
if sys.platform == "win32":
    compile_args = ["/O2", "/std:c11", "/guard:cf"]
    link_args = ["/guard:cf"]
else:
    # Instruction sets are switched on inside the kernel files, never here: nothing
    # may be decided from the CPU of the machine that builds.
    compile_args = ["-O3", "-std=gnu11", "-fvisibility=hidden", "-Wall", "-Wextra"]
    if sys.platform != "darwin":
        link_args = ["-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack"]


class build_hardened(build_ext):
    """Compile with what the compiler has of ``HARDENING``."""

    def build_extensions(self) -> None:
        if self.compiler.compiler_type == "unix":
            found = [flag for flags in HARDENING if self.takes(flags) for flag in flags]
            for extension in self.extensions:
                extension.extra_compile_args = [*extension.extra_compile_args, *found]
        super().build_extensions()

    def takes(self, flags: list[str]) -> bool:
        """Say whether the compiler takes *flags*, for every architecture it is to
        build for, without a warning."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text("#include <string.h>\nint probe(void) { return 0; }\n")
            try:
                self.compiler.compile(
                    [str(source)],
                    output_dir=folder,
                    extra_postargs=["-O3", "-Werror", *flags],
                )
            except CompileError:
                return False
        return True


class wheel_with_bill(bdist_wheel):
    """Put a CycloneDX bill of materials of the extensions into the wheel (PEP 770).

    It names what was compiled into them. Dependencies are in the metadata.
    """

    def egg2dist(self, egginfo_path: str, distinfo_path: str) -> None:
        super().egg2dist(egginfo_path, distinfo_path)
        cython = version("Cython")
        project = self.distribution.metadata
        generated = {
            "type": "library",
            "bom-ref": f"pkg:pypi/cython@{cython}",
            "name": "Cython",
            "version": cython,
            "purl": f"pkg:pypi/cython@{cython}",
            "licenses": [{"license": {"id": "Apache-2.0"}}],
            "description": "C code that Cython generates is part of each extension.",
        }
        reference = f"pkg:pypi/{project.name}@{project.version}"
        bill = {
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "version": 1,
            "metadata": {
                "component": {
                    "type": "library",
                    "bom-ref": reference,
                    "name": project.name,
                    "version": project.version,
                    "purl": reference,
                    "licenses": [{"license": {"id": "MIT"}}],
                }
            },
            "components": [generated],
            "dependencies": [{"ref": reference, "dependsOn": [generated["bom-ref"]]}],
        }
        folder = Path(distinfo_path, "sboms")
        folder.mkdir()
        text = json.dumps(bill, indent=2) + "\n"
        (folder / f"{project.name}.cdx.json").write_text(text, encoding="utf-8")


csv = "src/kernels/text/csv.c"
kernels = sorted({*glob("src/kernels/**/*.c", recursive=True)} - {csv})
headers = sorted(
    path for suffix in ("h", "pxd") for path in glob(f"src/**/*.{suffix}", recursive=True)
)
#: A .pxd is beside the header that it mirrors, and is found by its name alone.
include_path = ["src", "src/core", *sorted(glob("src/kernels/**/", recursive=True))]


def extension(name: str, *sources: str) -> Extension:
    return Extension(
        f"tokbox.{name}",
        [f"src/{name}.pyx", *sources],
        include_dirs=["src", "src/kernels"],
        depends=headers,
        extra_compile_args=compile_args,
        extra_link_args=link_args,
    )


setup(
    cmdclass={"build_ext": build_hardened, "bdist_wheel": wheel_with_bill},
    ext_modules=cythonize(
        [
            extension("_memory"),
            extension("_arrow"),
            extension("_capsules"),
            extension("_csv", csv),
            extension("_fastsign", "src/arenas.c", *kernels),
        ],
        include_path=include_path,
        build_dir="build/cython",
        compiler_directives={"language_level": 3},
    ),
)
