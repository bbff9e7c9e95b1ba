//! Traces that are not whole: each is read as far as it goes, or refused with a sentence that helps.

use proptest::prelude::*;
use sprat::Runtime;
use sprat::trace::{Chunk, File, Flaw, put_chunk, tag};
use sprat_tools::analyse::analyse;
use sprat_tools::read::{read, read_with_accesses};
use sprat_tools::run::NONE;
use sprat_tools::{export, report};
use std::sync::OnceLock;
use std::time::Duration;

/// A trace of a run with a bit of everything.
fn sound() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let path = std::env::temp_dir().join(format!("sprat-damage-{}.sprat", std::process::id()));
        let rt = Runtime::builder()
            .ignore_environment()
            .xes(1)
            .trace(&path)
            .build()
            .unwrap();
        let block = rt.block::<u64>(8).unwrap();
        let graph = rt.record(|s| {
            s.codelet("step")
                .spawn(block.read_write(), |_, b| b[0] += 1);
            Ok(())
        });
        rt.replay(&graph.unwrap(), 3).unwrap();
        rt.finish(|s| {
            for _ in 0..20 {
                s.codelet("one")
                    .spawn(block.read_write(), |s, b| s.count("b", b[0] as f64));
            }
            Ok(())
        })
        .unwrap();
        drop(rt);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        bytes
    })
}

#[test]
fn what_is_no_trace_is_refused() {
    assert_eq!(read(b"").unwrap_err(), Flaw::Empty);
    assert_eq!(read(b"{\"traceEvents\": []}").unwrap_err(), Flaw::Foreign);
    assert_eq!(read(&sound()[..5]).unwrap_err(), Flaw::CutOff(0));
    let mut newer = sound().to_vec();
    newer[8] = 9;
    assert_eq!(read(&newer).unwrap_err(), Flaw::Version(9));
    for flaw in [
        Flaw::Empty,
        Flaw::Foreign,
        Flaw::CutOff(0),
        Flaw::Version(9),
        Flaw::Damaged(77),
    ] {
        assert!(flaw.to_string().len() > 40, "{flaw}");
    }
}

#[test]
fn a_trace_is_good_up_to_where_it_ends() {
    let whole = read(sound()).unwrap();
    assert!(whole.whole && whole.flaws.is_empty());
    assert_eq!(whole.tasks.iter().filter(|task| task.is_work()).count(), 23);
    let mut most = 0;
    for end in 16..sound().len() {
        let part = read(&sound()[..end]).unwrap();
        assert!(!part.whole);
        assert!(
            part.tasks.len() >= most,
            "up to {end}: {} of {most}",
            part.tasks.len()
        );
        most = part.tasks.len();
    }
    assert_eq!(most, whole.tasks.len());
}

/// Where each chunk of a sound file begins, by the lengths in their heads.
fn chunks(bytes: &[u8]) -> Vec<usize> {
    let (mut at, mut list) = (16, Vec::new());
    while at < bytes.len() {
        list.push(at);
        at += 32 + u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap()) as usize;
    }
    list
}

/// Whatever is wrong with one chunk, its length above all, costs that chunk alone and is told once.
#[test]
fn what_follows_a_damaged_chunk_is_found_again() {
    let sound = sound();
    let whole = File::open(sound).unwrap().chunks().count();
    for begin in chunks(sound) {
        for (at, by) in [(0, 1), (8, 1), (8, 255), (11, 255), (16, 1), (24, 1)] {
            let mut bytes = sound.to_vec();
            bytes[begin + at] ^= by;
            let chunks = File::open(&bytes).unwrap().chunks();
            let (good, bad): (Vec<_>, Vec<_>) = chunks.partition(|chunk| chunk.is_ok());
            let is_last = &sound[begin..begin + 4] == b"TEND";
            let expected = match is_last && (8..16).contains(&at) {
                true => Flaw::CutOff(begin),
                false => Flaw::Damaged(begin),
            };
            assert_eq!(good.len(), whole - 1, "byte {at} of the chunk at {begin}");
            assert_eq!(bad.len(), 1, "byte {at} of the chunk at {begin}");
            assert_eq!(bad[0].as_ref().unwrap_err(), &expected);
        }
    }
}

/// A file system that crashed leaves zeros, a disk that is full anything: one gap, one sentence.
#[test]
fn a_tail_of_zeros_is_one_flaw() {
    let mut bytes = sound().to_vec();
    bytes.resize(bytes.len() + (1 << 22), 0);
    let run = read(&bytes).unwrap();
    assert_eq!(run.flaws.len(), 1, "{:?}", run.flaws.first());
    assert!(run.whole);
    // The same in the middle.
    let at = chunks(sound())[2];
    let mut bytes = sound().to_vec();
    bytes.splice(at..at, std::iter::repeat_n(0, 100_001));
    let run = read(&bytes).unwrap();
    assert_eq!(run.flaws.len(), 1, "{:?}", run.flaws.first());
    assert_eq!(run.tasks.len(), read(sound()).unwrap().tasks.len());
}

/// Heads that promise long bodies, one in another, are not summed up without end.
#[test]
fn a_file_made_to_mislead_takes_its_time_and_no_more() {
    let mut bytes = sound()[..16].to_vec();
    let count = 100_000u32;
    for left in (0..count).rev() {
        let mut head = [0u8; 32];
        head[..4].copy_from_slice(b"EVNT");
        head[8..12].copy_from_slice(&(left * 32).to_le_bytes());
        bytes.extend(head);
    }
    let begin = processor_time();
    assert_eq!(read(&bytes).unwrap().flaws.len(), 1);
    // Each in another would be 160 GB.
    assert!(processor_time() - begin < Duration::from_secs(10));
}

/// How long the calling thread has run, whatever else the machine does.
fn processor_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the call writes one `timespec`, which is there.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(failed, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Chunks behind a right header, each with a tag, a number and a body.
fn file_of<'a>(chunks: impl IntoIterator<Item = ([u8; 4], u32, &'a [u8])>) -> Vec<u8> {
    let mut bytes = sound()[..16].to_vec();
    for (tag, number, body) in chunks {
        put_chunk(&mut bytes, tag, number, 0, body);
    }
    bytes
}

/// The body of a chunk of names: numbers of less than 128 take a byte, these three.
fn kind(number: u16, name: &str) -> Vec<u8> {
    let [low, middle, high] = [number, number >> 7, number >> 14].map(|part| part as u8 & 127);
    let mut body = vec![low | 128, middle | 128, high, name.len() as u8];
    body.extend(name.as_bytes());
    body.extend([0, 0]);
    body
}

/// The body of the sound trace's first chunk of events.
fn events_body() -> &'static [u8] {
    let events = chunks(sound())
        .into_iter()
        .find(|&at| sound()[at..].starts_with(b"EVNT"));
    let at = events.unwrap();
    let length = u32::from_le_bytes(sound()[at + 8..at + 12].try_into().unwrap()) as usize;
    &sound()[at + 32..at + 32 + length]
}

/// Events of a stream that cannot be are counted; those of one that could be cost as much as they are.
#[test]
fn streams_of_any_number_cost_what_is_in_them() {
    let body = events_body();
    let most = (1 << 17) + 1;
    let run = read(&file_of(
        (0..50_000).map(|at| (tag::EVENTS, most + at, &b""[..])),
    ))
    .unwrap();
    let [flaw] = &run.flaws[..] else {
        panic!("{}", run.flaws.len())
    };
    assert!(flaw.contains("50000"), "{flaw}");
    let run = read(&file_of([(tag::EVENTS, most - 1, body)])).unwrap();
    assert!(run.flaws.is_empty() && !run.tasks.is_empty());
    let mut out = Vec::new();
    export::perfetto::perfetto(&run, &mut out).unwrap();
    assert!(out.len() < 100_000, "{}", out.len());
}

/// A chunk whose sum fits may hold what is no event, from a fault of who wrote it: that is told once, and what is before it counts.
#[test]
fn what_is_no_event_is_told() {
    let body = events_body();
    let more = [body, &[255; 40]].concat();
    let whole = read(&file_of([(tag::EVENTS, 0, body)])).unwrap();
    assert!(whole.flaws.is_empty() && !whole.tasks.is_empty());
    let run = read(&file_of([
        (tag::EVENTS, 0, &more[..]),
        (tag::EVENTS, 0, &[255; 9]),
    ]))
    .unwrap();
    let [flaw] = &run.flaws[..] else {
        panic!("{:?}", run.flaws)
    };
    assert!(
        flaw.contains("chunks of events with") && flaw.contains(": 2;"),
        "{flaw}"
    );
    assert_eq!(run.tasks.len(), whole.tasks.len());
}

/// Names are shown on terminals and in files of lines: what would be an order there is gone when they are read.
#[test]
fn names_have_no_control_characters() {
    let bad = "a\x1b]0;b\u{9b}c\rd";
    let about = format!("xes: 1\nprogram: {bad}\n");
    let run = read(&file_of([
        (tag::ABOUT, 0, about.as_bytes()),
        (tag::KINDS, 0, &kind(0, &format!("{bad}\ne"))[..]),
        (tag::BLOCK, 7, format!("{bad}\ne").as_bytes()),
    ]))
    .unwrap();
    assert!(run.flaws.is_empty(), "{:?}", run.flaws);
    let good = "a\u{fffd}]0;b\u{fffd}c\u{fffd}d";
    assert_eq!(run.about["program"], good);
    assert_eq!(run.kinds[0].name, format!("{good}\u{fffd}e"));
    assert_eq!(run.block_names[&(7, 0)], format!("{good}\u{fffd}e"));
}

/// There are as many names as numbers of 16 bits, and two more are needed.
#[test]
fn the_last_numbers_of_names_are_kept_free() {
    let bodies: Vec<_> = [65_533, 65_534, 65_535].map(|at| kind(at, "last")).into();
    let bytes = file_of(bodies.iter().map(|body| (tag::KINDS, 0, &body[..])));
    let run = read(&bytes).unwrap();
    assert_eq!((run.kinds.len(), run.name(65_533)), (1 << 16, "last"));
    let own = ["(body of a scope)", "(replay)"];
    assert_eq!([run.name(65_534), run.name(65_535)], own);
    assert_eq!(run.flaws.len(), 1, "{:?}", run.flaws);
    export::sqlite::sqlite(&run, &mut std::io::Cursor::new(Vec::new())).unwrap();
    let page = report::html::html(&run, &analyse(&run));
    assert!(page.contains("\"spawns\":[65534]"));
}

/// What is said again and again is not worked through each time.
#[test]
fn repetitions_take_their_time_and_no_more() {
    let begin = std::time::Instant::now();
    let about = (0..5_000).map(|_| (tag::ABOUT, 0, &b"xes: 65535\nxe 9: region 3\n"[..]));
    let run = read(&file_of(about)).unwrap();
    assert_eq!((run.xes, run.regions[9], run.regions[8]), (65_535, 3, 0));
    assert!(begin.elapsed().as_secs() < 10, "{:?}", begin.elapsed());
    // A graph of one codelet that says a hundred times that it waits for itself, and uses nothing.
    let mut graph = vec![1, 0, 100];
    graph.extend([1; 100]);
    graph.push(0);
    let run = read(&file_of([(tag::GRAPH, 0, &graph[..])])).unwrap();
    assert_eq!(run.graphs[&0].codelets[0].before, [(0, true)]);
}

const TAGS: [[u8; 4]; 11] = [
    tag::EVENTS,
    tag::EVENTS,
    tag::EVENTS,
    tag::KINDS,
    tag::GRAPH,
    tag::CLOCK,
    tag::MOVES,
    tag::DECIDED,
    tag::BLOCK,
    tag::DROPPED,
    tag::END,
];

/// A chunk's body: small numbers, of which many make events, and any.
fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(0u8..16, 0..300),
        prop::collection::vec(any::<u8>(), 0..300),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// Whatever is changed, reading and looking at it does not fail, and a change is noticed.
    #[test]
    fn damage_is_noticed(changes in prop::collection::vec((16usize..100_000, 1u8..), 1..4)) {
        let mut bytes = sound().to_vec();
        for (at, by) in changes {
            let at = 16 + at % (bytes.len() - 16);
            bytes[at] ^= by;
        }
        if bytes != sound() {
            let run = read(&bytes).unwrap();
            prop_assert!(!run.flaws.is_empty() || !run.whole);
            analyse(&run);
        }
    }

    /// Chunks whose sums fit, with anything in them: the run's parts agree, and all that shows it gets along.
    #[test]
    fn chunks_of_anything_are_survived(
        chunks in prop::collection::vec(
            (0..TAGS.len(), prop_oneof![4 => 0u32..5, 1 => any::<u32>()], 0u64..1 << 40, body()),
            0..12,
        ),
    ) {
        let mut bytes = sound()[..16].to_vec();
        put_chunk(&mut bytes, tag::ABOUT, 0, 0, b"xes: 3\nxe 1: cpu 1 core 1 region 1 domain 0\n");
        for (which, stream, base, body) in chunks {
            put_chunk(&mut bytes, TAGS[which], stream, base, &body);
        }
        let run = read(&bytes).unwrap();
        let leaves = File::open(&bytes).unwrap().chunks().any(|chunk| match chunk {
            Ok(Chunk::Events { mut events, .. }) => {
                events.by_ref().for_each(drop);
                !events.is_at_the_end()
            }
            _ => false,
        });
        prop_assert!(!leaves || !run.flaws.is_empty());
        for task in &run.tasks {
            prop_assert!(task.spawn <= task.ready && task.ready <= task.start && task.start <= task.end);
            for other in [task.cause, task.spawner] {
                prop_assert!(other == NONE || (other as usize) < run.tasks.len());
            }
        }
        let analysis = analyse(&run);
        for split in &analysis.engines {
            prop_assert_eq!(split.total(), analysis.in_scopes_ns);
        }
        let text = report::text::text(&analysis);
        prop_assert!(!text.is_empty() && !text.contains(|letter: char| letter.is_control() && letter != '\n'));
        prop_assert!(report::html::html(&run, &analysis).ends_with("</html>\n"));
        let mut database = std::io::Cursor::new(Vec::new());
        export::sqlite::sqlite(&run, &mut database).unwrap();
        export::perfetto::perfetto(&run, &mut Vec::new()).unwrap();
        let (again, accesses) = read_with_accesses(&bytes, &mut |_| ()).unwrap();
        prop_assert_eq!(again.tasks.len(), run.tasks.len());
        prop_assert!(accesses.iter().all(|(task, _)| (*task as usize) < run.tasks.len()));
    }

    /// Nor does any nonsense behind a right header.
    #[test]
    fn nonsense_is_survived(tail in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut bytes = sound()[..16].to_vec();
        bytes.extend(tail);
        if let Ok(run) = read(&bytes) {
            analyse(&run);
        }
    }
}
