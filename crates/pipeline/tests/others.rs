//! Output of other tools in the evidence is held against our own findings: in the results and on the page, with reasons.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::Path;

use konseki_formats::evtx::write::{EventSpec, EvtxWriter};
use konseki_pipeline::{Request, Silent, investigate, verify};
use serde_json::Value;

const T: i64 = 1_704_597_129_000_000;

fn write(root: &Path, name: &str, bytes: &[u8]) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn evidence(root: &Path) {
    let running = "dev-build-07\n   World ID: 2101234\n   Process ID: 0\n   VMX Cartel ID: 2101233\n   UUID: 56 4d 00 00 00 00 00 00-00 00 00 00 00 00 00 07\n   \
                   Display Name: dev-build-07\n   Config File: /vmfs/volumes/ds1/dev-build-07/dev-build-07.vmx\n\n\
                   app-01\n   World ID: 2101235\n   Process ID: 0\n   VMX Cartel ID: 2101236\n   UUID: 56 4d 00 00 00 00 00 00-00 00 00 00 00 00 00 01\n   \
                   Display Name: app-01\n   Config File: /vmfs/volumes/ds1/app-01/app-01.vmx\n";
    let registered = "Vmid   Name     File                        Guest OS          Version   Annotation\n\
                      1      app-01   [ds1] app-01/app-01.vmx     otherLinux64Guest   vmx-19              \n";
    write(root, "esx01/commands/localcli_vm-process-list.txt", running.as_bytes());
    write(root, "esx01/commands/vim-cmd_vmsvc_getallvms.txt", registered.as_bytes());
    let ghost = "Rogue VM: dev-build-07 found on esx01.example.net\nRogue VM: app-01 found on esx01.example.net\nesx02.example.net has no findings.\n";
    write(root, "HiddenVMQuery.txt", ghost.as_bytes());
    let mut log = EvtxWriter::new();
    for number in 0..3 {
        let id = if number == 1 { 1102 } else { 4624 };
        let event = EventSpec::new("Microsoft-Windows-Eventlog", "Security", id, T + number * 60_000_000, "pc01");
        log.push(&event.data("TargetUserName", "taro")).unwrap();
    }
    write(root, "pc01/Security.evtx", &log.finish());
    let line = |computer: &str, record: u64, title: &str, level: &str, id: u64| {
        format!(
            "\"2024-01-07 03:13:09.000 +00:00\",\"{title}\",\"{level}\",\"{computer}\",\"Sec\",1102,{record},\"User: taro\",\"-\",\"66666666-0000-4000-8000-00000000000{id}\"\n"
        )
    };
    let head = "\"Timestamp\",\"RuleTitle\",\"Level\",\"Computer\",\"Channel\",\"EventID\",\"RecordID\",\"Details\",\"ExtraFieldInfo\",\"RuleID\"\n";
    let rows = [
        line("pc01", 2, "Log Gone", "high", 1),
        line("pc01", 3, "Something Else", "med", 2),
        line("dc09", 2, "Log Gone", "high", 1),
        line("pc01", 1, "Logon", "info", 3),
    ];
    write(root, "hayabusa.csv", (head.to_owned() + &rows.concat()).as_bytes());
}

#[test]
fn other_tools_agree_or_the_reason_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (root, case) = (folder.path().join("evidence"), folder.path().join("case"));
    evidence(&root);
    let request = Request { inputs: vec![root], case: case.clone(), threads: 2, ..Request::default() };
    investigate(&request, &Silent).unwrap();
    let others: Value = serde_json::from_slice(&fs::read(case.join("results/others.json")).unwrap()).unwrap();
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let rows: Vec<String> = others["opinions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| ["verdict", "tool", "name", "host", "why"].map(|key| text(one, key)).join("|"))
        .collect();
    for wanted in [
        "only-theirs|Hayabusa|Log Gone|dc09|log-not-in-evidence",
        "only-theirs|Hayabusa|Something Else|pc01|rule-not-in-set",
        "both|Hayabusa|Log Gone|pc01|",
        "only-theirs|Invoke-HiddenVMQuery|app-01|esx01.example.net|registered",
        "both|Invoke-HiddenVMQuery|dev-build-07|esx01.example.net|",
    ] {
        assert!(rows.iter().any(|row| row == wanted), "{wanted}\n{}", rows.join("\n"));
    }
    let hayabusa = others["tools"].as_array().unwrap().iter().find(|one| one["tool"] == "Hayabusa").unwrap();
    assert_eq!((hayabusa["said"].as_u64(), hayabusa["compared"].as_u64()), (Some(4), Some(3)));
    let findings = fs::read_to_string(case.join("results/findings.jsonl")).unwrap();
    let hidden: Value = findings
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .find(|f: &Value| f["rule"] == "vmware-unregistered-vm-running")
        .unwrap();
    assert_eq!(hidden["args"]["witness"], "Invoke-HiddenVMQuery");
    assert!(hidden["confidence"].as_f64().unwrap() > 0.95 && hidden["why"].as_str().unwrap().contains("Invoke-HiddenVMQuery says so too"));
    assert!(hidden["because"].to_string().contains("HiddenVMQuery.txt"));
    let page = fs::read_to_string(case.join("report/index.html")).unwrap();
    assert!(page.contains("id=\"others\"") && page.contains("No Windows event log of this host is in the evidence."));
    assert!(verify(&case).unwrap().bad.is_empty());
}
