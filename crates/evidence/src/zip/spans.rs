//! Ranges of a file that are spoken for: overlaps are found, gaps are listed.

use std::collections::BTreeMap;

/// Disjoint ranges, neighbours joined: an ordinary archive is one range, however many members it has.
#[derive(Debug, Default)]
pub(crate) struct Spans(BTreeMap<u64, u64>);

impl Spans {
    /// Takes `start..end`; false (and nothing taken) when part of it is taken already.
    pub fn take(&mut self, start: u64, end: u64) -> bool {
        if start >= end {
            return start == end;
        }
        let before = self.0.range(..=start).next_back().map(|(&s, &e)| (s, e));
        let after = self.0.range(start..).next().map(|(&s, &e)| (s, e));
        if before.is_some_and(|(_, e)| e > start) || after.is_some_and(|(s, _)| s < end) {
            return false;
        }
        let (mut from, mut to) = (start, end);
        if let Some((s, _)) = before.filter(|&(_, e)| e == start) {
            from = s;
        }
        if let Some((s, e)) = after.filter(|&(s, _)| s == end) {
            self.0.remove(&s);
            to = e;
        }
        self.0.insert(from, to);
        true
    }

    /// What of `0..size` is not taken.
    pub fn gaps(&self, size: u64) -> Vec<(u64, u64)> {
        let mut gaps = Vec::new();
        let mut at = 0;
        for (&start, &end) in &self.0 {
            if start > at {
                gaps.push((at, start.min(size)));
            }
            at = at.max(end);
        }
        if at < size {
            gaps.push((at, size));
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_refuses_and_lists() {
        let mut spans = Spans::default();
        assert!(spans.take(10, 20) && spans.take(30, 40) && spans.take(20, 30));
        assert!(!spans.take(15, 16) && !spans.take(5, 11) && !spans.take(39, 50) && !spans.take(0, 100));
        assert!(spans.take(5, 5) && spans.take(50, 60));
        assert_eq!(spans.gaps(70), [(0, 10), (40, 50), (60, 70)]);
    }
}
