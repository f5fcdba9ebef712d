//! Little-endian numbers at a place in a slice: `None` past the end, never a panic.

#[inline]
pub(super) fn take(bytes: &[u8], at: usize, len: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(len)?)
}

#[inline]
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    take(bytes, at, N)?.try_into().ok()
}

#[inline]
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

#[inline]
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

#[inline]
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_le_bytes)
}

/// The number in the first `width` bytes (at most 8); shorter slices count as filled up with zeros.
#[inline]
pub(super) fn number(bytes: &[u8], width: usize) -> u64 {
    let mut out = [0u8; 8];
    for (to, from) in out.iter_mut().zip(bytes.iter().take(width)) {
        *to = *from;
    }
    u64::from_le_bytes(out)
}
