//! Many texts found anywhere in a value, in one pass: a filter over windows of four (or two) bytes, then a comparison.
//!
//! Each text is known by its rarest window; a long one by four neighbours, of which one stands at a multiple of four
//! wherever the text does, so that only every fourth place is looked at. The filter is a few kilobytes whatever the
//! number of texts, so a pass costs the same for ten texts and for thousands; an automaton outgrows the caches.

use rustc_hash::FxHashMap;

const QUAD: usize = 4;
const PAIR: usize = 2;
/// From this length on a text holds four windows of four bytes side by side.
const LONG: usize = 2 * QUAD - 1;
/// No UTF-8 text holds this byte: windows that begin before the value find nothing.
const OUTSIDE: u32 = u32::MAX;

/// Windows that rules should not wait for, with their number among the texts and the values that most events hold.
#[derive(Debug, Default)]
pub(crate) struct Frequency(FxHashMap<u32, u32>);

impl Frequency {
    fn add(&mut self, text: &[u8], weight: u32) {
        for size in [PAIR, QUAD] {
            for window in text.windows(size) {
                let count = self.0.entry(number(window)).or_default();
                *count = count.saturating_add(weight);
            }
        }
    }

    fn of(&self, window: &[u8]) -> u32 {
        self.0.get(&number(window)).copied().unwrap_or(0)
    }
}

/// A window as a number; one of two bytes stands above the range of bytes that follow.
fn number(window: &[u8]) -> u32 {
    window.iter().fold(0, |all, byte| all << 8 | u32::from(*byte))
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    text: u32,
    /// Bytes of the text up to the end of its window.
    before: u32,
}

/// Words of a filter for few windows, for many and for most: 14 bits or more for each, up to 37,000 windows.
const FEW: usize = 16;
const MANY: usize = 1024;
const MOST: usize = 8192;

/// A bit for each window that is asked for, and for some that are not.
#[derive(Debug, Default)]
enum Bits {
    #[default]
    None,
    Few(Box<[u64; FEW]>),
    Many(Box<[u64; MANY]>),
    Most(Box<[u64; MOST]>),
}

/// Bits for windows of `SIZE` bytes and the texts known by them.
#[derive(Debug, Default)]
struct Filter<const SIZE: usize> {
    bits: Bits,
    ranges: FxHashMap<u32, (u32, u32)>,
    entries: Vec<Entry>,
}

impl<const SIZE: usize> Filter<SIZE> {
    fn new(mut windows: Vec<(u32, Entry)>) -> Self {
        let mut filter = Self::default();
        windows.sort_by_key(|(window, entry)| (*window, entry.text));
        for (window, entry) in &windows {
            let at = filter.entries.len() as u32;
            filter.ranges.entry(*window).or_insert((at, at)).1 = at + 1;
            filter.entries.push(*entry);
        }
        let windows = windows.into_iter().map(|(window, _)| window);
        filter.bits = match windows.len() {
            0 => Bits::None,
            1..=64 => Bits::Few(Box::new(filled(windows))),
            65..=4_096 => Bits::Many(Box::new(filled(windows))),
            _ => Bits::Most(Box::new(filled(windows))),
        };
        filter
    }

    fn entries(&self, window: u32) -> &[Entry] {
        let range = self.ranges.get(&window).copied().unwrap_or_default();
        self.entries.get(range.0 as usize..range.1 as usize).unwrap_or_default()
    }

    /// Calls `found` with the texts that windows of the value are known by, and with where the window ends.
    fn scan(&self, value: &[u8], found: &mut impl FnMut(&[Entry], usize)) {
        match &self.bits {
            Bits::None => {}
            Bits::Few(bits) => self.walk(bits, value, found),
            Bits::Many(bits) => self.walk(bits, value, found),
            Bits::Most(bits) => self.walk(bits, value, found),
        }
    }

    /// As `scan`, looking at every fourth place.
    fn stride(&self, value: &[u8], found: &mut impl FnMut(&[Entry], usize)) {
        match &self.bits {
            Bits::None => {}
            Bits::Few(bits) => self.leap(bits, value, found),
            Bits::Many(bits) => self.leap(bits, value, found),
            Bits::Most(bits) => self.leap(bits, value, found),
        }
    }

    #[inline]
    fn leap<const N: usize>(&self, bits: &[u64; N], value: &[u8], found: &mut impl FnMut(&[Entry], usize)) {
        for (at, bytes) in value.as_chunks::<QUAD>().0.iter().enumerate() {
            let window = u32::from_be_bytes(*bytes);
            let (word, bit) = place::<N>(window);
            if bits.get(word).is_some_and(|word| word >> bit & 1 == 1) {
                found(self.entries(window), (at + 1) * QUAD);
            }
        }
    }

    #[inline]
    fn walk<const N: usize>(&self, bits: &[u64; N], value: &[u8], found: &mut impl FnMut(&[Entry], usize)) {
        let mut window = OUTSIDE;
        for (at, byte) in value.iter().enumerate() {
            window = window << 8 | u32::from(*byte);
            let own = if SIZE == PAIR { window & 0xffff } else { window };
            let (word, bit) = place::<N>(own);
            if bits.get(word).is_some_and(|word| word >> bit & 1 == 1) {
                found(self.entries(own), at + 1);
            }
        }
    }
}

fn filled<const N: usize>(windows: impl Iterator<Item = u32>) -> [u64; N] {
    let mut bits = [0; N];
    for window in windows {
        let (word, bit) = place::<N>(window);
        if let Some(word) = bits.get_mut(word) {
            *word |= 1 << bit;
        }
    }
    bits
}

/// Word and bit of a window: the uppermost bits of its product, as many as the filter has. `N`: a power of two.
#[inline]
fn place<const N: usize>(window: u32) -> (usize, u32) {
    let hash = window.wrapping_mul(0x9e37_79b1) >> (26 - N.ilog2());
    ((hash as usize >> 6) % N, hash % 64)
}

/// The texts of one field.
#[derive(Debug, Default)]
pub(crate) struct Grams {
    longs: Filter<QUAD>,
    quads: Filter<QUAD>,
    pairs: Filter<PAIR>,
    /// Texts of one byte.
    singles: Vec<(u8, u32)>,
    bytes: Vec<u8>,
    /// By text: its range of `bytes`.
    texts: Vec<(u32, u32)>,
}

impl Grams {
    /// `texts`: none empty. `common`: values that most events hold.
    pub fn new(texts: &[Vec<u8>], common: &[String]) -> Self {
        let mut grams = Self::default();
        let mut frequency = Frequency::default();
        texts.iter().for_each(|text| frequency.add(text, 1));
        common.iter().for_each(|text| frequency.add(text.as_bytes(), 1 << 16));
        let (mut longs, mut quads, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
        for (text, bytes) in texts.iter().enumerate() {
            let text = text as u32;
            let from = grams.bytes.len() as u32;
            grams.bytes.extend_from_slice(bytes);
            grams.texts.push((from, grams.bytes.len() as u32));
            if bytes.len() >= LONG {
                let counts: Vec<u32> = bytes.windows(QUAD).map(|window| frequency.of(window)).collect();
                let sums = counts.windows(QUAD).map(|four| four.iter().copied().fold(0, u32::saturating_add)).enumerate();
                let best = sums.min_by_key(|(_, sum)| *sum).map(|(at, _)| at).unwrap_or_default();
                for (at, window) in bytes.windows(QUAD).enumerate().skip(best).take(QUAD) {
                    longs.push((number(window), Entry { text, before: (at + QUAD) as u32 }));
                }
                continue;
            }
            let (size, list) = if bytes.len() >= QUAD { (QUAD, &mut quads) } else { (PAIR, &mut pairs) };
            let rarest = bytes.windows(size).enumerate().min_by_key(|(_, window)| frequency.of(window));
            match (rarest, bytes.first()) {
                (Some((at, window)), _) => list.push((number(window), Entry { text, before: (at + size) as u32 })),
                (None, Some(byte)) => grams.singles.push((*byte, text)),
                (None, None) => {}
            }
        }
        grams.longs = Filter::new(longs);
        grams.quads = Filter::new(quads);
        grams.pairs = Filter::new(pairs);
        grams
    }

    /// Calls `found` with the number of every text in the value (some more than once).
    pub fn scan(&self, value: &[u8], found: &mut impl FnMut(u32)) {
        self.longs.stride(value, &mut |entries, end| self.compare(entries, value, end, found));
        self.quads.scan(value, &mut |entries, end| self.compare(entries, value, end, found));
        self.pairs.scan(value, &mut |entries, end| self.compare(entries, value, end, found));
        for (byte, text) in &self.singles {
            if memchr::memchr(*byte, value).is_some() {
                found(*text);
            }
        }
    }

    #[inline(never)]
    fn compare(&self, entries: &[Entry], value: &[u8], end: usize, found: &mut impl FnMut(u32)) {
        for entry in entries {
            let Some((from, to)) = self.texts.get(entry.text as usize).copied() else { continue };
            let text = self.bytes.get(from as usize..to as usize).unwrap_or_default();
            let start = end.checked_sub(entry.before as usize);
            if start.and_then(|start| value.get(start..)).is_some_and(|rest| rest.starts_with(text)) {
                found(entry.text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Grams;

    fn found(texts: &[&str], value: &str) -> Vec<u32> {
        let texts: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
        let mut all = Vec::new();
        Grams::new(&texts, &["common".to_owned()]).scan(value.as_bytes(), &mut |text| all.push(text));
        all.sort_unstable();
        all.dedup();
        all
    }

    #[test]
    fn finds_texts_of_every_length_at_every_place() {
        let texts = ["a", "ab", "abc", "abcd", "bcde", "commonplace", "\u{e9}t\u{e9}", "zzzzz"];
        assert_eq!(found(&texts, "abcde"), [0, 1, 2, 3, 4]);
        assert_eq!(found(&texts, "xxcommonplace"), [0, 5]);
        assert_eq!(found(&texts, "un \u{e9}t\u{e9}"), [6]);
        assert_eq!(found(&texts, "zzzzzz"), [7]);
        assert_eq!(found(&texts, "zzzz"), [0u32; 0]);
        assert_eq!(found(&texts, ""), [0u32; 0]);
    }

    #[test]
    fn finds_long_texts_at_every_place() {
        let texts: Vec<String> = (0..20_000).map(|n| format!("{n:07}")).collect();
        let list: Vec<&str> = texts.iter().map(String::as_str).collect();
        for before in 0..9 {
            for after in 0..5 {
                let value = format!("{}0012345{}", "x".repeat(before), "y".repeat(after));
                assert_eq!(found(&list, &value), [12_345], "{value}");
            }
        }
    }

    #[test]
    fn agrees_with_a_plain_search() {
        let alphabet = ["a", "b", "ab", "\u{3b1}", "."];
        let word = |mut n: usize| {
            let mut text = String::new();
            while n > 0 {
                text += alphabet[n % 5];
                n /= 5;
            }
            text
        };
        let texts: Vec<String> = (1..3_000).map(word).collect();
        let list: Vec<&str> = texts.iter().map(String::as_str).collect();
        for n in (0..400_000).step_by(3_001) {
            let value = word(n);
            let plain: Vec<u32> = (0..).zip(&texts).filter(|(_, text)| value.contains(text.as_str())).map(|(at, _)| at).collect();
            assert_eq!(found(&list, &value), plain, "{value}");
        }
    }
}
