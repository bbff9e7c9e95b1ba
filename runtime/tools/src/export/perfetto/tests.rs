//! What is written, read again by the rules of the encoding alone.

use super::*;
use crate::interval::Interval;
use crate::run::{Sample, Span};
use sprat::trace::Kind;

/// A field of a message: a number, or bytes.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let (&first, rest) = bytes.split_first().expect("a number is whole");
        *bytes = rest;
        number |= u64::from(first & 127) << shift;
        if first < 128 {
            break;
        }
    }
    number
}

/// The fields of a message, by the rules of the encoding alone.
fn fields(mut bytes: &[u8]) -> Vec<(u32, Value<'_>)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let length = match key & 7 {
            0 => {
                fields.push(((key >> 3) as u32, Value::Number(varint(&mut bytes))));
                continue;
            }
            1 => 8,
            2 => varint(&mut bytes) as usize,
            other => panic!("wire type {other}"),
        };
        let (body, rest) = bytes.split_at(length);
        bytes = rest;
        let value = match key & 7 {
            1 => Value::Number(u64::from_le_bytes(body.try_into().unwrap())),
            _ => Value::Bytes(body),
        };
        fields.push(((key >> 3) as u32, value));
    }
    fields
}

fn numbers(message: &[u8], field: u32) -> Vec<u64> {
    let of = |(number, value)| match value {
        Value::Number(value) if number == field => Some(value),
        _ => None,
    };
    fields(message).into_iter().filter_map(of).collect()
}

fn number(message: &[u8], field: u32) -> u64 {
    numbers(message, field).first().copied().unwrap_or(0)
}

fn inside(message: &[u8], field: u32) -> Vec<&[u8]> {
    let of = |(number, value)| match value {
        Value::Bytes(bytes) if number == field => Some(bytes),
        _ => None,
    };
    fields(message).into_iter().filter_map(of).collect()
}

fn run() -> Run {
    let task = |kind, stream, start, end, cause| Task {
        kind,
        stream,
        ready: start - 5,
        start,
        end,
        cause,
        ..Task::default()
    };
    Run {
        kinds: ["(others)", "first", "second", "part"]
            .map(|name| Kind {
                name: name.to_owned(),
                file: "src/main.rs".to_owned(),
                line: 7,
                ..Kind::default()
            })
            .into(),
        xes: 2,
        tasks: vec![
            task(1, 0, 10, 100, NONE),
            // Inside of the first one, as where a host helps.
            task(2, 0, 20, 30, NONE),
            task(2, 1, 110, 200, 0),
            task(2, 0, 100, 100, 0),
            // Damaged: it reaches out of what it lies in.
            task(2, 1, 150, 900, NONE),
        ],
        spans: vec![Span {
            kind: 3,
            stream: 0,
            interval: Interval { start: 10, end: 20 },
        }],
        samples: vec![Sample {
            kind: 3,
            time: 50,
            value: -0.5,
        }],
        ..Run::default()
    }
}

#[test]
fn slices_nest_and_flows_lead_from_the_cause() {
    let mut bytes = Vec::new();
    perfetto(&run(), &mut bytes).unwrap();
    let packets = inside(&bytes, field::PACKET);
    let mut told = Vec::new();
    for packet in packets {
        let time = number(packet, field::packet::TIMESTAMP);
        for event in inside(packet, field::packet::TRACK_EVENT) {
            use field::event::{FLOW, LAST_FLOW, NAME_NUMBER, TRACK, TYPE};
            told.push((
                number(event, TRACK),
                number(event, TYPE),
                time,
                number(event, NAME_NUMBER),
                [numbers(event, FLOW), numbers(event, LAST_FLOW)].concat(),
            ));
        }
    }
    let (begin, end, none) = (SLICE_BEGIN, SLICE_END, Vec::new);
    let expected = [
        (2, begin, 10, 2, vec![3, 4]),
        (2, begin, 10, 4, none()),
        (2, end, 20, 0, none()),
        (2, begin, 20, 3, none()),
        (2, end, 30, 0, none()),
        (2, end, 100, 0, none()),
        (2, begin, 100, 3, vec![4]),
        (2, end, 100, 0, none()),
        (3, begin, 110, 3, vec![3]),
        (3, begin, 150, 3, none()),
        (3, end, 200, 0, none()),
        (3, end, 200, 0, none()),
        (COUNTERS + 3, COUNTER, 50, 0, none()),
    ];
    assert_eq!(told, expected);
}

#[test]
fn names_and_tracks_come_first() {
    let mut bytes = Vec::new();
    perfetto(&run(), &mut bytes).unwrap();
    let packets = inside(&bytes, field::PACKET);
    let names = inside(packets[0], field::packet::INTERNED_DATA)[0];
    let second = inside(names, field::interned::EVENT_NAME)[2];
    assert_eq!(number(second, field::interned::NUMBER), 3);
    assert_eq!(inside(second, field::interned::NAME), [b"second"]);
    assert_eq!(inside(names, field::interned::PLACE).len(), 4);
    let tracks: Vec<_> = (packets.iter())
        .flat_map(|packet| inside(packet, field::packet::TRACK_DESCRIPTOR))
        .map(|track| number(track, field::track::UUID))
        .collect();
    assert_eq!(tracks, [PROCESS, 2, 3, COUNTERS + 3]);
    assert!(
        packets
            .iter()
            .all(|packet| number(packet, field::packet::SEQUENCE) == 1)
    );
}
