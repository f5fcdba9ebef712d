//! An event as rules see it: its native fields, the typed core under `core.*`, and the raw record.

use konseki_model::{At, Event};

/// Names under which rules may ask for the typed core; an empty value counts as a missing field.
pub(crate) const CORE: [&str; 12] = [
    "core.host",
    "core.user",
    "core.src",
    "core.dst",
    "core.session",
    "core.object",
    "core.target",
    "core.command",
    "core.outcome",
    "core.assigned",
    "core.agent",
    "core.kind",
];

/// The value of `CORE[index]`.
pub(crate) fn core<'e>(event: &Event<'e>, index: usize) -> &'e str {
    let core = &event.core;
    match index {
        0 => core.host,
        1 => core.user,
        2 => core.src,
        3 => core.dst,
        4 => core.session,
        5 => core.object,
        6 => core.target,
        7 => core.command,
        8 => core.outcome,
        9 => core.assigned,
        10 => core.agent,
        11 => event.kind.as_str(),
        _ => "",
    }
}

/// Name and value at a place: fields first, then the core. `None` for the raw record and beyond.
pub(crate) fn at<'e>(event: &Event<'e>, place: usize) -> Option<(&'e str, &'e str)> {
    if let Some(field) = event.fields.get(place) {
        return Some((field.name, field.value));
    }
    let index = place.checked_sub(event.fields.len())?;
    let name = CORE.get(index)?;
    Some((name, core(event, index)))
}

/// The raw record, where keywords are asked of it: a binary record is no text, its values are among the fields.
pub(crate) fn raw_text<'e>(event: &Event<'e>) -> Option<&'e [u8]> {
    (!event.raw.is_empty() && !matches!(event.at, At::Record(_))).then_some(event.raw)
}

/// The place of the raw record.
pub(crate) fn raw_place(event: &Event<'_>) -> usize {
    event.fields.len() + CORE.len()
}

/// Whether `name` is `base_1`, `base_2`, …: a value without a name of its own.
pub(crate) fn is_positional(name: &str, base: &str) -> bool {
    name.strip_prefix(base)
        .and_then(|rest| rest.strip_prefix('_'))
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}
