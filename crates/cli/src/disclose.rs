//! `publish` and `replay`: packages for others, and what others would see of them.

use std::path::{Path, PathBuf};

use konseki_pipeline as pipeline;
use konseki_pipeline::{Error, PublishRequest, Seen, escape_terminal};

use crate::args::{Args, Language, Publishing};
use crate::commands::{actor, now};
use crate::progress::Bar;
use crate::say::{self, words_of};

pub fn publish(args: &Args, publishing: &Publishing) -> Result<u8, Error> {
    let chosen = if args.lang.is_empty() { &[Language::En, Language::Ja][..] } else { &args.lang };
    let langs = chosen.iter().map(|lang| if *lang == Language::Ja { "ja" } else { "en" }.to_owned()).collect();
    let request = PublishRequest {
        case: publishing.case.clone(),
        audience: publishing.audience.as_str().to_owned(),
        langs,
        out: publishing.out.clone(),
        side_by_side: publishing.side_by_side,
        defang: publishing.defang,
        now: publishing.now.as_deref().map(pipeline::parse_time).transpose()?,
        sign: publishing.sign.clone(),
        password: std::env::var("KONSEKI_KEY_PASSWORD").ok(),
        utc: now(),
        actor: actor(),
        arguments: std::env::args().skip(1).collect(),
    };
    let published = pipeline::publish(&request)?;
    if args.json {
        say::out(pipeline::json_of(&published));
    } else if !args.quiet {
        for (path, bytes) in &published.files {
            say::out(format_args!("{bytes:>10}  {}", escape_terminal(path)));
        }
        let (out, report) = (request.out.display().to_string(), published.report.display().to_string());
        say::err(words_of("package_files", args.language(), &[&published.files.len(), &escape_terminal(&out)]));
        say::err(words_of("package_withheld", args.language(), &[&published.withheld, &escape_terminal(&report)]));
    }
    Ok(0)
}

/// Exit code 1: a step of the package is seen in the evidence.
pub fn replay(args: &Args, package: &Path, evidence: &[PathBuf], threads: usize) -> Result<u8, Error> {
    let replayed = if args.quiet {
        pipeline::replay(package, evidence, threads, &now(), &pipeline::Silent)?
    } else {
        let bar = Bar::new(args.language());
        let replayed = pipeline::replay(package, evidence, threads, &now(), &bar);
        bar.done();
        replayed?
    };
    let seen = replayed.steps.iter().any(|step| step.seen == Seen::Seen);
    if args.json {
        say::out(pipeline::json_of(&replayed));
        return Ok(u8::from(seen));
    }
    let japanese = args.language() == Language::Ja;
    for step in &replayed.steps {
        let word = pipeline::seen_word(step.seen, japanese);
        say::out(format_args!("{:<4} {:<14} {}", step.step, word, escape_terminal(step.title(japanese))));
        if !step.by.is_empty() {
            say::out(format_args!("       {}", escape_terminal(&step.by.join(", "))));
        }
        for place in &step.places {
            say::out(format_args!("       {}", escape_terminal(place)));
        }
        if step.seen == Seen::NoSource && !step.wanted.is_empty() {
            say::out(format_args!("       {}", escape_terminal(&step.wanted.join(", "))));
        }
    }
    Ok(u8::from(seen))
}
