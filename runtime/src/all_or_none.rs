//! Making several things, of which none is left over if one cannot be made.

use crate::error::Result;

/// Makes `count` things by `make`, which is given the number of each. If one cannot be made, those before it go by
/// `unmake`, the last first, and the error is given. Both work on `on`.
pub(crate) fn all_or_none<S, T>(
    on: &mut S,
    count: usize,
    make: impl Fn(&mut S, usize) -> Result<T>,
    unmake: impl Fn(&mut S, T),
) -> Result<Vec<T>> {
    let mut made = Vec::new();
    for number in 0..count {
        match make(on, number) {
            Ok(one) => made.push(one),
            Err(error) => {
                made.into_iter().rev().for_each(|one| unmake(on, one));
                return Err(error);
            }
        }
    }
    Ok(made)
}

// Under loom its locks and atomics work in models alone.
#[cfg(not(sprat_loom))]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};

    #[test]
    fn what_was_made_before_an_error_goes() {
        let make = |live: &mut Vec<usize>, number: usize| match number {
            4 => Err(Error::new(ErrorKind::System, "full")),
            _ => {
                live.push(number);
                Ok(number)
            }
        };
        let unmake = |live: &mut Vec<usize>, number: usize| assert_eq!(live.pop(), Some(number));
        let mut live = Vec::new();
        assert_eq!(
            all_or_none(&mut live, 4, make, unmake).unwrap(),
            [0, 1, 2, 3]
        );
        assert_eq!(live, [0, 1, 2, 3]);
        let error = all_or_none(&mut live, 9, make, unmake).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::System);
        assert_eq!(live, [0, 1, 2, 3]);
    }
}
