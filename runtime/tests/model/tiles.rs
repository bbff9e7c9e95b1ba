//! Tiles of matrices in blocks.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{Block, Result, Runtime, Scope, TileMut, TileRef};

fn runtime(xes: usize) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .oversubscribe(true)
        .ignore_environment()
        .build()
        .unwrap()
}

#[test]
fn views_are_rows_at_the_leading_dimension() {
    let rt = runtime(2);
    let (rows, columns) = (7, 9);
    let block = rt.block::<f32>(rows * columns).unwrap();
    rt.finish(|s| {
        s.spawn(block.write(), |_, all| {
            (0..).zip(all).for_each(|(i, x)| *x = i as f32);
        });
        s.spawn(block.tile(2..5, 4..6, columns).read(), |_, tile| {
            let shape = (tile.rows(), tile.columns(), tile.leading_dimension());
            assert_eq!(shape, (3, 2, 9));
            assert_eq!((tile[(0, 0)], tile[(2, 1)]), (22.0, 41.0));
            assert_eq!(
                (tile.row(1), tile.row(2)),
                (&[31.0, 32.0][..], &[40.0, 41.0][..])
            );
            assert_eq!(tile.iter().flatten().sum::<f32>(), 189.0);
            // As BLAS goes through it.
            // SAFETY: element (2, 1) of the tile.
            let last = unsafe { *tile.as_ptr().wrapping_add(2 * tile.leading_dimension() + 1) };
            assert_eq!(last, 41.0);
            assert_eq!(
                format!("{tile:?}"),
                "[[22.0, 23.0], [31.0, 32.0], [40.0, 41.0]]"
            );
        });
        s.spawn(
            block.tile(0..7, 8..9, columns).read_write(),
            |_, mut column| {
                column[(6, 0)] = -1.0;
                column.row_mut(5)[0] = -2.0;
                column.iter_mut().take(2).for_each(|row| row.fill(-3.0));
                // SAFETY: element (2, 0) of the tile, which is ours.
                unsafe {
                    *column
                        .as_mut_ptr()
                        .wrapping_add(2 * column.leading_dimension()) = -4.0
                };
                let short = column.reborrow();
                assert_eq!((short[(6, 0)], short.as_ref().row(5)), (-1.0, &[-2.0][..]));
            },
        );
        Ok(())
    })
    .unwrap();
    let column = |x: &[f32]| x.iter().skip(8).step_by(9).copied().collect::<Vec<_>>();
    let found = rt.read(block, column).unwrap();
    assert_eq!(found, [-3.0, -3.0, -4.0, 35.0, 44.0, -2.0, -1.0]);
}

#[test]
fn rows_and_elements_outside_of_a_tile_are_not_given() {
    let rt = runtime(1);
    let block = rt.block::<f64>(100).unwrap();
    let tries: [fn(TileMut<'_, f64>); 4] = [
        |tile| _ = tile[(3, 0)],
        |tile| _ = tile[(0, 4)],
        |mut tile| tile.row_mut(3)[0] = 1.0,
        |mut tile| tile[(2, 4)] = 1.0,
    ];
    for try_it in tries {
        let error = rt.finish(|s| {
            s.spawn(block.tile(2..5, 3..7, 10).write(), move |_, tile| {
                try_it(tile)
            });
            Ok(())
        });
        let failure = error.unwrap_err().failure().unwrap().clone();
        assert!(
            failure.panicked && failure.cause.contains("of a tile that has"),
            "{failure}"
        );
    }
}

#[test]
fn tiles_with_nothing_in_them_are_harmless() {
    let rt = runtime(1);
    let block = rt.block::<f64>(100).unwrap();
    rt.finish(|s| {
        for (rows, columns) in [(3..3, 0..10), (0..4, 2..2), (10..10, 10..10), (0..0, 0..0)] {
            let counts = (rows.len(), columns.len());
            s.spawn(block.tile(rows, columns, 10).write(), move |_, mut tile| {
                assert_eq!((tile.rows(), tile.columns()), counts);
                tile.fill(1.0);
                assert!(tile.iter().all(<[f64]>::is_empty));
            });
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(block, |x| x.iter().sum::<f64>()).unwrap(), 0.0);
}

#[test]
fn tiles_outside_of_their_block_are_refused() {
    let rt = runtime(1);
    let block = rt.block::<f64>(100).unwrap();
    let wrong = [
        (
            block.tile(0..11, 0..1, 10),
            "has 100 elements, and [rows 0..11, columns 0..1 of 10]",
        ),
        (
            block.tile(0..2, 0..11, 10),
            "columns behind the leading dimension 10",
        ),
        (
            block.tile(0..2, 0..1, 0),
            "columns behind the leading dimension 0",
        ),
        (block.tile(0..2, 0..1, usize::MAX), "reaches behind"),
    ];
    for (tile, why) in wrong {
        let error = rt.finish(|s| {
            s.spawn(tile.read(), |_, _| panic!("it runs"));
            Ok(())
        });
        let told = error.unwrap_err().to_string();
        assert!(told.contains(why), "{told}");
    }
}

/// `c -= a * b^T`.
fn multiply(a: TileRef<'_, f64>, b: TileRef<'_, f64>, c: &mut TileMut<'_, f64>) {
    for i in 0..c.rows() {
        for j in 0..c.columns() {
            let dot: f64 = a.row(i).iter().zip(b.row(j)).map(|(x, y)| x * y).sum();
            c[(i, j)] -= dot;
        }
    }
}

fn factor(mut a: TileMut<'_, f64>) {
    for j in 0..a.rows() {
        let dot: f64 = a.row(j)[..j].iter().map(|x| x * x).sum();
        a[(j, j)] = (a[(j, j)] - dot).sqrt();
        for i in j + 1..a.rows() {
            let dot: f64 = a.row(i)[..j]
                .iter()
                .zip(&a.row(j)[..j])
                .map(|(x, y)| x * y)
                .sum();
            a[(i, j)] = (a[(i, j)] - dot) / a[(j, j)];
        }
    }
}

fn solve(l: TileRef<'_, f64>, mut a: TileMut<'_, f64>) {
    for i in 0..a.rows() {
        for j in 0..a.columns() {
            let dot: f64 = a.row(i)[..j]
                .iter()
                .zip(&l.row(j)[..j])
                .map(|(x, y)| x * y)
                .sum();
            a[(i, j)] = (a[(i, j)] - dot) / l[(j, j)];
        }
    }
}

/// The left-looking Cholesky factorisation in tiles of one block.
fn cholesky(s: &Scope<'_>, a: Block<f64>, n: usize, b: usize) {
    let tile = |i: usize, j: usize| a.tile(i * b..i * b + b, j * b..j * b + b, n);
    for k in 0..n / b {
        s.codelet("potrf")
            .spawn(tile(k, k).read_write(), |_, a| factor(a));
        for i in k + 1..n / b {
            let accesses = (tile(k, k).read(), tile(i, k).read_write());
            s.codelet("trsm").spawn(accesses, |_, (l, a)| solve(l, a));
        }
        for i in k + 1..n / b {
            for j in k + 1..=i {
                if i == j {
                    let accesses = (tile(i, k).read(), tile(i, i).read_write());
                    s.codelet("syrk")
                        .spawn(accesses, |_, (a, mut c)| multiply(a, a, &mut c));
                } else {
                    let accesses = (
                        tile(i, k).read(),
                        tile(j, k).read(),
                        tile(i, j).read_write(),
                    );
                    s.codelet("gemm")
                        .spawn(accesses, |_, (a, b, mut c)| multiply(a, b, &mut c));
                }
            }
        }
    }
}

#[test]
fn a_matrix_is_factored_in_tiles_of_one_block() {
    let (n, b) = (96, 8);
    let rt = runtime(3);
    let a = rt.block::<f64>(n * n).unwrap();
    let element = |i: usize, j: usize| {
        let diagonal = if i == j { n as f64 } else { 0.0 };
        diagonal + 1.0 / (1.0 + i.abs_diff(j) as f64)
    };
    rt.finish(|s| {
        s.spawn(a.write(), move |_, a| {
            for (at, x) in a.iter_mut().enumerate() {
                *x = element(at / n, at % n);
            }
        });
        cholesky(s, a, n, b);
        Ok(())
    })
    .unwrap();
    let l = rt.read(a, <[f64]>::to_vec).unwrap();
    for i in 0..n {
        for j in 0..=i {
            let product: f64 = (0..=j).map(|k| l[i * n + k] * l[j * n + k]).sum();
            let error = (product - element(i, j)).abs();
            assert!(error < 1e-9, "element ({i}, {j}) is off by {error}");
        }
    }
}

#[test]
fn tiles_in_any_number_with_other_accesses_beside_them() -> Result<()> {
    let rt = runtime(2);
    for count in [0, 1, 13, 1000] {
        // Two columns of a matrix with four.
        let block = rt.block::<u32>(4 * count.max(1))?;
        let sum = rt.block::<u32>(1)?;
        rt.finish(|s| {
            let left = (0..count).map(|i| block.tile(i..i + 1, 0..2, 4).write());
            let all = (left.collect::<Vec<_>>(), sum.write());
            s.spawn(all, |_, (tiles, sum)| {
                sum[0] = tiles.len() as u32;
                tiles.into_iter().for_each(|mut tile| tile.fill(1));
            });
            let columns = (0..count).map(|i| block.tile(i..count, 1..3, 4).read());
            let all = (columns.collect::<Vec<_>>(), sum.read());
            s.spawn(all, move |_, (columns, sum)| {
                assert_eq!((columns.len(), sum[0]), (count, count as u32));
                for (i, column) in columns.into_iter().enumerate() {
                    let sum: u32 = column.iter().flatten().sum();
                    assert_eq!(sum as usize, count - i);
                }
            });
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn a_failed_tile_is_healed_by_ranges_and_other_tiles() {
    let rt = runtime(2);
    let n = 10;
    let block = rt.block::<u64>(n * n).unwrap();
    let read = |i: usize, j: usize| {
        let read = rt.finish(|s| {
            s.spawn(block.tile(i..i + 1, j..j + 1, n).read(), |_, _| ());
            Ok(())
        });
        read.is_ok()
    };
    let poisoned = || {
        let all = (0..n * n).filter(|at| !read(at / n, at % n));
        all.map(|at| (at / n, at % n)).collect::<Vec<_>>()
    };
    let failed = rt.finish(|s| {
        s.spawn(block.tile(2..5, 3..5, n).write(), |_, _| {
            panic!("on purpose")
        });
        Ok(())
    });
    assert!(failed.is_err());
    assert_eq!(poisoned(), [(2, 3), (2, 4), (3, 3), (3, 4), (4, 3), (4, 4)]);
    rt.finish(|s| {
        // All of row 2, element (3, 4), and of another matrix in the same block what covers (4, 3) and (4, 4).
        s.spawn(block.part(20..30).write(), |_, x| x.fill(1));
        s.spawn(block.tile(0..4, 4..6, n).write(), |_, mut x| x.fill(1));
        s.spawn(block.tile(3..7, 1..3, 7).write(), |_, mut x| x.fill(1));
        Ok(())
    })
    .unwrap();
    assert_eq!(poisoned(), [(3, 3)]);
}
