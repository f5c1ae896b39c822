use std::fs::File;
use std::path::Path;

use mlops_stats::profile::{Profile, Profiles};
use serde::{Deserialize, Serialize};

use crate::TableError;

/// The format name in a file of profiles.
const FORMAT: &str = "mlops-profile/1";

/// Sorted numbers and repeated names shrink well at any level.
const LEVEL: i32 = 3;

#[derive(Serialize, Deserialize)]
struct Document {
    format: String,
    profiles: Profiles,
}

/// The bytes of a file that [`crate::read_profiles`] reads: CBOR, compressed with zstd.
///
/// # Errors
///
/// [`TableError::Profile`] where memory ends.
pub fn write_profiles(profiles: &Profiles) -> Result<Vec<u8>, TableError> {
    let document = Document { format: FORMAT.to_owned(), profiles: profiles.clone() };
    let failed = |what: String| TableError::Profile { path: "a new file".into(), what };
    let mut plain = Vec::new();
    ciborium::into_writer(&document, &mut plain).map_err(|error| failed(error.to_string()))?;
    zstd::bulk::compress(&plain, LEVEL).map_err(|error| failed(error.to_string()))
}

pub(crate) fn read(path: &Path) -> Result<Profiles, TableError> {
    let failed = |what: String| TableError::Profile { path: path.to_owned(), what };
    let file =
        File::open(path).map_err(|source| TableError::Io { path: path.to_owned(), source })?;
    let plain = zstd::Decoder::new(file).map_err(|error| failed(error.to_string()))?;
    let document: Document = ciborium::from_reader(plain).map_err(|error| {
        failed(match error {
            // Its text is the one for debugging.
            ciborium::de::Error::Io(error) => error.to_string(),
            other => other.to_string(),
        })
    })?;
    if document.format != FORMAT {
        return Err(failed(format!("its format is `{}` instead of `{FORMAT}`", document.format)));
    }
    let profiles = document.profiles;
    let mut each = std::iter::once(&profiles.whole).chain(profiles.segments.values());
    each.try_for_each(Profile::check).map_err(|error| failed(error.to_string()))?;
    Ok(profiles)
}
