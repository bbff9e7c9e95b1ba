//! What a task does: the kernels of Task Bench, whose length is a number of iterations.

use super::pattern::hash;
use std::cell::RefCell;
use std::hint::black_box;
use std::sync::Mutex;

/// Numbers that the compute kernel works on.
const LANES: usize = 64;
/// Floating-point operations of one iteration: a multiplication and an addition for each number.
const FLOPS: f64 = 2.0 * LANES as f64;
/// Numbers that the memory kernel copies in one iteration.
const COPIED: usize = 32;
/// Numbers in a thread's scratch memory, half of them read, half of them written: 64 MiB, more than a cache holds.
const SCRATCH: usize = 8 << 20;

/// A kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Fused multiply-adds on 64 numbers.
    Compute,
    /// Copies through memory that does not fit the caches, a little further in each task.
    Memory,
    /// As `Compute`, but each task has between half and one and a half times the iterations, by chance.
    Imbalanced,
}

/// All kernels, by name.
pub const KERNELS: [(Kernel, &str); 3] = [
    (Kernel::Compute, "compute"),
    (Kernel::Memory, "memory"),
    (Kernel::Imbalanced, "imbalanced"),
];

/// A kernel with its length.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    kernel: Kernel,
    iterations: u32,
    /// Whether this processor has AVX2 and its fused multiply-add.
    fused: bool,
}

impl Work {
    /// So many iterations in each task.
    pub fn new(kernel: Kernel, iterations: u32) -> Self {
        #[cfg(target_arch = "x86_64")]
        let fused = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        #[cfg(not(target_arch = "x86_64"))]
        let fused = false;
        Work {
            kernel,
            iterations,
            fused,
        }
    }

    /// The same kernel with so many iterations.
    pub fn with(self, iterations: u32) -> Self {
        Work { iterations, ..self }
    }

    /// The kernel's name and the number of iterations: what another process makes the same work from.
    pub fn told(&self) -> (&'static str, u32) {
        let kernel = KERNELS.iter().find(|kernel| kernel.0 == self.kernel);
        (kernel.expect("all have names").1, self.iterations)
    }

    /// The iterations of one task.
    #[inline]
    pub fn iterations(&self, task: usize) -> u32 {
        match self.kernel {
            Kernel::Compute | Kernel::Memory => self.iterations,
            Kernel::Imbalanced => {
                // From 0.5 to 1.5, in 65536 parts.
                let factor = (1 << 15) + (hash(task as u64) >> 48);
                ((u64::from(self.iterations) * factor) >> 16) as u32
            }
        }
    }

    /// Works as long as this task takes.
    #[inline]
    pub fn run(&self, task: usize) {
        let iterations = self.iterations(task);
        match self.kernel {
            Kernel::Compute | Kernel::Imbalanced => self.compute(iterations),
            Kernel::Memory => copy(iterations),
        }
    }

    /// What one iteration does: floating-point operations, or bytes that it reads and writes.
    pub fn per_iteration(&self) -> f64 {
        match self.kernel {
            Kernel::Compute | Kernel::Imbalanced => FLOPS,
            Kernel::Memory => (2 * COPIED * size_of::<f64>()) as f64,
        }
    }

    #[inline]
    fn compute(&self, iterations: u32) {
        #[cfg(target_arch = "x86_64")]
        if self.fused {
            #[expect(unsafe_code, reason = "the way to code for a processor's own features")]
            // SAFETY: `fused` says that this processor has both features.
            unsafe {
                fused(iterations);
            }
            return;
        }
        let _ = self.fused;
        rounds(iterations, |x| x * 0.5 + 1.0);
    }
}

/// The compute kernel, for processors with AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn fused(iterations: u32) {
    rounds(iterations, |x| x.mul_add(0.5, 1.0));
}

/// Stays near 2, whatever it begins with: no overflow, no denormal number.
#[inline(always)]
fn rounds(iterations: u32, step: impl Fn(f64) -> f64) {
    let mut numbers = black_box([1.5; LANES]);
    for _ in 0..iterations {
        for number in &mut numbers {
            *number = step(*number);
        }
    }
    black_box(&numbers);
}

/// Scratch memory that no living thread has, written once so that it is there.
static FREE: Mutex<Vec<Scratch>> = Mutex::new(Vec::new());

struct Scratch {
    numbers: Vec<f64>,
    /// Where the next task goes on.
    at: usize,
}

/// Scratch memory on loan to a thread. Some systems start threads for each run: they find warm memory.
struct Lease(Option<Scratch>);

impl Drop for Lease {
    fn drop(&mut self) {
        let mut free = FREE.lock().unwrap();
        free.extend(self.0.take());
    }
}

thread_local! {
    static MINE: RefCell<Lease> = const { RefCell::new(Lease(None)) };
}

/// The memory kernel.
fn copy(iterations: u32) {
    MINE.with_borrow_mut(|lease| {
        let scratch = lease.0.get_or_insert_with(|| {
            let free = FREE.lock().unwrap().pop();
            free.unwrap_or_else(|| Scratch {
                numbers: vec![1.0; SCRATCH],
                at: 0,
            })
        });
        let (from, to) = scratch.numbers.split_at_mut(SCRATCH / 2);
        for _ in 0..iterations {
            let part = scratch.at..scratch.at + COPIED;
            to[part.clone()].copy_from_slice(&from[part]);
            scratch.at = (scratch.at + COPIED) % (SCRATCH / 2);
        }
        black_box(to.first());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imbalance_is_fixed_and_keeps_the_mean() {
        let work = Work::new(Kernel::Imbalanced, 1000);
        let all: Vec<u32> = (0..10_000).map(|task| work.iterations(task)).collect();
        let mean = all.iter().sum::<u32>() as f64 / all.len() as f64;
        assert!((mean - 1000.0).abs() < 10.0, "{mean}");
        assert!(all.iter().all(|&n| (500..=1500).contains(&n)));
        assert!(*all.iter().min().unwrap() < 510 && *all.iter().max().unwrap() > 1490);
        assert_eq!(
            work.iterations(7),
            Work::new(Kernel::Imbalanced, 1000).iterations(7)
        );
    }

    #[test]
    fn the_memory_kernel_goes_on_where_it_was() {
        let at = || MINE.with_borrow(|lease| lease.0.as_ref().unwrap().at);
        copy(1);
        let before = at();
        copy(3);
        copy(2);
        assert_eq!(at(), (before + 5 * COPIED) % (SCRATCH / 2));
    }

    #[test]
    fn more_iterations_take_longer() {
        for (kernel, name) in KERNELS {
            let time = |iterations| {
                let work = Work::new(kernel, iterations);
                work.run(0);
                let times = (0..5).map(|_| {
                    let begin = std::time::Instant::now();
                    work.run(0);
                    begin.elapsed()
                });
                times.min().unwrap()
            };
            let (short, long) = (time(2_000), time(40_000));
            assert!(long > 5 * short, "{name}: {short:?} {long:?}");
        }
    }
}
