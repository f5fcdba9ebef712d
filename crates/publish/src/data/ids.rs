//! Ids that are the same in every run: of cyber-observables by the standard, of everything else by case and audience.

use serde_json::Value;
use uuid::Uuid;

use crate::redact::{Policy, keyed};
use crate::{Error, Request};

/// Namespace of cyber-observable ids (STIX 2.1, 2.9).
const STIX: Uuid = Uuid::from_u128(0x00ab_edb4_aa42_466c_9c01_fed2_3315_a9b7);
/// Our own namespace: UUIDv5 of the URL namespace and `konseki:case`.
const OWN: &[u8] = b"konseki:case";

/// Makes ids for one case and audience.
#[derive(Clone, Debug)]
pub struct Ids {
    case: Uuid,
}

impl Ids {
    /// Where the content was changed for an audience, its objects are not those of another one.
    pub fn new(request: &Request) -> Self {
        let root = Uuid::new_v5(&Uuid::NAMESPACE_URL, OWN);
        let scope = if Policy::of(request.audience).retell { request.audience.as_str() } else { "" };
        Self { case: Uuid::new_v5(&root, format!("{}|{scope}", keyed(&request.key, "case id")).as_bytes()) }
    }

    pub fn uuid(&self, kind: &str, key: &str) -> String {
        Uuid::new_v5(&self.case, format!("{kind}|{key}").as_bytes()).to_string()
    }

    /// `type--uuid`.
    pub fn stix(&self, kind: &str, key: &str) -> String {
        format!("{kind}--{}", self.uuid(kind, key))
    }
}

/// Id of a cyber-observable from its contributing properties.
///
/// # Errors
/// The properties are no JSON that can be made canonical.
pub fn observable(kind: &str, contributing: &Value) -> Result<String, Error> {
    let text = serde_json_canonicalizer::to_string(contributing).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(format!("{kind}--{}", Uuid::new_v5(&STIX, text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    // Vectors made with python-stix2 3.0.2.
    #[test]
    fn observables_have_the_ids_of_the_standard() {
        let id = observable("ipv4-addr", &json!({"value": "172.75.64.253"})).unwrap();
        assert_eq!(id, "ipv4-addr--655769b7-f4aa-5e4c-b023-1d71120f18f3");
        let path = "C:\\\u{65e5}\u{672c}\u{8a9e}\\\u{e9}";
        let id = observable("directory", &json!({"path": path})).unwrap();
        assert_eq!(id, "directory--ba3c0a46-819d-5b35-af0a-27635d3466f8");
    }

    #[test]
    fn every_kind_that_is_written_has_the_id_of_the_standard() {
        let folder = "directory--ba3c0a46-819d-5b35-af0a-27635d3466f8";
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for (kind, body, id) in [
            ("ipv6-addr", json!({"value": "2001:db8::5"}), "088ee214-b1f7-557f-92b9-c401d94b2165"),
            ("domain-name", json!({"value": "example.org"}), "3500c14b-9bde-5393-b4e5-b260aea7e058"),
            ("url", json!({"value": "https://example.org/a?b=c"}), "ddbfea87-f665-5f9b-8caf-90f8b463d091"),
            ("user-account", json!({"account_login": "LAB\\hanako"}), "804c5c7c-e670-5a72-8169-34f818c0bbf3"),
            ("file", json!({"name": "defaultb.jsp"}), "61197847-6d28-5a0a-b6f6-c1ed6b77931a"),
            ("file", json!({"name": "a.bin", "hashes": {"SHA-256": empty}}), "f9331044-8d58-5882-801e-f2b4f1619a0f"),
            ("file", json!({"name": "b.txt", "parent_directory_ref": folder}), "73004947-5600-57d1-ae24-f9405fec3fc0"),
        ] {
            assert_eq!(observable(kind, &body).unwrap(), format!("{kind}--{id}"));
        }
    }
}
