//! Machines as ESXi writes them: SMBIOS identifiers, paths of `.vmx` files, names made of paths.

/// `56 4d 48 08 86 8b 8f 67-a5 4a 33 f3 87 a8 d0 59`, dashed or plain -> lower-case 8-4-4-4-12.
/// Empty where there are not 32 hexadecimal digits.
pub fn uuid(text: &str) -> String {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '{' | '}')).collect();
    if digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return String::new();
    }
    let digits = digits.to_ascii_lowercase();
    let mut out = String::with_capacity(36);
    for (index, c) in digits.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(c);
    }
    out
}

/// The name of a file without folder and `.vmx`.
pub fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".vmx").unwrap_or(name)
}

/// The path on the device that a collected file stands at: from `/vmfs/volumes/` where the piece's path holds it, else
/// its folder and name.
pub fn device_path(path: &str) -> String {
    let path = path.rsplit_once("!/").map_or(path, |(archive, inner)| {
        // A compressed single file (`vmware-1.log.gz!/vmware-1.log`) stands where its archive does.
        if inner.contains('/') { path } else { archive }
    });
    if let Some(at) = path.rfind("vmfs/volumes/") {
        return format!("/{}", path.get(at..).unwrap_or_default());
    }
    let mut parts = path.rsplit(['/', '\\']);
    let (name, folder) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The program of a command line as an absolute path: `/bin/esxcli` for `esxcli vm process list`. Assignments before it
/// are skipped. The path is built in `room` where it has to be.
pub fn image<'a>(command: &'a str, room: &'a mut String) -> &'a str {
    let word = command
        .split_ascii_whitespace()
        .map(|word| word.trim_matches(['\'', '"', '(', ')', '{', '}', ';']))
        .find(|word| !word.is_empty() && !is_assignment(word))
        .unwrap_or_default();
    if word.is_empty() || word.starts_with('/') || word.starts_with("./") {
        return word;
    }
    room.push_str("/bin/");
    room.push_str(word);
    room.as_str()
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_by_any_spelling() {
        let want = "564d4808-868b-8f67-a54a-33f387a8d059";
        assert_eq!(uuid("56 4d 48 08 86 8b 8f 67-a5 4a 33 f3 87 a8 d0 59"), want);
        assert_eq!(uuid("564D4808-868B-8F67-A54A-33F387A8D059"), want);
        assert_eq!(uuid("56 4d"), "");
        assert_eq!(stem("/vmfs/volumes/x/a b/a b.vmx"), "a b");
        assert_eq!(device_path("e/esx01/vmfs/volumes/u/a/a.vmx"), "/vmfs/volumes/u/a/a.vmx");
        assert_eq!(device_path("e/v/vmware-1.log.gz!/vmware-1.log"), "v/vmware-1.log.gz");
        let mut room = String::new();
        assert_eq!(image("A=1 esxcli vm", &mut room), "/bin/esxcli");
        let mut room = String::new();
        assert_eq!(image("/bin/vmx -x a.vmx", &mut room), "/bin/vmx");
    }
}
