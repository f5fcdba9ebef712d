//! The table of machines: in which lists of which hosts each stands.

use std::collections::BTreeMap;

use konseki_model::{Kind, Record};

use super::place::Volumes;
use crate::compare::{MachineRow, MachineVerdict};

/// The lists that a machine can stand in.
pub(super) const LISTS: &[&str] = &["running", "registered", "on-disk", "boot-script", "log"];

fn same(row: &MachineRow, record: &Record, volumes: &Volumes) -> bool {
    let host = row.lists.values().flatten().next().cloned().unwrap_or_default();
    volumes.same(&Record { host, target: row.vmx.clone(), ..Record::default() }, record)
}

pub(super) fn put(rows: &mut Vec<MachineRow>, record: &Record, volumes: &Volumes) {
    let list = match record.kind() {
        Kind::VmRunning => "running",
        Kind::VmRegistered => "registered",
        Kind::VmOnDisk => "on-disk",
        Kind::VmBootScript => "boot-script",
        _ => "log",
    };
    let at = rows.iter().position(|row| {
        same(row, record, volumes) || (!row.uuid.is_empty() && row.uuid == record.session && record.kind() != Kind::VmBootScript)
    });
    let index = at.unwrap_or_else(|| {
        rows.push(MachineRow {
            name: record.object.clone(),
            uuid: String::new(),
            vmx: record.target.clone(),
            lists: BTreeMap::new(),
            verdict: MachineVerdict::Orphaned,
        });
        rows.len() - 1
    });
    if let Some(row) = rows.get_mut(index) {
        // Registered lists know only the path; the display name stands in the others.
        if matches!(record.kind(), Kind::VmRunning | Kind::VmOnDisk) && !record.object.is_empty() {
            row.name.clone_from(&record.object);
        }
        if row.uuid.is_empty() {
            row.uuid.clone_from(&record.session);
        }
        row.lists.entry(list.to_owned()).or_default().insert(record.host.clone());
    }
}

pub(super) fn mark(rows: &mut [MachineRow], record: &Record, verdict: MachineVerdict, volumes: &Volumes) {
    for row in rows.iter_mut().filter(|row| same(row, record, volumes)) {
        row.verdict = verdict;
    }
}
