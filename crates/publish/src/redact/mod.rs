//! Redaction, default-deny: what an audience may not see is replaced in the claims before any writer sees them, and every
//! file is searched once more for it.

mod address;
mod attacker;
mod check;
mod names;
mod policy;
mod scrub;
mod tell;
mod undo;

pub use address::{is_internal, parse as parse_address};
pub use attacker::{is_hash, values as attacker_values};
pub use check::{Ours, check};
pub use policy::{Class, Policy};
pub use scrub::keyed;

use scrub::{Book, Scrubber};

use crate::{Claims, Error, Request};

/// What was replaced, by what, and what must not stand in any file.
#[derive(Clone, Debug, Default)]
pub struct Withheld {
    book: Book,
    /// Spellings with their class.
    sought: Vec<(Class, String)>,
    /// Own id to the id in the package.
    ids: Vec<(String, String)>,
}

impl Withheld {
    /// CSV for the owner of the case: class, text, what stands for it, how often.
    pub fn report(&self, request: &Request) -> String {
        let mut rows = vec![["class", "withheld", "replaced by", "times"].map(str::to_owned)];
        for ((class, spelled), (name, times)) in &self.book.replaced {
            rows.push([class.as_str().to_owned(), spelled.clone(), name.clone(), times.to_string()]);
        }
        for (class, spelled) in &self.sought {
            if !self.book.replaced.keys().any(|(_, known)| known.eq_ignore_ascii_case(spelled)) {
                rows.push([class.as_str().to_owned(), spelled.clone(), String::new(), "0".to_owned()]);
            }
        }
        for (own, told) in &self.ids {
            rows.push(["id".to_owned(), own.clone(), told.clone(), "1".to_owned()]);
        }
        let lines = rows.iter().map(|row| row.iter().map(|cell| konseki_report::csv_field(cell)).collect::<Vec<_>>().join(","));
        format!("# {}\n{}\n", request.audience.as_str(), lines.collect::<Vec<_>>().join("\n"))
    }
}

/// The claims as this audience may see them.
///
/// # Errors
/// The names of the case cannot be searched for.
pub fn claims(claims: &Claims, request: &Request, ours: &Ours) -> Result<(Claims, Withheld), Error> {
    let scrubber = Scrubber::new(claims, Policy::of(request.audience), &request.key, ours)?;
    let told = tell::claims(claims, &scrubber, request)?;
    let own = claims.findings.iter().map(|finding| &finding.id);
    let ids = own.zip(told.findings.iter().map(|finding| &finding.id)).filter(|(own, told)| own != told);
    let ids = ids.map(|(own, told)| (own.clone(), told.clone())).collect();
    let (needles, book) = scrubber.finish();
    let mut sought: Vec<(Class, String)> = needles.into_iter().map(|name| (name.class, name.spelled)).collect();
    sought.extend(book.replaced.keys().cloned());
    sought.sort();
    sought.dedup();
    Ok((told, Withheld { book, sought, ids }))
}
