//! A file system for SQLite that remembers what was synced and what was not.
//!
//! It is the system's own one with four functions of each open file replaced. Every write, sync, cut and removal below a
//! watched folder goes into one log; what a disk has after a power cut is that log, replayed to a place in it.

#![allow(
    unsafe_code,
    reason = "SQLite calls its file system through C functions, and this one stands in for the disk"
)]

use std::{
    collections::{BTreeMap, HashMap},
    ffi::{CStr, c_int, c_void},
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, Once},
};

use rusqlite::ffi::{
    self, SQLITE_OK, sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs,
};

/// What happened to a file.
#[derive(Clone, Debug)]
enum Event {
    Write(usize, Vec<u8>),
    Truncate(usize),
    Sync,
    Gone,
}

#[derive(Default)]
struct Watch {
    folders: Vec<PathBuf>,
    log: Vec<(PathBuf, Event)>,
    /// Open files below the folders, by their address.
    files: HashMap<usize, PathBuf>,
}

static WATCH: Mutex<Option<Watch>> = Mutex::new(None);

/// The functions of the system's files, and of its file system. Written once, before any file is open.
static SYSTEM: Mutex<Option<(sqlite3_io_methods, OpenFile, DeleteFile)>> = Mutex::new(None);

type OpenFile = unsafe extern "C" fn(
    *mut sqlite3_vfs,
    ffi::sqlite3_filename,
    *mut sqlite3_file,
    c_int,
    *mut c_int,
) -> c_int;
type DeleteFile = unsafe extern "C" fn(*mut sqlite3_vfs, *const std::ffi::c_char, c_int) -> c_int;

fn watch() -> MutexGuard<'static, Option<Watch>> {
    WATCH.lock().unwrap()
}

fn note(path: PathBuf, event: Event) {
    let mut watch = watch();
    if let Some(watch) = watch.as_mut() {
        watch.log.push((path, event));
    }
}

fn path_of(file: *mut sqlite3_file) -> Option<PathBuf> {
    watch().as_ref()?.files.get(&(file as usize)).cloned()
}

/// Makes it the file system of every connection opened from now on in this process.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        *watch() = Some(Watch::default());
        // SAFETY: SQLite's default file system lives as long as the process; the copy differs in its name and in two
        // functions of the right type, and is leaked, so it lives as long.
        unsafe {
            let system = ffi::sqlite3_vfs_find(std::ptr::null());
            let mut own = Box::new(*system);
            let methods: Box<sqlite3_io_methods> = Box::new(std::mem::zeroed());
            *SYSTEM.lock().unwrap() = Some((*methods, own.xOpen.unwrap(), own.xDelete.unwrap()));
            own.zName = c"lossy".as_ptr();
            own.pNext = std::ptr::null_mut();
            own.xOpen = Some(open);
            own.xDelete = Some(delete);
            assert_eq!(ffi::sqlite3_vfs_register(Box::into_raw(own), 1), SQLITE_OK);
        }
    });
}

/// A folder whose files are watched.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    watch().as_mut().unwrap().folders.push(folder.path().to_owned());
    folder
}

/// The place in the log that is reached now.
pub(crate) fn place() -> usize {
    watch().as_ref().unwrap().log.len()
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let (_, system, _) = SYSTEM.lock().unwrap().unwrap();
    // SAFETY: called as SQLite called us, with memory of the size that the system's file system asks for.
    let result = unsafe { system(vfs, name, file, flags, out) };
    if result != SQLITE_OK || name.is_null() {
        return result;
    }
    // SAFETY: SQLite's names end with a zero.
    let path = unsafe { CStr::from_ptr(name) }.to_str().unwrap();
    let path = PathBuf::from(path);
    let mut watch = watch();
    let watch = watch.as_mut().unwrap();
    if watch.folders.iter().any(|folder| path.starts_with(folder)) {
        watch.files.insert(file as usize, path);
        // SAFETY: the system has just put its functions there; ours call them, and are never freed.
        unsafe { (*file).pMethods = Box::into_raw(Box::new(watched(*(*file).pMethods))) };
    }
    result
}

/// The system's functions with ours among them.
fn watched(system: sqlite3_io_methods) -> sqlite3_io_methods {
    let mut known = SYSTEM.lock().unwrap();
    let known = known.as_mut().unwrap();
    // Files of one process on one disk have the same four.
    known.0 = system;
    sqlite3_io_methods {
        xWrite: Some(write),
        xTruncate: Some(truncate),
        xSync: Some(sync),
        xClose: Some(close),
        ..system
    }
}

fn system() -> sqlite3_io_methods {
    SYSTEM.lock().unwrap().unwrap().0
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    bytes: *const c_void,
    count: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: called as SQLite called us.
    let result = unsafe { system().xWrite.unwrap()(file, bytes, count, offset) };
    if let Some(path) = path_of(file).filter(|_| result == SQLITE_OK) {
        let count = usize::try_from(count).unwrap();
        // SAFETY: SQLite hands in `count` bytes.
        let bytes = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), count) }.to_vec();
        note(path, Event::Write(usize::try_from(offset).unwrap(), bytes));
    }
    result
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    // SAFETY: called as SQLite called us.
    let result = unsafe { system().xTruncate.unwrap()(file, size) };
    if let Some(path) = path_of(file).filter(|_| result == SQLITE_OK) {
        note(path, Event::Truncate(usize::try_from(size).unwrap()));
    }
    result
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: called as SQLite called us.
    let result = unsafe { system().xSync.unwrap()(file, flags) };
    if let Some(path) = path_of(file).filter(|_| result == SQLITE_OK) {
        note(path, Event::Sync);
    }
    result
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    watch().as_mut().unwrap().files.remove(&(file as usize));
    // SAFETY: called as SQLite called us.
    unsafe { system().xClose.unwrap()(file) }
}

unsafe extern "C" fn delete(
    vfs: *mut sqlite3_vfs,
    name: *const std::ffi::c_char,
    sync: c_int,
) -> c_int {
    let (_, _, system) = SYSTEM.lock().unwrap().unwrap();
    // SAFETY: called as SQLite called us.
    let result = unsafe { system(vfs, name, sync) };
    // SAFETY: SQLite's names end with a zero.
    let path = PathBuf::from(unsafe { CStr::from_ptr(name) }.to_str().unwrap());
    let mut watch = watch();
    let watch = watch.as_mut().unwrap();
    if result == SQLITE_OK && watch.folders.iter().any(|folder| path.starts_with(folder)) {
        // Taken as durable at once: the folder is synced with the log's first sync, before any acknowledgement.
        watch.log.push((path, Event::Gone));
    }
    result
}

/// What of the unsynced writes a disk has all the same.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Survives {
    Nothing,
    /// Each with a chance of one half, by this seed.
    Some(u64),
    Everything,
}

/// A disk that runs along the log.
pub(crate) struct Disk {
    folder: PathBuf,
    place: usize,
    files: BTreeMap<PathBuf, Image>,
}

#[derive(Default)]
struct Image {
    syncs: usize,
    synced: Vec<u8>,
    unsynced: Vec<Event>,
}

impl Disk {
    /// The disk under a watched folder, before anything happened.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), place: 0, files: BTreeMap::new() }
    }

    /// Runs on to a later place.
    pub(crate) fn run_to(&mut self, place: usize) {
        let watch = watch();
        for (path, event) in &watch.as_ref().unwrap().log[self.place..place] {
            let Ok(name) = path.strip_prefix(&self.folder) else { continue };
            if matches!(event, Event::Gone) {
                self.files.remove(name);
                continue;
            }
            let image = self.files.entry(name.to_owned()).or_default();
            if matches!(event, Event::Sync) {
                image.syncs += 1;
                for event in image.unsynced.drain(..) {
                    apply(&mut image.synced, &event);
                }
            } else {
                image.unsynced.push(event.clone());
            }
        }
        self.place = place;
    }

    /// How often a file was synced until here.
    pub(crate) fn syncs(&self, name: &str) -> usize {
        self.files.get(Path::new(name)).map_or(0, |image| image.syncs)
    }

    /// What the disk has after a power cut, into another folder.
    pub(crate) fn write(&self, into: &Path, survives: Survives) {
        for (name, image) in &self.files {
            let mut bytes = image.synced.clone();
            let mut random = match survives {
                Survives::Some(seed) => fastrand::Rng::with_seed(seed),
                _ => fastrand::Rng::with_seed(0),
            };
            for event in &image.unsynced {
                let is_kept = match survives {
                    Survives::Nothing => false,
                    Survives::Some(_) => random.bool(),
                    Survives::Everything => true,
                };
                if is_kept {
                    apply(&mut bytes, event);
                }
            }
            fs::write(into.join(name), bytes).unwrap();
        }
    }
}

fn apply(bytes: &mut Vec<u8>, event: &Event) {
    match event {
        Event::Write(offset, written) => {
            let end = offset + written.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[*offset..end].copy_from_slice(written);
        }
        Event::Truncate(size) => bytes.resize(*size, 0),
        Event::Sync | Event::Gone => {}
    }
}
