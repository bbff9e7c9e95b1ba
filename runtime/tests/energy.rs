//! The policies that turn engines off: that other numbers of engines are tried, and what happens when the policy changes. Which of them are kept is
//! for the tests of `decide::narrowing`: here it depends on what else the machine does.
//!
//! Checked itself: it fails if nobody tries another number of engines (`narrowing_never_tries`).

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]
#![cfg(target_os = "linux")]

use sprat::{Policy, Runtime, Topology};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// One at a time can go on, and others burn their processors meanwhile.
fn alone(lock: &AtomicBool) {
    while lock.swap(true, Ordering::Acquire) {
        std::hint::spin_loop();
    }
    thread::sleep(Duration::from_micros(200));
    lock.store(false, Ordering::Release);
}

/// Nothing that is waited for here takes so long, whatever else the machine does.
const FOREVER: Duration = Duration::from_secs(100);

/// Runs codelets of which one at a time can go on, until this is so of the engines that are turned off.
fn run_until(rt: &Runtime, is_so: impl Fn(&[usize]) -> bool) {
    let (begin, lock) = (Instant::now(), AtomicBool::new(false));
    while !is_so(&rt.turned_off_xes()) {
        assert!(begin.elapsed() < FOREVER, "off: {:?}", rt.turned_off_xes());
        rt.finish(|s| {
            (0..20).for_each(|_| _ = s.spawn((), |_, ()| alone(&lock)));
            Ok(())
        })
        .unwrap();
    }
}

/// Whether the kernel tells how long threads run.
fn is_told() -> bool {
    let is_told = std::path::Path::new("/proc/self/schedstat").exists();
    if !is_told {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: this kernel does not tell the processor times of threads"
        );
    }
    is_told
}

#[test]
fn engines_are_turned_off_that_do_not_help_and_only_while_the_policy_says_so() {
    if !is_told() {
        return;
    }
    let builder = Runtime::builder().xes(2).oversubscribe(true).pin(false);
    let builder = builder.ignore_environment().policy(Policy::Energy);
    let rt = &builder.build().unwrap();
    for policy in [Policy::Energy, Policy::EnergyDelay] {
        rt.set_policy(policy).unwrap();
        assert_eq!(rt.policy(), policy);
        run_until(rt, |off| !off.is_empty());
        // As soon as another policy is said both work, and stay at work.
        rt.set_policy(Policy::Performance).unwrap();
        assert_eq!(rt.turned_off_xes(), []);
        let begin = Instant::now();
        run_until(rt, |off| {
            assert_eq!(off, []);
            begin.elapsed() > Duration::from_millis(300)
        });
    }
}

/// Made-up files of a system, in a folder that goes with this: a package whose counter a thread turns on, and controls of a core's processors.
struct Files {
    root: PathBuf,
}

impl Files {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("sprat-energy-{name}-{}", std::process::id()));
        let files = Files { root };
        for (file, text) in [
            ("name", "package-0"),
            ("energy_uj", "0"),
            ("max_energy_range_uj", "262143328850"),
        ] {
            files.write(&format!("sys/class/powercap/intel-rapl:0/{file}"), text);
        }
        for cpu in Files::cpus() {
            for (file, text) in [
                ("scaling_max_freq", "3000000"),
                ("scaling_min_freq", "800000"),
                ("cpuinfo_min_freq", "800000"),
                ("energy_performance_preference", "performance"),
                (
                    "energy_performance_available_preferences",
                    "performance balance_power power",
                ),
            ] {
                files.write(&Files::control(cpu, file), text);
            }
        }
        files
    }

    /// Those of one core of this machine, which is one package and one domain, whatever else there is.
    fn machine() -> Topology {
        let all = Topology::detect().unwrap();
        all.restrict(&all.cores[0].cpus.iter().copied().collect())
            .unwrap()
    }

    fn cpus() -> Vec<u32> {
        let cores = Files::machine().cores;
        cores.iter().flat_map(|core| core.cpus.clone()).collect()
    }

    fn control(cpu: u32, file: &str) -> String {
        format!("sys/devices/system/cpu/cpu{cpu}/cpufreq/{file}")
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        // In one piece, and not emptied before: a reader sees the one or the other, as the system has it.
        let file = std::fs::File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path);
        file.unwrap()
            .write_all(format!("{text}\n").as_bytes())
            .unwrap();
    }

    /// What all processors say.
    fn say(&self, file: &str) -> BTreeSet<String> {
        let read = |cpu| std::fs::read_to_string(self.root.join(Files::control(cpu, file)));
        let all = Files::cpus().into_iter().map(|cpu| read(cpu).unwrap());
        all.map(|text| text.trim().to_owned()).collect()
    }

    fn maximum(&self) -> BTreeSet<String> {
        self.say("scaling_max_freq")
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// Four engines, pinned to these processors of these files.
fn pinned(files: &Files) -> Runtime {
    engines(4, files)
}

fn engines(count: usize, files: &Files) -> Runtime {
    let builder = Runtime::builder()
        .topology(Files::machine())
        .xes(count)
        .oversubscribe(true)
        .pin(true);
    let builder = builder.ignore_environment().power_files(&files.root);
    builder.build().unwrap()
}

fn one(text: &str) -> BTreeSet<String> {
    BTreeSet::from([text.to_owned()])
}

/// Says so when it goes, after a panic, too.
struct Stops<'a>(&'a AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs codelets until this is so of the runtime.
fn work_until(rt: &Runtime, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < FOREVER, "{}", rt.energy());
        rt.finish(|s| {
            let nap = || thread::sleep(Duration::from_micros(500));
            (0..20).for_each(|_| _ = s.spawn((), move |_, ()| nap()));
            Ok(())
        })
        .unwrap();
    }
}

#[test]
fn under_a_cap_that_is_measured_processors_go_slower_and_later_as_they_were_found() {
    let files = &Files::new("capped");
    let (stop, watts) = (&AtomicBool::new(false), &AtomicU64::new(100));
    thread::scope(|threads| {
        let stops = Stops(stop);
        // A package that draws so many watts, whatever is done.
        threads.spawn(move || {
            let (mut last, mut drawn_uj) = (Instant::now(), 0.0);
            while !stop.load(Ordering::Relaxed) {
                let passed = std::mem::replace(&mut last, Instant::now()).elapsed();
                drawn_uj += passed.as_secs_f64() * 1e6 * watts.load(Ordering::Relaxed) as f64;
                files.write(
                    "sys/class/powercap/intel-rapl:0/energy_uj",
                    &format!("{drawn_uj:012.0}"),
                );
                thread::sleep(Duration::from_millis(1));
            }
        });
        let rt = pinned(files);
        assert_eq!(rt.energy().notes, Vec::<String>::new());
        assert!(rt.energy().is_measured);
        assert_eq!(files.maximum(), one("3000000"));
        rt.set_power_cap(Some(50.0)).unwrap();
        work_until(&rt, || files.maximum() == one("1500000"));
        // Nothing helps: one engine is left, at least.
        work_until(&rt, || rt.energy().misses_cap);
        let report = rt.energy();
        assert!(report.to_string().contains("measured"), "{report}");
        assert!(report.to_string().contains("cannot be held"), "{report}");
        assert!(
            report.joules > 0.0 && report.speeds == [Some(0.5)],
            "{report}"
        );
        assert_eq!(rt.turned_off_xes().len(), rt.xes() - 1);
        // Less is drawn: all of it comes back.
        watts.store(10, Ordering::Relaxed);
        work_until(&rt, || files.maximum() == one("3000000"));
        assert_eq!(rt.turned_off_xes(), []);
        watts.store(100, Ordering::Relaxed);
        work_until(&rt, || files.maximum() == one("1500000"));
        rt.set_power_cap(None).unwrap();
        assert_eq!(
            (files.maximum(), rt.turned_off_xes()),
            (one("3000000"), vec![])
        );
        // And at the end, too.
        rt.set_power_cap(Some(50.0)).unwrap();
        work_until(&rt, || files.maximum() == one("1500000"));
        drop(rt);
        assert_eq!(files.maximum(), one("3000000"));
        drop(stops);
    });
}

/// The control engine looks because a scope was opened: a host has the only engine's seat, so nobody falls asleep in vain and asks for it.
#[test]
fn a_cap_is_looked_at_though_only_a_host_works() {
    let files = &Files::new("alone");
    let rt = engines(1, files);
    rt.set_power_cap(Some(50.0)).unwrap();
    let counter = "sys/class/powercap/intel-rapl:0/energy_uj";
    let begin = Instant::now();
    work_until(&rt, || {
        // A hundred watts.
        let drawn_uj = begin.elapsed().as_micros() * 100;
        files.write(counter, &format!("{drawn_uj:012}"));
        files.maximum() == one("1500000")
    });
}

#[test]
fn policies_say_what_processors_prefer_and_a_panic_brings_back_what_was_found() {
    let files = &Files::new("preferences");
    let preference = || files.say("energy_performance_preference");
    let caught = std::panic::catch_unwind(|| {
        let rt = pinned(files);
        for (policy, prefers) in [
            (Policy::Energy, "power"),
            (Policy::Performance, "performance"),
            (Policy::EnergyDelay, "balance_power"),
        ] {
            rt.set_policy(policy).unwrap();
            assert_eq!(preference(), one(prefers), "{policy}");
        }
        std::panic::resume_unwind(Box::new("a test has asked for this panic"));
    });
    assert!(caught.is_err());
    assert_eq!(preference(), one("performance"));
}

#[test]
fn a_counter_that_breaks_is_told_of_once_and_modelled_from_then_on() {
    let files = &Files::new("broken");
    let rt = pinned(files);
    rt.set_power_cap(Some(1000.0)).unwrap();
    assert!(rt.energy().is_measured);
    let counter = "sys/class/powercap/intel-rapl:0/energy_uj";
    std::fs::write(files.root.join(counter), "-1\n").unwrap();
    work_until(&rt, || !rt.energy().is_measured);
    let report = rt.energy();
    assert!(
        report.notes.len() == 1 && report.notes[0].contains(counter),
        "{report}"
    );
    assert!(report.to_string().contains("modelled"), "{report}");
    let before = report.joules;
    work_until(&rt, || rt.energy().joules > before);
    assert_eq!(rt.energy().notes, report.notes);
}

#[test]
fn without_counters_a_cap_is_one_of_the_model() {
    let nothing = std::env::temp_dir().join("sprat-no-power-files");
    let builder = || {
        let builder = Runtime::builder().xes(4).oversubscribe(true).pin(false);
        builder.ignore_environment().power_files(&nothing)
    };
    // Four engines, each a watt, and three more for each at work.
    let rt = builder().power_cap(10.0).build().unwrap();
    assert_eq!(rt.turned_off_xes().len(), 2);
    let report = rt.energy();
    let count = if is_told() { 1 } else { 2 };
    assert!(
        !report.is_measured && report.notes.len() == count,
        "{report}"
    );
    let text = report.to_string();
    assert!(
        text.contains("modelled") && text.contains("10 W, by the model"),
        "{text}"
    );
    assert!(text.contains("sys/class/powercap"), "{text}");
    for (watts, off) in [(16.0, 0), (15.9, 1), (7.0, 3)] {
        rt.set_power_cap(Some(watts)).unwrap();
        assert_eq!(rt.turned_off_xes().len(), off, "{watts} W");
    }
    let sum = rt.block::<u64>(1).unwrap();
    rt.finish(|s| {
        (0..1000).for_each(|_| _ = s.spawn(sum.read_write(), |_, sum| sum[0] += 1));
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(sum, |sum| sum[0]).unwrap(), 1000);
    rt.set_power_cap(None).unwrap();
    assert_eq!(rt.turned_off_xes(), []);
    // What cannot be held is refused, and what is no power.
    let refused = |watts: f64| rt.set_power_cap(Some(watts)).unwrap_err().to_string();
    let text = refused(6.9);
    assert!(
        text.contains("6.9 W cannot be held") && text.contains("7 W at the least"),
        "{text}"
    );
    for watts in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(refused(watts).contains("no power"), "{watts}");
    }
    assert_eq!((rt.energy().cap_watts, rt.turned_off_xes()), (None, vec![]));
    let error = builder().power_cap(1.0).build().unwrap_err();
    assert!(error.to_string().contains("cannot be held"), "{error}");
}

/// The model counts what engines did, also if nobody but the one who asks looks: a single engine has nobody to be relieved by.
#[test]
fn the_model_counts_work_that_nobody_watches() {
    if !is_told() {
        return;
    }
    let nothing = std::env::temp_dir().join("sprat-no-power-files");
    let builder = Runtime::builder().xes(1).pin(false).relieve(true);
    let builder = builder.ignore_environment().power_files(&nothing);
    let rt = &builder.build().unwrap();
    rt.finish(|s| {
        s.spawn((), move |_, ()| {
            let (first, begin) = (rt.energy(), ran());
            while ran() - begin < Duration::from_millis(200) {}
            let last = rt.energy();
            let joules = last.joules - first.joules;
            // A watt in any case, and three more at work.
            let at_rest = (last.counted - first.counted).as_secs_f64();
            assert!(joules > at_rest + 0.5, "{first}\n{last}");
        });
        Ok(())
    })
    .unwrap();
}

/// How long the calling thread has had a processor, as the kernel tells it.
fn ran() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
}

/// Controls that nobody needs are given back, and had again.
#[test]
fn another_runtime_has_controls_when_this_one_needs_none() {
    let files = &Files::new("given");
    let (first, second) = (pinned(files), pinned(files));
    first.set_policy(Policy::Energy).unwrap();
    second.set_policy(Policy::EnergyDelay).unwrap();
    let notes = second.energy().notes;
    assert!(
        notes.len() == 1 && notes[0].contains("another domain or runtime has"),
        "{notes:?}"
    );
    assert_eq!(files.say("energy_performance_preference"), one("power"));
    first.set_policy(Policy::Performance).unwrap();
    assert_eq!(
        files.say("energy_performance_preference"),
        one("performance")
    );
    assert_eq!(first.energy().speeds, [None]);
    second.set_policy(Policy::EnergyDelay).unwrap();
    assert_eq!(
        files.say("energy_performance_preference"),
        one("balance_power")
    );
    // A cap that is refused leaves nothing behind.
    second.set_policy(Policy::Performance).unwrap();
    std::fs::remove_dir_all(files.root.join("sys/class")).unwrap();
    let third = pinned(files);
    assert!(third.set_power_cap(Some(0.5)).is_err());
    first.set_policy(Policy::Energy).unwrap();
    assert_eq!(files.say("energy_performance_preference"), one("power"));
}

/// How a child process of the next test ends, and below which folder its files are.
const ENDS: &str = "SPRAT_TEST_ENDS";

#[test]
fn what_was_found_comes_back_however_the_process_ends() {
    let preference = |files: &Files| files.say("energy_performance_preference");
    if let Ok(told) = std::env::var(ENDS) {
        let (how, root) = told.split_once(':').unwrap();
        let files = std::mem::ManuallyDrop::new(Files { root: root.into() });
        let rt = std::mem::ManuallyDrop::new(pinned(&files));
        rt.set_policy(Policy::Energy).unwrap();
        assert_eq!(preference(&files), one("power"));
        if how == "exits" {
            std::process::exit(7);
        }
        rt.panic_inside(sprat::PanicPlace::ControlEngine);
        work_until(&rt, || false);
    }
    for how in ["exits", "fails"] {
        let files = Files::new(how);
        let name = "what_was_found_comes_back_however_the_process_ends";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(ENDS, format!("{how}:{}", files.root.display()))
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.code(),
            (how == "exits").then_some(7),
            "{errors}"
        );
        assert_eq!(preference(&files), one("performance"), "{how}: {errors}");
    }
}
