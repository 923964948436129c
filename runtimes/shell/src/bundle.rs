//! What is kept of a build: the files of the source, as bytes.
//!
//! A count, and then of each file its path and its content, each after its length; all numbers are four
//! bytes, the lowest first. The first file is the script.

/// A file of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Relative, with `/` between its parts.
    pub path: String,
    /// What is in it.
    pub content: Vec<u8>,
}

/// The script, and the other files of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The file that is run. It is UTF-8.
    pub main: File,
    /// What it may read.
    pub others: Vec<File>,
}

impl Bundle {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_number(&mut bytes, self.others.len() + 1);
        for file in std::iter::once(&self.main).chain(&self.others) {
            for part in [file.path.as_bytes(), &file.content] {
                put_number(&mut bytes, part.len());
                bytes.extend_from_slice(part);
            }
        }
        bytes
    }

    /// From bytes. Nothing if they are not what [`Bundle::encode`] makes.
    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        let count = take_number(&mut bytes)?;
        let mut files = Vec::new();
        for _ in 0..count {
            let path = String::from_utf8(take(&mut bytes)?.to_vec()).ok()?;
            let content = take(&mut bytes)?.to_vec();
            files.push(File { path, content });
        }
        if files.is_empty() || !bytes.is_empty() {
            return None;
        }
        let main = files.remove(0);
        Some(Self { main, others: files })
    }
}

fn put_number(bytes: &mut Vec<u8>, number: usize) {
    // A source of more than 4 GiB does not fit into the memory of a component.
    bytes.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

fn take_number(bytes: &mut &[u8]) -> Option<usize> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    usize::try_from(u32::from_le_bytes(*number)).ok()
}

fn take<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = take_number(bytes)?;
    let (part, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_comes_back_as_it_was() {
        let file = |path: &str, content: &[u8]| File { path: path.to_owned(), content: content.to_vec() };
        let bundle =
            Bundle { main: file("a.sh", b"echo"), others: vec![file("b/c", &[0, 255]), file("d", b"")] };
        assert_eq!(Bundle::decode(&bundle.encode()), Some(bundle));
    }

    #[test]
    fn what_is_no_bundle_is_refused() {
        for bytes in [
            &b""[..],
            b"\0\0\0\0",
            b"\x01\0\0\0",
            b"\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x01\0\0\0\0\0\0\0\0\0\0\0x",
        ] {
            assert_eq!(Bundle::decode(bytes), None);
        }
    }
}
