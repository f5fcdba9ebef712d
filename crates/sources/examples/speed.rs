//! scratch
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
use konseki_model::*;
use konseki_sources::*;
use std::io::Cursor;
struct N(u64);
impl Sink for N {
    fn event(&mut self, e: &Event<'_>) {
        self.0 += e.fields.len() as u64;
    }
    fn problem(&mut self, _: Problem) {}
    fn records(&mut self, _: Records) {}
    fn host(&mut self, _: &str) {}
    fn zone(&mut self, _: &str, _: &str) {}
    fn nested(&mut self, _: &str, _: Vec<u8>) {}
}
fn main() {
    for f in std::env::args().skip(1) {
        let one = std::fs::read(&f).unwrap();
        let mut b = Vec::new();
        while b.len() < 200_000_000 {
            b.extend_from_slice(&one);
        }
        let head = &b[..65536];
        let piece = Piece { path: &f, head, size: b.len() as u64 };
        let e = recognise(&piece);
        let e = e[0];
        let about = Description::parse(e.about).unwrap();
        let hints = Hints { host: Some("h".into()), ..Hints::default() };
        let mut best = f64::MAX;
        let mut n = N(0);
        for _ in 0..3 {
            let t = std::time::Instant::now();
            let r = Reading { piece, hints: &hints, about: &about };
            n = N(0);
            e.source.read(&mut Cursor::new(&b), &r, &mut n);
            best = best.min(t.elapsed().as_secs_f64());
        }
        println!("{} {f} {:.0} MB/s fields {}", e.id, b.len() as f64 / 1e6 / best, n.0);
    }
}
