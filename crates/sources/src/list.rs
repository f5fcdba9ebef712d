//! The list of sources. Written by `cargo xtask sources`; do not edit.

use crate::Entry;

#[path = "ivanti/debuglog/mod.rs"]
mod ivanti_debuglog;
#[path = "ivanti/ict/mod.rs"]
mod ivanti_ict;
#[path = "ivanti/manifest/mod.rs"]
mod ivanti_manifest;
#[path = "ivanti/nodemon/mod.rs"]
mod ivanti_nodemon;
#[path = "ivanti/snapshot/mod.rs"]
mod ivanti_snapshot;
#[path = "ivanti/syslog/mod.rs"]
mod ivanti_syslog;
#[path = "ivanti/uwsgi/mod.rs"]
mod ivanti_uwsgi;
#[path = "ivanti/vc0/mod.rs"]
mod ivanti_vc0;

pub static ENTRIES: &[Entry] = &[
    Entry {
        id: "ivanti/debuglog",
        source: &ivanti_debuglog::SOURCE,
        about: include_str!("ivanti/debuglog/source.toml"),
        text: include_str!("ivanti/debuglog/text.toml"),
    },
    Entry {
        id: "ivanti/ict",
        source: &ivanti_ict::SOURCE,
        about: include_str!("ivanti/ict/source.toml"),
        text: include_str!("ivanti/ict/text.toml"),
    },
    Entry {
        id: "ivanti/manifest",
        source: &ivanti_manifest::SOURCE,
        about: include_str!("ivanti/manifest/source.toml"),
        text: include_str!("ivanti/manifest/text.toml"),
    },
    Entry {
        id: "ivanti/nodemon",
        source: &ivanti_nodemon::SOURCE,
        about: include_str!("ivanti/nodemon/source.toml"),
        text: include_str!("ivanti/nodemon/text.toml"),
    },
    Entry {
        id: "ivanti/snapshot",
        source: &ivanti_snapshot::SOURCE,
        about: include_str!("ivanti/snapshot/source.toml"),
        text: include_str!("ivanti/snapshot/text.toml"),
    },
    Entry {
        id: "ivanti/syslog",
        source: &ivanti_syslog::SOURCE,
        about: include_str!("ivanti/syslog/source.toml"),
        text: include_str!("ivanti/syslog/text.toml"),
    },
    Entry {
        id: "ivanti/uwsgi",
        source: &ivanti_uwsgi::SOURCE,
        about: include_str!("ivanti/uwsgi/source.toml"),
        text: include_str!("ivanti/uwsgi/text.toml"),
    },
    Entry {
        id: "ivanti/vc0",
        source: &ivanti_vc0::SOURCE,
        about: include_str!("ivanti/vc0/source.toml"),
        text: include_str!("ivanti/vc0/text.toml"),
    },
];
