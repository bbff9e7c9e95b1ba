//! The reader of traces: whatever bytes come, as they are or as chunks whose check sums fit, it says what is wrong or gives a run
//! whose parts agree, and looking at that does not fail.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sprat::trace::{Chunk, File};
use sprat_tools::analyse::analyse;
use sprat_tools::read::read;
use sprat_tools::run::NONE;

#[derive(Arbitrary, Debug)]
enum Input {
    /// Anything.
    Bytes(Vec<u8>),
    /// Chunks: which, for what, since when, and what is in them.
    Chunks(Vec<(u8, Which, u64, Vec<u8>)>),
}

/// What a chunk is about: one of a few, so that several are about the same, or any.
#[derive(Arbitrary, Debug)]
enum Which {
    Few(u8),
    Any(u32),
}

const TAGS: [[u8; 4]; 10] = [
    *b"ABOU", *b"KIND", *b"GRAF", *b"EVNT", *b"DROP", *b"CLCK", *b"BLOK", *b"MOVE", *b"DECI",
    *b"TEND",
];

fuzz_target!(|input: Input| {
    let bytes = match input {
        Input::Bytes(bytes) => bytes,
        Input::Chunks(chunks) => {
            let mut file = b"SPRAT\x00\xf0\n".to_vec();
            file.extend(sprat::trace::VERSION.to_le_bytes());
            file.extend([0; 4]);
            let about = b"xes: 3\nxe 1: cpu 1 core 1 region 1 domain 0\n".to_vec();
            sprat::trace::put_chunk(&mut file, *b"ABOU", 0, 0, &about);
            for (tag, which, base, body) in chunks {
                let tag = TAGS[usize::from(tag) % TAGS.len()];
                let which = match which {
                    Which::Few(which) => u32::from(which % 5),
                    Which::Any(which) => which,
                };
                sprat::trace::put_chunk(&mut file, tag, which, base, &body);
            }
            file
        }
    };
    let Ok(run) = read(&bytes) else { return };
    // What is no event is told.
    let mut chunks = File::open(&bytes).unwrap().chunks();
    let leaves = chunks.any(|chunk| match chunk {
        Ok(Chunk::Events { mut events, .. }) => {
            events.by_ref().for_each(drop);
            !events.is_at_the_end()
        }
        _ => false,
    });
    assert!(!leaves || !run.flaws.is_empty());
    for task in &run.tasks {
        assert!(task.spawn <= task.ready && task.ready <= task.start && task.start <= task.end);
        for other in [task.cause, task.spawner] {
            assert!(other == NONE || (other as usize) < run.tasks.len());
        }
    }
    let analysis = analyse(&run);
    for split in &analysis.engines {
        assert_eq!(split.total(), analysis.in_scopes_ns);
    }
    assert!(!sprat_tools::report::text::text(&analysis).is_empty());
});
