//! Whose log is a file in the common log format? The format alone does not say.

use memchr::memmem;

/// Paths under which only vCenter's own services answer.
const PATHS: &[&[u8]] =
    &[b" /ui/", b" /ui ", b" /sdk", b" /vsphere-client", b" /websso/", b" /lookupservice", b" /sso-adminserver", b" /vsphere-ui", b" /ui?"];

/// By the file's place on the appliance, or by half of the requests in its head.
pub fn is_vcenter(path: &str, head: &[u8]) -> bool {
    let path = path.to_ascii_lowercase();
    let placed = ["vsphere-ui", "vsphere-client", "vmware/sso", "vmware/lookupsvc", "vmware/rhttpproxy", "vmware/envoy", "vmware-sso"];
    if placed.iter().any(|part| path.contains(part)) {
        return true;
    }
    let mut counts = (0, 0);
    for line in crate::heads::first_lines(head, 60) {
        let request = line.iter().position(|b| *b == b'"').and_then(|at| line.get(at..)).unwrap_or_default();
        counts.0 += u32::from(PATHS.iter().any(|path| memmem::find(request, path).is_some()));
        counts.1 += 1;
    }
    counts.0 > 0 && counts.0 * 2 >= counts.1
}
