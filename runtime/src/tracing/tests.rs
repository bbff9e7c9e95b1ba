use super::*;
use crate::trace::{Chunk, File};

fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("sprat-tracing-{name}-{}", std::process::id()))
}

fn parked(at: u64) -> Event {
    Event::Parked {
        start: at,
        end: at + 1,
        host: false,
    }
}

/// The events in a file, and how many are told to be missing.
fn read(path: &Path) -> (Vec<Event>, u64) {
    let bytes = std::fs::read(path).unwrap();
    let (mut all, mut dropped) = (Vec::new(), 0);
    for chunk in File::open(&bytes).unwrap().chunks() {
        match chunk {
            Ok(Chunk::Events { events, .. }) => all.extend(events),
            Ok(Chunk::Dropped { events, .. }) => dropped = events,
            _ => (),
        }
    }
    (all, dropped)
}

/// Nobody empties the ring: what has no room is counted, and nobody waits for anybody.
#[test]
fn overflow_drops_counts_and_goes_on() {
    let path = path("overflow");
    let trace = Trace::create(&path, "", Vec::new()).unwrap();
    let mut tracer = trace.join();
    let (room, more) = (CAPACITY as u64, 100);
    let full: Vec<bool> = (0..room + more)
        .map(|at| tracer.note(&[parked(at)]))
        .collect();
    // It is called when half is full, and for each that has no room.
    assert_eq!(full.iter().position(|full| *full), Some(CAPACITY / 2 - 1));
    assert!(full[CAPACITY..].iter().all(|full| *full));
    assert!(trace.drain_if_due(true));
    let (all, dropped) = read(&path);
    assert_eq!((all.len() as u64, dropped), (room, more));
    assert!((0..room).zip(&all).all(|(at, event)| *event == parked(at)));
    // It goes on when there is room again. Records that belong together are all there or none of them: of the last group but one record
    // would have room.
    let group: Vec<Event> = (0..TOGETHER as u64).map(parked).collect();
    tracer.note(&[parked(0)]);
    (0..CAPACITY / TOGETHER).for_each(|_| _ = tracer.note(&group));
    tracer.note(&[parked(0)]);
    trace.end();
    let (again, dropped) = read(&path);
    assert_eq!(again.len(), all.len() + CAPACITY - TOGETHER + 2);
    assert_eq!(dropped, more + TOGETHER as u64);
    std::fs::remove_file(&path).unwrap();
}

/// While one empties the rings another one is called, and finds the lock taken: who has it empties them once more.
#[test]
fn a_call_while_somebody_empties_the_rings_is_not_lost() {
    let path = path("called");
    let trace = Trace::create(&path, "", Vec::new()).unwrap();
    let mut tracer = trace.join();
    tracer.note(&[parked(0)]);
    trace.call();
    std::thread::scope(|threads| {
        // Whoever empties the rings stops here.
        let more = lock(&trace.more);
        let drains = threads.spawn(|| trace.drain_if_due(false));
        while trace.calls.is_called() {
            std::thread::yield_now();
        }
        tracer.note(&[parked(2)]);
        trace.call();
        assert!(!trace.drain_if_due(true), "two at once");
        drop(more);
        assert!(drains.join().unwrap());
    });
    assert!(!trace.calls.is_called(), "nobody has answered");
    assert_eq!(read(&path), (vec![parked(0), parked(2)], 0));
    std::fs::remove_file(&path).unwrap();
}

/// From one region to another one may be farther than back; what no machine has said is near.
#[test]
fn distances_are_those_from_the_first_to_the_second() {
    let path = path("distances");
    let trace = Trace::create(&path, "", vec![vec![10, 17], vec![23, 1 << 20]]).unwrap();
    let far = |from, to| trace.distance(from, to);
    assert_eq!((far(0, 0), far(0, 1), far(1, 0)), (10, 17, 23));
    assert_eq!((far(1, 1), far(0, 2), far(2, 0)), (u16::MAX, 10, 10));
    drop(trace);
    std::fs::remove_file(&path).unwrap();
}
