//! One test on one value, for what the indexes cannot settle.

use crate::sigma::atom::{Number, Test};
use crate::sigma::glob::Shape;

/// Whether the value passes. `folded`: the value without case. Tests that ask for more than one value
/// (`Exists`, `Null`, `Other`) are not answered here.
pub(crate) fn value(test: &Test, text: &str, folded: &[u8]) -> bool {
    match test {
        Test::Text(glob) => {
            let value = if glob.cased { text.as_bytes() } else { folded };
            match glob.shape() {
                Shape::Exact(text) => value == text.as_bytes(),
                Shape::Contains(text) => memchr::memmem::find(value, text.as_bytes()).is_some(),
                Shape::Starts(text) => value.starts_with(text.as_bytes()),
                Shape::Ends(text) => value.ends_with(text.as_bytes()),
                Shape::Present => true,
                Shape::Wild => glob.matches(value),
            }
        }
        Test::Regex(pattern) => pattern.is_match(text),
        Test::Cidr(network) => network.holds(text),
        Test::Number(op, bound) => Number::parse(text).is_some_and(|number| op.holds(number.value(), bound.value())),
        Test::Exists(_) | Test::Null | Test::Other { .. } => false,
    }
}

/// Whether two values stand to each other as a `fieldref` asks. Both folded unless the test is cased.
pub(crate) fn other(own: &[u8], theirs: &[u8], contains: bool, starts: bool, ends: bool) -> bool {
    if contains {
        memchr::memmem::find(own, theirs).is_some()
    } else if starts {
        own.starts_with(theirs)
    } else if ends {
        own.ends_with(theirs)
    } else {
        own == theirs
    }
}
