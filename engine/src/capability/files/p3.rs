//! Scratch files for WASI 0.3.

mod streams;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::oneshot;
use wasmtime::component::{Access as StoreAccess, Accessor, FutureReader, Resource, StreamReader};
use wasmtime_wasi::p3::bindings::clocks::system_clock::Instant;
use wasmtime_wasi::p3::bindings::filesystem::preopens;
use wasmtime_wasi::p3::bindings::filesystem::types::{
    Advice, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode, Filesize,
    Host, HostDescriptor, HostDescriptorWithStore, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p3::filesystem::{FilesystemError, FilesystemResult};

use self::streams::{Ended, Listing, Reading, write};
use super::handle::{Access, Handle, Opening, Stat, Time, Type};
use super::{Fault, Scratch, View};

impl From<Fault> for FilesystemError {
    fn from(fault: Fault) -> Self {
        ErrorCode::from(fault).into()
    }
}

fn handle<U>(store: &Accessor<U, Scratch>, descriptor: &Resource<Descriptor>) -> FilesystemResult<Handle> {
    store.with(|mut store| Ok(store.get().handle(descriptor).map_err(FilesystemError::trap)?.clone()))
}

impl preopens::Host for View<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        self.preopens()
    }
}

impl Host for View<'_> {
    fn convert_error_code(&mut self, error: FilesystemError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }
}

impl HostDescriptor for View<'_> {
    fn drop(&mut self, descriptor: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.close(&descriptor)
    }
}

impl<U> HostDescriptorWithStore<U> for Scratch {
    fn read_via_stream(
        mut store: StoreAccess<U, Self>,
        descriptor: Resource<Descriptor>,
        offset: Filesize,
    ) -> wasmtime::Result<(StreamReader<u8>, Ended)> {
        let file = store.get().handle(&descriptor)?.file(false);
        let (end, ended) = oneshot::channel();
        let stream = match file {
            Ok(opened) => StreamReader::new(&mut store, Reading { opened, offset, end: Some(end) })?,
            Err(fault) => {
                let _ = end.send(Err(fault.into()));
                StreamReader::new(&mut store, std::iter::empty())?
            }
        };
        Ok((stream, FutureReader::new(&mut store, ended)?))
    }

    fn write_via_stream(
        store: StoreAccess<'_, U, Self>,
        descriptor: Resource<Descriptor>,
        data: StreamReader<u8>,
        offset: Filesize,
    ) -> wasmtime::Result<Ended> {
        write(store, &descriptor, data, Some(offset))
    }

    fn append_via_stream(
        store: StoreAccess<'_, U, Self>,
        descriptor: Resource<Descriptor>,
        data: StreamReader<u8>,
    ) -> wasmtime::Result<Ended> {
        write(store, &descriptor, data, None)
    }

    async fn advise(
        store: &Accessor<U, Self>,
        descriptor: Resource<Descriptor>,
        _: Filesize,
        _: Filesize,
        _: Advice,
    ) -> FilesystemResult<()> {
        match handle(store, &descriptor)?.stat()?.ty {
            Type::File => Ok(()),
            Type::Directory | Type::Link => Err(Fault::BadDescriptor.into()),
        }
    }

    async fn sync_data(store: &Accessor<U, Self>, descriptor: Resource<Descriptor>) -> FilesystemResult<()> {
        handle(store, &descriptor).map(drop)
    }

    async fn get_flags(
        store: &Accessor<U, Self>,
        descriptor: Resource<Descriptor>,
    ) -> FilesystemResult<DescriptorFlags> {
        let access = handle(store, &descriptor)?.access;
        Ok(flags(access))
    }

    async fn get_type(
        store: &Accessor<U, Self>,
        descriptor: Resource<Descriptor>,
    ) -> FilesystemResult<DescriptorType> {
        Ok(handle(store, &descriptor)?.stat()?.ty.into())
    }

    async fn set_size(
        store: &Accessor<U, Self>,
        descriptor: Resource<Descriptor>,
        size: Filesize,
    ) -> FilesystemResult<()> {
        Ok(handle(store, &descriptor)?.set_size(size)?)
    }

    async fn set_times(
        store: &Accessor<U, Self>,
        descriptor: Resource<Descriptor>,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FilesystemResult<()> {
        Ok(handle(store, &descriptor)?.set_times(time(accessed)?, time(modified)?)?)
    }

    fn read_directory(
        mut store: StoreAccess<'_, U, Self>,
        descriptor: Resource<Descriptor>,
    ) -> wasmtime::Result<(StreamReader<DirectoryEntry>, Ended)> {
        let (entries, end) = match store.get().handle(&descriptor)?.entries() {
            Ok(entries) => (Some(entries), Ok(())),
            Err(fault) => (None, Err(fault.into())),
        };
        let entries = StreamReader::new(&mut store, Listing(entries))?;
        Ok((entries, FutureReader::new(&mut store, async move { wasmtime::error::Ok(end) })?))
    }

    async fn sync(store: &Accessor<U, Self>, descriptor: Resource<Descriptor>) -> FilesystemResult<()> {
        handle(store, &descriptor).map(drop)
    }

    async fn create_directory_at(
        store: &Accessor<U, Self>,
        descriptor: Resource<Descriptor>,
        path: String,
    ) -> FilesystemResult<()> {
        Ok(handle(store, &descriptor)?.create_directory(&path)?)
    }

    async fn stat(
        store: &Accessor<U, Self>,
        descriptor: Resource<Descriptor>,
    ) -> FilesystemResult<DescriptorStat> {
        Ok(handle(store, &descriptor)?.stat()?.into())
    }

    async fn stat_at(
        store: &Accessor<U, Self>,
        descriptor: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FilesystemResult<DescriptorStat> {
        Ok(handle(store, &descriptor)?.stat_at(follows(flags), &path)?.into())
    }

    async fn set_times_at(
        store: &Accessor<U, Self>,
        descriptor: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FilesystemResult<()> {
        let (accessed, modified) = (time(accessed)?, time(modified)?);
        Ok(handle(store, &descriptor)?.set_times_at(follows(flags), &path, accessed, modified)?)
    }

    async fn link_at(
        store: &Accessor<U, Self>,
        descriptor: Resource<Descriptor>,
        flags: PathFlags,
        from: String,
        to: Resource<Descriptor>,
        path: String,
    ) -> FilesystemResult<()> {
        let to = handle(store, &to)?;
        Ok(handle(store, &descriptor)?.link(follows(flags), &from, &to, &path)?)
    }

    async fn open_at(
        store: &Accessor<U, Self>,
        descriptor: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FilesystemResult<Resource<Descriptor>> {
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
        let opened = handle(store, &descriptor)?.open(&path, opening, access)?;
        store.with(|mut store| store.get().push(opened)).map_err(FilesystemError::trap)
    }

    async fn readlink_at(
        store: &Accessor<U, Self>,
        descriptor: Resource<Descriptor>,
        path: String,
    ) -> FilesystemResult<String> {
        Ok(handle(store, &descriptor)?.readlink(&path)?)
    }

    async fn remove_directory_at(
        store: &Accessor<U, Self>,
        descriptor: Resource<Descriptor>,
        path: String,
    ) -> FilesystemResult<()> {
        Ok(handle(store, &descriptor)?.remove_directory(&path)?)
    }

    async fn rename_at(
        store: &Accessor<U, Self>,
        descriptor: Resource<Descriptor>,
        from: String,
        to: Resource<Descriptor>,
        path: String,
    ) -> FilesystemResult<()> {
        let to = handle(store, &to)?;
        Ok(handle(store, &descriptor)?.rename(&from, &to, &path)?)
    }

    async fn symlink_at(
        store: &Accessor<U, Self>,
        descriptor: Resource<Descriptor>,
        target: String,
        path: String,
    ) -> FilesystemResult<()> {
        Ok(handle(store, &descriptor)?.symlink(&target, &path)?)
    }

    async fn unlink_file_at(
        store: &Accessor<U, Self>,
        descriptor: Resource<Descriptor>,
        path: String,
    ) -> FilesystemResult<()> {
        Ok(handle(store, &descriptor)?.unlink(&path)?)
    }

    async fn is_same_object(
        store: &Accessor<U, Self>,
        one: Resource<Descriptor>,
        other: Resource<Descriptor>,
    ) -> wasmtime::Result<bool> {
        store.with(|mut store| {
            let view = store.get();
            Ok(view.handle(&one)?.is_same(view.handle(&other)?))
        })
    }

    async fn metadata_hash(
        store: &Accessor<U, Self>,
        descriptor: Resource<Descriptor>,
    ) -> FilesystemResult<MetadataHashValue> {
        Ok(handle(store, &descriptor)?.stat()?.into())
    }

    async fn metadata_hash_at(
        store: &Accessor<U, Self>,
        descriptor: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FilesystemResult<MetadataHashValue> {
        Ok(handle(store, &descriptor)?.stat_at(follows(flags), &path)?.into())
    }
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
        NewTimestamp::Timestamp(Instant { seconds, nanoseconds }) => {
            let whole = Duration::from_secs(seconds.unsigned_abs());
            let time = match seconds < 0 {
                true => UNIX_EPOCH.checked_sub(whole),
                false => UNIX_EPOCH.checked_add(whole),
            };
            let time = time.and_then(|time| time.checked_add(Duration::from_nanos(nanoseconds.into())));
            time.map(Time::At).ok_or(Fault::Invalid)
        }
    }
}

fn instant(time: SystemTime) -> Instant {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant { seconds: since.as_secs().cast_signed(), nanoseconds: since.subsec_nanos() }
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
            data_access_timestamp: Some(instant(stat.accessed)),
            data_modification_timestamp: Some(instant(stat.modified)),
            status_change_timestamp: Some(instant(stat.changed)),
        }
    }
}

impl From<Stat> for MetadataHashValue {
    fn from(stat: Stat) -> Self {
        Self { lower: stat.node as u64, upper: stat.size }
    }
}
