//! The arguments, as help shows them.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// konseki: from the evidence of an intrusion to a story that can be proved. Offline; evidence is only read.
#[derive(Parser)]
#[command(name = "konseki", version, about, max_term_width = 110)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
    /// No progress and no summary, only errors
    #[arg(long, global = true)]
    pub quiet: bool,
    /// Results as JSON on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Language of what is printed [default: en]; languages of a package [default: en,ja]
    #[arg(long, global = true, value_enum, value_delimiter = ',')]
    pub lang: Vec<Language>,
}

impl Args {
    /// The language of what is printed.
    pub fn language(&self) -> Language {
        self.lang.first().copied().unwrap_or(Language::En)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    En,
    Ja,
}

#[derive(clap::Args)]
pub struct Reading {
    /// Sigma rules (files, folders, zip archives), YARA rules, indicator lists (CSV, STIX); may be given several times
    #[arg(long, value_name = "PATH")]
    pub rules: Vec<PathBuf>,
    /// Leave out the rules that konseki brings
    #[arg(long)]
    pub no_builtin_rules: bool,
    /// Password for encrypted archives; may be given several times, each one is tried
    #[arg(long, value_name = "WORD")]
    pub password: Vec<String>,
    /// Worker threads [default: one per processor]
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
}

#[derive(Subcommand)]
pub enum Command {
    /// Take evidence in, detect, reconstruct, write results and report; goes on where a killed run stopped
    Investigate {
        /// Files, folders, archives; none: the story of a case is told anew, after case.toml was edited
        evidence: Vec<PathBuf>,
        /// Folder of the case; made when it is not there
        #[arg(long, value_name = "CASE")]
        case: PathBuf,
        #[command(flatten)]
        reading: Reading,
    },
    /// More evidence into a case; the story is revised
    Add {
        case: PathBuf,
        #[arg(required = true)]
        evidence: Vec<PathBuf>,
        #[command(flatten)]
        reading: Reading,
    },
    /// Every event in order of time, or those behind findings
    Timeline {
        case: PathBuf,
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
        /// From this time on: RFC 3339 or a date, UTC unless an offset is written
        #[arg(long)]
        from: Option<String>,
        /// Up to this time
        #[arg(long)]
        to: Option<String>,
        #[arg(long)]
        host: Option<String>,
        #[arg(long)]
        user: Option<String>,
        /// Source id as `konseki sources` lists it
        #[arg(long)]
        source: Option<String>,
        /// Only events that findings rest on
        #[arg(long)]
        findings_only: bool,
        /// Time zone for the table: Asia/Tokyo, +09:00
        #[arg(long)]
        tz: Option<String>,
    },
    /// SQL over the events: one table per source (`vmware_esxi_shell`), `events` over all
    Query {
        case: PathBuf,
        sql: String,
        #[arg(long, value_enum, default_value_t = Rows::Table)]
        format: Rows,
    },
    /// A local page to look around in a case: timeline, findings, SQL; ends with Ctrl-C
    Serve {
        case: PathBuf,
        /// Port of 127.0.0.1 [default: a free one]
        #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
        port: u16,
    },
    /// The disclosure package for one audience, from the case's results
    Publish(Publishing),
    /// Would the steps of a package be seen in other evidence?
    Replay {
        /// Folder that `publish` wrote
        package: PathBuf,
        /// Files, folders, archives
        #[arg(required = true)]
        evidence: Vec<PathBuf>,
        /// Worker threads [default: one per processor]
        #[arg(long, value_name = "N", default_value_t = 0)]
        threads: usize,
    },
    /// Are evidence, custody log and results what they were?
    Verify { case: PathBuf },
    /// The rules in use, a rule's errors, a rule against its samples
    Rules {
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// What can be read, where it lies on the device, how to collect it
    Sources {
        /// Only sources whose id contains this
        filter: Option<String>,
    },
}

#[derive(clap::Args)]
pub struct Publishing {
    pub case: PathBuf,
    #[arg(long, value_enum)]
    pub audience: Audience,
    /// Folder of the package; must be empty, or hold an earlier package
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Paragraphs of both languages beside each other
    #[arg(long)]
    pub side_by_side: bool,
    /// Write addresses and domains in tables so that no program follows them
    #[arg(long)]
    pub defang: bool,
    /// Instant that remaining times are counted from: RFC 3339
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// minisign secret key to sign the manifest with; its password, if it has one, in KONSEKI_KEY_PASSWORD
    #[arg(long, value_name = "KEYFILE")]
    pub sign: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Audience {
    Public,
    Peers,
    Employees,
    Sponsors,
    LawEnforcement,
}

impl Audience {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Peers => "peers",
            Self::Employees => "employees",
            Self::Sponsors => "sponsors",
            Self::LawEnforcement => "law-enforcement",
        }
    }
}

#[derive(Subcommand)]
pub enum RulesCommand {
    /// The rules that a run would use
    List {
        #[arg(long, value_name = "PATH")]
        rules: Vec<PathBuf>,
        #[arg(long)]
        no_builtin_rules: bool,
    },
    /// Errors of rule files, by file and line
    Check {
        #[arg(required = true)]
        rules: Vec<PathBuf>,
    },
    /// Rules against the samples beside them (`NAME.match.jsonl`, `NAME.nomatch.jsonl`)
    Test {
        #[arg(required = true)]
        rules: Vec<PathBuf>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Format {
    Table,
    Csv,
    Jsonl,
    Timesketch,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Rows {
    Table,
    Csv,
    Jsonl,
}
