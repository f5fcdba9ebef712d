//! ESXi `vmkernel.log`: the kernel's own messages.

use konseki_model::{Field, Piece, Sink};

use crate::{Input, Reading, Source, esx};

pub struct Vmkernel;
pub static SOURCE: Vmkernel = Vmkernel;

fn is_kernel(message: &str) -> bool {
    message
        .strip_prefix("cpu")
        .is_some_and(|rest| rest.split_once(':').is_some_and(|(cpu, _)| !cpu.is_empty() && cpu.bytes().all(|b| b.is_ascii_digit())))
}

impl Source for Vmkernel {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        esx::recognise(piece, |head| matches!(head.process, "vmkernel" | "vmkwarning") || is_kernel(head.message))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        esx::read_log(input, reading, sink, |head, fields| {
            if let Some((cpu, rest)) = head.message.strip_prefix("cpu").and_then(|rest| rest.split_once(':')) {
                fields.push(Field::new("cpu", cpu));
                if let Some((world, text)) = rest.split_once(')') {
                    fields.push(Field::new("world", world));
                    fields.push(Field::new("text", text));
                }
            }
        });
    }
}
