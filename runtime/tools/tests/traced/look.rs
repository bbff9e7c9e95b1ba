//! What is so in each trace, looked for in one.

use sprat_tools::analyse::{Analysis, analyse};
use sprat_tools::read::read;
use sprat_tools::report;
use sprat_tools::run::{NONE, Run, Sort};
use std::path::Path;

/// The trace in a file, when all has been found in it that is so in each trace.
pub fn looked_at(path: &Path) -> (Run, Analysis) {
    let bytes = std::fs::read(path).unwrap();
    let run = read(&bytes).unwrap();
    assert_eq!(run.flaws, Vec::<String>::new());
    assert!(run.whole && run.dropped == 0);
    consistent(&run);
    let analysis = analyse(&run);
    adds_up(&run, &analysis);
    (run, analysis)
}

/// What is so in each trace.
fn consistent(run: &Run) {
    assert_eq!(run.never_ran, 0);
    assert!(run.tasks.is_sorted_by_key(|task| task.start));
    for (at, task) in run.tasks.iter().enumerate() {
        assert!(
            task.spawn <= task.ready && task.ready <= task.start,
            "{task:?}"
        );
        assert!(task.start <= task.end && task.end <= run.length, "{task:?}");
        assert!(task.has_spawn || task.sort == Sort::Body, "{task:?}");
        assert!(task.sort == Sort::Body || task.spawner != NONE, "{task:?}");
        for other in [task.cause, task.spawner] {
            if other != NONE {
                // Clocks of two cores may differ by some ticks.
                assert!(
                    (other as usize) < at || run.tasks[other as usize].start <= task.start + 1000
                );
            }
        }
    }
    // Bodies of codelets do not overlap on an engine.
    for xe in 0..run.xes {
        let mut own: Vec<_> = run
            .tasks
            .iter()
            .filter(|t| t.is_work() && t.stream == xe)
            .collect();
        own.sort_by_key(|task| task.start);
        for pair in own.windows(2) {
            assert!(pair[0].end <= pair[1].start, "{pair:?}");
        }
    }
}

/// Sums agree with the time that passed, within 1%.
fn adds_up(run: &Run, analysis: &Analysis) {
    for split in &analysis.engines {
        let off = split.total().abs_diff(analysis.in_scopes_ns);
        assert!(
            off * 100 <= analysis.in_scopes_ns,
            "{split:?} of {}",
            analysis.in_scopes_ns
        );
        let tasks = run
            .tasks
            .iter()
            .filter(|task| task.is_work() && task.stream == split.xe);
        let ran: u64 = tasks.map(|task| task.length()).sum();
        assert!(
            ran.abs_diff(split.running) * 100 <= ran.max(100),
            "{split:?}: {ran}"
        );
    }
    let bounds = analysis.bounds;
    assert!(bounds.by_path_ns <= run.length, "{bounds:?}");
    assert_eq!(
        analysis.kinds.iter().map(|row| row.count).sum::<u64>(),
        analysis.codelets
    );
    let page = report::html::html(run, analysis);
    assert!(page.contains("</html>") && !page.contains("/*DATA*/"));
}
