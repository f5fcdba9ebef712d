#!/bin/sh
# Packages of cases for every audience, read by other tools: run.sh KONSEKI LAB EVIDENCE. The evidence that ships, then small
# cases that LAB makes (KONSEKI_INTEROP=ship leaves those out). Skips aloud what cannot be installed.
# ATTACK_FLOW: a checkout or clone of attack-flow; otherwise it is fetched (attack-flow.sh).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
konseki=$1 lab=$2 shipped=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install -q -r "$here/requirements.txt"; }; then
    echo "SKIPPED: the Python packages of $here/requirements.txt cannot be installed"
    exit 0
fi
# The server's reader alone is wanted, not the server's dependencies.
"$work/venv/bin/pip" install -q --no-deps timesketch || echo "SKIPPED: timesketch"

# Kept between runs where there is a cache, so that a run without network can use it.
if found=$(sh "$here/attack-flow.sh" "${KONSEKI_CACHE:-$work}/attack-flow"); then
    ATTACK_FLOW=$found
else
    ATTACK_FLOW=
    echo "SKIPPED: the Attack Flow validator and the Builder's command line (why stands above)"
fi
export ATTACK_FLOW

failed=0
# packages EVIDENCE NAME: a case and its five packages.
packages() {
    code=0
    "$konseki" investigate "$1" --case "$work/$2" --quiet > /dev/null || code=$?
    [ "$code" -ne 2 ] || { echo "FAILED  $2: investigate"; failed=1; return; }
    for audience in public peers employees sponsors law-enforcement; do
        echo "== $2, $audience"
        out=$work/$2-$audience
        "$konseki" publish "$work/$2" --audience "$audience" --lang en,ja --out "$out" --quiet || { failed=1; continue; }
        (cd "$out" && sha256sum --quiet -c MANIFEST.sha256) || failed=1
        "$work/venv/bin/python" "$here/check.py" "$out" || failed=1
        if [ -d "$out/detections/sigma" ]; then
            "$konseki" rules test "$out/detections/sigma" > "$work/rules.txt" 2>&1 || { echo "FAILED  rules against their samples"; tail -5 "$work/rules.txt"; failed=1; }
        fi
    done
}

# The lines that VERIFY.txt prints, as they stand there, with a key and a time-stamping authority made here.
signed() {
    command -v minisign > /dev/null && command -v openssl > /dev/null || { echo "SKIPPED: minisign, openssl ts"; return; }
    echo "== signature and time stamp"
    cd "$work"
    minisign -G -W -f -p key.pub -s key > /dev/null
    "$konseki" publish "$work/shipped" --audience peers --lang en,ja --out "$work/signed" --sign "$work/key" --quiet || { failed=1; return; }
    printf 'extendedKeyUsage=critical,timeStamping\n' > ext
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out signed/tsa.crt -subj "/CN=Test CA" -days 2 2> /dev/null
    openssl req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj "/CN=Test TSA" 2> /dev/null
    openssl x509 -req -in tsa.csr -CA signed/tsa.crt -CAkey ca.key -CAcreateserial -out tsa.crt -days 2 -extfile ext 2> /dev/null
    printf '01\n' > serial
    printf '[tsa]\ndefault_tsa = t\n[t]\nserial = serial\ncrypto_device = builtin\nsigner_cert = tsa.crt\nsigner_key = tsa.key\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = sha256\naccuracy = secs:1\nordering = yes\ntsa_name = yes\ness_cert_id_chain = no\ness_cert_id_alg = sha256\n' > tsa.cnf
    openssl ts -reply -config tsa.cnf -queryfile signed/MANIFEST.sha256.tsq -out signed/MANIFEST.sha256.tsr 2> /dev/null
    cd "$work/signed"
    for tool in sha256sum minisign openssl; do
        line=$(grep -o "$tool .*" VERIFY.txt | head -1 | sed "s|PUBLIC KEY OF THE SENDER|$(tail -1 ../key.pub)|")
        sh -c "$line" > ../said.txt 2>&1 && echo "ok      $tool: as VERIFY.txt says" || { echo "FAILED  $line"; cat ../said.txt; failed=1; }
        victim=MANIFEST.sha256
        [ "$tool" != sha256sum ] || victim=data/stix.json
        cp "$victim" ../kept
        echo changed >> "$victim"
        sh -c "$line" > /dev/null 2>&1 && { echo "FAILED  $tool takes a changed $victim"; failed=1; }
        cp ../kept "$victim"
    done
    cd "$work"
}

# Every query of the hunting guide is one that `konseki query` takes.
queries() {
    echo "== queries of the hunting guide"
    "$work/venv/bin/python" - "$konseki" "$work/shipped" "$here/../data/hunt.toml" << 'END' || failed=1
import re, subprocess, sys
konseki, case, table = sys.argv[1:]
# One list a line; Python before 3.11 reads no TOML.
queries = [q.replace('\\"', '"') for line in open(table) if line.startswith("query = ") for q in re.findall(r'"((?:[^"\\]|\\.)*)"', line)]
refused = [(q, run.stderr) for q in queries if (run := subprocess.run([konseki, "query", case, q], capture_output=True, text=True)).returncode > 1]
for query, why in refused:
    print("FAILED ", query, why[:300])
print(f"ok      {len(queries) - len(refused)} of {len(queries)} queries")
sys.exit(bool(refused) or len(queries) < 40)
END
}

packages "$shipped" shipped
queries
signed
if [ "${KONSEKI_INTEROP:-}" != ship ]; then
    for name in nerve brickstorm mailgate ransom insider calm; do
        "$lab" "$name" --seed 7 --scale 0.2 --out "$work/lab-$name" 2> /dev/null || { echo "FAILED  lab $name"; failed=1; continue; }
        packages "$work/lab-$name/evidence" "$name"
    done
fi
exit $failed
