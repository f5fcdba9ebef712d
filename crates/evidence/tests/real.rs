//! Real public evidence, where it stands beside the project.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::*;
use konseki_model::ProblemKind as Kind;

#[test]
fn integrity_checker_archive_down_to_the_egg() {
    let Some(folder) = shared("evidence/ivanti-ics-fcsc2024") else { return };
    let origin = std::fs::read_to_string(folder.join("ORIGIN.md")).unwrap();
    let start = origin.find("FCSC{").unwrap();
    let password = &origin[start..=start + origin[start..].find('}').unwrap()];
    let mut bench = Bench::new();
    let archive = folder.join("archive.encrypted");
    let closed = take(std::slice::from_ref(&archive), &bench.options);
    assert_eq!(closed.refused.len(), 3);
    assert!(closed.refused.values().all(|r| r.problem.kind == Kind::Encrypted));

    bench.options.passwords = vec!["infected".to_owned(), password.to_owned()];
    let taken = take(std::slice::from_ref(&archive), &bench.options);
    let shell = taken.paths().into_iter().find(|p| p.ends_with("/cav/api/resources/health.py")).unwrap().to_owned();
    assert!(shell.starts_with("archive.encrypted!/tmp/temp-scanner-archive-20240315-065846.tgz!/"), "{shell}");
    assert!(shell.contains(".egg!/"), "{shell}");
    assert!(taken.pieces.keys().any(|p| p.ends_with("home/bin/configencrypt")));
    assert!(taken.refused.is_empty());
    // Pacific time, with and without daylight saving: formats.md, finding 2.
    let offsets: Vec<_> = taken.containers["archive.encrypted"].zip_zone.iter().map(|z| z.1 / 3600).collect();
    assert_eq!(offsets, [-8, -7, -7]);
}

#[test]
fn appliance_bundle() {
    let Some(folder) = shared("evidence/ivanti-ics-fcsc2024") else { return };
    let bench = Bench::new();
    let taken = take(&[folder.join("horreur-malheur.tar.xz")], &bench.options);
    assert!(taken.pieces.keys().any(|p| p.ends_with("config_rest_server.log.old")), "{:?}", taken.paths());
    assert!(taken.pieces.keys().any(|p| p.ends_with("nodemonlog.old")));
    assert!(taken.refused.is_empty());
}

#[test]
fn everything_public_is_accounted_for() {
    let Some(folder) = shared("evidence") else { return };
    let bench = Bench::new();
    let taken = take(&[folder], &bench.options);
    eprintln!("{:?}", taken.totals);
    for (path, container) in taken.containers.iter().filter(|(_, c)| !c.problems.is_empty()) {
        eprintln!("{path}: {:?} {:?}", container.accounts, container.problems);
    }
    for (path, refused) in &taken.refused {
        eprintln!("{path}: {:?}", refused.problem);
    }
    for (path, piece) in taken.pieces.iter().filter(|(_, p)| !p.problems.is_empty()) {
        eprintln!("{path}: {:?}", piece.problems);
    }
    assert!(taken.pieces.len() > 2000);
}
