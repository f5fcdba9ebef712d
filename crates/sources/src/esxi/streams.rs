//! Ends of a connection as VMware's own stream library writes them: `<TCP 'local : port'>, <TCP 'peer : port'>`.

use std::sync::LazyLock;

use konseki_formats::phrase::{Found, Phrases};

static SAID: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(ROWS));

// The first end is this machine's. Who opened the connection the maps say, and only where this machine's port is one of
// ESXi's own services.
const ROWS: &[(&str, &str)] = &[
    ("stream", "{said}<TCP '{local} : {local_port}'>, <TCP '{peer} : {peer_port}'>>{}"),
    ("connecting", "Attempting connection; <resolver p:{}, '{server}:{dst_port}', next:{}"),
];

/// What a line of the stream library says; only its own parts of a program write such lines.
pub fn find<'a>(sub: &str, line: &'a str) -> Option<Found<'a>> {
    sub.starts_with("IO.").then(|| SAID.find(line)).flatten()
}
