//! YARA over pieces of evidence: compiles rule files one by one, scans bytes or streams, gives every string that matched.
//!
//! Large pieces are scanned in blocks that overlap, so memory stays bounded; modules that need the whole file (PE, ELF)
//! then see none of it, which YARA-X itself defines for block scans.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use yara_x::{Compiler, MetaValue, Rules, ScanResults, SourceCode};

/// Pieces up to this size are scanned whole.
pub const WHOLE: u64 = 32 << 20;
const BLOCK: usize = 8 << 20;
/// Longest string that may cross a block border.
const OVERLAP: usize = 64 << 10;
/// A rule that runs longer on one piece is given up, and the piece is reported as unscanned.
const TIMEOUT: Duration = Duration::from_secs(300);
const STRINGS_KEPT: usize = 20;

/// A rule file that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    pub file: String,
    pub line: u64,
    pub reason: String,
}

/// Compiled rules of all files.
pub struct RuleSet {
    rules: Rules,
    count: usize,
    about: BTreeMap<String, About>,
}

/// What a rule says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    pub tags: Vec<String>,
    /// `description`, `author`, `level`, `score`, … as text.
    pub meta: BTreeMap<String, String>,
}

/// A rule that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub rule: String,
    pub file: String,
    pub tags: Vec<String>,
    /// `description`, `author`, `level`, `score`, … as text.
    pub meta: BTreeMap<String, String>,
    /// Offset in the piece, name of the string, its bytes (at most 256); by offset, at most 20.
    pub strings: Vec<(u64, String, Vec<u8>)>,
}

impl RuleSet {
    /// Compiles rule files given as (path, text). Includes are refused: a rule file may not open others.
    /// External variables that public rule sets expect (`filename`, `filepath`, `extension`, `filetype`, `owner`) exist.
    pub fn compile(files: &[(String, Vec<u8>)]) -> (Self, Vec<Unusable>) {
        let mut unusable = Vec::new();
        let mut compiler = compiler();
        let mut good: Vec<&(String, Vec<u8>)> = Vec::new();
        for file in files {
            // A trial of its own: one bad rule must cost its file, not the set.
            let mut trial = self::compiler();
            match add(&mut trial, file) {
                Ok(()) => good.push(file),
                Err((line, reason)) => unusable.push(Unusable { file: file.0.clone(), line, reason }),
            }
        }
        for file in good {
            if let Err((line, reason)) = add(&mut compiler, file) {
                unusable.push(Unusable { file: file.0.clone(), line, reason });
            }
        }
        let rules = compiler.build();
        let count = rules.iter().count();
        let mut about = BTreeMap::new();
        for rule in rules.iter() {
            about.entry(rule.identifier().to_owned()).or_insert_with(|| About {
                tags: rule.tags().map(|tag| tag.identifier().to_owned()).collect(),
                meta: rule.metadata().map(|(name, value)| (name.to_owned(), text(&value))).collect(),
            });
        }
        (Self { rules, count, about }, unusable)
    }

    /// What the rule of that name says of itself; of several with one name, the first.
    pub fn about(&self, rule: &str) -> Option<&About> {
        self.about.get(rule)
    }

    /// Names of all rules.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.about.keys().map(String::as_str)
    }

    /// Number of rules.
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Scans bytes that are at hand whole.
    ///
    /// # Errors
    /// The scan was given up (time), with the reason.
    pub fn scan(&self, path: &str, bytes: &[u8]) -> Result<Vec<Hit>, String> {
        let mut scanner = yara_x::Scanner::new(&self.rules);
        scanner.set_timeout(TIMEOUT);
        for (name, value) in externals(path) {
            // Names are the ones defined at compile time.
            let _ = scanner.set_global(name, value);
        }
        let results = scanner.scan(bytes).map_err(|error| error.to_string())?;
        Ok(hits(&results))
    }

    /// Scans a stream in blocks.
    ///
    /// # Errors
    /// Reading failed or the scan was given up, with the reason.
    pub fn scan_stream(&self, path: &str, reader: &mut dyn Read) -> Result<Vec<Hit>, String> {
        let mut scanner = yara_x::blocks::Scanner::new(&self.rules);
        scanner.set_timeout(TIMEOUT);
        for (name, value) in externals(path) {
            let _ = scanner.set_global(name, value);
        }
        let mut buffer = Vec::with_capacity(BLOCK + OVERLAP);
        let mut base = 0_usize;
        loop {
            let kept = buffer.len();
            let mut block = reader.take((BLOCK) as u64);
            let got = block.read_to_end(&mut buffer).map_err(|error| error.to_string())?;
            if got == 0 {
                break;
            }
            scanner.scan(base, &buffer).map_err(|error| error.to_string())?;
            let cut = buffer.len().saturating_sub(OVERLAP);
            base += cut;
            buffer.drain(..cut);
            debug_assert!(buffer.len() <= OVERLAP.max(kept));
        }
        let results = scanner.finish().map_err(|error| error.to_string())?;
        Ok(hits(&results))
    }
}

fn compiler() -> Compiler<'static> {
    let mut compiler = Compiler::new();
    compiler.enable_includes(false).relaxed_re_syntax(true);
    for (name, value) in externals("") {
        // Defining a fresh name cannot clash.
        let _ = compiler.define_global(name, value);
    }
    compiler
}

fn externals(path: &str) -> [(&'static str, String); 5] {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let extension = name.rsplit_once('.').map_or(String::new(), |(_, end)| format!(".{end}"));
    [
        ("filename", name.to_owned()),
        ("filepath", path.to_owned()),
        ("extension", extension),
        ("filetype", String::new()),
        ("owner", String::new()),
    ]
}

fn add(compiler: &mut Compiler<'_>, (path, bytes): &(String, Vec<u8>)) -> Result<(), (u64, String)> {
    compiler.new_namespace(path);
    let source = SourceCode::from(bytes.as_slice()).with_origin(path.as_str());
    compiler.add_source(source).map(|_| ()).map_err(|error| {
        let text = error.to_string();
        let line = text.split("line ").nth(1).or_else(|| text.split(&format!("{path}:")).nth(1)).map(digits).unwrap_or(0);
        (line, text.lines().next().unwrap_or_default().to_owned())
    })
}

fn digits(text: &str) -> u64 {
    text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
}

fn hits(results: &ScanResults<'_, '_>) -> Vec<Hit> {
    let mut all = Vec::new();
    for rule in results.matching_rules() {
        let mut strings = Vec::new();
        for pattern in rule.patterns() {
            for found in pattern.matches() {
                let bytes = found.data();
                let kept = bytes.get(..bytes.len().min(256)).unwrap_or_default();
                strings.push((found.range().start as u64, pattern.identifier().to_owned(), kept.to_vec()));
            }
        }
        strings.sort();
        strings.dedup();
        strings.truncate(STRINGS_KEPT);
        let meta = rule.metadata().map(|(name, value)| (name.to_owned(), text(&value))).collect();
        let tags = rule.tags().map(|tag| tag.identifier().to_owned()).collect();
        all.push(Hit { rule: rule.identifier().to_owned(), file: rule.namespace().to_owned(), tags, meta, strings });
    }
    all.sort_by(|a, b| (&a.rule, &a.file).cmp(&(&b.rule, &b.file)));
    all
}

fn text(value: &MetaValue<'_>) -> String {
    match value {
        MetaValue::Integer(number) => number.to_string(),
        MetaValue::Float(number) => number.to_string(),
        MetaValue::Bool(yes) => yes.to_string(),
        MetaValue::String(text) => (*text).to_owned(),
        MetaValue::Bytes(bytes) => String::from_utf8_lossy(bytes.as_ref()).into_owned(),
    }
}
