use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::Context;

use crate::store::{Object, Objects};

/// Each file below a folder, under its path in the folder and as old as the file is.
pub fn folder(folder: &Path) -> anyhow::Result<Objects> {
    let mut files = Vec::new();
    find(folder, &mut files).with_context(|| format!("listing {}", folder.display()))?;
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = files.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let read = |files| scope.spawn(move || read(folder, files));
        let readers: Vec<_> = files.chunks(share).map(read).collect();
        let mut objects = Objects::new();
        for reader in readers {
            objects.append(&mut reader.join().expect("a thread that panics ends the process")?);
        }
        Ok(objects)
    })
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            find(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn read(folder: &Path, files: &[PathBuf]) -> anyhow::Result<Objects> {
    files
        .iter()
        .map(|file| {
            let key = file.strip_prefix(folder).expect("the file was found below the folder");
            let key = key.to_str().with_context(|| format!("{} is not UTF-8", file.display()))?;
            let reading = || format!("reading {}", file.display());
            let body = fs::read(file).with_context(reading)?;
            let modified = fs::metadata(file)
                .and_then(|metadata| metadata.modified())
                .with_context(reading)?;
            Ok((key.to_owned(), Object::new(body.into(), modified)))
        })
        .collect()
}
