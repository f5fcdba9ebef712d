//! `cargo xtask bench`: konseki and its peers over the same evidence, in turn, several times; ratios, not seconds, travel.
//!
//! Peers are taken from `PATH` and never built here. Needs GNU time (`/usr/bin/time`), which knows CPU seconds and peak memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{cargo, root};

const USAGE: &str =
    "bench [--work DIR] [--rounds N] [--mib N] [--rules SIGMA.zip] [--evidence FOLDER] [--programs DIR] [--works \"start-up,text\"]";

struct Options {
    work: PathBuf,
    rounds: usize,
    mib: u64,
    rules: PathBuf,
    evidence: PathBuf,
    /// Where `konseki` and `lab` stand already built; `None`: they are built first.
    programs: Option<PathBuf>,
    /// Names of the works to be measured; empty: all.
    works: Vec<String>,
}

/// One program over one corpus.
struct Case {
    work: &'static str,
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
    /// Removed before each run.
    leaves: Option<PathBuf>,
    /// Exit codes that mean done.
    fine: &'static [i32],
    runs: Vec<Run>,
    /// Runs that are not counted: exit code, and the last two lines said.
    failed: Vec<String>,
}

#[derive(Clone, Copy)]
struct Run {
    cpu: f64,
    wall: f64,
    mib: f64,
}

pub fn run(arguments: &[String]) -> Result<(), String> {
    let mut options = options(arguments)?;
    fs::create_dir_all(&options.work).map_err(told(&options.work))?;
    // Programs run in the work folder, so that what they leave behind stays there.
    let paths = [&mut options.work, &mut options.rules, &mut options.evidence];
    for path in paths.into_iter().chain(&mut options.programs) {
        *path = fs::canonicalize(&*path).map_err(told(path))?;
    }
    let target = programs(&options)?;
    let corpus = corpus(&options, &target)?;
    let mut cases = cases(&options, &target, &corpus);
    cases.retain(|case| options.works.is_empty() || options.works.iter().any(|work| work == case.work));
    for round in 0..options.rounds {
        for case in &mut cases {
            eprintln!("bench: round {} of {}: {}, {}", round + 1, options.rounds, case.work, case.name);
            case.run(&options.work)?;
        }
    }
    let text = report(&options, &cases, &corpus);
    println!("{text}");
    let file = root().join("benches/results").join(format!("{}.txt", answer("date", &["-u", "+%F-%H%M"])));
    fs::write(&file, text).map_err(told(&file))?;
    println!("kept in benches/results/{}", file.file_name().unwrap_or_default().to_string_lossy());
    Ok(())
}

/// The folder with `konseki` and `lab`.
fn programs(options: &Options) -> Result<PathBuf, String> {
    if let Some(folder) = &options.programs {
        return Ok(folder.clone());
    }
    cargo(&["build", "--release", "-p", "konseki", "-p", "lab"], &[])?;
    Ok(std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from).join("release"))
}

fn told(path: &Path) -> impl Fn(std::io::Error) -> String + '_ {
    move |error| format!("{}: {error}", path.display())
}

fn options(arguments: &[String]) -> Result<Options, String> {
    let shared = root().join("../shared");
    let mut options = Options {
        work: std::env::temp_dir().join("konseki-bench"),
        rounds: 3,
        mib: 100,
        rules: shared.join("rules/sigmahq.zip"),
        evidence: shared.join("evidence"),
        programs: None,
        works: Vec::new(),
    };
    let mut rest = arguments.iter();
    while let Some(name) = rest.next() {
        let value = rest.next().ok_or(USAGE)?;
        match name.as_str() {
            "--work" => options.work = value.into(),
            "--rounds" => options.rounds = value.parse().map_err(|_| USAGE)?,
            "--mib" => options.mib = value.parse().map_err(|_| USAGE)?,
            "--rules" => options.rules = value.into(),
            "--evidence" => options.evidence = value.into(),
            "--works" => options.works = value.split(',').map(str::to_owned).collect(),
            "--programs" => options.programs = Some(value.into()),
            _ => return Err(USAGE.to_owned()),
        }
    }
    for path in [&options.rules, &options.evidence] {
        if !path.exists() {
            return Err(format!("{} is not there: the bench needs public evidence and rules ({USAGE})", path.display()));
        }
    }
    Ok(options)
}

/// What is measured over, made anew for every bench.
struct Corpus {
    /// Many logs, and one large one.
    evtx: PathBuf,
    large: PathBuf,
    small: PathBuf,
    text: PathBuf,
    /// The rules as a folder, for peers that want one.
    rules: PathBuf,
    sizes: Vec<(&'static str, u64)>,
}

/// `jq`: fields side by side, under the names that rules use.
const FLAT: &str = r##".Event | {Provider_Name: .System.Provider["#attributes"].Name, EventID: (.System.EventID | if type == "object" then .["#text"] else . end), Channel: .System.Channel, Computer: .System.Computer} + (.EventData | if type == "object" then . else {} end)"##;

/// Room in a log's header that no reader looks at: a number there makes a copy another piece of evidence.
const SPARE: usize = 2048;

fn corpus(options: &Options, target: &Path) -> Result<Corpus, String> {
    let at = |name: &str| options.work.join(name);
    let corpus =
        Corpus { evtx: at("evtx"), large: at("large"), small: at("small"), text: at("text"), rules: at("rules"), sizes: Vec::new() };
    for folder in [&corpus.evtx, &corpus.large, &corpus.small, &corpus.text, &at("zircolite")] {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).map_err(told(folder))?;
    }
    let mut logs = Vec::new();
    collect(&options.evidence, &mut logs);
    let want = options.mib << 20;
    let (mut total, mut copy) = (0, 0_u64);
    let mut large = Vec::new();
    while total < want && !logs.is_empty() {
        for (number, log) in logs.iter().enumerate() {
            let mut bytes = fs::read(log).map_err(told(log))?;
            if let Some(room) = bytes.get_mut(SPARE..SPARE + 8) {
                room.copy_from_slice(&copy.to_le_bytes());
            }
            total += bytes.len() as u64;
            let file = corpus.evtx.join(format!("{copy}-{number}.evtx"));
            fs::write(&file, &bytes).map_err(told(&file))?;
            // Chunks after the first header: one log as large as all of them.
            let from = if large.is_empty() { 0 } else { 4096 };
            large.extend_from_slice(bytes.get(from..).unwrap_or_default());
            if (copy, number) == (0, 0) {
                let file = corpus.small.join("small.evtx");
                fs::write(&file, &bytes).map_err(told(&file))?;
            }
            if total >= want {
                break;
            }
        }
        copy += 1;
    }
    head(&mut large);
    let file = corpus.large.join("large.evtx");
    fs::write(&file, &large).map_err(told(&file))?;
    let out = corpus.text.display().to_string();
    quiet(&target.join("lab"), &["nerve", "--seed", "1", "--scale", "20", "--out", &out])?;
    let _ = fs::remove_dir_all(&corpus.rules);
    let (archive, folder) = (options.rules.display().to_string(), corpus.rules.display().to_string());
    quiet(Path::new("unzip"), &["-q", &archive, "-d", &folder])?;
    let sizes = vec![("many logs", total), ("one large log", large.len() as u64), ("text", size(&corpus.text.join("evidence")))];
    Ok(Corpus { sizes, ..corpus })
}

/// Makes the header of joined logs name all their chunks: some readers believe it.
fn head(log: &mut [u8]) {
    let chunks = (log.len().saturating_sub(4096) / 65_536) as u64;
    let Some(head) = log.get_mut(..128) else { return };
    let mut put = |at: usize, bytes: &[u8]| head.get_mut(at..at + bytes.len()).into_iter().for_each(|room| room.copy_from_slice(bytes));
    put(16, &chunks.saturating_sub(1).to_le_bytes());
    put(42, &u16::try_from(chunks).unwrap_or(u16::MAX).to_le_bytes());
    put(120, &[0; 4]);
    let sum = crc32fast::hash(head.get(..120).unwrap_or_default());
    head.get_mut(124..128).into_iter().for_each(|room| room.copy_from_slice(&sum.to_le_bytes()));
}

fn collect(folder: &Path, logs: &mut Vec<PathBuf>) {
    let mut all: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    all.sort();
    for path in all {
        if path.is_dir() {
            collect(&path, logs);
        } else if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("evtx")) {
            logs.push(path);
        }
    }
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { size(&entry.path()) } else { entry.metadata().map_or(0, |m| m.len()) }).sum()
}

fn quiet(program: &Path, arguments: &[&str]) -> Result<(), String> {
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status();
    let status = status.map_err(|error| format!("{}: {error}", program.display()))?;
    if status.success() { Ok(()) } else { Err(format!("{} {} failed", program.display(), arguments.join(" "))) }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn cases(options: &Options, target: &Path, corpus: &Corpus) -> Vec<Case> {
    let mut cases = Vec::new();
    let show = |path: &Path| path.display().to_string();
    let (many, large, small) = (show(&corpus.evtx), show(&corpus.large), show(&corpus.small));
    let (text, rules, archive) = (show(&corpus.text.join("evidence")), show(&corpus.rules), show(&options.rules));
    let case = options.work.join("case");
    let own = |threads: &str, input: &str, rules: Option<&str>| {
        let mut all =
            vec!["investigate", input, "--quiet", "--threads", threads, "--case"].into_iter().map(str::to_owned).collect::<Vec<_>>();
        all.push(show(&case));
        all.extend(rules.into_iter().flat_map(|rules| ["--rules".to_owned(), rules.to_owned()]));
        all
    };
    let sets = [("many logs", &many), ("one large log", &large), ("start-up", &small), ("text", &text)];
    for (work, input) in sets {
        for threads in ["1", "2"] {
            cases.push(Case {
                work,
                name: format!("konseki {threads} thread{}", if threads == "1" { "" } else { "s" }),
                program: target.join("konseki"),
                arguments: own(threads, input, Some(&archive)),
                leaves: Some(case.clone()),
                fine: &[0, 1, 3],
                runs: Vec::new(),
                failed: Vec::new(),
            });
        }
    }
    let sums = |work, input: &str| peer(work, "sha256sum", &["-b", input]);
    let file = show(&corpus.large.join("large.evtx"));
    cases.extend(sums("one large log", &file));
    for (work, input) in [("many logs", &many), ("one large log", &large), ("start-up", &small)] {
        // All rules are asked of all logs, as konseki does: by itself it goes by the first channel that a log names.
        let hits = show(&options.work.join("hayabusa.csv"));
        cases.extend(peer(
            work,
            "hayabusa",
            &["dfir-timeline", "-d", input, "-r", &rules, "-A", "-a", "-w", "-q", "-Q", "-C", "-o", &hits],
        ));
        cases.extend(peer(work, "chainsaw", &["hunt", input, "-s", &rules, "--preprocess", "-q", "--jsonl", "-o", "/dev/null"]));
        cases.extend(zircolite(options, work, input, &rules));
    }
    // Only records to JSON lines: no rule is asked, nothing is kept.
    cases.extend(peer("one large log", "evtx_dump", &["-t", "1", "-o", "jsonl", &file]));
    let json = options.work.join("large.jsonl");
    if cases.iter().any(|case| case.name == "evtx_dump") && output("evtx_dump", &["-t", "1", "-o", "jsonl", &file], &json).is_ok() {
        cases.extend(peer("one large log", "jq", &["-c", ".Event.System.EventID", &show(&json)]));
        cases.extend(rsigma("one large log", &json, &options.work.join("flat-large.jsonl"), &rules));
        // Of a joined log the reader gives the events of its first chunks only; of many logs it gives them all.
        let many = options.work.join("many.jsonl");
        if every(&corpus.evtx, &many).is_ok() {
            cases.extend(rsigma("many logs", &many, &options.work.join("flat-many.jsonl"), &rules));
        }
    }
    cases
}

/// It reads flat events only, and is spared the logs themselves.
fn rsigma(work: &'static str, json: &Path, flat: &Path, rules: &str) -> Option<Case> {
    output("jq", &["-c", FLAT, &json.display().to_string()], flat).ok()?;
    let events = format!("@{}", flat.display());
    peer(work, "rsigma", &["engine", "eval", "-r", rules, "-p", "sysmon", "-e", &events])
}

/// All logs of a folder as JSON lines in one file.
fn every(folder: &Path, json: &Path) -> Result<(), String> {
    let mut logs = Vec::new();
    collect(folder, &mut logs);
    let part = json.with_extension("part");
    let mut all = fs::File::create(json).map_err(told(json))?;
    for log in &logs {
        output("evtx_dump", &["-t", "1", "-o", "jsonl", &log.display().to_string()], &part)?;
        let mut one = fs::File::open(&part).map_err(told(&part))?;
        std::io::copy(&mut one, &mut all).map_err(told(json))?;
    }
    fs::remove_file(&part).map_err(told(&part))
}

/// With the rules as they are, like konseki, and with rules it translated before: its users do that once.
fn zircolite(options: &Options, work: &'static str, input: &str, rules: &str) -> Vec<Case> {
    let room = options.work.join("zircolite");
    let hits = room.join("hits.json").display().to_string();
    let with = |rules: &str, more: &[&str]| {
        let all = ["--evtx", input, "--ruleset", rules, "-o", &hits, "--nolog", "--no-parallel", "-q"];
        peer(work, "zircolite", &[&all[..], more].concat())
    };
    let pipelines = ["-p", "sysmon", "-p", "windows-logsources"];
    let mut cases: Vec<Case> = with(rules, &pipelines).into_iter().collect();
    if let Some(case) = cases.first() {
        if translated(&room).is_none() {
            let mut run = Command::new(&case.program);
            run.args(&case.arguments).arg("--save-ruleset").current_dir(&room);
            let _ = run.stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
        let ready = translated(&room).and_then(|file| with(&file.display().to_string(), &[]));
        cases.extend(ready.map(|case| Case { name: "zircolite, ready".to_owned(), ..case }));
    }
    cases
}

/// The rule set that Zircolite saved in its working folder, under a name of its own choice.
fn translated(room: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(room).ok()?.flatten().map(|entry| entry.path());
    files.into_iter().find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ruleset-")))
}

fn peer(work: &'static str, name: &str, arguments: &[&str]) -> Option<Case> {
    let arguments = arguments.iter().map(|one| (*one).to_owned()).collect();
    let program = on_path(name)?;
    Some(Case { work, name: name.to_owned(), program, arguments, leaves: None, fine: &[0], runs: Vec::new(), failed: Vec::new() })
}

/// What a program on `PATH` writes, as a file.
fn output(name: &str, arguments: &[&str], file: &Path) -> Result<(), String> {
    let out = fs::File::create(file).map_err(told(file))?;
    let program = on_path(name).ok_or_else(|| format!("{name} is not there"))?;
    let status = Command::new(program).args(arguments).stdout(out).stderr(Stdio::null()).status();
    status.map_err(|error| error.to_string()).map(|_| ())
}

impl Case {
    fn run(&mut self, work: &Path) -> Result<(), String> {
        if let Some(folder) = &self.leaves {
            let _ = fs::remove_dir_all(folder);
        }
        let (times, said) = (work.join("times"), work.join("said"));
        let errors = fs::File::create(&said).map_err(told(&said))?;
        let mut command = Command::new("/usr/bin/time");
        command.args(["-f", "%U %S %e %M", "-o"]).arg(&times).arg(&self.program).args(&self.arguments);
        let status = command.current_dir(work).stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).status();
        let status = status.map_err(|error| format!("/usr/bin/time (GNU time is needed): {error}"))?;
        let code = status.code().unwrap_or(-1);
        if !self.fine.contains(&code) {
            let said = fs::read(&said).unwrap_or_default();
            let said = String::from_utf8_lossy(&said);
            let mut lines: Vec<&str> = said.lines().rev().map(str::trim).filter(|line| !line.is_empty()).take(2).collect();
            lines.reverse();
            let last = lines.join("; ");
            eprintln!("bench: {} ended with {code}: not counted: {last}", self.name);
            self.failed.push(format!("{code} ({last})"));
            return Ok(());
        }
        let text = fs::read_to_string(&times).map_err(told(&times))?;
        let last = text.lines().last().unwrap_or_default();
        let numbers: Vec<f64> = last.split(' ').filter_map(|word| word.parse().ok()).collect();
        if let [user, system, wall, kib] = numbers.as_slice() {
            self.runs.push(Run { cpu: user + system, wall: *wall, mib: kib / 1024.0 });
        }
        Ok(())
    }

    fn spread(&self, of: impl Fn(&Run) -> f64) -> [f64; 3] {
        spread(self.runs.iter().map(of).collect())
    }
}

/// Minimum, median, maximum.
fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [values.first(), values.get(values.len() / 2), values.last()].map(|value| value.copied().unwrap_or(f64::NAN))
}

fn report(options: &Options, cases: &[Case], corpus: &Corpus) -> String {
    let mut text = format!(
        "konseki {} ({}{}), {} rounds, {} processors\n",
        env!("CARGO_PKG_VERSION"),
        answer("git", &["-C", &root().display().to_string(), "rev-parse", "--short", "HEAD"]),
        options.programs.as_ref().map_or("", |_| ", programs built before"),
        options.rounds,
        std::thread::available_parallelism().map_or(1, usize::from),
    );
    for (name, bytes) in &corpus.sizes {
        text += &format!("{name}: {} MiB\n", bytes >> 20);
    }
    for peer in ["hayabusa", "chainsaw", "zircolite", "evtx_dump", "rsigma", "jq"] {
        match on_path(peer) {
            Some(program) => text += &format!("{peer}: {}\n", answer(&program.display().to_string(), &["--version"])),
            None => text += &format!("{peer}: not on PATH\n"),
        }
    }
    text += "\nCPU seconds, seconds, MiB: minimum / median / maximum. Ratio: CPU against konseki with one thread, round by round.\n\n";
    for case in cases.iter().filter(|case| !case.runs.is_empty()) {
        let base = cases.iter().find(|other| other.work == case.work && other.name == "konseki 1 thread");
        let pairs = base.into_iter().flat_map(|base| case.runs.iter().zip(&base.runs));
        let three = |values: [f64; 3], digits: usize| values.map(|value| format!("{value:.digits$}")).join(" / ");
        text += &format!(
            "{:<14} {:<18} cpu {:<24} wall {:<24} peak {:<22} ratio {}\n",
            case.work,
            case.name,
            three(case.spread(|run| run.cpu), 2),
            three(case.spread(|run| run.wall), 2),
            three(case.spread(|run| run.mib), 0),
            three(spread(pairs.map(|(own, base)| own.cpu / base.cpu.max(0.005)).collect()), 2),
        );
    }
    for case in cases.iter().filter(|case| !case.failed.is_empty()) {
        text += &format!("{:<14} {:<18} not counted: ended with {}\n", case.work, case.name, case.failed.join(", "));
    }
    text
}

/// First line with a number that a program says.
fn answer(program: &str, arguments: &[&str]) -> String {
    let out = Command::new(program).args(arguments).current_dir(std::env::temp_dir()).output();
    out.ok()
        .map(|out| {
            let said = String::from_utf8_lossy(&out.stdout);
            let numbered = said.lines().find(|line| line.contains(|c: char| c.is_ascii_digit()));
            numbered.or_else(|| said.lines().next()).unwrap_or_default().trim().to_owned()
        })
        .unwrap_or_default()
}
