//! stub
pub fn convert(_dir: &std::path::Path, _truth: &mut crate::truth::Truth) -> std::io::Result<()> {
    Ok(())
}
