//! Requests to vCenter: access logs of the web client and of Tomcat services, and of the proxy before them (envoy, rhttpproxy).

mod parse;

use konseki_formats::vmware;
use konseki_model::{Core, Event, Field, Kind, Piece, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source, esx};
use parse::{Request, Shape};

pub struct Access;
pub static SOURCE: Access = Access;

/// First parts of the paths that vCenter's services answer under: what tells its logs from those of another Tomcat.
const PATHS: &[&str] =
    &["/ui/", "/sdk", "/lookupservice", "/websso", "/vsphere-client", "/vsphere-ui", "/sso-adminserver", "/sts/", "/eam/"];

/// Folders of vCenter, also where a collection flattened them into one name.
const FOLDERS: &[&str] = &["vsphere-ui", "log/vmware/", "log_vmware_", "log-vmware-"];

impl Source for Access {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let named = FOLDERS.iter().any(|folder| piece.path.contains(folder));
        let tomcat = piece.path.contains("localhost_access");
        let text = konseki_formats::text::longest_valid(piece.head);
        let (mut all, mut ours) = (0, 0);
        for line in text.lines().filter(|line| !line.trim().is_empty()).take(60) {
            all += 1;
            ours += usize::from(match Request::split(line) {
                Some(request) if request.shape == Shape::Common => {
                    named || tomcat && PATHS.iter().any(|path| request.uri.starts_with(path))
                }
                Some(_) => true,
                None => vmware::starts(line.as_bytes()) && vmware::split(line).is_some_and(|head| esx::is_proxy_request(&head)),
            });
        }
        ours > 0 && ours * 2 > all
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        let host = reading.hints.host.as_deref().unwrap_or_default();
        read::lines(input, reading, sink, |line, sink| {
            let Some(request) = Request::split(line.text) else {
                // The proxy's own notes and a broken line are kept.
                let fields = [Field::new("message", line.text)];
                let written = konseki_formats::time::any(line.bytes).map(|(written, _)| written);
                let time = written.and_then(|written| clock.stamp(&written));
                let core = Core { host, ..Core::default() };
                sink.event(&Event { at: line.at(), time, kind: Kind::Other, core, fields: &fields, raw: line.bytes });
                return Verdict::Event;
            };
            let (stem, query) = request.uri.split_once('?').unwrap_or((request.uri, ""));
            let mut fields = Vec::with_capacity(16);
            for (name, value) in [
                ("c-ip", request.client),
                ("c-port", request.client_port),
                ("peer", request.peer),
                ("cs-username", request.user),
                ("cs-method", request.method),
                ("cs-uri", request.uri),
                ("cs-uri-stem", stem),
                ("cs-uri-query", query),
                ("sc-status", request.status),
                ("bytes_in", request.bytes_in),
                ("bytes_out", request.bytes_out),
                ("msecs", request.msecs),
                ("cs-user-agent", request.agent),
                ("process", request.process),
            ] {
                if !value.is_empty() && value != "-" {
                    fields.push(Field::new(name, value));
                }
            }
            if request.method == "POST" && stem.ends_with("/list/export") {
                fields.push(Field::new("action", "list-export"));
            }
            let time = request.time.and_then(|written| clock.stamp(&written));
            let (kind, core) = reading.about.mapper.apply(&fields, &mut scratch);
            let duration = request.msecs.parse::<i64>().ok().and_then(|ms| ms.checked_mul(1000));
            let host = if request.host.is_empty() { host } else { request.host };
            let core = Core { host, duration, ..core };
            sink.event(&Event { at: line.at(), time, kind, core, fields: &fields, raw: line.bytes });
            Verdict::Event
        });
        clock.report(sink);
    }
}
