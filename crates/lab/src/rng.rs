//! Numbers that depend on the seed alone: PCG-XSH-RR 64/32 streams, forked by label so that adding noise moves no plot.

#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
    inc: u64,
}

/// SplitMix64, the usual way to spread a small seed over a large state.
fn spread(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// FNV-1a, for labels.
pub fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3))
}

impl Rng {
    pub fn new(seed: u64, label: &str) -> Self {
        let a = spread(seed ^ fnv(label));
        let b = spread(a);
        let mut rng = Self { state: a, inc: b | 1 };
        rng.next();
        rng
    }

    /// A stream of its own; the parent moves by one step whatever the child does.
    pub fn fork(&mut self, label: &str) -> Self {
        let seed = self.u64();
        Self::new(seed, label)
    }

    fn next(&mut self) -> u32 {
        let old = self.state;
        self.state = old.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(self.inc);
        let xor = (((old >> 18) ^ old) >> 27) as u32;
        xor.rotate_right((old >> 59) as u32)
    }

    pub fn u64(&mut self) -> u64 {
        (u64::from(self.next()) << 32) | u64::from(self.next())
    }

    /// `0..n`; 0 for `n == 0`.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 { 0 } else { ((u128::from(self.u64()) * u128::from(n)) >> 64) as u64 }
    }

    /// `low..=high`.
    pub fn range(&mut self, low: i64, high: i64) -> i64 {
        if high <= low { low } else { low + self.below((high - low + 1) as u64) as i64 }
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        let at = self.below(items.len() as u64) as usize;
        items.get(at).copied().unwrap_or("")
    }

    pub fn one<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let at = self.below(items.len() as u64) as usize;
        items.get(at)
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            let other = self.below(at as u64 + 1) as usize;
            items.swap(at, other);
        }
    }

    pub fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| char::from_digit(self.below(16) as u32, 16).unwrap_or('0')).collect()
    }

    pub fn letters(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'a' + self.below(26) as u8)).collect()
    }

    pub fn alnum(&mut self, count: usize) -> String {
        const SET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..count).map(|_| char::from(SET.get(self.below(62) as usize).copied().unwrap_or(b'x'))).collect()
    }

    /// `8-4-4-4-12` hexadecimal.
    pub fn uuid(&mut self) -> String {
        format!("{}-{}-4{}-a{}-{}", self.hex(8), self.hex(4), self.hex(3), self.hex(3), self.hex(12))
    }

    /// About `mean` things: never below 0, spread by half of it.
    pub fn about(&mut self, mean: f64) -> u64 {
        let whole = (mean * (0.5 + self.below(1001) as f64 / 1000.0)).max(0.0);
        let rest = whole - whole.floor();
        whole.floor() as u64 + u64::from((self.below(1000) as f64) < rest * 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_stream_and_labels_differ() {
        let (mut a, mut b, mut c) = (Rng::new(7, "x"), Rng::new(7, "x"), Rng::new(7, "y"));
        let first: Vec<u64> = (0..20).map(|_| a.u64()).collect();
        assert_eq!(first, (0..20).map(|_| b.u64()).collect::<Vec<_>>());
        assert_ne!(first, (0..20).map(|_| c.u64()).collect::<Vec<_>>());
        assert!((0..1000).all(|_| (3..=5).contains(&a.range(3, 5))));
    }
}
