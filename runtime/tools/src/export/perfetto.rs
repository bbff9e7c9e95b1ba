//! The protocol buffers that Perfetto reads: smaller than JSON, and with the dependences as flows.
//!
//! The numbers of fields are those of `protos/perfetto/trace` in Perfetto's sources; what is used of them has been stable for years.

#[cfg(test)]
mod tests;

use crate::run::{NONE, Run, Sort, Task};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// A message that is being written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 128 {
            self.0.push(number as u8 | 128);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn key(&mut self, field: u32, wire: u32) {
        self.varint(u64::from(field << 3 | wire));
    }

    fn number(mut self, field: u32, number: u64) -> Self {
        self.key(field, 0);
        self.varint(number);
        self
    }

    fn fixed(mut self, field: u32, number: u64) -> Self {
        self.key(field, 1);
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn bytes(mut self, field: u32, bytes: &[u8]) -> Self {
        self.key(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(self, field: u32, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    fn inside(self, field: u32, message: Message) -> Self {
        self.bytes(field, &message.0)
    }
}

/// Fields, by message.
mod field {
    pub const PACKET: u32 = 1;
    pub mod packet {
        pub const TIMESTAMP: u32 = 8;
        pub const SEQUENCE: u32 = 10;
        pub const TRACK_EVENT: u32 = 11;
        pub const INTERNED_DATA: u32 = 12;
        pub const SEQUENCE_FLAGS: u32 = 13;
        pub const TRACK_DESCRIPTOR: u32 = 60;
    }
    pub mod track {
        pub const UUID: u32 = 1;
        pub const NAME: u32 = 2;
        pub const PROCESS: u32 = 3;
        pub const THREAD: u32 = 4;
        pub const PARENT: u32 = 5;
        pub const COUNTER: u32 = 8;
    }
    pub mod process {
        pub const PID: u32 = 1;
        pub const NAME: u32 = 6;
    }
    pub mod thread {
        pub const PID: u32 = 1;
        pub const TID: u32 = 2;
        pub const NAME: u32 = 5;
    }
    pub mod event {
        pub const CATEGORY: u32 = 22;
        pub const ANNOTATION: u32 = 4;
        pub const TYPE: u32 = 9;
        pub const NAME_NUMBER: u32 = 10;
        pub const TRACK: u32 = 11;
        pub const PLACE: u32 = 34;
        pub const DOUBLE_VALUE: u32 = 44;
        pub const FLOW: u32 = 47;
        pub const LAST_FLOW: u32 = 48;
    }
    pub mod annotation {
        pub const NAME_NUMBER: u32 = 1;
        pub const VALUE: u32 = 3;
    }
    pub mod interned {
        pub const EVENT_NAME: u32 = 2;
        pub const ANNOTATION_NAME: u32 = 3;
        pub const PLACE: u32 = 4;
        pub const NUMBER: u32 = 1;
        pub const NAME: u32 = 2;
        pub const LINE: u32 = 4;
    }
}

const SLICE_BEGIN: u64 = 1;
const SLICE_END: u64 = 2;
const COUNTER: u64 = 4;

/// What is told of each task: see [`begin`].
const ANNOTATIONS: [&str; 3] = ["codelet", "waited_ns", "queued_ns"];

/// Tracks have numbers: the process, streams, counters.
const PROCESS: u64 = 1;
const STREAMS: u64 = 2;
const COUNTERS: u64 = 1 << 32;

/// What lies on a track, one inside the other.
struct Slice<'a> {
    start: u64,
    end: u64,
    kind: u16,
    /// Its place among the tasks; spans of users have none.
    task: Option<(usize, &'a Task)>,
}

/// Writes it: a slice for each task and span, counters, a flow from what made a codelet ready.
///
/// # Errors
/// Those of the writer.
pub fn perfetto(run: &Run, out: &mut impl Write) -> io::Result<()> {
    let mut packets = Packets { out };
    packets.names(run)?;
    packets.tracks(run)?;
    // Those that have something: damage can make the number of a stream anything.
    let mut streams: BTreeMap<u32, Vec<Slice<'_>>> = BTreeMap::new();
    let mut add = |stream: u32, slice| streams.entry(stream).or_default().push(slice);
    let mut flows = vec![Vec::new(); run.tasks.len()];
    for (at, task) in run.tasks.iter().enumerate() {
        if let Some(flows) = flows.get_mut(task.cause as usize) {
            flows.push(at as u64);
        }
        add(
            task.stream,
            Slice {
                start: task.start,
                end: task.end,
                kind: task.kind,
                task: Some((at, task)),
            },
        );
    }
    for span in &run.spans {
        add(
            span.stream,
            Slice {
                start: span.interval.start,
                end: span.interval.end,
                kind: span.kind,
                task: None,
            },
        );
    }
    for (&stream, slices) in &mut streams {
        // What contains another one begins first, and a task before its spans.
        slices.sort_by_key(|one| (one.start, Reverse(one.end), one.task.is_none()));
        packets.stream(STREAMS + u64::from(stream), slices, &flows, run)?;
    }
    for sample in &run.samples {
        let event = Message::default()
            .number(field::event::TYPE, COUNTER)
            .number(field::event::TRACK, COUNTERS + u64::from(sample.kind))
            .fixed(field::event::DOUBLE_VALUE, sample.value.to_bits());
        packets.event(sample.time, event)?;
    }
    Ok(())
}

struct Packets<'a, W> {
    out: &'a mut W,
}

impl<W: Write> Packets<'_, W> {
    fn put(&mut self, packet: Message) -> io::Result<()> {
        // All packets are of one sequence.
        let packet = packet.number(field::packet::SEQUENCE, 1);
        let whole = Message::default().inside(field::PACKET, packet);
        self.out.write_all(&whole.0)
    }

    fn event(&mut self, time: u64, event: Message) -> io::Result<()> {
        const NEEDS_NAMES: u64 = 2;
        self.put(
            Message::default()
                .number(field::packet::TIMESTAMP, time)
                .number(field::packet::SEQUENCE_FLAGS, NEEDS_NAMES)
                .inside(field::packet::TRACK_EVENT, event),
        )
    }

    /// Names are written once; 0 is none of their numbers.
    fn names(&mut self, run: &Run) -> io::Result<()> {
        const BEGINS_ANEW: u64 = 1;
        let named = |number: u64, name: &str| {
            Message::default()
                .number(field::interned::NUMBER, number)
                .text(field::interned::NAME, name)
        };
        let mut names = Message::default();
        for (kind, number) in run.kinds.iter().zip(1..) {
            names = names.inside(field::interned::EVENT_NAME, named(number, &kind.name));
            if !kind.file.is_empty() {
                let line = u64::from(kind.line);
                let place = named(number, &kind.file).number(field::interned::LINE, line);
                names = names.inside(field::interned::PLACE, place);
            }
        }
        for (name, number) in ANNOTATIONS.into_iter().zip(1..) {
            names = names.inside(field::interned::ANNOTATION_NAME, named(number, name));
        }
        self.put(
            Message::default()
                .number(field::packet::SEQUENCE_FLAGS, BEGINS_ANEW)
                .inside(field::packet::INTERNED_DATA, names),
        )
    }

    fn track(&mut self, uuid: u64, track: Message) -> io::Result<()> {
        let track = track.number(field::track::UUID, uuid);
        self.put(Message::default().inside(field::packet::TRACK_DESCRIPTOR, track))
    }

    fn tracks(&mut self, run: &Run) -> io::Result<()> {
        let about = |word: &str| run.about.get(word).map_or("", |value| value);
        let pid = about("process").parse().unwrap_or(1);
        let process = Message::default()
            .number(field::process::PID, pid)
            .text(field::process::NAME, about("program"));
        self.track(
            PROCESS,
            Message::default().inside(field::track::PROCESS, process),
        )?;
        let mut streams: BTreeSet<u32> = (0..run.xes).collect();
        streams.extend(run.tasks.iter().map(|task| task.stream));
        streams.extend(run.spans.iter().map(|span| span.stream));
        for stream in streams {
            let name = match stream < run.xes {
                true => format!("XE {stream}"),
                false => format!("thread {}", stream - run.xes),
            };
            let thread = Message::default()
                .number(field::thread::PID, pid)
                .number(
                    field::thread::TID,
                    pid.wrapping_add(1 + u64::from(stream)) & 0x7fff_ffff,
                )
                .text(field::thread::NAME, &name);
            let track = Message::default()
                .number(field::track::PARENT, PROCESS)
                .inside(field::track::THREAD, thread);
            self.track(STREAMS + u64::from(stream), track)?;
        }
        let mut counters: Vec<_> = run.samples.iter().map(|sample| sample.kind).collect();
        counters.sort_unstable();
        counters.dedup();
        for kind in counters {
            let track = Message::default()
                .number(field::track::PARENT, PROCESS)
                .text(field::track::NAME, run.name(kind))
                .inside(field::track::COUNTER, Message::default());
            self.track(COUNTERS + u64::from(kind), track)?;
        }
        Ok(())
    }

    /// What lies on one track, in the order of time. A slice that reaches out of the one that it lies in ends with that one: so only
    /// damage can make it.
    fn stream(
        &mut self,
        track: u64,
        slices: &[Slice<'_>],
        flows: &[Vec<u64>],
        run: &Run,
    ) -> io::Result<()> {
        let mut open: Vec<u64> = Vec::new();
        for slice in slices {
            while let Some(end) = open.pop_if(|end| *end <= slice.start) {
                self.end(track, end)?;
            }
            let most = open.last().copied().unwrap_or(u64::MAX);
            open.push(slice.end.max(slice.start).min(most));
            self.event(slice.start, begin(track, slice, flows, run))?;
        }
        while let Some(end) = open.pop() {
            self.end(track, end)?;
        }
        Ok(())
    }

    fn end(&mut self, track: u64, time: u64) -> io::Result<()> {
        let event = Message::default()
            .number(field::event::TYPE, SLICE_END)
            .number(field::event::TRACK, track);
        self.event(time, event)
    }
}

fn begin(track: u64, slice: &Slice<'_>, flows: &[Vec<u64>], run: &Run) -> Message {
    let mut event = Message::default()
        .number(field::event::TYPE, SLICE_BEGIN)
        .number(field::event::TRACK, track)
        .number(field::event::NAME_NUMBER, u64::from(slice.kind) + 1);
    let Some((at, task)) = slice.task else {
        return event.text(field::event::CATEGORY, "span");
    };
    event = event.text(
        field::event::CATEGORY,
        match task.sort {
            Sort::Codelet => "codelet",
            Sort::Step => "step",
            Sort::Body => "body",
            Sort::Replay => "replay",
        },
    );
    if !run.place(task.kind).is_empty() {
        event = event.number(field::event::PLACE, u64::from(task.kind) + 1);
    }
    let values = [
        u64::from(task.codelet),
        task.ready.saturating_sub(task.spawn),
        task.start.saturating_sub(task.ready),
    ];
    for (value, name) in values.into_iter().zip(1..) {
        let annotation = Message::default()
            .number(field::annotation::NAME_NUMBER, name)
            .number(field::annotation::VALUE, value);
        event = event.inside(field::event::ANNOTATION, annotation);
    }
    // A flow has the number of the task that it leads to; 0 is none.
    for &to in &flows[at] {
        event = event.fixed(field::event::FLOW, to + 1);
    }
    if task.cause != NONE && (task.cause as usize) < flows.len() {
        event = event.fixed(field::event::LAST_FLOW, at as u64 + 1);
    }
    event
}
