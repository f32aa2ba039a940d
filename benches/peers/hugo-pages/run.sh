#!/bin/sh
# The peer of the benchmark of pages in Hugo: run.sh CORPUS OUT
#
# It shares the installation of ../hugo (its setup.sh); HUGO names another binary. Nothing of the corpus is prepared:
# articles are mounted as content, users.json as an asset that a content adapter makes pages of.
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
  for HUGO in "$here"/../hugo/.venv/lib/python3*/site-packages/hugo/binaries/hugo*; do :; done
  [ -x "$HUGO" ] || { echo "run.sh: hugo is not installed: run ../hugo/setup.sh first" >&2; exit 2; }
fi

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
target = "content/articles"
[[module.mounts]]
source = "$corpus/data"
target = "assets"
TOML

# Fewer collections than by default: measured as the fastest on two cores.
GOGC=${GOGC:-400} "$HUGO" build --quiet --noBuildLock --source "$here/site" --config "hugo.toml,$work/mounts.toml" \
  --cacheDir "$work/cache" --destination "$out"
