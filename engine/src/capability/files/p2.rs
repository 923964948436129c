//! Scratch files for WASI 0.2.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    Advice, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry,
    DirectoryEntryStream, ErrorCode, Filesize, Host, HostDescriptor, HostDirectoryEntryStream,
    MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, FsError, FsResult, InputStream, OutputStream, Pollable, StreamError,
    StreamResult,
};

use super::handle::{Access, Entries, Opened, Opening, Stat, Time, Type};
use super::{Fault, View};

/// Bytes that one write to a stream may carry.
const WRITE_BYTES_MAX: usize = 64 << 10;

impl From<Fault> for FsError {
    fn from(fault: Fault) -> Self {
        ErrorCode::from(fault).into()
    }
}

fn trap(error: impl Into<wasmtime::Error>) -> FsError {
    FsError::trap(error)
}

impl preopens::Host for View<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        self.preopens()
    }
}

impl Host for View<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(self.table.get(&error)?.downcast_ref::<Fault>().map(|fault| (*fault).into()))
    }
}

impl HostDescriptor for View<'_> {
    fn read_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynInputStream>> {
        let opened = self.handle(&fd).map_err(trap)?.file(false)?;
        let reader: DynInputStream = Box::new(Reader { opened, offset });
        Ok(self.table.push(reader)?)
    }

    fn write_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        let opened = self.handle(&fd).map_err(trap)?.file(true)?;
        let writer: DynOutputStream = Box::new(Writer { opened, offset: Some(offset) });
        Ok(self.table.push(writer)?)
    }

    fn append_via_stream(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DynOutputStream>> {
        let opened = self.handle(&fd).map_err(trap)?.file(true)?;
        let writer: DynOutputStream = Box::new(Writer { opened, offset: None });
        Ok(self.table.push(writer)?)
    }

    async fn advise(
        &mut self,
        fd: Resource<Descriptor>,
        _: Filesize,
        _: Filesize,
        _: Advice,
    ) -> FsResult<()> {
        match self.handle(&fd).map_err(trap)?.stat()?.ty {
            Type::File => Ok(()),
            Type::Directory | Type::Link => Err(Fault::BadDescriptor.into()),
        }
    }

    async fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.sync(fd).await
    }

    async fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorFlags> {
        let access = self.handle(&fd).map_err(trap)?.access;
        Ok(flags(access))
    }

    async fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorType> {
        Ok(self.handle(&fd).map_err(trap)?.stat()?.ty.into())
    }

    async fn set_size(&mut self, fd: Resource<Descriptor>, size: Filesize) -> FsResult<()> {
        Ok(self.handle(&fd).map_err(trap)?.set_size(size)?)
    }

    async fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let (accessed, modified) = (time(accessed)?, time(modified)?);
        Ok(self.handle(&fd).map_err(trap)?.set_times(accessed, modified)?)
    }

    async fn read(
        &mut self,
        fd: Resource<Descriptor>,
        length: Filesize,
        offset: Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        let file = self.handle(&fd).map_err(trap)?.file(false)?;
        let bytes = file.read(offset, usize::try_from(length).unwrap_or(usize::MAX))?;
        let is_end = bytes.is_empty() && length > 0;
        Ok((bytes, is_end))
    }

    async fn write(
        &mut self,
        fd: Resource<Descriptor>,
        bytes: Vec<u8>,
        offset: Filesize,
    ) -> FsResult<Filesize> {
        let file = self.handle(&fd).map_err(trap)?.file(true)?;
        Ok(file.write(offset, &bytes)? as Filesize)
    }

    async fn read_directory(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DirectoryEntryStream>> {
        let entries = self.handle(&fd).map_err(trap)?.entries()?;
        let listing = self.table.push(entries)?;
        Ok(Resource::new_own(listing.rep()))
    }

    async fn sync(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        // What is gone with the guest needs no disk to be safe on.
        self.handle(&fd).map_err(trap).map(drop)
    }

    async fn create_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        Ok(self.handle(&fd).map_err(trap)?.create_directory(&path)?)
    }

    async fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        Ok(self.handle(&fd).map_err(trap)?.stat()?.into())
    }

    async fn stat_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<DescriptorStat> {
        Ok(self.handle(&fd).map_err(trap)?.stat_at(follows(flags), &path)?.into())
    }

    async fn set_times_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let (accessed, modified) = (time(accessed)?, time(modified)?);
        Ok(self.handle(&fd).map_err(trap)?.set_times_at(follows(flags), &path, accessed, modified)?)
    }

    async fn link_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        from: String,
        to: Resource<Descriptor>,
        path: String,
    ) -> FsResult<()> {
        let to = self.handle(&to).map_err(trap)?;
        Ok(self.handle(&fd).map_err(trap)?.link(follows(flags), &from, to, &path)?)
    }

    async fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let opening = Opening {
            follow: follows(path_flags),
            create: open_flags.contains(OpenFlags::CREATE),
            directory: open_flags.contains(OpenFlags::DIRECTORY),
            exclusive: open_flags.contains(OpenFlags::EXCLUSIVE),
            truncate: open_flags.contains(OpenFlags::TRUNCATE),
        };
        let access = Access {
            read: flags.contains(DescriptorFlags::READ),
            write: flags.contains(DescriptorFlags::WRITE),
            mutate: flags.contains(DescriptorFlags::MUTATE_DIRECTORY),
        };
        let opened = self.handle(&fd).map_err(trap)?.open(&path, opening, access)?;
        self.push(opened).map_err(trap)
    }

    async fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        Ok(self.handle(&fd).map_err(trap)?.readlink(&path)?)
    }

    async fn remove_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        Ok(self.handle(&fd).map_err(trap)?.remove_directory(&path)?)
    }

    async fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        from: String,
        to: Resource<Descriptor>,
        path: String,
    ) -> FsResult<()> {
        let to = self.handle(&to).map_err(trap)?;
        Ok(self.handle(&fd).map_err(trap)?.rename(&from, to, &path)?)
    }

    async fn symlink_at(&mut self, fd: Resource<Descriptor>, target: String, path: String) -> FsResult<()> {
        Ok(self.handle(&fd).map_err(trap)?.symlink(&target, &path)?)
    }

    async fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        Ok(self.handle(&fd).map_err(trap)?.unlink(&path)?)
    }

    async fn is_same_object(
        &mut self,
        one: Resource<Descriptor>,
        other: Resource<Descriptor>,
    ) -> wasmtime::Result<bool> {
        Ok(self.handle(&one)?.is_same(self.handle(&other)?))
    }

    async fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        Ok(self.handle(&fd).map_err(trap)?.stat()?.into())
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        Ok(self.handle(&fd).map_err(trap)?.stat_at(follows(flags), &path)?.into())
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.close(&fd)
    }
}

impl HostDirectoryEntryStream for View<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        let listing = self.table.get_mut(&Resource::<Entries>::new_borrow(stream.rep()))?;
        Ok(listing.next().map(|(ty, name)| DirectoryEntry { type_: ty.into(), name }))
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.table.delete(Resource::<Entries>::new_own(stream.rep()))?;
        Ok(())
    }
}

/// Reads a file from an offset on.
struct Reader {
    opened: Opened,
    offset: u64,
}

/// Writes a file from an offset on, or at its end.
struct Writer {
    opened: Opened,
    offset: Option<u64>,
}

#[wasmtime_wasi::async_trait]
impl Pollable for Reader {
    async fn ready(&mut self) {}
}

impl InputStream for Reader {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let bytes = self.opened.read(self.offset, size).map_err(failed)?;
        if bytes.is_empty() && size > 0 {
            return Err(StreamError::Closed);
        }
        self.offset += bytes.len() as u64;
        Ok(bytes.into())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {}
}

impl OutputStream for Writer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let mut left = &bytes[..];
        while !left.is_empty() {
            let written = match &mut self.offset {
                Some(offset) => {
                    let written = self.opened.write(*offset, left).map_err(failed)?;
                    *offset += written as u64;
                    written
                }
                None => self.opened.append(left).map_err(failed)?,
            };
            left = &left[written..];
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

fn failed(fault: Fault) -> StreamError {
    StreamError::LastOperationFailed(fault.into())
}

fn flags(access: Access) -> DescriptorFlags {
    let flag = |granted, flag| if granted { flag } else { DescriptorFlags::empty() };
    flag(access.read, DescriptorFlags::READ)
        | flag(access.write, DescriptorFlags::WRITE)
        | flag(access.mutate, DescriptorFlags::MUTATE_DIRECTORY)
}

fn follows(flags: PathFlags) -> bool {
    flags.contains(PathFlags::SYMLINK_FOLLOW)
}

/// A time to set.
fn time(time: NewTimestamp) -> Result<Time, Fault> {
    match time {
        NewTimestamp::NoChange => Ok(Time::Kept),
        NewTimestamp::Now => Ok(Time::Now),
        NewTimestamp::Timestamp(Datetime { seconds, nanoseconds }) => {
            let since = Duration::from_secs(seconds).checked_add(Duration::from_nanos(nanoseconds.into()));
            let time = since.and_then(|since| UNIX_EPOCH.checked_add(since));
            time.map(Time::At).ok_or(Fault::Invalid)
        }
    }
}

fn datetime(time: SystemTime) -> Datetime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Datetime { seconds: since.as_secs(), nanoseconds: since.subsec_nanos() }
}

impl From<Type> for DescriptorType {
    fn from(ty: Type) -> Self {
        match ty {
            Type::File => Self::RegularFile,
            Type::Directory => Self::Directory,
            Type::Link => Self::SymbolicLink,
        }
    }
}

impl From<Stat> for DescriptorStat {
    fn from(stat: Stat) -> Self {
        Self {
            type_: stat.ty.into(),
            link_count: stat.links,
            size: stat.size,
            data_access_timestamp: Some(datetime(stat.accessed)),
            data_modification_timestamp: Some(datetime(stat.modified)),
            status_change_timestamp: Some(datetime(stat.changed)),
        }
    }
}

impl From<Stat> for MetadataHashValue {
    fn from(stat: Stat) -> Self {
        Self { lower: stat.node as u64, upper: stat.size }
    }
}
