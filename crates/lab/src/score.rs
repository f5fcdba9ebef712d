//! stub
use serde::Serialize;
#[derive(Serialize)]
pub struct Score {}
impl Score {
    pub fn table(&self) -> String {
        String::new()
    }
}
pub fn score(_a: &std::path::Path, _b: &std::path::Path) -> std::io::Result<Score> {
    Ok(Score {})
}
