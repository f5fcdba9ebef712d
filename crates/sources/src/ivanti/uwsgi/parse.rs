//! The request line of uWSGI's default log format.

/// `[pid: P|app: A|req: N/M] CLIENT () {V vars in B bytes} [ctime] METHOD URI => generated B bytes in T msecs (HTTP/1.1 S) …`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    pub pid: &'a str,
    pub number: &'a str,
    pub client: &'a str,
    pub bytes_in: &'a str,
    /// End of the request, local.
    pub time: &'a str,
    pub method: &'a str,
    /// Raw, not decoded.
    pub uri: &'a str,
    pub bytes_out: &'a str,
    pub msecs: &'a str,
    pub status: &'a str,
}

pub fn request(line: &str) -> Option<Request<'_>> {
    let rest = line.strip_prefix("[pid: ")?;
    let (pid, rest) = rest.split_once('|')?;
    let (_, rest) = rest.split_once("|req: ")?;
    let (number, rest) = rest.split_once("] ")?;
    let (client, rest) = rest.split_once(" (")?;
    let (_, rest) = rest.split_once(" vars in ")?;
    let (bytes_in, rest) = rest.split_once(" bytes} [")?;
    let (time, rest) = rest.split_once("] ")?;
    let (method, rest) = rest.split_once(' ')?;
    // The last one: a path may hold the arrow.
    let (uri, rest) = rest.rsplit_once(" => generated ")?;
    let (bytes_out, rest) = rest.split_once(" bytes in ")?;
    let (msecs, rest) = rest.split_once(" msecs (")?;
    let (protocol, _) = rest.split_once(')')?;
    let status = protocol.rsplit(' ').next()?;
    Some(Request { pid, number, client, bytes_in, time, method, uri, bytes_out, msecs, status })
}

/// The time of a start-up line: `*** Starting uWSGI 2.0 (32bit) on [ctime] ***`, or ctime at its start.
pub fn start_time(line: &str) -> Option<&str> {
    match line.strip_prefix("*** Starting uWSGI") {
        Some(rest) => rest.split_once(" on [").map(|(_, time)| time),
        None => line.get(3..4).filter(|space| *space == " ").and_then(|_| line.contains(" - ").then_some(line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_kept_raw() {
        let r = request("[pid: 6|app: 0|req: 1/2] 10.0.0.4 () {30 vars in 501 bytes} [Fri Mar 15 06:29:17 2024] POST /a/../b => c?x=%2F => generated 14 bytes in 164281 msecs (HTTP/1.1 200) 2 headers in 71 bytes").unwrap();
        assert_eq!((r.uri, r.status, r.msecs, r.number), ("/a/../b => c?x=%2F", "200", "164281", "1/2"));
        assert!(request("[pid: 6|app: 0|req: 1/2] 10.0.0.4 () {30 vars").is_none());
        assert_eq!(start_time("*** Starting uWSGI 2.0.9 (32bit) on [Fri Mar 15 03:52:29 2024] ***").unwrap().get(..3), Some("Fri"));
    }
}
