//! From a query string to what the pipeline is asked.

use konseki_pipeline::{Error, TimelineRequest, Wanted, parse_time};

/// Longest value that is taken.
const VALUE: usize = 20_000;
const ROWS: u64 = 100;

/// The values of a query string by name; the last one of a name counts, empty ones are none.
pub struct Query(Vec<(String, String)>);

impl Query {
    pub fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().filter(|(_, value)| !value.trim().is_empty()).collect())
    }

    /// # Errors
    /// A value that is too long.
    pub fn get(&self, name: &str) -> Result<Option<&str>, Error> {
        let found = self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        match found {
            Some(value) if value.len() > VALUE => Err(Error::Usage(format!("`{name}` is too long"))),
            found => Ok(found),
        }
    }

    fn owned(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(self.get(name)?.map(|value| value.trim().to_owned()))
    }

    fn number(&self, name: &str, or: u64) -> Result<u64, Error> {
        let bad = |text: &str| Error::Usage(format!("`{name}`: `{text}` is no number"));
        self.get(name)?.map_or(Ok(or), |text| text.parse().map_err(|_| bad(text)))
    }

    /// # Errors
    /// A time or a number that is none.
    pub fn wanted(&self) -> Result<Wanted, Error> {
        let time = |name| self.get(name)?.map(|text| parse_time(text.trim())).transpose();
        Ok(Wanted {
            timeline: TimelineRequest {
                from: time("from")?,
                to: time("to")?,
                host: self.owned("host")?,
                user: self.owned("user")?,
                source: self.owned("source")?,
                findings_only: self.get("findings_only")?.is_some(),
                zone: self.owned("tz")?,
                japanese: self.get("lang")? == Some("ja"),
                ..TimelineRequest::default()
            },
            text: self.owned("text")?,
            finding: self.owned("finding")?,
            offset: self.number("offset", 0)?,
            limit: self.number("limit", ROWS)?,
        })
    }
}
