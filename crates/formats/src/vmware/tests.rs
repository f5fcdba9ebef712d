//! Every shape of head, and what makes a continuation.

use super::*;

fn head(text: &str) -> Head<'_> {
    split(text).unwrap()
}

#[test]
fn the_shapes_of_six_and_seven() {
    let h = head(
        "2018-07-05T21:06:22.870Z info hostd[A6C2B70] [Originator@6876 sub=Vmsvc.vm:/vmfs/volumes/5b2c/a [prod] b/a [prod] b.vmx opID=fc-243c user=dcui] State Transition (A -> B)",
    );
    assert_eq!((h.level, h.process, h.pid, h.op_id, h.user), ("info", "hostd", "A6C2B70", "fc-243c", "dcui"));
    assert_eq!(h.sub, "Vmsvc.vm:/vmfs/volumes/5b2c/a [prod] b/a [prod] b.vmx");
    assert_eq!(h.message, "State Transition (A -> B)");
    let h = head("2018-07-05T20:12:46Z sshd[77731]: User 'root' running command 'ls'");
    assert_eq!((h.process, h.pid, h.shape, h.copied), ("sshd", "77731", Shape::Tag, false));
    let h = head("2018-07-05T20:58:06.093Z cpu27:66317)<6>igb: NIC Link is Down");
    assert_eq!((h.process, h.message), ("vmkernel", "cpu27:66317)<6>igb: NIC Link is Down"));
    let h = head("2018-07-05T20:58:06.093Z: [GenericCorrelator] 12us: [vob.x] text");
    assert_eq!(h.message, "[GenericCorrelator] 12us: [vob.x] text");
    let h = head("2020-03-01T01:02:03.004Z| vmx| I125: Log for VMware ESX");
    assert_eq!((h.process, h.level, h.message), ("vmx", "I125", "Log for VMware ESX"));
    let h = head("2020-05-11T22:32:22.932Z [/etc/init.d/vvold[1000211787]: started created]");
    assert_eq!((h.process, h.pid, h.message), ("/etc/init.d/vvold", "1000211787", "started created"));
    let h = head("2013-01-01T00:00:00.000Z [FFBB1B70 info 'Solo.Vmomi' opID=ab user=root] text");
    assert_eq!((h.sub, h.op_id, h.user, h.message), ("Solo.Vmomi", "ab", "root", "text"));
}

#[test]
fn the_shapes_of_eight() {
    let h = head(
        "2024-03-26T04:31:17.959Z In(166) Hostd[2098914]: [Originator@6876 sub=Libs opID=539b sid=5237 user=vpxuser:VSPHERE.LOCAL\\admin] notFound(403)",
    );
    assert_eq!((h.level, h.process, h.sid), ("In(166)", "Hostd", "5237"));
    assert_eq!((h.user, h.message), ("vpxuser:VSPHERE.LOCAL\\admin", "notFound(403)"));
    let h = head("2023-12-05T17:42:40.666Z In(05) vmx vim-cmd-09-a45d SnapshotVMX_TakeSnapshot start: 'x'");
    assert_eq!((h.shape, h.process, h.op_id), (Shape::Direct, "vmx", "vim-cmd-09-a45d"));
    for line in ["2023-12-05T17:42:40.666Z In(05) vmx - Log for VMware ESX", "2023-12-05T17:42:40.666Z In(05) vmx Log for VMware ESX"] {
        let h = head(line);
        assert_eq!((h.process, h.op_id, h.message), ("vmx", "", "Log for VMware ESX"));
    }
    let h = head("2022-06-02T02:15:22.987Z In(166) Hostd[10]: info -[1001392061] [Originator@6876 sub=Default] Supported VMs 640");
    assert_eq!((h.process, h.pid, h.message), ("Hostd", "1001392061", "Supported VMs 640"));
    let h = head("2022-06-02 In(14) hostprofile[1001430319]: 05:34:23.666 {'mode': 'x'}");
    assert_eq!((h.process, h.time.unwrap().hour, h.time.unwrap().digits), ("hostprofile", 5, 3));
}

#[test]
fn syslog_copies() {
    let h = head("<166>2022-11-04T15:01:58.230Z ESXI Hostd: info hostd[1053970] [Originator@6876 sub=Vimsvc user=root] Event 406 : text");
    assert_eq!((h.host, h.process, h.pid, h.level), ("ESXI", "Hostd", "1053970", "info"));
    assert_eq!((h.user, h.message), ("root", "Event 406 : text"));
    let h = head("<110>2022-11-04T15:25:46.186Z ESXI shell[1231448]: [shell.cmd@6876 subject=\"root\" status=\"0\"]");
    assert_eq!(h.message, "[shell.cmd@6876 subject=\"root\" status=\"0\"]");
    let h = head("<166>1 2024-11-04T15:01:58.230Z esx01 Hostd 1053970 - [Originator@6876 sub=Vimsvc] Event 1 : text");
    assert_eq!((h.host, h.process, h.pid, h.sub, h.message), ("esx01", "Hostd", "1053970", "Vimsvc", "Event 1 : text"));
    let h = head("Nov  4 15:01:58 esx01 Hostd: info hostd[1053970] [Originator@6876 sub=Vimsvc] text");
    assert_eq!((h.host, h.process, h.time.unwrap().year, h.message), ("esx01", "Hostd", 0, "text"));
    let h = head("Nov  4 15:01:59 relay 2022-11-04T15:01:58.230Z esx01 vobd:  [UserLevelCorrelator] 5us: [vob.x] t");
    assert_eq!((h.host, h.process, h.time.unwrap().year), ("esx01", "vobd", 2022));
    let h = head("2022-11-04T15:01:58.230Z esx01 vmkernel: cpu0:12)text");
    assert_eq!((h.host, h.process, h.message), ("esx01", "vmkernel", "cpu0:12)text"));
}

#[test]
fn continuation_lines_begin_no_record() {
    assert!(starts(b"2022-06-02T05:34:23Z In(14) hostprofile[1]: x"));
    assert!(!starts(b"2022-06-02T05:34:23Z In(14)[+] hostprofile[1]: x"));
    assert!(!starts(b"2022-06-02T05:34:23.123Z In(166)+ Hostd[1]: x"));
    assert!(!starts(b"2022-06-02T05:34:23.123Z| vmx| I125+ x"));
    assert!(starts(b"2022-06-02T05:34:23.123Z| vmx| I125: x"));
    assert!(!starts(b"--> x"));
    assert!(!starts(b"Traceback (most recent call last):"));
    assert!(split("no time").is_none());
    assert!(split("<999999>x").is_none());
}
