use crate::ports::NameRange;

/// Which of a folder's objects a partition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All below it, at any depth: `**`.
    Below,
    /// Those directly in it: `*`.
    Direct,
    /// Those directly in it whose name is in one of [`Partition::RANGES`].
    Range(usize),
}

/// The unit of progress: a part of the listing that is settled, and sealed, as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// The keys' prefix, empty or ending in `/`.
    pub folder: String,
    /// Which of its objects.
    pub scope: Scope,
}

impl Partition {
    /// Ranges of names that split a folder of random hexadecimal keys evenly, and leave out no
    /// other key. With the part of the partition's id that stands for each.
    pub const RANGES: [(&'static str, NameRange); 19] = [
        ("..0", range(None, Some("0"))),
        ("0*", range(Some("0"), Some("1"))),
        ("1*", range(Some("1"), Some("2"))),
        ("2*", range(Some("2"), Some("3"))),
        ("3*", range(Some("3"), Some("4"))),
        ("4*", range(Some("4"), Some("5"))),
        ("5*", range(Some("5"), Some("6"))),
        ("6*", range(Some("6"), Some("7"))),
        ("7*", range(Some("7"), Some("8"))),
        ("8*", range(Some("8"), Some("9"))),
        ("9*", range(Some("9"), Some(":"))),
        ("9..a", range(Some(":"), Some("a"))),
        ("a*", range(Some("a"), Some("b"))),
        ("b*", range(Some("b"), Some("c"))),
        ("c*", range(Some("c"), Some("d"))),
        ("d*", range(Some("d"), Some("e"))),
        ("e*", range(Some("e"), Some("f"))),
        ("f*", range(Some("f"), Some("g"))),
        ("f..", range(Some("g"), None)),
    ];

    /// Its name: the folder, and what it holds of it. `dt=2026-11-23/hh=05/**`, `*`, `models/a*`.
    pub fn id(&self) -> String {
        let scope = match self.scope {
            Scope::Below => "**",
            Scope::Direct => "*",
            Scope::Range(index) => Self::RANGES[index].0,
        };
        format!("{}{scope}", self.folder)
    }

    /// The partition of that name; `None` for a text that is no name.
    pub fn from_id(id: &str) -> Option<Self> {
        let (folder, scope) = id.split_at(id.rfind('/').map_or(0, |slash| slash + 1));
        let scope = match scope {
            "**" => Scope::Below,
            "*" => Scope::Direct,
            scope => Scope::Range(Self::RANGES.iter().position(|(name, _)| *name == scope)?),
        };
        Some(Self { folder: folder.to_owned(), scope })
    }
}

const fn range(from: Option<&'static str>, to: Option<&'static str>) -> NameRange {
    NameRange { from, to }
}
