//! All patterns that a text begins with (or, read backwards, ends with), in one walk.

/// A byte trie in flat arrays.
#[derive(Debug, Default)]
pub(crate) struct Trie {
    nodes: Vec<Node>,
    edges: Vec<(u8, u32)>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    first: u32,
    count: u32,
    /// The pattern that ends here; `NONE` for none.
    pattern: u32,
}

const NONE: u32 = u32::MAX;

impl Trie {
    /// `patterns`: sorted by their bytes, none twice, none empty, each with its number.
    pub fn new(patterns: &[(Vec<u8>, u32)]) -> Self {
        let mut trie = Self::default();
        if patterns.is_empty() {
            return trie;
        }
        trie.nodes.push(Node { first: 0, count: 0, pattern: NONE });
        let mut queue = std::collections::VecDeque::from([(0_usize, patterns, 0_usize)]);
        while let Some((node, mut range, depth)) = queue.pop_front() {
            let first = trie.edges.len();
            if let Some((bytes, pattern)) = range.first()
                && bytes.len() == depth
            {
                if let Some(node) = trie.nodes.get_mut(node) {
                    node.pattern = *pattern;
                }
                range = range.get(1..).unwrap_or_default();
            }
            while let Some(byte) = range.first().and_then(|(bytes, _)| bytes.get(depth)).copied() {
                let same = range.partition_point(|(bytes, _)| bytes.get(depth) == Some(&byte));
                let (head, tail) = range.split_at(same.max(1));
                trie.edges.push((byte, trie.nodes.len() as u32));
                queue.push_back((trie.nodes.len(), head, depth + 1));
                trie.nodes.push(Node { first: 0, count: 0, pattern: NONE });
                range = tail;
            }
            let count = trie.edges.len() - first;
            if let Some(node) = trie.nodes.get_mut(node) {
                (node.first, node.count) = (first as u32, count as u32);
            }
        }
        trie
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Calls `found` with the number of every pattern on the way.
    pub fn walk(&self, bytes: impl Iterator<Item = u8>, mut found: impl FnMut(u32)) {
        let Some(mut node) = self.nodes.first() else { return };
        for byte in bytes {
            let edges = node.first as usize..(node.first + node.count) as usize;
            let Some(edges) = self.edges.get(edges) else { return };
            let next = if edges.len() > 16 {
                edges.binary_search_by_key(&byte, |edge| edge.0).ok().and_then(|at| edges.get(at))
            } else {
                edges.iter().find(|edge| edge.0 == byte)
            };
            let Some(next) = next.and_then(|edge| self.nodes.get(edge.1 as usize)) else { return };
            node = next;
            if node.pattern != NONE {
                found(node.pattern);
            }
        }
    }
}
