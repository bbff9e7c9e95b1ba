//! Collective events: reductions in generations. Each of so many slots contributes once to each generation, and one waiter on
//! each slot gets the result, in a block. Contributions are put together in the order of slots, so that the result does not
//! depend on time.

use crate::block;
use crate::code::{Answer, Code, EINVAL, ENOSPC, ENOTSUP};
use crate::context::Context;
use crate::depend;
use crate::event::{self, Told, Waiter};
use crate::guid::{Guid, Kind};
use crate::label;
use crate::types::CollectiveParams;
use std::collections::VecDeque;
use std::num::NonZeroU64;

/// The type of the elements and the operator.
#[derive(Clone, Copy)]
struct Operator {
    /// Bytes of an element.
    size: usize,
    signed: bool,
    real: bool,
    code: u16,
}

const ADD: u16 = 0;
const MULT: u16 = 1;
const MIN: u16 = 2;
const MAX: u16 = 3;
const AND: u16 = 4;
const OR: u16 = 5;
const XOR: u16 = 6;

impl Operator {
    fn new(op: u16) -> Answer<Self> {
        let operator = Operator {
            size: usize::from(op >> 5 & 7) + 1,
            signed: op & 0x10 != 0,
            real: op & 8 != 0,
            code: op & 7,
        };
        let bits = matches!(operator.code, AND | OR | XOR);
        let known = match (operator.size, operator.real) {
            (4 | 8, true) => !bits,
            (1 | 2 | 4 | 8, false) => true,
            _ => false,
        };
        (known && operator.code <= XOR)
            .then_some(operator)
            .ok_or(EINVAL)
    }

    /// Puts the elements of `from` to those of `to`.
    fn apply(self, to: &mut [u8], from: &[u8]) {
        macro_rules! each {
            ($type:ty, $f:expr) => {{
                let f: fn($type, $type) -> $type = $f;
                for (to, from) in to
                    .chunks_exact_mut(self.size)
                    .zip(from.chunks_exact(self.size))
                {
                    let a = <$type>::from_ne_bytes(to.try_into().expect("so long"));
                    let b = <$type>::from_ne_bytes(from.try_into().expect("so long"));
                    to.copy_from_slice(&f(a, b).to_ne_bytes());
                }
            }};
        }
        macro_rules! real {
            ($type:ty) => {
                match self.code {
                    ADD => each!($type, |a, b| a + b),
                    MULT => each!($type, |a, b| a * b),
                    MIN => each!($type, |a, b| a.min(b)),
                    _ => each!($type, |a, b| a.max(b)),
                }
            };
        }
        macro_rules! whole {
            ($type:ty) => {
                match self.code {
                    ADD => each!($type, <$type>::wrapping_add),
                    MULT => each!($type, <$type>::wrapping_mul),
                    MIN => each!($type, |a, b| a.min(b)),
                    MAX => each!($type, |a, b| a.max(b)),
                    AND => each!($type, |a, b| a & b),
                    OR => each!($type, |a, b| a | b),
                    _ => each!($type, |a, b| a ^ b),
                }
            };
        }
        match (self.size, self.real, self.signed) {
            (4, true, _) => real!(f32),
            (_, true, _) => real!(f64),
            (1, _, false) => whole!(u8),
            (2, _, false) => whole!(u16),
            (4, _, false) => whole!(u32),
            (_, _, false) => whole!(u64),
            (1, ..) => whole!(i8),
            (2, ..) => whole!(i16),
            (4, ..) => whole!(i32),
            _ => whole!(i64),
        }
    }
}

/// One generation.
struct Generation {
    contributions: Vec<Option<Box<[u8]>>>,
    missing: usize,
    waiters: Vec<Waiter>,
    to_join: usize,
    result: Option<Guid>,
}

/// See the module.
pub(crate) struct Collective {
    operator: Operator,
    slots: usize,
    bytes: usize,
    most: usize,
    /// The generations that have not ended, and the number of the first.
    open: VecDeque<Generation>,
    first: usize,
    /// For each slot how many contributions and waiters came.
    contributed: Vec<usize>,
    joined: Vec<usize>,
}

impl Collective {
    pub(crate) fn new(params: &CollectiveParams) -> Answer<Self> {
        const ALL_REDUCE: u32 = 1;
        if params.kind != ALL_REDUCE {
            return Err(ENOTSUP);
        }
        let operator = Operator::new(params.op)?;
        let slots = params.contribs as usize;
        if slots == 0 || params.datum == 0 || params.max_gen == 0 {
            return Err(EINVAL);
        }
        Ok(Collective {
            operator,
            slots,
            bytes: params.datum as usize * operator.size,
            most: params.max_gen as usize,
            open: VecDeque::new(),
            first: 0,
            contributed: vec![0; slots],
            joined: vec![0; slots],
        })
    }

    fn generation(&mut self, number: usize) -> Answer<&mut Generation> {
        let at = number - self.first;
        if at >= self.most {
            return Err(ENOSPC);
        }
        while self.open.len() <= at {
            self.open.push_back(Generation {
                contributions: (0..self.slots).map(|_| None).collect(),
                missing: self.slots,
                waiters: Vec::new(),
                to_join: self.slots,
                result: None,
            });
        }
        Ok(&mut self.open[at])
    }

    /// A contribution; the generation and the reduction, if it was the last.
    fn contribute(&mut self, slot: usize, data: &[u8]) -> Answer<Option<(usize, Box<[u8]>)>> {
        let number = self.contributed[slot];
        let operator = self.operator;
        let generation = self.generation(number)?;
        generation.contributions[slot] = Some(data.into());
        generation.missing -= 1;
        let all = (generation.missing == 0).then(|| std::mem::take(&mut generation.contributions));
        self.contributed[slot] += 1;
        let reduced = all.map(|all| {
            let mut all = all.into_iter().flatten();
            let mut sum = all.next().expect("there is a slot");
            all.for_each(|one| operator.apply(&mut sum, &one));
            (number, sum)
        });
        Ok(reduced)
    }

    /// One waits; what is there already is told.
    fn join(&mut self, slot: usize, waiter: Waiter, told: &mut Told) -> Answer {
        let number = self.joined[slot];
        let generation = self.generation(number)?;
        generation.to_join -= 1;
        match generation.result {
            Some(result) => told.push(waiter, result),
            None => generation.waiters.push(waiter),
        }
        self.joined[slot] += 1;
        self.forget_ended();
        Ok(())
    }

    fn set_result(&mut self, number: usize, result: Guid, told: &mut Told) -> Answer {
        let generation = self.generation(number)?;
        generation.result = Some(result);
        let waiters = std::mem::take(&mut generation.waiters);
        waiters
            .into_iter()
            .for_each(|waiter| told.push(waiter, result));
        self.forget_ended();
        Ok(())
    }

    fn forget_ended(&mut self) {
        while let Some(first) = self.open.front()
            && first.to_join == 0
            && first.result.is_some()
        {
            self.open.pop_front();
            self.first += 1;
        }
    }
}

/// A contribution to a slot.
///
/// # Safety
/// `data` is null or has as many elements as the event was made for.
pub(crate) unsafe fn satisfy(
    context: &Context<'_>,
    guid: Guid,
    slot: u32,
    data: *const u8,
) -> Answer {
    let guid = label::resolve(guid)?;
    let slot = slot as usize;
    let reduced = event::collective(guid, |event| {
        if slot >= event.slots || data.is_null() {
            return Err(EINVAL);
        }
        // SAFETY: the caller's promise.
        let data = unsafe { std::slice::from_raw_parts(data, event.bytes) };
        event.contribute(slot, data)
    })?;
    match reduced {
        Some((number, sum)) => put_out(context, guid, number, &sum),
        None => Ok(()),
    }
}

/// The result of a generation is there: those who wait get it in a block.
fn put_out(context: &Context<'_>, guid: Guid, number: usize, sum: &[u8]) -> Answer {
    let held = context.scope.hold_new(sum.len()).map_err(Code::from)?;
    let result = Guid::block(held.block().to_bits());
    // SAFETY: the block's memory, which is as long, and nobody else knows of.
    unsafe {
        held.lent()
            .start()
            .copy_from_nonoverlapping(sum.as_ptr(), sum.len())
    };
    // SAFETY: held here, and not used any more.
    unsafe { context.scope.give_back(held) };
    let mut told = Told::default();
    let set = event::collective(guid, |event| event.set_result(number, result, &mut told));
    if set.is_err() {
        // The event was destroyed meanwhile: nobody was told of the block.
        _ = block::destroy(context, result);
    }
    set?;
    depend::tell(context, &mut told);
    Ok(())
}

/// One that waits on a slot for its next generation.
pub(crate) fn join(
    context: &Context<'_>,
    guid: Guid,
    slot: u32,
    (target, dslot, mode): (Guid, u32, u32),
) -> Answer {
    depend::check_mode(mode)?;
    let guid = label::resolve(guid)?;
    let target = label::resolve(target)?;
    let slot = slot as usize;
    let waiter = Waiter {
        target: NonZeroU64::new(target.0).ok_or(EINVAL)?,
        slot: dslot,
    };
    event::collective(guid, |event| {
        (slot < event.slots).then_some(()).ok_or(EINVAL)
    })?;
    let connected = match target.kind() {
        Some(Kind::Edt) => {
            let edt = crate::edt::waiting(context, target)?;
            let slot = edt.slot(dslot)?;
            slot.connect(mode)?;
            Some(slot)
        }
        Some(Kind::Event) => {
            event::check_slot(target, dslot)?;
            None
        }
        _ => return Err(EINVAL),
    };
    let mut told = Told::default();
    let joined = event::collective(guid, |event| event.join(slot, waiter, &mut told));
    if let (Err(_), Some(slot)) = (joined, connected) {
        slot.disconnect();
    }
    joined?;
    depend::tell(context, &mut told);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ocrEventParams_t;
    use sprat::{Runtime, Scope};

    /// An event that is destroyed between its last contribution and the result.
    fn lose_a_result(scope: &Scope<'static>) {
        let context = Context {
            scope,
            place: scope.key(),
            edt: None,
        };
        let params = CollectiveParams {
            max_gen: 1,
            contribs: 1,
            contribs_pd: 1,
            datum: 1,
            arity: 2,
            op: ADD | 7 << 5,
            kind: 1,
            reuse: 0,
        };
        let params = ocrEventParams_t { collective: params };
        let event = event::create(7, true, Some(&params)).unwrap();
        let (number, sum) =
            event::collective(event, |event| event.contribute(0, &5u64.to_ne_bytes()))
                .unwrap()
                .expect("it was the last");
        event::destroy(event).unwrap();
        assert_eq!(put_out(&context, event, number, &sum), Err(EINVAL));
    }

    #[test]
    fn a_result_that_nobody_gets_goes() {
        let builder = Runtime::builder().ignore_environment().xes(1).pin(false);
        let runtime = builder.build().unwrap();
        runtime
            .finish(|scope: &Scope<'static>| {
                (scope.codelet("reduces")).spawn((), |scope, ()| lose_a_result(scope));
                Ok(())
            })
            .unwrap();
        let metrics = runtime.metrics();
        let lines = metrics.lines();
        let blocks: Vec<&str> = lines.filter(|l| l.starts_with("sprat_blocks{")).collect();
        assert!(
            !blocks.is_empty() && blocks.iter().all(|line| line.ends_with(" 0")),
            "{blocks:?}"
        );
    }
}
