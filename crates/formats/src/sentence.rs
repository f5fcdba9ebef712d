//! Sentences with holes, read from a table: `login<TAB>User <login> logged in as <agent>`. Compiled once, matched
//! without allocation. Holes stand in angle brackets; `<>` is a hole that is not kept.

/// Holes a sentence may have.
const HOLES: usize = 8;

#[derive(Clone, Copy, Debug)]
enum Part {
    Text(&'static str),
    Hole(&'static str),
}

#[derive(Debug)]
struct Row {
    class: &'static str,
    parts: Vec<Part>,
    from_right: bool,
}

/// A table of sentences; the first that fits the whole text is taken.
#[derive(Debug)]
pub struct Sentences {
    rows: Vec<Row>,
    /// Rows that begin with text, by its first byte.
    by_first: Vec<Vec<u16>>,
    /// Rows that begin with a hole.
    open: Vec<u16>,
}

/// What a sentence gave: its class, and its holes in order.
#[derive(Clone, Copy, Debug)]
pub struct Found<'t> {
    pub class: &'static str,
    holes: [(&'static str, &'t str); HOLES],
    count: usize,
}

impl<'t> Found<'t> {
    pub fn holes(&self) -> impl Iterator<Item = (&'static str, &'t str)> {
        self.holes.into_iter().take(self.count)
    }

    pub fn get(&self, name: &str) -> &'t str {
        self.holes().find(|(n, _)| *n == name).map_or("", |(_, value)| value)
    }

    fn push(&mut self, name: &'static str, value: &'t str) {
        let room = self.holes.get_mut(self.count).filter(|_| !name.is_empty());
        if let Some(slot) = room {
            *slot = (name, value.trim());
            self.count += 1;
        }
    }
}

impl Sentences {
    /// One row a line, class and sentence apart by a tab; `#` begins a note. A sentence led by `~` is matched from its
    /// end: then the first hole may hold the words that follow it (names of machines hold ` on ` and ` in `).
    pub fn parse(table: &'static str) -> Self {
        let mut all = Self { rows: Vec::new(), by_first: vec![Vec::new(); 256], open: Vec::new() };
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let Some((class, sentence)) = line.split_once('\t') else { continue };
            let number = all.rows.len() as u16;
            let from_right = sentence.starts_with('~');
            let parts = compile(sentence.strip_prefix('~').unwrap_or(sentence));
            let first = match parts.first() {
                Some(Part::Text(text)) => text.as_bytes().first().copied(),
                _ => None,
            };
            match first.and_then(|byte| all.by_first.get_mut(usize::from(byte))) {
                Some(list) => list.push(number),
                None => all.open.push(number),
            }
            all.rows.push(Row { class, parts, from_right });
        }
        all
    }

    /// The first sentence that fits; a dot at the end of the text is no part of it.
    pub fn find<'t>(&self, text: &'t str) -> Option<Found<'t>> {
        let text = text.trim_end().trim_end_matches('.');
        let first = usize::from(*text.as_bytes().first()?);
        let listed = self.by_first.get(first).map(Vec::as_slice).unwrap_or_default();
        let rows = listed.iter().chain(&self.open).filter_map(|number| self.rows.get(usize::from(*number)));
        rows.into_iter().find_map(|row| row.fits(text))
    }
}

impl Row {
    fn fits<'t>(&self, text: &'t str) -> Option<Found<'t>> {
        let mut found = Found { class: self.class, holes: [("", ""); HOLES], count: 0 };
        if self.from_right {
            self.right(text, &mut found)?;
            found.holes.get_mut(..found.count)?.reverse();
        } else {
            self.left(text, &mut found)?;
        }
        Some(found)
    }

    fn left<'t>(&self, text: &'t str, found: &mut Found<'t>) -> Option<()> {
        let mut rest = text;
        let mut hole = None;
        let last = self.parts.len().checked_sub(1)?;
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Hole(name) => hole = Some(*name),
                Part::Text(literal) => {
                    let at = match hole {
                        None => rest.strip_prefix(literal).map(|_| 0)?,
                        Some(_) if index == last => rest.strip_suffix(literal)?.len(),
                        Some(_) => rest.find(literal)?,
                    };
                    if let Some(name) = hole.take() {
                        found.push(name, rest.get(..at)?);
                    }
                    rest = rest.get(at + literal.len()..)?;
                }
            }
        }
        match hole {
            Some(name) => found.push(name, rest),
            None if !rest.is_empty() => return None,
            None => {}
        }
        Some(())
    }

    fn right<'t>(&self, text: &'t str, found: &mut Found<'t>) -> Option<()> {
        let mut rest = text;
        let mut hole = None;
        let last = self.parts.len().checked_sub(1)?;
        for (index, part) in self.parts.iter().rev().enumerate() {
            match part {
                Part::Hole(name) => hole = Some(*name),
                Part::Text(literal) => {
                    let at = match hole {
                        None => rest.strip_suffix(literal)?.len(),
                        Some(_) if index == last => rest.strip_prefix(literal).map(|_| 0)?,
                        Some(_) => rest.rfind(literal)?,
                    };
                    if let Some(name) = hole.take() {
                        found.push(name, rest.get(at + literal.len()..)?);
                    }
                    rest = rest.get(..at)?;
                }
            }
        }
        match hole {
            Some(name) => found.push(name, rest),
            None if !rest.is_empty() => return None,
            None => {}
        }
        Some(())
    }
}

fn compile(sentence: &'static str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = sentence;
    while let Some((text, tail)) = rest.split_once('<') {
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        let (name, after) = tail.split_once('>').unwrap_or((tail, ""));
        parts.push(Part::Hole(name));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_fit_from_both_ends() {
        let table = Sentences::parse(
            "# a note\nlogin\tUser <who> logged in as <agent>\nregister\t~Registered <vm> on <host> in <dc>\non\t~<vm> on <host> in <dc> is powered on\nssh\tSSH access has been enabled\n",
        );
        let f = table.find("User a@b@192.0.2.1 logged in as x logged in as y.").unwrap();
        assert_eq!((f.class, f.get("who"), f.get("agent")), ("login", "a@b@192.0.2.1", "x logged in as y"));
        let f = table.find("Registered db on old in use on esx01 in DC").unwrap();
        assert_eq!((f.get("vm"), f.get("host"), f.get("dc")), ("db on old in use", "esx01", "DC"));
        let f = table.find("a b on  esx01 in DC is powered on").unwrap();
        assert_eq!((f.class, f.get("vm"), f.get("host")), ("on", "a b", "esx01"));
        assert_eq!(table.find("SSH access has been enabled.").unwrap().class, "ssh");
        assert!(table.find("SSH access has been enabled by x").is_none());
        assert!(table.find("").is_none() && table.find("...").is_none());
    }
}
