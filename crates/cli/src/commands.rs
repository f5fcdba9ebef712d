//! One function per command: from arguments to the pipeline, from its answer to text and exit code.

use std::fmt::Display;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use konseki_pipeline as pipeline;
use konseki_pipeline::{Error, Output, Request, TimelineFormat, TimelineRequest};
use konseki_serve::Server;

use crate::args::{Args, Command, Format, Language, Reading, Rows, RulesCommand};
use crate::disclose;
use crate::progress::Bar;
use crate::say::{self, words_of};

/// # Errors
/// What stopped the command.
pub fn run(args: &Args) -> Result<u8, Error> {
    match &args.command {
        Command::Investigate { evidence, case, reading } => investigate(args, evidence, case, reading),
        Command::Add { case, evidence, reading } => {
            if !case.join("custody.jsonl").is_file() {
                return Err(Error::Case(format!("{} is not a case", case.display())));
            }
            investigate(args, evidence, case, reading)
        }
        Command::Timeline { case, format, from, to, host, user, source, findings_only, tz } => {
            let request = TimelineRequest {
                format: match format {
                    Format::Table => TimelineFormat::Table,
                    Format::Csv => TimelineFormat::Csv,
                    Format::Jsonl => TimelineFormat::Jsonl,
                    Format::Timesketch => TimelineFormat::Timesketch,
                },
                from: from.as_deref().map(pipeline::parse_time).transpose()?,
                to: to.as_deref().map(pipeline::parse_time).transpose()?,
                host: host.clone(),
                user: user.clone(),
                source: source.clone(),
                findings_only: *findings_only,
                zone: tz.clone(),
                japanese: args.language() == Language::Ja,
            };
            let mut out = BufWriter::new(io::stdout().lock());
            pipeline::timeline(case, &request, &mut out)?;
            let _ = out.flush();
            Ok(0)
        }
        Command::Query { case, sql, format } => {
            let output = match format {
                _ if args.json => Output::Jsonl,
                Rows::Table => Output::Table,
                Rows::Csv => Output::Csv,
                Rows::Jsonl => Output::Jsonl,
            };
            let mut out = BufWriter::new(io::stdout().lock());
            pipeline::query(case, sql, output, &mut out)?;
            let _ = out.flush();
            Ok(0)
        }
        Command::Serve { case, port } => serve(args, case, *port),
        Command::Publish(publishing) => disclose::publish(args, publishing),
        Command::Replay { package, evidence, threads } => disclose::replay(args, package, evidence, *threads),
        Command::Verify { case } => verify(args, case),
        Command::Rules { command } => rules(args, command),
        Command::Sources { filter } => sources(args, filter.as_deref().unwrap_or_default()),
    }
}

/// The name of the sentence that says what the user can do about it.
pub fn hint(error: &Error) -> Option<&'static str> {
    match error {
        Error::Usage(_) => Some("hint_usage"),
        Error::Folder(_) => Some("hint_folder"),
        Error::Rules(_) => Some("hint_rules"),
        Error::Store(_) => Some("hint_store"),
        Error::Case(_) | Error::Internal(_) => None,
    }
}

pub fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    pipeline::format_time(i64::try_from(since).unwrap_or(0).saturating_mul(1_000_000))
}

/// Who runs it, as the system says.
pub fn actor() -> String {
    std::env::var("USER").or_else(|_| std::env::var("USERNAME")).unwrap_or_else(|_| "unknown".to_owned())
}

fn investigate(args: &Args, evidence: &[PathBuf], case: &Path, reading: &Reading) -> Result<u8, Error> {
    // Passwords do not belong in a log.
    let arguments = std::env::args().skip(1).scan(false, |hide, arg| {
        let out = if *hide { "***".to_owned() } else { arg.clone() };
        *hide = arg == "--password";
        Some(if arg.starts_with("--password=") { "--password=***".to_owned() } else { out })
    });
    let request = Request {
        inputs: evidence.to_vec(),
        case: case.to_owned(),
        rules: reading.rules.clone(),
        no_builtin: reading.no_builtin_rules,
        passwords: reading.password.clone(),
        threads: reading.threads,
        now: now(),
        actor: actor(),
        arguments: arguments.collect(),
        limits: None,
    };
    let summary = if args.quiet {
        pipeline::investigate(&request, &pipeline::Silent)?
    } else {
        let bar = Bar::new(args.language());
        let summary = pipeline::investigate(&request, &bar);
        bar.done();
        summary?
    };
    if args.json {
        say::out(&summary.json);
    } else if !args.quiet {
        say::out(if args.language() == Language::Ja { &summary.text_ja } else { &summary.text_en });
    }
    Ok(summary.exit_code())
}

/// Tells the address, then answers until the process is ended.
fn serve(args: &Args, case: &Path, port: u16) -> Result<u8, Error> {
    let server = Server::bind(case, port)?;
    let url = server.url();
    say::out(if args.json { format!("{{\"url\":\"{url}\"}}") } else { url });
    let _ = io::stdout().flush();
    server.run();
    Ok(0)
}

fn verify(args: &Args, case: &Path) -> Result<u8, Error> {
    let verified = pipeline::verify(case)?;
    if args.json {
        say::out(pipeline::json_of(&verified));
    } else {
        let told = |word: &str, line: &str| {
            say::out(format_args!("{:<8} {}", words_of(word, args.language(), &[]), pipeline::escape_terminal(line)));
        };
        for line in &verified.good {
            told("verify_good", line);
        }
        for line in &verified.missing {
            told("verify_missing", line);
        }
        for line in &verified.bad {
            told("verify_bad", line);
        }
    }
    Ok(if verified.bad.is_empty() { 0 } else { 1 })
}

fn rules(args: &Args, command: &RulesCommand) -> Result<u8, Error> {
    match command {
        RulesCommand::List { rules, no_builtin_rules } => {
            let list = pipeline::rules(rules, !no_builtin_rules)?;
            if args.json {
                say::out(pipeline::json_of(&list));
                return Ok(0);
            }
            for rule in &list.rules {
                let title = if args.language() == Language::Ja && !rule.title_ja.is_empty() { &rule.title_ja } else { &rule.title };
                say::out(format_args!("{:<13} {:<11} {:<38} {}", rule.level, rule.engine, rule.id, pipeline::escape_terminal(title)));
            }
            say::err(words_of("rules_listed", args.language(), &[&list.rules.len(), &list.unusable.len()]));
            Ok(0)
        }
        RulesCommand::Check { rules } => {
            let list = pipeline::rules(rules, false)?;
            for (file, line, reason) in &list.unusable {
                say::out(format_args!("{}:{line}: {}", pipeline::escape_terminal(file), pipeline::escape_terminal(reason)));
            }
            say::err(words_of("rules_checked", args.language(), &[&list.rules.len(), &list.unusable.len()]));
            Ok(if list.unusable.is_empty() { 0 } else { 1 })
        }
        RulesCommand::Test { rules } => {
            let tested = pipeline::test_rules(rules)?;
            for failure in &tested.failures {
                say::out(pipeline::escape_terminal(failure));
            }
            let counts: [&dyn Display; 3] = [&tested.rules, &tested.failures.len(), &tested.without_samples];
            say::err(words_of("rules_tested", args.language(), &counts));
            Ok(if tested.failures.is_empty() { 0 } else { 1 })
        }
    }
}

fn sources(args: &Args, filter: &str) -> Result<u8, Error> {
    let all: Vec<_> = pipeline::sources()?.into_iter().filter(|source| source.id.contains(filter)).collect();
    if args.json {
        say::out(pipeline::json_of(&all));
        return Ok(0);
    }
    let ja = args.language() == Language::Ja;
    let pick = |both: &(String, String)| if ja { both.1.clone() } else { both.0.clone() };
    let heads = pipeline::source_headings(ja);
    for source in &all {
        say::out(format_args!("{}  {} ({})", source.id, pick(&source.title), source.product));
        let values = [
            source.place.join(", "),
            pick(&source.collect),
            pick(&source.keep),
            pick(&source.shows),
            pick(&source.cannot),
            format!("{} ({})", source.clock.0, source.clock.1),
        ];
        for (head, value) in heads.iter().zip(values) {
            say::out(format_args!("    {head}: {value}"));
        }
        say::out("");
    }
    Ok(0)
}
