#!/bin/sh
# Packages of a case for every audience, read by other tools: run.sh KONSEKI EVIDENCE. Skips aloud where Python or its packages
# are missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install -q -r "$here/requirements.txt"; }; then
    echo "SKIPPED: the Python packages of $here/requirements.txt cannot be installed"
    exit 0
fi
code=0
"$1" investigate "$2" --case "$work/case" --quiet || code=$?
[ "$code" -ne 2 ] || exit 1
failed=0
for audience in public peers employees sponsors law-enforcement; do
    echo "== $audience"
    "$1" publish "$work/case" --audience "$audience" --lang en,ja --out "$work/$audience" --quiet || { failed=1; continue; }
    (cd "$work/$audience" && sha256sum --quiet -c MANIFEST.sha256) || failed=1
    "$work/venv/bin/python" "$here/check.py" "$work/$audience" || failed=1
done
exit $failed
