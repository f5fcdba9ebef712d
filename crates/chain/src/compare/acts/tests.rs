//! Each act, done once and done as a habit.

use konseki_model::{At, Basis, Fidelity, Finding, Kind, Level, Record, Stamp};

use super::{Acts, DAY};
use crate::compare::Compared;
use crate::data::Data;

fn record(kind: Kind, day: i64, object: &str, command: &str) -> Record {
    Record {
        source: "vmware/vcenter_access".into(),
        kind: Some(kind),
        host: "vc".into(),
        user: "CORP\\op".into(),
        object: object.into(),
        command: command.into(),
        outcome: "200".into(),
        time: Some(Stamp::new(day * DAY, Fidelity::Second, Basis::Written)),
        at: Some(At::Line(day.unsigned_abs() + 1)),
        ..Record::default()
    }
}

fn run(records: &[Record]) -> Vec<Finding> {
    let (mut acts, data) = (Acts::default(), Data::embedded());
    records.iter().for_each(|record| acts.observe(record, &data));
    let mut out = Compared::default();
    acts.finish(&mut out);
    out.findings
}

#[test]
fn an_export_is_told_and_a_weekly_one_less_so() {
    assert_eq!(run(&[record(Kind::VmListExport, 1, "/ui/list/export", "")])[0].level, Level::Medium);
    let weekly: Vec<Record> = (0..6).map(|week| record(Kind::VmListExport, week * 7, "/ui/list/export", "")).collect();
    assert_eq!(run(&weekly)[0].level, Level::Low);
}

#[test]
fn the_disk_of_a_machine_over_the_web() {
    let found = run(&[record(Kind::WebRequest, 1, "/folder/files-01/files-01-flat.vmdk", "GET /folder/files-01/files-01-flat.vmdk")]);
    assert_eq!(
        (found[0].rule.as_str(), found[0].args["vm"].as_str()),
        ("vmware-datastore-download", "/folder/files-01/files-01-flat.vmdk")
    );
    assert!(run(&[record(Kind::WebRequest, 1, "/ui/login", "GET /ui/login")]).is_empty());
}

#[test]
fn boot_scripts_that_start_something_quiet_and_those_that_set_a_value() {
    let found = run(&[record(Kind::Autostart, 1, "/etc/rc.d/rc.local", "/mnt/x/agent >/dev/null 2>&1 &")]);
    assert_eq!((found[0].rule.as_str(), found[0].level), ("autostart-added", Level::High));
    for line in [
        "exit 0",
        "# vmx notes",
        "esxcli system settings advanced set -o /UserVars/SuppressShellWarning -i 1",
        "1 * * * * /sbin/auto-backup.sh",
    ] {
        assert!(run(&[record(Kind::Autostart, 1, "/etc/rc.local.d/local.sh", line)]).is_empty(), "{line}");
    }
}

#[test]
fn new_files_after_an_upgrade_are_expected() {
    let check = record(Kind::IntegrityNew, 10, "/home/bin/x", "");
    assert_eq!(run(std::slice::from_ref(&check))[0].level, Level::Medium);
    assert_eq!(run(&[record(Kind::Boot, 9, "", ""), check])[0].level, Level::Low);
}

#[test]
fn groups_that_give_power() {
    let mut add = record(Kind::GroupAdd, 1, "CN=x", "");
    add.target = "CORP\\ESX Admins".into();
    assert_eq!(run(&[add.clone()])[0].level, Level::High);
    add.target = "CORP\\Printer Users".into();
    assert!(run(&[add]).is_empty());
}
