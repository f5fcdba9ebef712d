//! Hostile evidence in the page, the terminal and CSV: shown, never acting. Same case, same bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod made_up;

use made_up::{HOSTILE, hostile};

use konseki_model::Level;
use konseki_report::*;

#[test]
fn html_is_escaped_once_and_shows_what_is_hidden() {
    assert_eq!(html("<a b=\"c\">&'"), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;");
    assert_eq!(html("\u{202e}\u{1b}"), "[U+202E]\\x1b");
    assert_eq!(html("a\nb"), "a\\nb");
    assert_eq!(html_block("a\nb\u{7}"), "a\nb\\x07");
    assert_eq!(html("HTTPS://x.example ftp://y"), "hxxps://x.example fxp://y");
    assert_eq!(defang("http://evil.example/a.b?c.d"), "hxxp://evil[.]example/a.b?c.d");
}

#[test]
fn terminal_shows_every_control() {
    for text in HOSTILE {
        let shown = escape_terminal(text);
        assert!(!shown.chars().any(is_hidden), "{text:?} -> {shown:?}");
    }
    assert_eq!(escape_terminal("a\nb\u{9b}c"), "a\\nb\\x9bc");
    assert_eq!(escape_terminal("\u{202e}x"), "[U+202E]x");
    assert_eq!(escape_terminal("\u{5d0}"), "\u{2068}\u{5d0}\u{2069}");
    assert!(escape_terminal(HOSTILE[9]).contains("[+5 U+03xx]"));
}

#[test]
fn csv_neutralises_formulas() {
    for (text, field) in [
        ("plain", "plain"),
        ("a,b", "\"a,b\""),
        ("a\"b", "\"a\"\"b\""),
        ("=1+1", "\"'=1+1\""),
        ("+1", "\"'+1\""),
        ("-1", "\"'-1\""),
        ("@x", "\"'@x\""),
        ("\tx", "\"'\tx\""),
        ("\rx", "\"'\rx\""),
        (";x", "\"';x\""),
        ("  =x", "\"'  =x\""),
        ("\u{ff1d}x", "\"'\u{ff1d}x\""),
        ("", ""),
    ] {
        assert_eq!(csv_field(text), field, "{text:?}");
    }
}

#[test]
fn the_page_holds_no_live_thing_from_evidence() {
    let page = render(&hostile().case());
    assert!(page.contains("id=\"answer\""), "{}", &page[..400.min(page.len())]);
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("<style").count(), 1);
    for never in ["<iframe", "onerror=alert(1)>", "<img", "<svg onload", "href=\"http", "src=\"", "https://evil"] {
        assert!(!page.contains(never), "{never}");
    }
    assert!(page.contains("{{ 7*7 }}"), "shown as it stands");
    let hidden: Vec<char> = page.chars().filter(|c| is_hidden(*c) && !matches!(c, '\n' | '\t')).collect();
    assert!(hidden.is_empty(), "{hidden:?}");
    // Links go to places of the page only.
    for link in page.split("href=\"").skip(1) {
        assert!(link.starts_with('#'), "{}", &link[..40]);
        let target = link[1..].split('"').next().unwrap();
        assert!(target.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'), "{target}");
    }
    // No style attribute and no handler: the policy would refuse them.
    assert!(!page.contains(" style=\"") && !page.contains(" onclick="));
}

#[test]
fn the_policy_names_the_script_and_style_that_stand_there() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let page = render(&made_up::owned().case());
    for tag in ["script", "style"] {
        let body = page.split(&format!("<{tag}>")).nth(1).unwrap().split(&format!("</{tag}>")).next().unwrap();
        let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(body.as_bytes()));
        let hash = html(&hash);
        assert!(page.contains(&format!("{tag}-src &#39;sha256-{hash}&#39;")), "{tag}");
    }
    assert!(page.contains("default-src &#39;none&#39;"));
}

#[test]
fn the_page_has_every_part_in_both_languages() {
    let owned = made_up::owned();
    let page = render(&owned.case());
    let sections = [
        "answer",
        "timeline",
        "chain",
        "findings",
        "techniques",
        "inventory",
        "others",
        "scope",
        "gaps",
        "hypotheses",
        "coverage",
        "clocks",
        "evidence",
        "problems",
        "rules",
        "verify",
    ];
    for id in sections {
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
        let words = Words::raw(&format!("page.section.{id}")).unwrap();
        assert!(page.contains(&html(&words.ja)), "{id}");
    }
    assert!(!page.contains(">page."), "a key without words");
    for f in &owned.findings {
        assert!(page.contains(&format!("id=\"{}\"", f.id)), "{}", f.id);
    }
    // Every link of the page finds its target.
    for link in page.split("href=\"#").skip(1) {
        let target = link.split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{target}\"")), "{target}");
    }
    assert!(page.contains(attack::DESIGNATION));
}

#[test]
fn an_empty_case_and_one_zone_render() {
    let owned = made_up::Owned::empty();
    let page = render(&Case { zone: "UTC", ..owned.case() });
    assert!(page.contains("id=\"verify\"") && !page.contains("zone-1\" aria"));
    assert!(summary_text(&owned.case(), Lang::En).contains("Nothing could be read"));
}

#[test]
fn same_case_same_bytes() {
    let (a, b) = (made_up::owned(), made_up::owned());
    assert_eq!(render(&a.case()), render(&b.case()));
    assert_eq!(summary_text(&a.case(), Lang::Ja), summary_text(&b.case(), Lang::Ja));
}

#[test]
fn thousands_of_findings_are_cut_aloud() {
    let mut owned = made_up::owned();
    let model = owned.findings[0].clone();
    owned.findings = (0..9000)
        .map(|n| {
            let mut f = model.clone();
            f.id = format!("F{n:05}");
            f.rule = format!("rule-{}", n % 40);
            f.level = if n % 2 == 0 { Level::High } else { Level::Low };
            f.because[0].excerpt = "x".repeat(100_000);
            f
        })
        .collect();
    let page = render(&owned.case());
    assert!(page.len() < 12_000_000, "{}", page.len());
    assert!(page.contains("2,000 findings; 7,000 more are left out"));
}

#[test]
fn the_summary_is_short_and_harmless() {
    for owned in [made_up::owned(), hostile()] {
        for lang in Lang::ALL {
            let text = summary_text(&owned.case(), lang);
            assert!(text.lines().count() <= 25, "{text}");
            assert!(!text.chars().any(|c| is_hidden(c) && c != '\n'), "{text:?}");
        }
    }
    let text = summary_text(&made_up::owned().case(), Lang::En);
    assert!(text.starts_with("nerve-small — Intrusion confirmed\n"), "{text}");
    assert!(text.contains("Report: nerve-small/report/index.html"));
}

#[test]
fn the_answer_names_an_account_once_with_its_spellings() {
    let mut owned = made_up::owned();
    let told: Vec<String> = owned.chain.steps.iter().flat_map(|step| step.findings.clone()).collect();
    let mut spellings = ["hanako", "CORP\\hanako", "hanako@corp.example"].into_iter();
    for finding in owned.findings.iter_mut().filter(|finding| told.contains(&finding.id)) {
        finding.entities.retain(|entity| entity.kind != konseki_model::EntityKind::User);
        let spelling = spellings.next().map(|name| konseki_model::Entity::new(konseki_model::EntityKind::User, name, "actor"));
        finding.entities.extend(spelling);
    }
    assert_eq!(konseki_report::answer(&owned.case()).accounts, ["CORP\\hanako (hanako@corp.example, hanako)"]);
}

#[test]
fn a_sensor_that_only_recorded_is_no_host_of_the_intrusion() {
    let mut owned = made_up::owned();
    let row = |source: &str| konseki_report::Coverage { host: "edge".into(), source: source.into(), ..Default::default() };
    owned.chain.steps[0].host = "edge".into();
    owned.coverage.push(row("network/firewall"));
    let hosts = |owned: &made_up::Owned| konseki_report::answer(&owned.case()).hosts;
    assert!(!hosts(&owned).contains(&"edge".to_owned()));
    owned.coverage.push(row("linux/syslog"));
    assert!(hosts(&owned).contains(&"edge".to_owned()));
}

#[test]
fn clocks_and_mail_are_told_with_their_numbers() {
    let mut owned = made_up::owned();
    let page = render(&owned.case());
    let clocks = page.split("<section id=\"clocks\">").nth(1).unwrap().split("</section>").next().unwrap();
    // The unknown clock first, under the name of its log; then the one that was moved, then the one that was right.
    let at = |text: &str| clocks.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    assert!(at("Postfix mail log") < at("vpn01") && at("vpn01") < at("vcsa01"));
    assert!(
        clocks.matches("</span> earlier").count() == 2
            && clocks.contains(">9 h<")
            && clocks.contains(">8 h<")
            && clocks.contains("609 of 1,093 agree")
    );
    let scope = page.split("<section id=\"scope\">").nth(1).unwrap().split("</section>").next().unwrap();
    for number in ["25", "1,314", "1,339", "14 of them not listed"] {
        assert!(scope.contains(number), "{number}");
    }
    assert!(summary_text(&owned.case(), Lang::En).contains("Mail on gw01: 25 messages surely taken, at most 1,339"));
    owned.clocks.clear();
    owned.chain.scope.mail.clear();
    let page = render(&owned.case());
    assert!(!page.contains("id=\"clocks\"") && !page.contains("scope-mail"));
}
