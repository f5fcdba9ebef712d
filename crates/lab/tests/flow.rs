//! MITRE's own Attack Flow of the incident: every action of it has its row in the generated case.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;

use lab::score::actions::{flow, pair};
use lab::truth::Truth;

#[test]
fn every_action_of_the_public_record_stands_in_the_case() {
    let afb = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/truth/nerve/mitre-nerve.afb");
    let Ok(bytes) = std::fs::read(&afb) else {
        eprintln!("skipped: {} is not here", afb.display());
        return;
    };
    let actions = flow(&serde_json::from_slice(&bytes).unwrap());
    assert_eq!(actions.len(), 33);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/nerve-small/truth.json");
    let mut truth: Truth = serde_json::from_slice(&std::fs::read(root).unwrap()).unwrap();
    let rows = include_str!("../data/nerve-actions.tsv").lines();
    truth.actions = rows
        .map(|line| {
            let mut cells = line.split('\t').map(str::to_owned);
            std::array::from_fn(|_| cells.next().unwrap_or_default())
        })
        .collect();
    let pairs = pair(&actions, &truth);
    for (action, step) in actions.iter().zip(&pairs) {
        let step = step.as_ref().unwrap_or_else(|| panic!("{action:?} has no row"));
        assert!(truth.steps.iter().any(|known| known.id == *step), "{step}");
    }
}
