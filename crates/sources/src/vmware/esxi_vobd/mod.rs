//! ESXi `vobd.log`: observations of the kernel and of user-level watchers.

use konseki_model::{Field, Piece, Sink};

use crate::{Input, Reading, Source, esx};

pub struct Vobd;
pub static SOURCE: Vobd = Vobd;

impl Source for Vobd {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        esx::recognise(piece, |head| head.process == "vobd" || head.message.contains("Correlator] "))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        esx::read_log(input, reading, sink, |head, fields| {
            // `[UserLevelCorrelator] 1019369886505us: [vob.user.ssh.session.opened] SSH session was opened for 'root@192.0.2.1'.`
            let Some((_, rest)) = head.message.split_once("Correlator] ") else { return };
            if let Some((uptime, tail)) = rest.split_once("us: ") {
                fields.push(Field::new("uptime_us", uptime));
                if let Some(vob) = esx::between(tail, "[", "]") {
                    fields.push(Field::new("vob", vob));
                }
                if let Some((user, address)) = esx::between(tail, " for '", "'").and_then(|who| who.rsplit_once('@')) {
                    fields.push(Field::new("login", user));
                    fields.push(Field::new("src_ip", address));
                }
            }
        });
    }
}
