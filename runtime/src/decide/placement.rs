//! Which engine a new block belongs to, and through it the codelets that are placed near it.

/// The engine that the `index`-th of `count` blocks made together belongs to: contiguous shares, equal up to one, so
/// that neighbours in the array are neighbours in the machine (owner computes; the block distribution of High
/// Performance Fortran).
pub fn owner(index: usize, count: usize, xes: u16) -> u16 {
    debug_assert!(index < count);
    let owner = index as u128 * u128::from(xes) / count as u128;
    owner as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_contiguous_and_equal() {
        let owners: Vec<_> = (0..10).map(|i| owner(i, 10, 4)).collect();
        assert_eq!(owners, [0, 0, 0, 1, 1, 2, 2, 2, 3, 3]);
        assert_eq!(owner(0, 1, 8), 0);
        assert_eq!(owner(usize::MAX - 1, usize::MAX, u16::MAX), u16::MAX - 1);
    }
}
