use super::*;

/// Events that threads make and destroy which end then: how many places that takes in all.
#[test]
fn a_thread_that_ends_gives_its_places_back() {
    let one = || {
        let kinds = [(ONCE, true), (ONCE, false), (STICKY, true), (STICKY, false)];
        let all = kinds.map(|(kind, takes_arg)| create(kind, takes_arg, None).unwrap());
        for guid in all {
            destroy(guid).unwrap();
        }
    };
    let threads = |count: u32| (0..count).for_each(|_| std::thread::spawn(one).join().unwrap());
    threads(1);
    let used = EVENTS.used();
    // Other tests take some meanwhile; each thread that keeps those it took would take 64.
    let few = |what: &str| {
        let more = EVENTS.used() - used;
        assert!(more < 1000, "{what}: {more} places more");
    };
    threads(200);
    few("made and destroyed");
    // Some threads destroy what others make.
    for _ in 0..2000 {
        let made = create(ONCE, true, None).unwrap();
        std::thread::spawn(move || destroy(made).unwrap())
            .join()
            .unwrap();
    }
    few("made elsewhere");
}
