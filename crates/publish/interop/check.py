"""Checks a package with the readers of other tools. Usage: check.py PACKAGE. A tool that is not installed is skipped aloud."""
import csv, io, json, os, pathlib, re, shutil, subprocess, sys, tempfile

package = pathlib.Path(sys.argv[1])
failed, skipped = [], []
# A quiet case has no steps, so no flow and no techniques.
quiet = not json.loads((package / "detections" / "steps.json").read_text())["steps"]


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
        if layer.layer is None or not (layer.layer.techniques or quiet):
            return f"{name}: does not load"


def misp():
    from pymisp import MISPEvent
    event = MISPEvent()
    event.load_file(str(package / "data" / "misp-event.json"))
    return None if event.info and event.tags else "no info"


def sigma():
    from sigma.collection import SigmaCollection
    from sigma.validation import SigmaValidator
    from sigma.validators.core import validators
    # The list of ATT&CK techniques and D3FEND would be fetched; TLP 1 is not used.
    left_out = ("attacktag", "d3_fendtag", "tlpv1_tag", "tlpv2_tag")
    use = {v for name, v in validators.items() if name not in left_out}
    if len(use) < 20:
        return f"only {len(use)} validators"
    validator = SigmaValidator(use)
    rules = sorted((package / "detections" / "sigma").glob("*.yml"))
    for rule in rules:
        found = SigmaCollection.from_yaml(rule.read_text(), collect_errors=True)
        if found.errors:
            return f"{rule.name}: {found.errors[0]}"
        serious = [issue for issue in validator.validate_rules(found) if issue.severity.name == "HIGH"]
        if serious:
            return f"{rule.name}: {serious[0]}"
        if not (rule.parent / (rule.stem + ".match.jsonl")).exists():
            return f"{rule.name}: no sample"
    if not rules and not quiet:
        return "no rules"


def yara():
    import yara_x
    planned = json.loads((package / "detections" / "steps.json").read_text())["steps"]
    wanted = {rule["file"] for step in planned for rule in step["rules"] if rule.get("engine") == "yara"}
    for name in wanted:
        yara_x.compile((package / name).read_text())
    patterns = [o for o in json.loads((package / "data" / "stix.json").read_text())["objects"] if o.get("pattern_type") == "yara"]
    for one in patterns:
        yara_x.compile(one["pattern"])


def timesketch_lines():
    lines = (package / "data" / "timesketch.jsonl").read_text().splitlines()
    for line in lines:
        event = json.loads(line)
        if not event["datetime"].endswith("+00:00") or not event["message"] or not event["timestamp_desc"]:
            return line[:200]
    return None


def timesketch_server():
    from timesketch.lib import utils
    lines = (package / "data" / "timesketch.jsonl").read_text().splitlines()
    rows = list(utils.read_and_validate_jsonl(lines))
    return None if len(rows) == len(lines) else f"{len(rows)} of {len(lines)} lines taken in"


def timesketch_client():
    from timesketch_import_client import importer
    sent = []

    class Answer:
        status_code = 200

        def json(self):
            return {"objects": [{"id": 1, "searchindex": {"index_name": "x"}}], "meta": {}}

    class Session:
        def post(self, url, data=None, files=None, **more):
            sent.extend(files["events"][1].splitlines())
            return Answer()

    sketch = type("Sketch", (), {"id": 1, "api": type("Api", (), {"api_root": "nowhere", "session": Session()})})
    streamer = importer.ImportStreamer()
    streamer.set_sketch(sketch)
    streamer.set_timeline_name("konseki")
    streamer.set_index_name("x")
    path = package / "data" / "timesketch.jsonl"
    count = len(path.read_text().splitlines())
    if count:
        streamer.add_file(str(path))
        streamer.flush()
    return None if len(sent) == count else f"{len(sent)} of {count} events sent"


def ocsf():
    from jsonschema import Draft202012Validator
    from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
    made = {}

    def errors(event):
        version, profiles = event["metadata"]["version"], event["metadata"].get("profiles", [])
        key = (version, event["class_uid"], tuple(profiles))
        if key not in made:
            schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=version))
            name = schema.lookup_class_name_from_uid(class_uid=event["class_uid"])
            made[key] = Draft202012Validator(schema.get_class_schema(class_name=name, profiles=profiles))
        return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in made[key].iter_errors(event)]

    events = json.loads((package / "data" / "ocsf.json").read_text())
    for event in events:
        if found := errors(event):
            return f"{event['class_name']}: {found[0]}"
        if not errors({**event, "severity_id": "high"}):
            return "the schema takes anything"


def case_uco():
    path = package / "data" / "custody.jsonld"
    if not path.exists():
        return None
    import case_utils  # noqa: F401
    run = subprocess.run([str(pathlib.Path(sys.executable).parent / "case_validate"), str(path)], capture_output=True, text=True)
    return None if run.returncode == 0 and "Conforms: True" in run.stdout else (run.stdout + run.stderr)[-300:]


def attack_flow():
    """The Builder's own command line opens our file; the Attack Flow validator accepts what it makes of it, and our bundle."""
    home = os.environ.get("ATTACK_FLOW")
    if not home:
        raise ImportError("attack-flow is not there")
    af, cli = pathlib.Path(home) / "venv/bin/af", pathlib.Path(home) / "src/attack_flow_builder/dist-cli/cli.mjs"
    if not af.exists():
        raise ImportError("the Attack Flow validator is not installed")

    def validate(path):
        run = subprocess.run([str(af), "validate", str(path)], capture_output=True, text=True)
        said = [line for line in run.stdout.splitlines() if "Cannot validate objects of type" not in line]
        return None if run.returncode == 0 and ": OK" in run.stdout else "; ".join(said)[:300] + run.stderr[-200:]

    if problem := validate(package / "data" / "attack-flow.json"):
        return problem
    if not cli.exists():
        raise ImportError("the Builder's command line is not built")
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "flow.afb"
        shutil.copy(package / "data" / "attack-flow.afb", copy)
        run = subprocess.run(["node", str(cli), "export-stix", str(copy)], capture_output=True, text=True)
        made = copy.with_suffix(".json")
        if run.returncode or not made.exists():
            return (run.stdout + run.stderr)[-300:]
        bundle = json.loads(made.read_text())
        # The Builder writes it, and the validator's own parser refuses it.
        bundle.pop("spec_version", None)
        made.write_text(json.dumps(bundle))
        ours = json.loads((package / "data" / "attack-flow.json").read_text())["objects"]
        for kind in ("attack-action", "attack-asset", "malware"):
            count = [sum(o["type"] == kind for o in objects) for objects in (ours, bundle["objects"])]
            if count[0] != count[1]:
                return f"{kind}: {count[0]} in our bundle, {count[1]} from the Builder"
        edges = [sum(len(o.get("effect_refs", [])) for o in objects) for objects in (ours, bundle["objects"])]
        if edges[0] != edges[1]:
            return f"effects: {edges[0]} in our bundle, {edges[1]} from the Builder"
        return validate(made)


def browser():
    """Every page in a real browser: nothing is fetched, nothing complains, no script runs."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        raise ImportError("no Chromium on PATH")
    for page in sorted(package.glob("*.html")):
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder) / "net.json"
            run = subprocess.run(
                [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0", f"--user-data-dir={folder}/profile",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync", f"--log-net-log={log}", "--dump-dom", page.resolve().as_uri()],
                capture_output=True, text=True, timeout=120)
            complaints = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
            if complaints:
                return f"{page.name}: {complaints[0][:300]}"
            if "</html>" not in run.stdout:
                return f"{page.name}: not shown: {run.stderr[-300:]}"
            asked = set(re.findall(r'"url":"((?:https?|wss?|ftp)://[^"]+)"', log.read_text()))
            # What the browser asks for itself on an empty profile is not the page's.
            asked = {url for url in asked if not re.match(r"https?://[^/]*\.(?:google|googleapis|gstatic|gvt1)\.com/|https?://(?:clients2|accounts)\.google\.com", url)}
            if asked:
                return f"{page.name}: asks {sorted(asked)[:3]}"


def docx_words():
    """Every .docx in python-docx: headings are headings, tables have a head that repeats, and the words are those of the page."""
    import docx
    from docx.oxml.ns import qn
    names = {path.name for path in package.glob("*.docx")}
    pages = {path.with_suffix(".docx").name for path in package.glob("*.html") if not path.name.endswith(".en-ja.html")}
    if names != pages or not names:
        return f"documents {sorted(names ^ pages)}"
    for name in sorted(names):
        document = docx.Document(str(package / name))
        styles = [p.style.name for p in document.paragraphs]
        if styles[0] != "Title":
            return f"{name}: no title"
        fonts = document.styles.element.find(qn("w:docDefaults")).iter(qn("w:rFonts"), qn("w:lang"))
        if [one.get(qn("w:eastAsia")) for one in fonts] != ["Yu Gothic", "ja-JP"]:
            return f"{name}: no font or language for Japanese"
        for table in document.tables:
            if table._tbl.tr_lst[0].trPr.find(qn("w:tblHeader")) is None:
                return f"{name}: a table without head"
        if (stamp := document.core_properties.created) and stamp.year > 2000:
            return f"{name}: made {stamp}"
        html = (package / name).with_suffix(".html").read_text().split("<main>")[1].split("</main>")[0]
        wanted = [re.sub("<[^>]*>", "", text) for text in re.findall(r"<h[123]>(.*?)</h[123]>", html)]
        told = {p.text for p in document.paragraphs if p.style.name.startswith(("Title", "Heading", "Notice", "Unknown", "Fill"))}
        import html as escapes
        if missing := [text for text in map(escapes.unescape, wanted) if text not in told]:
            return f"{name}: lacks {missing[:2]}"


def docx_office():
    """LibreOffice opens them, and what it prints holds the title."""
    office, reader = shutil.which("soffice"), shutil.which("pdftotext")
    if not office or not reader:
        raise ImportError("no soffice or no pdftotext on PATH")
    with tempfile.TemporaryDirectory() as folder:
        made = sorted(package.glob("*.docx"))
        subprocess.run([office, "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to", "pdf", "--outdir", folder, *map(str, made)],
                       capture_output=True, text=True, timeout=300)
        for path in made:
            pdf = pathlib.Path(folder) / (path.stem + ".pdf")
            if not pdf.exists():
                return f"{path.name}: LibreOffice does not open it"
            title = re.search(r"<h1>(.*?)</h1>", path.with_suffix(".html").read_text()).group(1)
            import html as escapes
            said = subprocess.run([reader, str(pdf), "-"], capture_output=True, text=True).stdout
            squeezed = lambda text: re.sub(r"\s", "", text)
            if squeezed(escapes.unescape(title)) not in squeezed(said) or "TLP:" not in said:
                return f"{path.name}: prints without its title or its TLP"


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
if quiet:
    check("no flow without steps", lambda: "there is one" if list((package / "data").glob("attack-flow*")) else None)
else:
    check("stix2-validator: attack-flow.json", stix("attack-flow.json"))
    check("Builder file: references", afb)
    check("Attack Flow: validator, Builder's command line", attack_flow)
check("mitreattack-python: layers", navigator)
check("pymisp: event", misp)
check("pySigma: rules, its validators", sigma)
check("yara-x: rules", yara)
check("Timesketch: lines", timesketch_lines)
check("Timesketch: the server's reader", timesketch_server)
check("Timesketch: the client's reader", timesketch_client)
check("OCSF schema: events", ocsf)
check("case_validate: custody", case_uco)
check("tables", tables)
check("python-docx: documents", docx_words)
check("LibreOffice: documents", docx_office)
check("browser: pages", browser)
for one in skipped:
    print(f"SKIPPED {one}")
sys.exit(1 if failed else 0)
