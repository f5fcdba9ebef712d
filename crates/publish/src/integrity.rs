//! Integrity of a package: manifests, a signature with the user's key, a time-stamp request, and how a reader checks them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::words_of_data as say;
use crate::{Error, File, Package, Request};

/// Files that the manifest cannot list, because they are made from it.
pub const UNLISTED: &[&str] = &["MANIFEST.sha256", "MANIFEST.sha256.minisig", "MANIFEST.sha256.tsq"];

/// DER of an RFC 3161 request up to the hash: version 1, SHA-256, 32 octets; `certReq` follows it. No nonce, so that the
/// same manifest gives the same bytes. Fixed by the form (RFC 3161, 2.4.1), so no encoder is needed.
const QUERY_HEAD: &[u8] = &[
    0x30, 0x39, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];
const QUERY_TAIL: &[u8] = &[0x01, 0x01, 0xff];

/// What a package is sealed with.
#[derive(Clone, Copy, Debug)]
pub struct Seal<'a> {
    pub versions: &'a BTreeMap<String, String>,
    /// Text of a minisign secret key.
    pub key: Option<&'a str>,
    pub password: Option<&'a str>,
}

/// Adds `manifest.json`, `VERIFY.txt`, `MANIFEST.sha256`, the time-stamp request and the signature.
///
/// # Errors
/// The key cannot be used.
pub fn seal(package: &mut Package, request: &Request, seal: &Seal<'_>) -> Result<(), Error> {
    let langs: Vec<&str> = request.langs.iter().map(|lang| lang.tag()).collect();
    let files: Vec<_> =
        package.files.iter().map(|file| json!({"path": file.path, "bytes": file.bytes.len(), "sha256": sha256(&file.bytes)})).collect();
    let manifest = json!({
        "tool": "konseki",
        "versions": seal.versions,
        "arguments": {
            "audience": request.audience.as_str(),
            "lang": langs,
            "side_by_side": request.side_by_side,
            "defang": request.defang,
            "now": request.now.map(crate::data::stamp),
        },
        "tlp": request.audience.tlp().label(),
        "files": files,
    });
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| Error::Internal(error.to_string()))?;
    package.files.push(File::new("manifest.json", text + "\n"));
    let verify: String = request.langs.iter().map(|lang| say::text(*lang, "verify") + "\n").collect();
    package.files.push(File::new("VERIFY.txt", verify));
    package.files.sort_by(|a, b| a.path.cmp(&b.path));
    let list = package.files.iter().fold(String::new(), |mut list, file| {
        let _ = writeln!(list, "{}  {}", sha256(&file.bytes), file.path);
        list
    });
    let hash = Sha256::digest(list.as_bytes());
    let query = [QUERY_HEAD, hash.as_slice(), QUERY_TAIL].concat();
    if let Some(key) = seal.key {
        let signature = sign(key, seal.password, &list, &crate::hex(&hash))?;
        package.files.push(File::new("MANIFEST.sha256.minisig", signature));
    }
    package.files.push(File { path: "MANIFEST.sha256.tsq".to_owned(), bytes: query });
    package.files.push(File::new("MANIFEST.sha256", list));
    package.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(())
}

fn sha256(bytes: &[u8]) -> String {
    crate::hex(&Sha256::digest(bytes))
}

/// The trusted comment names the manifest and no time. Signatures are hedged with randomness: they differ from run to run,
/// nothing else of a package does.
fn sign(key: &str, password: Option<&str>, data: &str, hash: &str) -> Result<String, Error> {
    let bad = |error: minisign::PError| Error::Key(error.to_string());
    let boxed = || minisign::SecretKeyBox::from_string(key);
    let secret = match password {
        Some(password) => boxed().map_err(bad)?.into_secret_key(Some(password.to_owned())),
        None => boxed().map_err(bad)?.into_unencrypted_secret_key().or_else(|error| unchecked(key).ok_or(error)),
    };
    let comment = format!("MANIFEST.sha256 sha256:{hash}");
    let secret = secret.map_err(bad)?;
    let public = minisign::PublicKey::from_secret_key(&secret).map_err(bad)?;
    let signed = minisign::sign(None, &secret, data.as_bytes(), Some(&comment), Some("signature of a konseki package")).map_err(bad)?;
    // A damaged key signs, too, and nobody could verify it.
    minisign::verify(&public, &signed, std::io::Cursor::new(data.as_bytes()), true, false, false).map_err(bad)?;
    Ok(signed.into_string())
}

/// A key that `minisign -G -W` wrote: neither encrypted nor with a checksum, where the crate expects one.
/// Form (minisign, "Secret key format"): algorithms 2 + 2 + 2, salt 32, limits 8 + 8, key number 8, key 64, checksum 32.
fn unchecked(key: &str) -> Option<minisign::SecretKey> {
    let text = key.lines().nth(1)?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()?;
    let open = bytes.get(2..4)? == [0, 0] && bytes.get(126..158)?.iter().all(|byte| *byte == 0);
    (open && bytes.len() == 158).then(|| minisign::SecretKey::from_bytes(&bytes).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `minisign -G -W` 0.11 for this test alone.
    const KEY: &str = "untrusted comment: minisign encrypted secret key\nRWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAbVeV6n3Nt94SXnzamACTz4Uk1Y/G1Pwk+PVSUumP3ktAIzdRbcplXM5P+fXg9vOdGxwALhcVaartYzHRzsheA4JQqj2aGGrmAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    const PUBLIC: &str = "RWRtV5Xqfc233s5P+fXg9vOdGxwALhcVaartYzHRzsheA4JQqj2aGGrm";

    #[test]
    fn a_key_without_password_from_the_tool_itself_signs() {
        let signed = sign(KEY, None, "data", "00").unwrap();
        let signature = minisign::SignatureBox::from_string(&signed).unwrap();
        let public = minisign::PublicKey::from_base64(PUBLIC).unwrap();
        assert!(minisign::verify(&public, &signature, std::io::Cursor::new(b"data"), true, false, false).is_ok());
        assert!(minisign::verify(&public, &signature, std::io::Cursor::new(b"dato"), true, false, false).is_err());
        let damaged = KEY.replace("mP3k", "AAAA");
        assert!(damaged != KEY && sign(&damaged, None, "data", "00").is_err());
    }
}
