"""Checks a package with the readers of other tools. Usage: check.py PACKAGE. A tool that is not installed is skipped aloud."""
import csv, io, json, pathlib, sys

package = pathlib.Path(sys.argv[1])
failed, skipped = [], []


def check(name, run):
    try:
        problem = run()
    except ImportError as error:
        skipped.append(f"{name}: {error}")
        return
    except Exception as error:  # a reader that refuses a file says why
        problem = f"{type(error).__name__}: {error}"
    print(f"{'ok' if not problem else 'FAILED':7} {name}" + (f": {problem}" if problem else ""))
    if problem:
        failed.append(name)


def stix(name):
    def run():
        from stix2validator import ValidationOptions, validate_string
        text = (package / "data" / name).read_text()
        options = ValidationOptions(version="2.1", enforce_refs=True, disabled=["103", "302", "401", "301", "202", "101"])
        found = validate_string(text, options)
        import stix2
        stix2.parse(text, allow_custom=True)
        objects = json.loads(text)["objects"]
        ids = {o["id"]: o for o in objects}
        # What the validator does not see: sightings of observables, ids of observables.
        wrong = [o["id"] for o in objects if o["type"] == "sighting" and "--" in o["sighting_of_ref"] and ids[o["sighting_of_ref"]]["type"] not in ("attack-pattern", "indicator", "malware")]
        for o in objects:
            if o["type"] in ("ipv4-addr", "ipv6-addr", "domain-name", "directory", "user-account", "url", "file"):
                body = {k: v for k, v in o.items() if k not in ("id", "object_marking_refs")}
                if stix2.parse(body, version="2.1").id != o["id"]:
                    wrong.append(o["id"])
        if not found.is_valid:
            return "; ".join(str(e)[:300] for e in found.errors[:3])
        return f"wrong: {wrong[:3]}" if wrong else None
    return run


def navigator():
    from mitreattack.navlayers import Layer
    for name in ("navigator-v18.json", "navigator-v19.json"):
        layer = Layer(strict=True)
        layer.from_file(str(package / "data" / name))
        if layer.layer is None or not layer.layer.techniques:
            return f"{name}: does not load"


def misp():
    from pymisp import MISPEvent
    event = MISPEvent()
    event.load_file(str(package / "data" / "misp-event.json"))
    return None if event.info and event.tags else "no info"


def sigma():
    from sigma.collection import SigmaCollection
    rules = list((package / "detections" / "sigma").glob("*.yml"))
    for rule in rules:
        found = SigmaCollection.from_yaml(rule.read_text(), collect_errors=True)
        if found.errors:
            return f"{rule.name}: {found.errors[0]}"
        if not (rule.with_suffix("").parent / (rule.stem + ".match.jsonl")).exists():
            return f"{rule.name}: no sample"
    return None if rules else "no rules"


def timesketch():
    for line in (package / "data" / "timesketch.jsonl").read_text().splitlines():
        event = json.loads(line)
        if not event["datetime"].endswith("+00:00") or not event["message"] or not event["timestamp_desc"]:
            return line[:200]


def tables():
    for table in (package / "data").glob("*.csv"):
        raw = table.read_bytes()
        rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
        if len({len(row) for row in rows}) != 1:
            return f"{table.name}: ragged"
        if any(cell[:1] in "=+-@" and cell for row in rows for cell in row):
            return f"{table.name}: a cell is a formula"


def afb():
    flow = json.loads((package / "data" / "attack-flow.afb").read_text())
    by = {o["instance"]: o for o in flow["objects"]}
    head = flow["objects"][0]
    assert all(child in by for child in head["objects"])
    assert flow["schema"] == "attack_flow_v2" and head["id"] == "flow" and len(by) == len(flow["objects"])
    latched = {latch for o in flow["objects"] for latch in o.get("latches", [])}
    for o in flow["objects"]:
        for anchor in o.get("anchors", {}).values():
            assert anchor in by
        if o["id"] == "dynamic_line":
            assert o["source"] in by and o["target"] in by and o["source"] in latched and o["target"] in latched and all(h in by for h in o["handles"])
        if o["id"] in ("action", "asset"):
            assert o["instance"] in flow["layout"] and o["instance"] in head["objects"]


check("stix2-validator: stix.json", stix("stix.json"))
check("stix2-validator: attack-flow.json", stix("attack-flow.json"))
check("Builder file: references", afb)
check("mitreattack-python: layers", navigator)
check("pymisp: event", misp)
check("pySigma: rules", sigma)
check("Timesketch: lines", timesketch)
check("tables", tables)
for one in skipped:
    print(f"SKIPPED {one}")
sys.exit(1 if failed else 0)
