use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use metrics_core::Collector;
use metrics_exposition::Format;

/// A file in the folder that the node exporter reads (`--collector.textfile.directory`).
///
/// It is written under another name in the same folder, synced, and renamed: whoever reads it sees the
/// page before or the page after, also after a crash.
///
/// ```
/// use metrics_core::{Gauge, Metric};
/// use metrics_http::push::Textfile;
///
/// static LAST_RUN: Metric<Gauge> = Metric::gauge("cron_last_run_timestamp_seconds", "When it last ran.");
///
/// # let folder = std::env::temp_dir().join(format!("textfile-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let file = Textfile::new(folder.join("cron.prom"))?; // /var/lib/prometheus/node-exporter/cron.prom
/// LAST_RUN.set(1.7e9);
/// file.write(&LAST_RUN)?;
/// assert!(std::fs::read_to_string(file.path())?.ends_with("\ncron_last_run_timestamp_seconds 1.7e+09\n"));
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Textfile {
    path: PathBuf,
}

impl Textfile {
    /// The file of this path, whose name ends with `.prom`, as the node exporter reads no others.
    ///
    /// # Errors
    ///
    /// If it does not.
    pub fn new(path: impl Into<PathBuf>) -> Result<Self, TextfileError> {
        let path = path.into();
        if path.extension().is_none_or(|extension| extension != "prom") {
            let what = "its name does not end with .prom, so the node exporter would not read it";
            return Err(TextfileError::new(&path, what, None));
        }
        Ok(Self { path })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the page of `collector`.
    ///
    /// # Errors
    ///
    /// If the folder is not there or may not be written, or there is no room: the file that was there
    /// stays as it was.
    pub fn write(&self, collector: &(impl Collector + ?Sized)) -> Result<(), TextfileError> {
        let new = self.new_path();
        let written = write_whole(&new, collector);
        let renamed = written.and_then(|()| {
            fs::rename(&new, &self.path)
                .map_err(|error| TextfileError::new(&self.path, "cannot be replaced", Some(error)))
        });
        if renamed.is_err() {
            let _ = fs::remove_file(&new);
        } else {
            self.sync_folder();
        }
        renamed
    }

    /// A name in the same folder that nobody else has, and that the node exporter does not read.
    fn new_path(&self) -> PathBuf {
        static WRITES: AtomicU64 = AtomicU64::new(0);
        let mut name = OsString::from(".");
        name.push(self.path.file_name().unwrap_or_default());
        name.push(format!(".{}-{}.tmp", std::process::id(), WRITES.fetch_add(1, Ordering::Relaxed)));
        self.path.with_file_name(name)
    }

    /// Has the new name survive a crash too. Where folders cannot be synced, the old page may come back.
    fn sync_folder(&self) {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
            let _ = folder.sync_all();
        }
    }
}

fn write_whole(path: &Path, collector: &(impl Collector + ?Sized)) -> Result<(), TextfileError> {
    let file = File::options().write(true).create_new(true).open(path);
    let file = file.map_err(|error| TextfileError::new(path, "cannot be created", Some(error)))?;
    let mut writer = BufWriter::new(file);
    let written = Format::TEXT
        .write(collector, &mut writer)
        .and_then(|()| writer.flush())
        .and_then(|()| writer.get_ref().sync_all());
    written.map_err(|error| TextfileError::new(path, "cannot be written", Some(error)))
}

/// A textfile was not written: which, and why.
#[derive(Debug)]
pub struct TextfileError {
    path: PathBuf,
    what: &'static str,
    source: Option<io::Error>,
}

impl TextfileError {
    fn new(path: &Path, what: &'static str, source: Option<io::Error>) -> Self {
        Self { path: path.to_owned(), what, source }
    }

    /// What kind of error the system reported, if it did.
    pub fn kind(&self) -> Option<io::ErrorKind> {
        self.source.as_ref().map(io::Error::kind)
    }
}

impl fmt::Display for TextfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.what)?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl Error for TextfileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
