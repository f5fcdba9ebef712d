#!/bin/sh
# The Attack Flow validator and the Builder's command line, ready to run: attack-flow.sh FOLDER prints the folder they stand in.
# It is on no package registry (only its dependencies are), so its sources are taken, in this order, from ATTACK_FLOW (a
# checkout or a clone), from FOLDER where an earlier run left them, from git, from an archive of the same commit.
# Says on standard error what did not work; ends with 1 where nothing did. Nothing of it becomes part of this project.
set -u
mkdir -p "$1" && folder=$(cd "$1" && pwd) || exit 1
commit=295d20d27cefce0a2d309b6c24781545e45f547d
home=https://github.com/center-for-threat-informed-defense/attack-flow
say() { echo "attack-flow: $*" >&2; }

sources() {
    [ -f "$folder/pyproject.toml" ] && return 0
    rm -rf "$folder" && mkdir -p "$folder" || return 1
    if [ -n "${ATTACK_FLOW:-}" ]; then
        # Some clones lack the largest files; what is needed here is there.
        if git clone -q "$ATTACK_FLOW" "$folder" 2> /dev/null || git -C "$folder" checkout -q -f HEAD 2> /dev/null; [ -f "$folder/pyproject.toml" ]; then return 0; fi
        cp -R "$ATTACK_FLOW/." "$folder/" 2> /dev/null && [ -f "$folder/pyproject.toml" ] && return 0
        say "$ATTACK_FLOW is no checkout of it"
    fi
    if git init -q "$folder" && git -C "$folder" fetch -q --depth 1 "$home" "$commit" 2> /dev/null && git -C "$folder" checkout -q FETCH_HEAD; then return 0; fi
    say "git cannot reach $home"
    if command -v curl > /dev/null && curl -fsSL --max-time 120 -o "$folder.tgz" "$home/archive/$commit.tar.gz" 2> /dev/null; then
        tar -xzf "$folder.tgz" -C "$folder" --strip-components 1 && rm "$folder.tgz" && return 0
    fi
    say "no archive of it can be fetched"
    return 1
}

# It asks for Python 3.12 and runs on older ones, so it is put on the path instead of being installed.
validator() {
    [ -x "$folder/venv/bin/af" ] && return 0
    python3 -m venv "$folder/venv" || return 1
    "$folder/venv/bin/pip" install -q jsonschema==4.17.3 stix2==3.0.2 'networkx<3' graphviz defusedxml python-slugify setuptools || return 1
    printf '#!/bin/sh\nPYTHONPATH=%s/src exec %s/venv/bin/python -m attack_flow.cli "$@"\n' "$folder" "$folder" > "$folder/af"
    chmod +x "$folder/af" && "$folder/af" validate "$folder/stix/attack-flow-example.json" > /dev/null && mv "$folder/af" "$folder/venv/bin/af"
}

builder() {
    [ -f "$folder/src/attack_flow_builder/dist-cli/cli.mjs" ] && return 0
    command -v npm > /dev/null || { say "the Builder needs npm"; return 1; }
    (cd "$folder/src/attack_flow_builder" && npm ci --no-audit --no-fund && npx vite build -c vite.cli.config.ts && npm i --no-save commander@12) > "$folder/npm.log" 2>&1 ||
        { say "the Builder cannot be built: $(tail -1 "$folder/npm.log")"; return 1; }
}

sources >&2 || exit 1
validator >&2 || { say "its validator does not run here"; exit 1; }
# Without the Builder's command line the validator is still worth running.
builder >&2 || :
echo "$folder"
