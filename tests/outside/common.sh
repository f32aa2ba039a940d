# Sourced by the scripts beside it: where the program is, what they need, a scratch folder, and a server that ends with
# them.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
program=${PRECAST:-target/debug/precast}
case $program in /*) ;; *) program=$repository/$program ;; esac
# One instant, so that what is scheduled or expired is the same in every run.
now=2026-06-01T12:00:00Z

scratch=$(mktemp -d)
server=
finish() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true; fi
  rm -rf "$scratch"
}
trap finish EXIT

# Where a check cannot run it says so; in CI that is a failure, for nobody reads what it says there.
skip() {
  echo "skipped: $1"
  if [ -n "${CI:-}" ]; then exit 1; fi
  exit 0
}

need() {
  local tool
  for tool in "$@"; do command -v "$tool" >/dev/null || skip "there is no $tool"; done
}

need_program() {
  if [ ! -x "$program" ]; then
    echo "there is no $program: build it, or name another in PRECAST" >&2
    exit 1
  fi
}

# The Python tools, as requirements.txt pins them, in a folder of their own. `bin` is where they are.
python_tools() {
  need python3
  bin=$here/.venv/bin
  if ! cmp -s "$here/requirements.txt" "$here/.venv/installed"; then
    python3 -m venv "$here/.venv" || skip 'there is no venv for python3'
    "$bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$here/requirements.txt" ||
      skip 'there is no package index within reach of pip'
    cp "$here/requirements.txt" "$here/.venv/installed"
  fi
}

# The Node tools, as package-lock.json pins them.
node_tools() {
  need node npm
  if ! cmp -s "$here/package-lock.json" "$here/node_modules/.installed"; then
    (cd "$here" && npm ci --silent) || skip 'there is no package registry within reach of npm'
    cp "$here/package-lock.json" "$here/node_modules/.installed"
  fi
}

# Copies the site that ships here: a check must not see what is edited meanwhile, nor leave anything behind.
shipped_site() {
  mkdir "$1"
  cp -r "$repository"/{content,data,site} "$1"
}

# Serves a site's folder; `url` is then where, without a slash at the end.
serve() {
  "$program" serve --root "$1" --port 0 --now "$now" 2>"$scratch/serve.log" &
  server=$!
  local waited
  for waited in $(seq 1800); do
    url=$(sed -n 's|^serving \(http://[^ ]*\)/ .*|\1|p' "$scratch/serve.log")
    if [ -n "$url" ]; then return; fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  echo "serve did not start ($waited):" >&2
  cat "$scratch/serve.log" >&2
  exit 1
}

end_serve() {
  kill "$server"
  wait "$server" || true
  server=
}
