//! The smallest costs, under criterion: `cargo bench -p sprat-benches`.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sprat::Runtime;
use std::hint::black_box;
use std::time::{Duration, Instant};

const COUNT: u64 = 1000;

fn micro(c: &mut Criterion) {
    let rt = Runtime::builder().xes(1).build().unwrap();
    let mut group = c.benchmark_group("micro");
    group.throughput(Throughput::Elements(COUNT));
    group.bench_function("spawn_empty", |b| {
        b.iter(|| {
            rt.finish(|s| {
                for i in 0..COUNT {
                    s.spawn((), move |_, ()| {
                        black_box(i);
                    });
                }
                Ok(())
            })
            .unwrap();
        });
    });
    group.bench_function("spawn_two_blocks", |b| {
        let blocks = rt.blocks::<u64>(2, 8).unwrap();
        b.iter(|| {
            rt.finish(|s| {
                for _ in 0..COUNT {
                    let accesses = (blocks[0].read(), blocks[1].read_write());
                    s.spawn(accesses, |_, (a, b)| b[0] += a[0]);
                }
                Ok(())
            })
            .unwrap();
        });
    });
    group.bench_function("block_create", |b| {
        let made = || rt.blocks::<u64>(COUNT as usize, 8).unwrap();
        b.iter_custom(|rounds| {
            let mut time = Duration::ZERO;
            for _ in 0..rounds {
                let begin = Instant::now();
                let blocks = made();
                time += begin.elapsed();
                destroy(&rt, &blocks);
            }
            time
        });
    });
    group.bench_function("block_destroy", |b| {
        let made = || rt.blocks::<u64>(COUNT as usize, 8).unwrap();
        b.iter_batched(made, |blocks| destroy(&rt, &blocks), BatchSize::SmallInput);
    });
    group.bench_function("event_satisfy", |b| {
        b.iter_custom(|rounds| (0..rounds).map(|_| satisfy(&rt)).sum());
    });
    group.finish();
}

fn destroy(rt: &Runtime, blocks: &[sprat::Block<u64>]) {
    rt.finish(|s| {
        blocks.iter().for_each(|&block| {
            s.destroy(block);
        });
        Ok(())
    })
    .unwrap();
}

/// Time of satisfying events that have a waiter each.
fn satisfy(rt: &Runtime) -> Duration {
    rt.finish(|s| {
        let mut triggers = Vec::new();
        for _ in 0..COUNT {
            let (event, trigger) = s.event("tick");
            s.codelet("waiter").after(&event).spawn((), |_, ()| ());
            triggers.push(trigger);
        }
        let begin = Instant::now();
        triggers.into_iter().for_each(|trigger| s.satisfy(trigger));
        Ok(begin.elapsed())
    })
    .unwrap()
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600));
    targets = micro
}
criterion_main!(benches);
