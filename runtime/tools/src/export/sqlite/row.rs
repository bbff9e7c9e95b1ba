//! Rows of a table as bytes, and the numbers in them.

/// A value in a row.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a str),
}

impl From<u64> for Value<'_> {
    /// Numbers that only damage can make are the largest that there is.
    fn from(number: u64) -> Self {
        Value::Integer(number.try_into().unwrap_or(i64::MAX))
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Value::Integer(number.into())
    }
}

impl From<u16> for Value<'_> {
    fn from(number: u16) -> Self {
        Value::Integer(number.into())
    }
}

impl From<bool> for Value<'_> {
    fn from(is: bool) -> Self {
        Value::Integer(is.into())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(text)
    }
}

/// A number, seven bits a byte, the highest first; the ninth byte has eight.
pub(super) fn varint(out: &mut Vec<u8>, number: u64) {
    if number >= 1 << 56 {
        let rest = number >> 8;
        out.extend((0..8).rev().map(|at| (rest >> (7 * at)) as u8 | 128));
        out.push(number as u8);
        return;
    }
    let groups = (64 - number.leading_zeros()).div_ceil(7).max(1);
    for at in (0..groups).rev() {
        let more = if at > 0 { 128 } else { 0 };
        out.push((number >> (7 * at)) as u8 & 127 | more);
    }
}

/// A row: of which types its values are, and the values.
pub(super) fn record(values: &[Value<'_>]) -> Vec<u8> {
    let (mut types, mut bytes) = (Vec::new(), Vec::new());
    for value in values {
        match *value {
            Value::Null => types.push(0),
            Value::Real(number) if number.is_nan() => types.push(0),
            Value::Integer(number @ (0 | 1)) => types.push(8 + number as u8),
            Value::Integer(number) => {
                let widths = [(1, 1), (2, 2), (3, 3), (4, 4), (5, 6), (6, 8)];
                let fits = |&&(_, width): &&(u8, u32)| {
                    let unused = 64 - 8 * width;
                    number << unused >> unused == number
                };
                let (sort, width) = widths.iter().find(fits).expect("eight bytes are enough");
                types.push(*sort);
                bytes.extend(&number.to_be_bytes()[8 - *width as usize..]);
            }
            Value::Real(number) => {
                types.push(7);
                bytes.extend(number.to_be_bytes());
            }
            Value::Text(text) => {
                varint(&mut types, 13 + 2 * text.len() as u64);
                bytes.extend(text.as_bytes());
            }
        }
    }
    // The length of the types counts itself.
    let mut all = Vec::with_capacity(types.len() + 2 + bytes.len());
    let own = if types.len() < 127 { 1 } else { 2 };
    varint(&mut all, (types.len() + own) as u64);
    all.extend(types);
    all.extend(bytes);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_in_the_format() {
        let coded = |number| {
            let mut out = Vec::new();
            varint(&mut out, number);
            out
        };
        assert_eq!(coded(0), [0]);
        assert_eq!(coded(127), [127]);
        assert_eq!(coded(128), [129, 0]);
        assert_eq!(coded(1 << 14), [129, 128, 0]);
        assert_eq!(
            coded((1 << 56) - 1),
            [255, 255, 255, 255, 255, 255, 255, 127]
        );
        assert_eq!(coded(u64::MAX), [255; 9]);
        assert_eq!(record(&[Value::Null, Value::Integer(1)]), [3, 0, 9]);
        assert_eq!(
            record(&[Value::Integer(-2), "é".into()]),
            [3, 1, 17, 254, 195, 169]
        );
        assert_eq!(record(&[Value::Integer(128)]), [2, 2, 0, 128]);
        let long = record(&[Value::Integer(i64::MAX), Value::Real(f64::NAN)]);
        assert_eq!(long, [3, 6, 0, 127, 255, 255, 255, 255, 255, 255, 255]);
    }
}
