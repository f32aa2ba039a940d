#!/usr/bin/env python3
"""Compares two trees of JSON files: compare.py DIR_A DIR_B [--show N] [--ignore GLOB]...

Says which files stand in one tree alone, and how many of those in both hold another JSON value. The order of an
object's members does not count. Ends with 1 where anything differs, with 0 where nothing does.
"""

import argparse
import fnmatch
import json
import os
import sys


def files(root, ignored):
    found = set()
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")
            if not any(fnmatch.fnmatch(path, pattern) for pattern in ignored):
                found.add(path)
    return found


def load(root, path):
    with open(os.path.join(root, path), "rb") as file:
        return file.read()


def first_difference(a, b, at=""):
    """The JSON Pointer of the first place where two values differ, and both values there; None where they are equal."""
    if isinstance(a, bool) != isinstance(b, bool):
        return at, a, b  # in Python True == 1
    if isinstance(a, dict) and isinstance(b, dict):
        for name in [*a, *(name for name in b if name not in a)]:
            if name not in a or name not in b:
                return f"{at}/{name}", a.get(name, "(absent)"), b.get(name, "(absent)")
            difference = first_difference(a[name], b[name], f"{at}/{name}")
            if difference:
                return difference
        return None
    if isinstance(a, list) and isinstance(b, list):
        for index, (left, right) in enumerate(zip(a, b)):
            difference = first_difference(left, right, f"{at}/{index}")
            if difference:
                return difference
        return None if len(a) == len(b) else (at, f"{len(a)} items", f"{len(b)} items")
    return None if a == b else (at, a, b)


def short(value):
    text = value if isinstance(value, str) else json.dumps(value)
    return repr(text if len(text) <= 100 else text[:100] + "…")


def main():
    parser = argparse.ArgumentParser(description="Compares two trees of JSON files.")
    parser.add_argument("a", metavar="DIR_A")
    parser.add_argument("b", metavar="DIR_B")
    parser.add_argument("--show", type=int, default=10, metavar="N", help="how many differences to show of each kind")
    parser.add_argument("--ignore", action="append", default=[], metavar="GLOB", help="leave out paths like this")
    options = parser.parse_args()
    for root in (options.a, options.b):
        if not os.path.isdir(root):
            parser.error(f"{root} is not a folder")

    in_a, in_b = files(options.a, options.ignore), files(options.b, options.ignore)
    for label, only in ((options.a, in_a - in_b), (options.b, in_b - in_a)):
        print(f"only in {label}: {len(only)}")
        for path in sorted(only)[: options.show]:
            print(f"  {path}")

    same_bytes = same_value = 0
    different = []
    invalid = []
    for path in sorted(in_a & in_b):
        left, right = load(options.a, path), load(options.b, path)
        values = []  # also where the bytes are equal: they may equally be no JSON
        for root, body in ((options.a, left), (options.b, right)):
            try:
                values.append(json.loads(body))
            except ValueError as error:
                invalid.append((os.path.join(root, path), error))
        if len(values) < 2:
            continue
        if left == right:
            same_bytes += 1
            continue
        difference = first_difference(*values)
        if difference is None:
            same_value += 1
        else:
            different.append((path, *difference))

    print(f"in both: {len(in_a & in_b)}")
    print(f"  equal bytes: {same_bytes}")
    print(f"  equal JSON, other bytes: {same_value}")
    print(f"  different JSON: {len(different)}")
    for path, at, left, right in different[: options.show]:
        print(f"    {path} at {at or '/'}: {short(left)} | {short(right)}")
    print(f"  not JSON: {len(invalid)}")
    for path, error in invalid[: options.show]:
        print(f"    {path}: {error}")
    return 1 if in_a != in_b or different or invalid else 0


if __name__ == "__main__":
    sys.exit(main())
