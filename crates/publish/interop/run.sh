#!/bin/sh
# Packages of CASE for every audience, read by other tools: run.sh CASE. Skips aloud where Python or its packages are missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install -q -r "$here/requirements.txt"; }; then
    echo "SKIPPED: the Python packages of $here/requirements.txt cannot be installed"
    exit 0
fi
failed=0
for audience in public peers employees sponsors law-enforcement; do
    echo "== $audience"
    (cd "$here/../../.." && cargo run -q -p konseki-publish --example sealed -- "$1" "$audience" "$work/$audience") || { failed=1; continue; }
    (cd "$work/$audience" && sha256sum --quiet -c MANIFEST.sha256) || failed=1
    "$work/venv/bin/python" "$here/check.py" "$work/$audience" || failed=1
done
exit $failed
