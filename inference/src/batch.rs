//! Several inputs as one, and one output as several: tensors joined and cut along an axis.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use crate::failure::{Code, Failure};
use crate::tensor::Tensor;

/// How the inferences of a model may be computed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Batching {
    /// The axis of each input and output along which rows are independent of each other.
    pub axis: usize,
    /// Rows of one batch.
    pub rows_max: usize,
}

impl Batching {
    /// Rows of an inference: its inputs' common length along the axis. None where it has none.
    pub(crate) fn rows(self, inputs: &[Tensor]) -> Option<usize> {
        let mut lengths = inputs.iter().map(|input| input.dims().get(self.axis).copied());
        let first = lengths.next()??;
        (first > 0 && lengths.all(|length| length == Some(first))).then_some(first)
    }

    /// Whether two inferences can be computed together: they differ in their rows at most.
    pub(crate) fn fits(self, one: &[Tensor], other: &[Tensor]) -> bool {
        let dims = |tensor: &Tensor| {
            let mut dims = tensor.dims().to_vec();
            dims[self.axis] = 0;
            dims
        };
        one.len() == other.len()
            && one.iter().zip(other).all(|(one, other)| {
                one.ty() == other.ty() && one.dims().len() == other.dims().len() && dims(one) == dims(other)
            })
    }

    /// The inputs of several inferences as those of one.
    pub(crate) fn join(self, inferences: &[Vec<Tensor>]) -> Result<Vec<Tensor>, Failure> {
        let inputs = inferences.first().map_or(0, Vec::len);
        let joined = |index: usize| {
            let parts: Vec<&Tensor> = inferences.iter().map(|inputs| &inputs[index]).collect();
            join(&parts, self.axis)
        };
        (0..inputs).map(joined).collect()
    }

    /// The outputs of one inference as those of several of so many rows.
    pub(crate) fn cut(self, outputs: &[Tensor], rows: &[usize]) -> Result<Vec<Vec<Tensor>>, Failure> {
        let total: usize = rows.iter().sum();
        if outputs.iter().any(|output| output.dims().get(self.axis) != Some(&total)) {
            let message = "its outputs have not as many rows as its inputs";
            return Err(Failure::new(Code::RuntimeError, message));
        }
        let mut start = 0;
        let part = |count: &usize| {
            let range = start..start + count;
            start = range.end;
            outputs.iter().map(|output| slice(output, self.axis, &range)).collect()
        };
        rows.iter().map(part).collect()
    }
}

/// Elements before the axis, and bytes of one row after it.
fn around(tensor: &Tensor, axis: usize) -> (usize, usize) {
    let dims = tensor.dims();
    let before = dims[..axis].iter().product();
    (before, dims[axis + 1..].iter().product::<usize>() * tensor.ty().size())
}

fn join(parts: &[&Tensor], axis: usize) -> Result<Tensor, Failure> {
    let first = parts[0];
    let mut dims = first.dims().to_vec();
    dims[axis] = parts.iter().map(|part| part.dims()[axis]).sum();
    let (before, row) = around(first, axis);
    let mut data = BytesMut::with_capacity(parts.iter().map(|part| part.data().len()).sum());
    for index in 0..before {
        for part in parts {
            let length = part.dims()[axis] * row;
            data.extend_from_slice(&part.data()[index * length..][..length]);
        }
    }
    Tensor::new(first.ty(), dims, data.freeze())
}

fn slice(tensor: &Tensor, axis: usize, range: &std::ops::Range<usize>) -> Result<Tensor, Failure> {
    let (before, row) = around(tensor, axis);
    let mut dims = tensor.dims().to_vec();
    let whole = dims[axis] * row;
    dims[axis] = range.len();
    let data = if before == 1 {
        // Copied, so that no tenant's output keeps another's in memory.
        Bytes::copy_from_slice(&tensor.data()[range.start * row..range.end * row])
    } else {
        let mut data = BytesMut::with_capacity(before * range.len() * row);
        for index in 0..before {
            let from = index * whole + range.start * row;
            data.extend_from_slice(&tensor.data()[from..from + range.len() * row]);
        }
        data.freeze()
    };
    Tensor::new(tensor.ty(), dims, data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::ElementType;

    fn bytes(dims: &[usize], first: u8) -> Tensor {
        let count: usize = dims.iter().product();
        let data: Vec<u8> = (0..count).map(|index| first + index as u8).collect();
        Tensor::new(ElementType::U8, dims.to_vec(), data.into()).expect("as many as it takes")
    }

    #[test]
    fn what_is_joined_is_cut_to_what_it_was() {
        for axis in 0..3 {
            let dims = |rows| {
                let mut dims = [2, 3, 4];
                dims[axis] = rows;
                dims
            };
            let parts = [bytes(&dims(1), 0), bytes(&dims(5), 50), bytes(&dims(2), 120)];
            let inferences: Vec<_> = parts.iter().map(|part| vec![part.clone()]).collect();
            let batching = Batching { axis, rows_max: 8 };
            let joined = batching.join(&inferences).expect("they fit");
            assert_eq!(joined[0].dims(), dims(8));
            assert_eq!(batching.cut(&joined, &[1, 5, 2]).expect("as many rows"), inferences);
            assert!(batching.cut(&joined, &[1, 5]).is_err(), "two rows are nobody's");
        }
    }

    #[test]
    fn only_inferences_that_differ_in_rows_are_computed_together() {
        let batching = Batching { axis: 0, rows_max: 8 };
        let (one, two, wide) = ([bytes(&[1, 3], 0)], [bytes(&[2, 3], 0)], [bytes(&[1, 4], 0)]);
        assert!(batching.fits(&one, &two) && !batching.fits(&one, &wide));
        assert_eq!(batching.rows(&two), Some(2));
        assert_eq!(batching.rows(&[bytes(&[2, 3], 0), bytes(&[1, 3], 0)]), None, "rows of its own each");
        assert_eq!(batching.rows(&[bytes(&[0, 3], 0)]), None);
        assert_eq!(batching.rows(&[bytes(&[], 0)]), None);
    }
}
