//! Sentences with holes, from rows of code (`User {user} logged in as {agent}`) or a table in a file (`User <user> …`).
//! Compiled once, matched without allocation.

use memchr::memmem::Finder;

/// Holes a sentence may have.
pub const HOLES: usize = 8;

#[derive(Clone, Debug)]
enum Part {
    Text(&'static str, Box<Finder<'static>>),
    Hole(&'static str),
}

#[derive(Debug)]
struct Row {
    class: &'static str,
    parts: Vec<Part>,
    /// Text it begins and ends with: most rows are refused by them.
    head: &'static str,
    tail: &'static str,
    from_right: bool,
}

/// A list of sentences; the first that fits is taken.
#[derive(Debug)]
pub struct Phrases {
    rows: Vec<Row>,
    /// Rows that begin with text, by its first byte.
    by_first: Vec<Vec<u16>>,
    /// Rows that begin with a hole.
    open: Vec<u16>,
}

/// What a sentence gave: its class and its holes by name.
#[derive(Clone, Copy, Debug)]
pub struct Found<'t> {
    pub class: &'static str,
    holes: [(&'static str, &'t str); HOLES],
    count: usize,
}

impl<'t> Found<'t> {
    /// Named holes in the order of the sentence, values trimmed.
    pub fn holes(&self) -> impl Iterator<Item = (&'static str, &'t str)> {
        self.holes.into_iter().take(self.count)
    }

    pub fn hole(&self, name: &str) -> &'t str {
        self.holes().find(|(n, _)| *n == name).map_or("", |(_, v)| v)
    }

    fn push(&mut self, name: &'static str, value: &'t str) {
        if name.is_empty() {
            return;
        }
        if let Some(slot) = self.holes.get_mut(self.count) {
            *slot = (name, value.trim());
            self.count += 1;
        }
    }
}

impl Phrases {
    /// Rows of (class, sentence). `{name}` is a hole, `{}` one that is not kept. A sentence that begins with `~` is
    /// matched from its end, so that the hole in front may hold the words that follow it (names of machines).
    /// A dot at the end of the text is no part of it.
    pub fn new(rows: &[(&'static str, &'static str)]) -> Self {
        Self::of(rows.iter().copied(), ['{', '}'])
    }

    /// A table of a file: one row a line, class and sentence apart by a tab; `#` begins a note. Its holes stand in angle
    /// brackets, since logs of its products hold braces.
    pub fn table(table: &'static str) -> Self {
        let lines = table.lines().filter(|line| !line.starts_with('#'));
        Self::of(lines.filter_map(|line| line.split_once('\t')), ['<', '>'])
    }

    fn of(rows: impl Iterator<Item = (&'static str, &'static str)>, marks: [char; 2]) -> Self {
        let mut phrases = Self { rows: Vec::new(), by_first: vec![Vec::new(); 256], open: Vec::new() };
        for (class, sentence) in rows {
            let from_right = sentence.starts_with('~');
            let parts = compile(sentence.strip_prefix('~').unwrap_or(sentence), marks);
            let number = phrases.rows.len() as u16;
            match parts.first() {
                Some(Part::Text(text, _)) => {
                    let byte = usize::from(text.as_bytes().first().copied().unwrap_or(0));
                    if let Some(list) = phrases.by_first.get_mut(byte) {
                        list.push(number);
                    }
                }
                _ => phrases.open.push(number),
            }
            let text = |part: Option<&Part>| match part {
                Some(Part::Text(text, _)) => *text,
                _ => "",
            };
            let (head, tail) = (text(parts.first()), text(parts.last()));
            phrases.rows.push(Row { class, head, tail, parts, from_right });
        }
        phrases
    }

    /// The first sentence that fits the whole text.
    pub fn find<'t>(&self, text: &'t str) -> Option<Found<'t>> {
        let text = text.trim_end().trim_end_matches('.');
        let first = usize::from(*text.as_bytes().first()?);
        let listed = self.by_first.get(first).map(Vec::as_slice).unwrap_or_default();
        listed.iter().chain(&self.open).filter_map(|number| self.rows.get(usize::from(*number))).find_map(|row| row.fits(text))
    }
}

impl Row {
    fn fits<'t>(&self, text: &'t str) -> Option<Found<'t>> {
        if !text.starts_with(self.head) || !text.ends_with(self.tail) {
            return None;
        }
        let mut found = Found { class: self.class, holes: [("", ""); HOLES], count: 0 };
        if self.from_right {
            self.right(text, &mut found)?;
            let count = found.count;
            found.holes.get_mut(..count)?.reverse();
        } else {
            self.left(text, &mut found)?;
        }
        Some(found)
    }

    fn left<'t>(&self, text: &'t str, found: &mut Found<'t>) -> Option<()> {
        let mut rest = text;
        let mut hole: Option<&'static str> = None;
        let last = self.parts.len().checked_sub(1)?;
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Hole(name) => hole = Some(name),
                Part::Text(literal, finder) => match hole.take() {
                    None => rest = rest.strip_prefix(literal)?,
                    Some(name) => {
                        let at = if index == last { rest.strip_suffix(literal)?.len() } else { finder.find(rest.as_bytes())? };
                        found.push(name, rest.get(..at)?);
                        rest = rest.get(at + literal.len()..)?;
                    }
                },
            }
        }
        match hole {
            Some(name) => found.push(name, rest),
            None if rest.is_empty() => {}
            None => return None,
        }
        Some(())
    }

    fn right<'t>(&self, text: &'t str, found: &mut Found<'t>) -> Option<()> {
        let mut rest = text;
        let mut hole: Option<&'static str> = None;
        let last = self.parts.len().checked_sub(1)?;
        for (index, part) in self.parts.iter().rev().enumerate() {
            match part {
                Part::Hole(name) => hole = Some(name),
                Part::Text(literal, _) => match hole.take() {
                    None => rest = rest.strip_suffix(literal)?,
                    Some(name) => {
                        let at = if index == last {
                            rest.strip_prefix(literal)?;
                            0
                        } else {
                            rest.rfind(literal)?
                        };
                        found.push(name, rest.get(at + literal.len()..)?);
                        rest = rest.get(..at)?;
                    }
                },
            }
        }
        match hole {
            Some(name) => found.push(name, rest),
            None if rest.is_empty() => {}
            None => return None,
        }
        Some(())
    }
}

fn literal(text: &'static str) -> Part {
    Part::Text(text, Box::new(Finder::new(text)))
}

fn compile(sentence: &'static str, [open, close]: [char; 2]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = sentence;
    while let Some((text, tail)) = rest.split_once(open) {
        if !text.is_empty() {
            parts.push(literal(text));
        }
        let (name, after) = tail.split_once(close).unwrap_or((tail, ""));
        parts.push(Part::Hole(name));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(literal(rest));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_fit_from_both_ends() {
        let phrases = Phrases::new(&[
            ("login", "User {who} logged in as {agent}"),
            ("logout", "User {who} logged out (login time: {at}, number of API invocations: {n}, user agent: {agent})"),
            ("register", "~Registered {vm} on {host} in {dc}"),
            ("on", "~{vm} on {host} in {dc} is powered on"),
            ("enabled", "SSH access has been enabled"),
        ]);
        let f = phrases.find("User a@b@192.0.2.1 logged in as x logged in as y").unwrap();
        assert_eq!((f.class, f.hole("who"), f.hole("agent")), ("login", "a@b@192.0.2.1", "x logged in as y"));
        let f = phrases
            .find("User r@192.0.2.1 logged out (login time: a, b, number of API invocations: 7, user agent: p (VMkernel; x))")
            .unwrap();
        assert_eq!((f.hole("n"), f.hole("agent"), f.hole("at")), ("7", "p (VMkernel; x)", "a, b"));
        let f = phrases.find("Registered db on old in use on esx01 in ha-datacenter").unwrap();
        assert_eq!((f.hole("vm"), f.hole("host")), ("db on old in use", "esx01"));
        let f = phrases.find("a b on  esx01 in dc is powered on").unwrap();
        assert_eq!((f.class, f.hole("vm"), f.hole("host")), ("on", "a b", "esx01"));
        assert_eq!(phrases.find("SSH access has been enabled.").unwrap().class, "enabled");
        assert!(phrases.find("SSH access has been enabled by x").is_none());
        assert!(phrases.find("").is_none());
    }

    #[test]
    fn a_table_fits_as_rows_do() {
        let table = Phrases::table(
            "# a note\nlogin\tUser <who> logged in as <agent>\nregister\t~Registered <vm> on <host> in <dc>\non\t~<vm> on <host> in <dc> is powered on\nssh\tSSH access has been enabled\n",
        );
        let f = table.find("User a@b@192.0.2.1 logged in as x logged in as y.").unwrap();
        assert_eq!((f.class, f.hole("who"), f.hole("agent")), ("login", "a@b@192.0.2.1", "x logged in as y"));
        let f = table.find("Registered db on old in use on esx01 in DC").unwrap();
        assert_eq!((f.hole("vm"), f.hole("host"), f.hole("dc")), ("db on old in use", "esx01", "DC"));
        let f = table.find("a b on  esx01 in DC is powered on").unwrap();
        assert_eq!((f.class, f.hole("vm"), f.hole("host")), ("on", "a b", "esx01"));
        assert_eq!(table.find("SSH access has been enabled.").unwrap().class, "ssh");
        assert!(table.find("SSH access has been enabled by x").is_none());
        assert!(table.find("").is_none() && table.find("...").is_none());
    }
}
