//! Typed values to write: their BinXML type and bytes.

use super::filetime;

/// A value as BinXML types it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Text(String),
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    I32(i32),
    Bool(bool),
    /// Shown as `0x…`.
    Hex32(u32),
    Hex64(u64),
    Guid([u8; 16]),
    Sid(Vec<u8>),
    /// Microseconds since 1970, stored as FILETIME.
    Time(i64),
    Binary(Vec<u8>),
    /// An array of texts: repeats its element.
    Texts(Vec<String>),
}

impl Value {
    /// Of `{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}`, braces optional; anything else stays text.
    pub fn guid(text: &str) -> Self {
        let digits: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'{' | b'}' | b'-')).collect();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
        let bytes: Option<[u8; 16]> = bytes.and_then(|bytes| bytes.try_into().ok());
        match bytes {
            Some([a3, a2, a1, a0, b1, b0, c1, c0, d0, d1, e0, e1, e2, e3, e4, e5]) => {
                Self::Guid([a0, a1, a2, a3, b0, b1, c0, c1, d0, d1, e0, e1, e2, e3, e4, e5])
            }
            None => Self::Text(text.to_owned()),
        }
    }

    /// Of `S-1-…`; anything else stays text.
    pub fn sid(text: &str) -> Self {
        Self::parse_sid(text).map_or_else(|| Self::Text(text.to_owned()), Self::Sid)
    }

    fn parse_sid(text: &str) -> Option<Vec<u8>> {
        let mut parts = text.strip_prefix("S-")?.split('-');
        let revision: u8 = parts.next()?.parse().ok()?;
        let authority: u64 = parts.next()?.parse().ok()?;
        let subs: Vec<u32> = parts.map(|part| part.parse().ok()).collect::<Option<_>>()?;
        let mut bytes = vec![revision, u8::try_from(subs.len()).ok().filter(|n| *n <= 15)?];
        bytes.extend(authority.to_be_bytes().iter().skip(2));
        bytes.extend(subs.iter().flat_map(|sub| sub.to_le_bytes()));
        Some(bytes)
    }

    /// The BinXML type (MS-EVEN6 2.2.4.1).
    pub(super) fn kind(&self) -> u8 {
        match self {
            Self::Null => 0x00,
            Self::Text(_) => 0x01,
            Self::U8(_) => 0x04,
            Self::U16(_) => 0x06,
            Self::I32(_) => 0x07,
            Self::U32(_) => 0x08,
            Self::U64(_) => 0x0a,
            Self::Bool(_) => 0x0d,
            Self::Binary(_) => 0x0e,
            Self::Guid(_) => 0x0f,
            Self::Time(_) => 0x11,
            Self::Sid(_) => 0x13,
            Self::Hex32(_) => 0x14,
            Self::Hex64(_) => 0x15,
            Self::Texts(_) => 0x81,
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Null => Vec::new(),
            Self::Text(text) => utf16(text),
            Self::U8(value) => vec![*value],
            Self::U16(value) => value.to_le_bytes().to_vec(),
            Self::U32(value) | Self::Hex32(value) => value.to_le_bytes().to_vec(),
            Self::U64(value) | Self::Hex64(value) => value.to_le_bytes().to_vec(),
            Self::I32(value) => value.to_le_bytes().to_vec(),
            Self::Bool(value) => u32::from(*value).to_le_bytes().to_vec(),
            Self::Guid(bytes) => bytes.to_vec(),
            Self::Sid(bytes) | Self::Binary(bytes) => bytes.clone(),
            Self::Time(micros) => filetime(*micros).to_le_bytes().to_vec(),
            Self::Texts(items) => items.iter().flat_map(|item| utf16(item).into_iter().chain([0, 0])).collect(),
        }
    }
}

pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::U32(value)
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::U64(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
