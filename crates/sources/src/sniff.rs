//! Why a piece is not read as a log: what it is by its first bytes, in words a person accepts.

const SHAPES: &[(&[u8], &str)] = &[
    (b"\x7fELF", "an ELF program or library: scanned with YARA, not read as a log"),
    (b"MZ", "a Windows program or library: scanned with YARA, not read as a log"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3", "a SQLite database: no source reads it"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture: convert it with Zeek or Suricata first"),
    (b"\xa1\xb2\xc3\xd4", "a packet capture: convert it with Zeek or Suricata first"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture (pcapng): convert it with Zeek or Suricata first"),
    (b"LPKSHHRH", "a binary systemd journal: export it with `journalctl -o json --file`"),
    (b"regf", "a Windows registry hive: no source reads it"),
    (b"\xd0\xcf\x11\xe0", "an OLE document"),
    (b"PAR1", "a Parquet file"),
    (b"\xca\xfe\xba\xbe", "a Java class: scanned with YARA, not read as a log"),
    (b"PK\x03\x04", "a ZIP archive that was left closed"),
    (b"\x1f\x8b", "a gzip stream that was left closed"),
    (b"7z\xbc\xaf", "a 7z archive that was left closed"),
];

/// Bytes that a text would have to hold as well to be taken for such a shape by chance.
const SURE: usize = 256;

/// Whether the first bytes are those of a known shape that no source reads, beyond what a text could begin with.
pub fn is_binary(head: &[u8]) -> bool {
    let zeros = head.get(..head.len().min(SURE)).unwrap_or_default().contains(&0);
    zeros && SHAPES.iter().any(|(magic, _)| head.starts_with(magic))
}

/// The reason, by magic bytes.
pub fn why(head: &[u8], size: u64) -> &'static str {
    if size == 0 {
        return "an empty file";
    }
    SHAPES
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map_or("binary data of no known shape: scanned with YARA and indicators, not read as a log", |(_, why)| why)
}
