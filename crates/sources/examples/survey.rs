//! scratch
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
use konseki_model::*;
use konseki_sources::*;
use std::collections::BTreeMap;
use std::io::Cursor;
#[derive(Default)]
struct N {
    k: BTreeMap<&'static str, u64>,
    r: Records,
    p: Vec<String>,
    ev: u64,
}
impl Sink for N {
    fn event(&mut self, e: &Event<'_>) {
        self.ev += 1;
        *self.k.entry(e.kind.as_str()).or_default() += 1;
    }
    fn problem(&mut self, p: Problem) {
        if self.p.len() < 3 {
            self.p.push(format!("{:?} {}", p.at, p.text))
        }
    }
    fn records(&mut self, r: Records) {
        self.r.add(&r)
    }
    fn host(&mut self, _: &str) {}
    fn zone(&mut self, _: &str, _: &str) {}
    fn nested(&mut self, _: &str, _: Vec<u8>) {}
}
fn main() {
    for f in std::env::args().skip(1) {
        let b = std::fs::read(&f).unwrap();
        let head = &b[..b.len().min(65536)];
        let piece = Piece { path: &f, head, size: b.len() as u64 };
        let e = recognise(&piece);
        let ids: Vec<_> = e.iter().map(|e| e.id).collect();
        let mut n = N::default();
        if let Some(e) = e.first() {
            let about = Description::parse(e.about).unwrap();
            let hints = Hints::default();
            e.source.read(&mut Cursor::new(&b), &Reading { piece, hints: &hints, about: &about }, &mut n);
        }
        println!("{ids:?} {f}\n    {:?} {:?} {:?}", n.r, n.k, n.p);
    }
}
