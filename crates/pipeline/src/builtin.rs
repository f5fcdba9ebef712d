//! The rules that are packed into the program, by kind.

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// Files below a folder of `rules/` with that ending: (path, bytes).
pub fn below(folder: &str, ending: &str) -> Vec<(String, Vec<u8>)> {
    FILES
        .iter()
        .filter(|(name, _)| name.starts_with(folder) && name.ends_with(ending))
        .map(|(name, bytes)| (format!("konseki:{name}"), bytes.to_vec()))
        .collect()
}
