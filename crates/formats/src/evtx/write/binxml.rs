//! The template of an event and the values for it, as BinXML tokens (MS-EVEN6 2.2.12).

use super::chunk::ChunkBuilder;
use super::value::{Value, utf16};
use super::{Body, EventSpec};

const NAMESPACE: &str = "http://schemas.microsoft.com/win/2004/08/events/event";
const NO_DEPENDENCY: u16 = 0xffff;

/// What an attribute or element holds.
enum Content<'e> {
    Literal(&'e str),
    /// Number and type of a value.
    Substitution(u16, u8),
}

/// The values of an event in the order of its template.
pub(super) fn values(event: &EventSpec, id: u64) -> Vec<Value> {
    let optional = |text: &str, make: fn(&str) -> Value| if text.is_empty() { Value::Null } else { make(text) };
    let mut values = vec![
        event.qualifiers.map_or(Value::Null, Value::U16),
        Value::U16(event.event_id),
        Value::U8(event.version),
        Value::U8(event.level),
        Value::U16(event.task),
        Value::U8(event.opcode),
        Value::Hex64(event.keywords),
        Value::Time(event.micros),
        Value::U64(event.original_id.unwrap_or(id)),
        optional(&event.activity_id, Value::guid),
        Value::U32(event.process_id),
        Value::U32(event.thread_id),
        Value::Text(event.channel.clone()),
        Value::Text(event.computer.clone()),
        optional(&event.user_sid, Value::sid),
    ];
    match &event.body {
        Body::None => {}
        Body::EventData(fields) | Body::UserData { fields, .. } => {
            values.extend(fields.iter().map(|(_, value)| value.clone()));
        }
    }
    values
}

/// What two events of one template have in common.
pub(super) fn shape(event: &EventSpec) -> String {
    let mut shape = format!("{}\0{}\0{}\0{}\0", event.provider, event.provider_guid, event.event_id, event.version);
    let names = match &event.body {
        Body::None => return shape,
        Body::EventData(fields) => fields,
        Body::UserData { element, namespace, fields } => {
            shape.push_str(&format!("{element}\0{namespace}\0"));
            fields
        }
    };
    for (name, _) in names {
        shape.push('\0');
        shape.push_str(name);
    }
    shape
}

/// Writes the body of the template: fragment header, `Event` element, end.
pub(super) fn template(chunk: &mut ChunkBuilder, event: &EventSpec, values: &[Value]) {
    let mut out = Tokens { chunk, values };
    out.chunk.bytes.extend_from_slice(&[0x0f, 1, 1, 0]);
    let root = out.open("Event", &[("xmlns", Content::Literal(NAMESPACE))]);
    out.system(event);
    let first = 15;
    match &event.body {
        Body::None => {}
        Body::EventData(fields) => {
            let data = out.open("EventData", &[]);
            for (number, (name, _)) in (first..).zip(fields) {
                let attribute = [("Name", Content::Literal(name.as_str()))];
                let attributes = if name.is_empty() { &[][..] } else { &attribute[..] };
                out.leaf("Data", attributes, number);
            }
            out.close(data);
        }
        Body::UserData { element, namespace, fields } => {
            let data = out.open("UserData", &[]);
            let inner = out.open(element, &[("xmlns", Content::Literal(namespace.as_str()))]);
            for (number, (name, _)) in (first..).zip(fields) {
                out.leaf(name, &[], number);
            }
            out.close(inner);
            out.close(data);
        }
    }
    out.close(root);
    out.chunk.bytes.push(0);
}

struct Tokens<'c> {
    chunk: &'c mut ChunkBuilder,
    values: &'c [Value],
}

impl Tokens<'_> {
    fn system(&mut self, event: &EventSpec) {
        let system = self.open("System", &[]);
        let name = ("Name", Content::Literal(event.provider.as_str()));
        if event.provider_guid.is_empty() {
            self.empty("Provider", &[name]);
        } else {
            self.empty("Provider", &[name, ("Guid", Content::Literal(event.provider_guid.as_str()))]);
        }
        let qualifiers = ("Qualifiers", self.value(0));
        self.leaf("EventID", &[qualifiers], 1);
        for (number, name) in (2..).zip(["Version", "Level", "Task", "Opcode", "Keywords"]) {
            self.leaf(name, &[], number);
        }
        let time = ("SystemTime", self.value(7));
        self.empty("TimeCreated", &[time]);
        self.leaf("EventRecordID", &[], 8);
        let activity = ("ActivityID", self.value(9));
        self.empty("Correlation", &[activity]);
        let execution = [("ProcessID", self.value(10)), ("ThreadID", self.value(11))];
        self.empty("Execution", &execution);
        self.leaf("Channel", &[], 12);
        self.leaf("Computer", &[], 13);
        let user = ("UserID", self.value(14));
        self.empty("Security", &[user]);
        self.close(system);
    }

    fn value(&self, number: u16) -> Content<'static> {
        let kind = self.values.get(usize::from(number)).map_or(0, Value::kind);
        Content::Substitution(number, if kind == 0 { 0x01 } else { kind })
    }

    /// The start of an element, without the token that ends it; returns where its size stands.
    fn start(&mut self, name: &str, attributes: &[(&str, Content<'_>)]) -> usize {
        let flag = if attributes.is_empty() { 0 } else { 0x40 };
        self.chunk.bytes.push(0x01 | flag);
        self.chunk.bytes.extend_from_slice(&NO_DEPENDENCY.to_le_bytes());
        let size = self.reserve();
        self.chunk.name(name);
        if let Some(last) = attributes.len().checked_sub(1) {
            let list = self.reserve();
            for (index, (name, content)) in attributes.iter().enumerate() {
                self.chunk.bytes.push(if index == last { 0x06 } else { 0x46 });
                self.chunk.name(name);
                self.content(content);
            }
            self.patch(list);
        }
        size
    }

    fn content(&mut self, content: &Content<'_>) {
        match content {
            Content::Literal(text) => {
                let text = utf16(text);
                self.chunk.bytes.extend_from_slice(&[0x05, 0x01]);
                self.chunk.bytes.extend_from_slice(&((text.len() / 2) as u16).to_le_bytes());
                self.chunk.bytes.extend_from_slice(&text);
            }
            Content::Substitution(number, kind) => {
                self.chunk.bytes.push(0x0e);
                self.chunk.bytes.extend_from_slice(&number.to_le_bytes());
                self.chunk.bytes.push(*kind);
            }
        }
    }

    fn open(&mut self, name: &str, attributes: &[(&str, Content<'_>)]) -> usize {
        let size = self.start(name, attributes);
        self.chunk.bytes.push(0x02);
        size
    }

    fn close(&mut self, size: usize) {
        self.chunk.bytes.push(0x04);
        self.patch(size);
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, Content<'_>)]) {
        let size = self.start(name, attributes);
        self.chunk.bytes.push(0x03);
        self.patch(size);
    }

    fn leaf(&mut self, name: &str, attributes: &[(&str, Content<'_>)], number: u16) {
        let size = self.open(name, attributes);
        let value = self.value(number);
        self.content(&value);
        self.close(size);
    }

    fn reserve(&mut self) -> usize {
        let at = self.chunk.bytes.len();
        self.chunk.bytes.extend_from_slice(&[0; 4]);
        at
    }

    /// Writes how many bytes follow the size at `at`.
    fn patch(&mut self, at: usize) {
        let size = (self.chunk.bytes.len() - at - 4) as u32;
        self.chunk.put(at, &size.to_le_bytes());
    }
}
