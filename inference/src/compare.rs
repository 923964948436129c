//! Whether two tensors say the same, but for the low bits that depend on how sums are ordered.

use crate::tensor::{ElementType, Tensor};

/// How much of a value, and how much beside, may be lost: more than any order of a sum costs, less than what another
/// row would change.
const RELATIVE: f64 = 1e-3;
const ABSOLUTE: f64 = 1e-4;
/// The same for floats of 16 bits, which have three digits.
const HALF: f64 = 2e-2;

/// The largest difference that is more than low bits; none if there is none. Tensors of other dimensions differ by
/// infinity.
pub(crate) fn difference(one: &Tensor, other: &Tensor) -> Option<f64> {
    if one.dims() != other.dims() || one.ty() != other.ty() {
        return Some(f64::INFINITY);
    }
    let is_half = matches!(one.ty(), ElementType::F16 | ElementType::Bf16);
    let (relative, absolute) = if is_half { (HALF, HALF) } else { (RELATIVE, ABSOLUTE) };
    let pairs = numbers(one).zip(numbers(other));
    let differences = pairs.filter_map(|(one, other)| {
        let is_same = one == other || one.is_nan() && other.is_nan();
        let difference = (one - other).abs();
        let is_near = difference <= absolute + relative * other.abs();
        (!is_same && !is_near).then_some(if difference.is_nan() { f64::INFINITY } else { difference })
    });
    differences.max_by(f64::total_cmp)
}

fn numbers(tensor: &Tensor) -> impl Iterator<Item = f64> {
    let ty = tensor.ty();
    tensor.data().chunks_exact(ty.size()).map(move |bytes| number(ty, bytes))
}

fn number(ty: ElementType, bytes: &[u8]) -> f64 {
    fn all<const N: usize>(bytes: &[u8]) -> [u8; N] {
        bytes.try_into().unwrap_or([0; N])
    }
    match ty {
        ElementType::U8 => f64::from(bytes[0]),
        ElementType::I32 => f64::from(i32::from_le_bytes(all(bytes))),
        ElementType::I64 => i64::from_le_bytes(all(bytes)) as f64,
        ElementType::F32 => f64::from(f32::from_le_bytes(all(bytes))),
        ElementType::F64 => f64::from_le_bytes(all(bytes)),
        ElementType::Bf16 => f64::from(f32::from_le_bytes([0, 0, bytes[0], bytes[1]])),
        ElementType::F16 => half(u16::from_le_bytes(all(bytes))),
    }
}

/// A float of 16 bits: a sign, five bits of exponent, ten of fraction.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff) / 1024.0);
    match exponent {
        0 => sign * fraction * 2_f64.powi(-14),
        31 if fraction == 0.0 => sign * f64::INFINITY,
        31 => f64::NAN,
        exponent => sign * (1.0 + fraction) * 2_f64.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(values: &[f32]) -> Tensor {
        let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Tensor::new(ElementType::F32, vec![values.len()], data.into()).expect("as many as it takes")
    }

    #[test]
    fn low_bits_are_no_difference_and_all_else_is() {
        let compare = |one: &[f32], other: &[f32]| difference(&floats(one), &floats(other));
        assert_eq!(compare(&[1.0, f32::NAN, f32::INFINITY], &[1.000_01, f32::NAN, f32::INFINITY]), None);
        assert!(compare(&[1.0], &[1.01]).is_some_and(|difference| (difference - 0.01).abs() < 1e-6));
        assert_eq!(compare(&[1.0, f32::NAN], &[1.0, 0.0]), Some(f64::INFINITY));
        assert_eq!(compare(&[1.0], &[1.0, 1.0]), Some(f64::INFINITY));
    }

    #[test]
    fn floats_of_sixteen_bits_are_read() {
        for (bits, value) in
            [(0x3c00, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_953_125), (0x0001, 5.960_464_477_539_063e-8)]
        {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7c01).is_nan() && half(0xfc00) == f64::NEG_INFINITY);
    }
}
