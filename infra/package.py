#!/usr/bin/env python3
"""Packs the function for writes: the program, the site's settings, and the schemas that they name.

    infra/package.py PROGRAM ROOT ZIP

The same inputs give the same bytes. A package that is larger than it should be is refused, and so is a program that wants a
newer C library than the functions' machines have (Amazon Linux 2023).
"""
import pathlib
import re
import sys
import tomllib
import zipfile

# The limit that we set ourselves: it is loaded with each cold start.
LARGEST = 5_000_000
GLIBC = (2, 34)


def files(root):
    settings = "site/site.toml"
    declared = tomllib.loads((root / settings).read_text(encoding="utf-8-sig")).get("writes", {})
    if not declared:
        sys.exit(f"{settings} lets nothing be written: there is no [writes]")
    # (Names are below the root: the program refuses all others.)
    return [settings, *sorted({write["schema"] for write in declared.values()})]


def wanted_glibc(program):
    """The newest version of the C library of which the program names a symbol."""
    names = re.findall(rb"\0GLIBC_(\d+)\.(\d+)(?:\.\d+)?(?=\0)", program)
    return max(((int(major), int(minor)) for major, minor in names), default=(0, 0))


def pack(program, root, out):
    program = pathlib.Path(program).read_bytes()
    wanted = wanted_glibc(program)
    if wanted > GLIBC:
        sys.exit(f"the program wants glibc {wanted[0]}.{wanted[1]}, and there is {GLIBC[0]}.{GLIBC[1]}: build it where that is older")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        for name, mode, body in [("bootstrap", 0o755, program), *((name, 0o644, (root / name).read_bytes()) for name in files(root))]:
            info = zipfile.ZipInfo(name)
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, (0o100000 | mode) << 16
            package.writestr(info, body, compresslevel=9)
    size = pathlib.Path(out).stat().st_size
    print(f"{out}: {size:,} bytes, of which {len(program):,} are the program before it is packed; glibc {wanted[0]}.{wanted[1]}")
    if size > LARGEST:
        sys.exit(f"the package has more than {LARGEST:,} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    pack(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3])
