//! The ring of a trace: what is written is read once, whole and in order, or counted as dropped.

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::model::{explore, spawn};
use crate::sync::{Arc, Mutex, UnsafeCell, lock};
use crate::tracing::{Calls, Settled, ring};
use std::sync::Arc as StdArc;

/// A record that loom watches: a place that the writer fills before it pushes, and the reader looks at.
type Marked = StdArc<UnsafeCell<u32>>;

/// Four records of one or two go through a ring of two, while somebody drains twice, and once more at the end.
#[test]
fn records_are_whole_and_in_order() {
    explore(|| {
        let (mut producer, mut consumer) = ring::<u32>(2);
        let read = Arc::new(Mutex::new(Vec::new()));
        let drained = read.clone();
        let other = spawn(move || {
            for _ in 0..2 {
                consumer.drain(|record| lock(&drained).push(*record));
            }
            consumer
        });
        producer.push(&[1]);
        producer.push(&[2, 3]);
        producer.push(&[4]);
        let mut consumer = other.join().unwrap();
        consumer.drain(|record| lock(&read).push(*record));
        let read = lock(&read).clone();
        assert!(read.is_sorted(), "{read:?}");
        assert_eq!(
            read.contains(&2),
            read.contains(&3),
            "all or none: {read:?}"
        );
        assert_eq!(read.len() as u64 + consumer.dropped(), 4, "{read:?}");
    });
}

/// What the writer did before it pushed is seen by who reads the record.
#[test]
fn who_reads_sees_what_came_before() {
    explore(|| {
        let (mut producer, mut consumer) = ring::<usize>(2);
        let marks: StdArc<[Marked; 2]> =
            StdArc::new(std::array::from_fn(|_| Marked::new(UnsafeCell::new(0))));
        let seen = marks.clone();
        let other = spawn(move || {
            consumer.drain(|&at| {
                // SAFETY: the writer has done with it, which loom checks.
                seen[at].with(|mark| assert_eq!(unsafe { *mark }, 7));
            });
        });
        for at in 0..2 {
            // SAFETY: nobody reads it before it is pushed, which loom checks.
            marks[at].with_mut(|mark| unsafe { *mark = 7 });
            producer.push(&[at]);
        }
        other.join().unwrap();
    });
}

/// A host opens a scope while the control engine settles: either that sees the scope, or the host hears that it must tell.
#[test]
fn no_scope_is_opened_behind_who_settles() {
    explore(|| {
        let both = Arc::new((Settled::new(), AtomicUsize::new(0)));
        // The scope before has been told.
        both.0.unsettle();
        let theirs = both.clone();
        let host = spawn(move || {
            let (settled, open) = &*theirs;
            open.store(1, Ordering::Relaxed);
            settled.opens()
        });
        let (settled, open) = &*both;
        let settles = settled.settles(open);
        let told = host.join().unwrap();
        assert!(told || !settles, "the scope's events would lie there");
        assert!(told || !settled.is_settled());
    });
}

/// A scope ends while the control engine settles: what the scope's host noted last lies in the ring that is emptied for good.
#[test]
fn what_a_scope_noted_last_is_there_when_it_is_settled() {
    explore(|| {
        let both = Arc::new((Settled::new(), AtomicUsize::new(1)));
        both.0.unsettle();
        let (mut producer, mut consumer) = ring::<u32>(2);
        let theirs = both.clone();
        let host = spawn(move || {
            producer.push(&[1]);
            // As in `host.rs`.
            theirs.1.fetch_sub(1, Ordering::SeqCst);
        });
        let mut read = Vec::new();
        if both.0.settles(&both.1) {
            consumer.drain(|record| read.push(*record));
            assert_eq!(read, [1], "nobody would look again");
        }
        host.join().unwrap();
    });
}

/// Two have noted something and call, or find it due: whoever empties, nothing is left behind, though nobody waits.
#[test]
fn no_call_is_left_unanswered() {
    explore(|| {
        let all = Arc::new((Calls::new(), Mutex::new(0), AtomicUsize::new(0)));
        let note_and_answer = |all: &(Calls, Mutex<usize>, AtomicUsize)| {
            let (calls, desk, noted) = all;
            noted.fetch_add(1, Ordering::Release);
            calls.call();
            let empty = |emptied: &mut usize| *emptied = noted.load(Ordering::Acquire);
            calls.answer(desk, |_| false, empty);
        };
        let theirs = all.clone();
        let other = spawn(move || note_and_answer(&theirs));
        note_and_answer(&all);
        other.join().unwrap();
        assert_eq!(*lock(&all.1), 2, "somebody's notes were left");
    });
}
