//! Engines have the stack that was asked for.

use sprat::Runtime;
use std::hint::black_box;

/// More than the stack that a thread has by default.
const DEEP: usize = 8 << 20;

/// Uses so many bytes of the stack.
fn deep(bytes: usize) -> usize {
    let frame = black_box([bytes as u8; 1 << 12]);
    match bytes.checked_sub(frame.len()) {
        None => usize::from(frame[7]),
        Some(left) => deep(left) + usize::from(black_box(&frame)[9]),
    }
}

/// A frame may be twice as large as its array, unoptimised.
const ROOM: usize = 4 * DEEP;

#[test]
fn deep_bodies_run_on_every_engine() {
    // The host sits in one of the seats, with a stack of its own.
    let host = std::thread::Builder::new().stack_size(ROOM);
    let test = || {
        let rt = Runtime::builder()
            .xes(2)
            .oversubscribe(true)
            .stack_bytes(ROOM)
            .build()
            .unwrap();
        let blocks = rt.blocks::<u64>(2, 1).unwrap();
        rt.finish(|s| {
            for (xe, block) in blocks.iter().enumerate() {
                s.codelet("deep")
                    .on_xe(xe)
                    .spawn(block.write(), |_, out| out[0] = 1 + deep(DEEP) as u64);
            }
            Ok(())
        })
        .unwrap();
        let both = blocks
            .iter()
            .map(|&block| rt.read(block, |x| x[0]).unwrap());
        assert!(both.min().unwrap() >= 1);
    };
    host.spawn(test).unwrap().join().unwrap();
}

#[test]
fn a_stack_that_holds_no_engine_is_refused() {
    let tiny = Runtime::builder().stack_bytes(16 << 10).build();
    let error = tiny.expect_err("nothing runs there");
    assert_eq!(error.kind(), sprat::ErrorKind::Config);
    assert!(
        error.to_string().contains("a stack of 16384 bytes"),
        "{error}"
    );
    Runtime::builder().stack_bytes(256 << 10).build().unwrap();
}
