//! Whose log is a file in the common log format? The format alone does not say.

use memchr::memmem;

/// Paths under which only vCenter's own services answer.
const PATHS: &[&[u8]] =
    &[b" /ui/", b" /ui ", b" /sdk", b" /vsphere-client", b" /websso/", b" /lookupservice", b" /sso-adminserver", b" /vsphere-ui", b" /ui?"];

/// Those that no other product answers under.
const OWN: &[&[u8]] =
    &[b" /sdk", b" /vsphere-client", b" /lookupservice", b" /sso-adminserver", b" /vsphere-ui", b" /ui/list/", b" /ui/actionsService/"];

/// By the file's place on the appliance, or by half of the requests in its head.
pub fn is_vcenter(path: &str, head: &[u8]) -> bool {
    let path = path.to_ascii_lowercase();
    let placed = ["vsphere-ui", "vsphere-client", "vmware/sso", "vmware/lookupsvc", "vmware/rhttpproxy", "vmware/envoy", "vmware-sso"];
    if placed.iter().any(|part| path.contains(part)) {
        return true;
    }
    let (mut asked, mut own, mut all) = (0, 0, 0);
    for line in crate::heads::first_lines(head, 60) {
        let request = line.iter().position(|b| *b == b'"').and_then(|at| line.get(at..)).unwrap_or_default();
        let among = |paths: &[&[u8]]| paths.iter().any(|path| memmem::find(request, path).is_some());
        asked += u32::from(among(PATHS));
        own += u32::from(among(OWN));
        all += 1;
    }
    // `/ui/` is anybody's: the name Tomcat gives the file, or a path that nobody else has, must stand beside it.
    asked > 0 && asked * 2 >= all && (own > 0 || path.contains("localhost_access"))
}
