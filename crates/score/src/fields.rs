//! The fields of a request as they were sent.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The fields of one request, in its order.
pub(crate) struct Fields<'b>(Vec<(Cow<'b, str>, &'b RawValue)>);

impl<'b> Fields<'b> {
    /// Gives the name and the JSON of each.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'b str)> {
        self.0.iter().map(|(name, raw)| (name.as_ref(), raw.get()))
    }

    /// Returns the JSON of a field.
    pub(crate) fn get(&self, name: &str) -> Option<&'b str> {
        self.iter().find(|(field, _)| *field == name).map(|(_, raw)| raw)
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfMap;

        #[derive(serde::Deserialize)]
        #[serde(transparent)]
        struct Key<'k>(#[serde(borrow)] Cow<'k, str>);

        impl<'de> Visitor<'de> for OfMap {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::with_capacity(48);
                while let Some((Key(name), raw)) = map.next_entry()? {
                    fields.push((name, raw));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(OfMap)
    }
}
