//! What the code asks of native fields is what the story is given of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && path.file_name().is_some_and(|name| name != "tests.rs") {
            found.push(path);
        }
    }
}

/// Names in quotes, in the order written.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

#[test]
fn every_native_field_that_is_asked_for_is_kept() {
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    let mut asked = Vec::new();
    for path in all {
        let text = std::fs::read_to_string(&path).unwrap();
        let whole = ["record.fields", "first.fields"].iter().find(|all| text.contains(*all));
        assert_eq!(whole, None, "{}: fields are asked by name", path.display());
        for (number, line) in text.lines().enumerate() {
            let (before, calls) = (line.split(".field(").next().unwrap_or_default(), line.split(".field(").skip(1));
            for after in calls {
                let names: Vec<&str> = if after.starts_with('"') { quoted(after).take(1).collect() } else { quoted(before).collect() };
                assert!(!names.is_empty(), "{}:{}: a name that cannot be read here", path.display(), number + 1);
                asked.extend(names.into_iter().map(str::to_owned));
            }
        }
    }
    asked.sort();
    asked.dedup();
    assert_eq!(asked, konseki_chain::NATIVE);
}
