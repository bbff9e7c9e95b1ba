//! Signals that lie behind the data of small blocks: the data stays what it is, wherever blocks lie, and however long they are.

use sprat::{Block, Result, Runtime};

fn runtime(xes: usize) -> Runtime {
    let builder = Runtime::builder().xes(xes).oversubscribe(true);
    builder.ignore_environment().build().unwrap()
}

/// So many bytes that end with a line, or one before or behind what leaves room.
const LENGTHS: [usize; 8] = [1, 16, 47, 48, 49, 56, 63, 64];
const ROUNDS: usize = 300;

fn pass(from: &[u8], to: &mut [u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = to.wrapping_mul(3).wrapping_add(*from);
    }
}

/// Two blocks on two engines, each of which is made from the other one.
fn there_and_back(rt: &Runtime, blocks: [Block<u8>; 2]) -> Result<sprat::Graph<'static>> {
    rt.record(|s| {
        for (xe, (from, to)) in [(blocks[0], blocks[1]), (blocks[1], blocks[0])]
            .into_iter()
            .enumerate()
        {
            s.codelet("pass")
                .on_xe(xe)
                .spawn((from.read(), to.read_write()), |_, (from, to)| {
                    pass(from, to)
                });
        }
        Ok(())
    })
}

/// The same in a loop.
fn expected(bytes: usize, rounds: usize) -> [Vec<u8>; 2] {
    let mut blocks = [vec![1; bytes], (0..bytes).map(|at| at as u8).collect()];
    for _ in 0..rounds {
        for to in [1, 0] {
            let from = blocks[1 - to].clone();
            pass(&from, &mut blocks[to]);
        }
    }
    blocks
}

fn contents(rt: &Runtime, blocks: [Block<u8>; 2]) -> Result<[Vec<u8>; 2]> {
    Ok([
        rt.read(blocks[0], |block| block.to_vec())?,
        rt.read(blocks[1], |block| block.to_vec())?,
    ])
}

#[test]
fn blocks_of_all_lengths_keep_what_is_theirs() -> Result<()> {
    let rt = runtime(2);
    for bytes in LENGTHS {
        let blocks = [rt.block::<u8>(bytes)?, rt.block::<u8>(bytes)?];
        rt.write(blocks[0], |block| block.fill(1))?;
        rt.write(blocks[1], |block| {
            block.iter_mut().zip(0..).for_each(|(x, at)| *x = at)
        })?;
        let graph = there_and_back(&rt, blocks)?;
        rt.replay(&graph, ROUNDS)?;
        assert_eq!(
            contents(&rt, blocks)?,
            expected(bytes, ROUNDS),
            "{bytes} bytes"
        );
        drop(graph);
        blocks.into_iter().try_for_each(|block| rt.destroy(block))?;
    }
    Ok(())
}

#[test]
fn two_graphs_take_turns_with_the_same_blocks_and_what_was_left_does_not_count() -> Result<()> {
    let rt = runtime(2);
    let blocks = [rt.block::<u8>(16)?, rt.block::<u8>(16)?];
    rt.write(blocks[0], |block| block.fill(1))?;
    rt.write(blocks[1], |block| {
        block.iter_mut().zip(0..).for_each(|(x, at)| *x = at)
    })?;
    let graphs = [there_and_back(&rt, blocks)?, there_and_back(&rt, blocks)?];
    // Many rounds leave signals that say more than a few rounds need.
    let rounds = [100, 3, 1, 50, 1, 2];
    for (turn, &rounds) in rounds.iter().enumerate() {
        rt.replay(&graphs[turn % 2], rounds)?;
    }
    let all = rounds.iter().sum();
    assert_eq!(contents(&rt, blocks)?, expected(16, all));
    Ok(())
}

#[test]
fn who_sleeps_at_a_signal_in_a_block_is_woken() -> Result<()> {
    let rt = runtime(2);
    let blocks = [rt.block::<u64>(1)?, rt.block::<u64>(1)?];
    let graph = rt.record(|s| {
        s.codelet("slow").on_xe(0).spawn(
            (blocks[1].read(), blocks[0].read_write()),
            |_, (other, own)| {
                std::thread::sleep(std::time::Duration::from_millis(3));
                own[0] += 1 + other[0];
            },
        );
        s.codelet("waits").on_xe(1).spawn(
            (blocks[0].read(), blocks[1].read_write()),
            |_, (other, own)| {
                own[0] = other[0];
            },
        );
        Ok(())
    })?;
    rt.replay(&graph, 10)?;
    // x becomes 2x + 1, from 0.
    assert_eq!(rt.read(blocks[1], |block| block[0])?, (1 << 10) - 1);
    Ok(())
}
