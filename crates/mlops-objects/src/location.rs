use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use mlops_core::model_name::ModelName;

/// A storage location: a bucket and a prefix, or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// `s3://bucket/prefix`.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// The prefix of every key: empty, or ending in `/`.
        prefix: String,
    },
    /// `file:///path` or a bare path.
    Folder(PathBuf),
}

/// The reason why a text names no location.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// `s3://` without a bucket.
    #[error("`{0}` names no bucket; write s3://BUCKET/PREFIX")]
    NoBucket(String),
    /// The ARN of a bucket or an access point.
    #[error(
        "`{0}` is an ARN; write s3://BUCKET/PREFIX, and for an access point its alias: \
         s3://ALIAS-s3alias/PREFIX"
    )]
    Arn(String),
    /// A scheme that is neither S3 nor a file.
    #[error("`{0}` is neither s3://BUCKET/PREFIX nor file:///PATH nor a path")]
    Scheme(String),
    /// Nothing at all.
    #[error("an empty location; write s3://BUCKET/PREFIX or a path")]
    Empty,
    /// A folder where a file was wanted.
    #[error("`{0}` names no file")]
    NoFile(String),
}

impl Location {
    /// Returns the folder or prefix that holds the file which this names, and the file's key in it.
    ///
    /// # Errors
    ///
    /// [`LocationError::NoFile`] for the root of a bucket or of the file system.
    pub fn split_file(&self) -> Result<(Self, String), LocationError> {
        let no_file = || LocationError::NoFile(self.to_string());
        match self {
            Self::S3 { bucket, prefix } => {
                let path = prefix.trim_end_matches('/');
                let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
                if name.is_empty() {
                    return Err(no_file());
                }
                let prefix = if parent.is_empty() { String::new() } else { format!("{parent}/") };
                Ok((Self::S3 { bucket: bucket.clone(), prefix }, name.to_owned()))
            }
            Self::Folder(path) => {
                let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(no_file)?;
                let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
                Ok((
                    Self::Folder(parent.map_or_else(|| PathBuf::from("."), PathBuf::from)),
                    name.to_owned(),
                ))
            }
        }
    }

    /// Returns the location beside this one whose name ends in `suffix`; `None` for the root of a
    /// bucket.
    pub fn sibling(&self, suffix: &str) -> Option<Self> {
        match self {
            Self::S3 { prefix, .. } if prefix.is_empty() => None,
            Self::S3 { bucket, prefix } => {
                let prefix = format!("{}{suffix}/", prefix.trim_end_matches('/'));
                Some(Self::S3 { bucket: bucket.clone(), prefix })
            }
            Self::Folder(path) => {
                let name = path.file_name()?.to_str()?;
                Some(Self::Folder(path.with_file_name(format!("{name}{suffix}"))))
            }
        }
    }

    /// Returns the location of a model below this one. The model without a name lies at the root, and
    /// so does one whose name the location ends in.
    #[must_use]
    pub fn of_model(&self, model: &ModelName) -> Self {
        let last = match self {
            Self::S3 { prefix, .. } => prefix.trim_end_matches('/').rsplit('/').next(),
            Self::Folder(path) => path.file_name().and_then(|name| name.to_str()),
        };
        if model.is_default() || last == Some(model.as_str()) {
            return self.clone();
        }
        match self {
            Self::S3 { bucket, prefix } => {
                Self::S3 { bucket: bucket.clone(), prefix: format!("{prefix}{model}/") }
            }
            Self::Folder(path) => Self::Folder(path.join(model.as_str())),
        }
    }

    /// Returns whether `other` is this location or lies in it.
    pub fn contains(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::S3 { bucket, prefix },
                Self::S3 { bucket: other_bucket, prefix: other_prefix },
            ) => bucket == other_bucket && other_prefix.starts_with(prefix),
            (Self::Folder(path), Self::Folder(other)) => other.starts_with(path),
            _ => false,
        }
    }
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        if text.is_empty() {
            return Err(LocationError::Empty);
        }
        if text.trim_start_matches("s3://").starts_with("arn:") {
            return Err(LocationError::Arn(text.to_owned()));
        }
        if let Some(rest) = text.strip_prefix("s3://") {
            let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
            if bucket.is_empty() {
                return Err(LocationError::NoBucket(text.to_owned()));
            }
            let path = path.trim_matches('/');
            let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
            return Ok(Self::S3 { bucket: bucket.to_owned(), prefix });
        }
        if let Some(path) = text.strip_prefix("file://") {
            return if path.starts_with('/') {
                Ok(Self::Folder(path.into()))
            } else {
                Err(LocationError::Scheme(text.to_owned()))
            };
        }
        if text.contains("://") {
            return Err(LocationError::Scheme(text.to_owned()));
        }
        Ok(Self::Folder(text.into()))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
            Self::Folder(path) => write!(f, "{}", path.display()),
        }
    }
}
