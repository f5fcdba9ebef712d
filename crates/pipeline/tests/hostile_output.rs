//! Evidence that attacks its reader: scripts, formulas, escape sequences, overrides of direction, links. Shown, never acting.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use konseki_pipeline::{Output, PublishRequest, Request, Silent, TimelineFormat, TimelineRequest, investigate, publish, query, timeline};

/// In every payload, so that each place where one stands can be found.
const MARK: &str = "zq7z";

fn payloads() -> Vec<String> {
    [
        "<script>document.title='zq7z'</script>",
        "<img src=https://zq7z.example/a.png onerror=alert('zq7z')>",
        "\"><svg onload=alert('zq7z')>",
        "' onmouseover='zq7z",
        "</title></style></script><iframe src=//zq7z.example>",
        "<a href=\"javascript:zq7z()\">zq7z</a>",
        "<!--zq7z",
        "&lt;script&gt;zq7z&#x3c;b&#62;",
        "{{zq7z}} ${zq7z} {% zq7z %} %s%n",
        "[zq7z](https://zq7z.example/)",
        "![zq7z](https://zq7z.example/a.png)",
        "<https://zq7z.example/>",
        "`zq7z` **zq7z** | zq7z |",
        "https://zq7z.example/login?next=zq7z",
        "=cmd|' /C calc'!zq7z",
        "+zq7z()",
        "-zq7z()",
        "@SUM(zq7z)",
        "\u{ff1d}zq7z()",
        "\u{1b}[31mzq7z\u{1b}]0;zq7z\u{7}",
        "\u{1b}]52;c;enE3eg==\u{7}zq7z",
        "\u{1b}]8;;https://zq7z.example\u{1b}\\zq7z\u{1b}]8;;\u{1b}\\",
        "\u{9b}31mzq7z",
        "zq7z\u{8}\u{8}\u{8}\u{8}ok",
        "zq7z\u{202e}gpj.exe",
        "zq7z\u{2066}a\u{2069}\u{200b}\u{feff}",
        "zq7z\u{e0041}\u{e0042}",
        "zq7z\",\"zq7z\"\"",
        "../../../../tmp/zq7z",
        "'; DROP TABLE events; --zq7z",
        "$(zq7z) `zq7z` | zq7z",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// A host, an account, a machine, a command, a file name: each payload in each of them, in logs whose readers find something.
fn evidence(root: &Path) {
    let mut shell = String::new();
    let mut windows = String::new();
    let mut registered = String::from("Vmid   Name   File   Guest OS   Version   Annotation\n");
    let mut running = String::new();
    for (number, payload) in payloads().iter().enumerate() {
        let line = payload.replace('\n', " ");
        let minute = number % 60;
        shell += &format!("2024-01-07T03:{minute:02}:09Z shell[2099]: [root]: /bin/vmx -x /vmfs/volumes/a/{line}/{line}.vmx {line}\n");
        shell += &format!("2024-01-07T04:{minute:02}:09Z shell[2099]: [{line}]: esxcli system account add -i {line}\n");
        running += &format!(
            "{line}\n   World ID: {number}\n   Process ID: 0\n   VMX Cartel ID: {number}\n   UUID: 56 4d 96 6f 13 fc e2 9f-13 d3 bd 92 05 73 5e {number:02x}\n   Display Name: {line}\n   Config File: /vmfs/volumes/a/{line}/{line}.vmx\n\n"
        );
        registered += &format!("{number}      other{number}   [a] other/other{number}.vmx   otherGuest   vmx-19\n");
        let event = serde_json::json!({"Event": {"System": {"Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing"}}, "EventID": 4732,
            "TimeCreated": {"#attributes": {"SystemTime": format!("2024-01-07T05:{minute:02}:09Z")}}, "EventRecordID": number, "Channel": "Security", "Computer": payload},
            "EventData": {"TargetUserName": "Administrators", "TargetSid": "S-1-5-32-544", "MemberName": payload, "SubjectUserName": payload, "SubjectDomainName": payload}}});
        windows += &format!("{event}\n");
    }
    let host = root.join("esx-esx1-2024-01-07--00.00-1");
    for (name, text) in [
        ("var/run/log/shell.log", &shell),
        ("commands/localcli_vm-process-list.txt", &running),
        ("commands/vim-cmd_vmsvc_getallvms.txt", &registered),
    ] {
        let path = host.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    for (number, payload) in payloads().iter().enumerate() {
        let name: String = payload.chars().filter(|c| !matches!(c, '/' | '\0')).collect();
        let folder = root.join("windows").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("Security.jsonl"), windows.lines().nth(number).unwrap().to_owned() + "\n").unwrap();
    }
}

fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { walk(&path, out) } else { out.push(path) }
    }
    out.sort();
}

/// Controls and characters that change what a reader sees.
fn acting(text: &str) -> Option<char> {
    text.chars().find(|c| {
        (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{e0000}'..='\u{e007f}')
    })
}

/// Every tag of a page with a payload in it, other than within a quoted value of a harmless attribute.
fn acting_tags(page: &str) -> Vec<String> {
    let mut bad = Vec::new();
    for part in page.split('<').skip(1) {
        let (mut quote, mut end) = (None, part.len());
        for (at, c) in part.char_indices() {
            match (quote, c) {
                (None, '"' | '\'') => quote = Some(c),
                (Some(open), c) if open == c => quote = None,
                (None, '>') => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        let tag = &part[..end];
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_lowercase();
        let loads = ["script", "iframe", "object", "embed", "link", "base", "form", "img", "audio", "video", "foreignobject"]
            .contains(&name.as_str());
        let lower = tag.to_lowercase();
        let handlers = lower
            .split(['"', '\''])
            .step_by(2)
            .any(|outside| outside.split_whitespace().any(|word| word.starts_with("on") && word.contains('=')));
        // Pictures of the package itself are data or files beside the page; everything else that a payload touches acts.
        if handlers
            || (tag.contains(MARK) && (loads || lower.contains("href=") || lower.contains("src=") || lower.contains("style=")))
            || name == "script"
            || name == "iframe"
        {
            bad.push(tag.chars().take(120).collect());
        }
    }
    bad
}

fn check_page(name: &str, page: &str) {
    let ours = name.ends_with("report/index.html");
    let tags = acting_tags(page);
    // The report has one script of its own, allowed by its hash.
    let own = |tag: &&String| tag.as_str() == "script" || tag.as_str() == "/script";
    assert_eq!(tags.iter().filter(own).count(), if ours { 2 } else { 0 }, "{name}: {tags:?}");
    let tags: Vec<&String> = tags.iter().filter(|tag| !own(tag)).collect();
    assert!(tags.is_empty(), "{name}: {tags:?}");
    assert!(
        page.contains("Content-Security-Policy") && page.replace("&#x27;", "'").replace("&#39;", "'").contains("default-src 'none'"),
        "{name}: no policy"
    );
    assert_eq!(acting(page), None, "{name}");
}

fn check_csv(name: &str, bytes: &[u8]) {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert_eq!(acting(text.trim_start_matches('\u{feff}')), None, "{name}");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    for row in reader.records() {
        for cell in row.unwrap().iter() {
            let first = cell.trim_start_matches([' ', '\u{feff}']).chars().next();
            assert!(!first.is_some_and(|c| "=+-@\t\r\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(c)), "{name}: {cell}");
        }
    }
}

fn check_markdown(name: &str, text: &str) {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    assert_eq!(acting(text), None, "{name}");
    for event in Parser::new_ext(text, Options::all()) {
        let acts = match &event {
            Event::Html(html) | Event::InlineHtml(html) => html.contains(MARK),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                dest_url.contains(MARK) || dest_url.starts_with("javascript")
            }
            _ => false,
        };
        assert!(!acts, "{name}: {event:?}");
    }
    // Programs make links of bare addresses, too.
    assert!(!text.contains("https://zq7z"), "{name}: a live link");
}

/// The pages in a real browser, where there is one: nothing is asked for, nothing complains.
fn in_a_browser(pages: &[PathBuf]) {
    let found = std::env::var_os("PATH").into_iter().flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let Some(browser) = found.map(|folder| folder.join("chromium")).find(|path| path.is_file()) else {
        eprintln!("skipped: there is no Chromium on PATH");
        return;
    };
    for page in pages {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("net.json");
        let run = Command::new(&browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0", "--dump-dom"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .arg(format!("--log-net-log={}", log.display()))
            .arg(format!("file://{}", page.display()))
            .output()
            .unwrap();
        let (dom, said) = (String::from_utf8_lossy(&run.stdout).into_owned(), String::from_utf8_lossy(&run.stderr).into_owned());
        let console: Vec<&str> = said.lines().filter(|line| line.contains("CONSOLE")).collect();
        assert!(console.is_empty(), "{}: {console:?}", page.display());
        assert!(dom.contains("</html>"), "{}: not shown: {said}", page.display());
        let title = dom.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap_or_default();
        assert_ne!(title, MARK, "{}: a script ran", page.display());
        let asked = fs::read_to_string(&log).unwrap_or_default();
        assert!(!asked.contains("zq7z.example"), "{}: a request left", page.display());
    }
}

/// Nothing in a document leads out, computes or hides; how many of its parts show a payload.
fn check_docx(name: &str, bytes: Vec<u8>) -> usize {
    let parts = konseki_publish::opened(&konseki_publish::File { path: name.to_owned(), bytes }).unwrap();
    let mut shown = 0;
    for part in parts.iter().filter(|part| part.path.ends_with(".xml") || part.path.ends_with(".rels")) {
        let text = String::from_utf8(part.bytes.clone()).unwrap();
        shown += usize::from(text.contains(MARK));
        assert_eq!(acting(&text), None, "{}", part.path);
        for never in ["TargetMode=", "<w:hyperlink", "<w:fldSimple", "<w:altChunk", "<w:object", "<w:script"] {
            assert!(!text.contains(never), "{}: {never}", part.path);
        }
        // The only fields are the numbers of pages.
        let fields: Vec<&str> = text.split("<w:instrText").skip(1).filter_map(|rest| rest.split('>').nth(1)).collect();
        assert!(fields.iter().all(|field| [" PAGE </w:instrText", " NUMPAGES </w:instrText"].contains(field)), "{}: {fields:?}", part.path);
    }
    shown
}

#[test]
fn nothing_in_evidence_acts_in_any_output() {
    let folder = tempfile::tempdir().unwrap();
    let (input, case) = (folder.path().join("evidence"), folder.path().join("case"));
    evidence(&input);
    let summary = investigate(&Request { inputs: vec![input], case: case.clone(), ..Request::default() }, &Silent).unwrap();
    assert!(summary.findings > 30, "the payloads are in findings: {}", summary.findings);
    let findings = fs::read_to_string(case.join("results/findings.jsonl")).unwrap();
    let shown = payloads().iter().filter(|payload| findings.contains(serde_json::to_string(payload).unwrap().trim_matches('"'))).count();
    assert!(shown > 20, "{shown} payloads stand in findings as they are");
    for text in [&summary.text_en, &summary.text_ja] {
        assert_eq!(acting(text), None, "{text}");
    }
    let (mut files, mut pages) = (Vec::new(), Vec::new());
    walk(&case.join("report"), &mut files);
    for audience in ["public", "law-enforcement"] {
        let out = folder.path().join(audience);
        let langs = vec!["en".to_owned(), "ja".to_owned()];
        let request = PublishRequest {
            case: case.clone(),
            audience: audience.to_owned(),
            langs,
            out: out.clone(),
            side_by_side: true,
            ..PublishRequest::default()
        };
        publish(&request).unwrap();
        walk(&out, &mut files);
    }
    let mut marked = 0;
    for file in &files {
        let (name, bytes) = (file.display().to_string(), fs::read(file).unwrap());
        let text = String::from_utf8_lossy(&bytes).into_owned();
        marked += usize::from(text.contains(MARK));
        match file.extension().and_then(|ending| ending.to_str()).unwrap_or_default() {
            "html" => {
                check_page(&name, &text);
                pages.push(file.clone());
            }
            "csv" => check_csv(&name, &bytes),
            "md" => check_markdown(&name, &text),
            "svg" => {
                assert!(acting_tags(&text).is_empty(), "{name}: {:?}", acting_tags(&text));
                assert_eq!(acting(&text), None, "{name}");
            }
            "docx" => marked += check_docx(&name, bytes),
            _ => {}
        }
    }
    assert!(marked > 10, "payloads are shown in {marked} files");
    in_a_browser(&pages);
    for format in [TimelineFormat::Table, TimelineFormat::Csv] {
        let mut told = Vec::new();
        timeline(&case, &TimelineRequest { format, ..TimelineRequest::default() }, &mut told).unwrap();
        let text = String::from_utf8(told.clone()).unwrap();
        assert!(text.contains(MARK));
        if format == TimelineFormat::Csv { check_csv("timeline", &told) } else { assert_eq!(acting(&text), None, "timeline") }
    }
    let mut told = Vec::new();
    query(&case, "SELECT host, user, command FROM events", Output::Table, &mut told).unwrap();
    assert_eq!(acting(&String::from_utf8(told).unwrap()), None, "query");
}
