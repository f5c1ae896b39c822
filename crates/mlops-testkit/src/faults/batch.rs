use serde_json::{Map, Value, json};

/// A batch operation of DynamoDB, which may leave some of what it is asked for to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Batch {
    /// `{"RequestItems": {TABLE: [REQUEST, …]}}`
    Write,
    /// `{"RequestItems": {TABLE: {"Keys": [KEY, …], …}}}`
    Get,
}

impl Batch {
    /// Leaves the first `kept` parts in `request`, and gives the others, in the same shape below
    /// their tables.
    pub(super) fn hold_back(self, request: &mut Value, kept: usize) -> Map<String, Value> {
        let mut held_back = Map::new();
        let tables =
            request.get_mut("RequestItems").and_then(Value::as_object_mut).expect("it is a batch");
        let mut left = kept;
        tables.retain(|name, table| {
            let mut others = table.clone();
            let parts = self.parts(table);
            let here = left.min(parts.len());
            left -= here;
            parts.truncate(here);
            let is_kept = !parts.is_empty();
            let parts = self.parts(&mut others);
            parts.drain(..here);
            if !parts.is_empty() {
                held_back.insert(name.clone(), others);
            }
            is_kept
        });
        held_back
    }

    /// Adds what was held back to what the server itself left in its answer.
    pub(super) fn give_back(self, answer: &mut Value, held_back: Map<String, Value>) {
        let unprocessed = &mut answer[self.unprocessed()];
        for (name, mut table) in held_back {
            match unprocessed.get_mut(&name) {
                Some(there) => self.parts(there).append(self.parts(&mut table)),
                None => unprocessed[name] = table,
            }
        }
    }

    /// The answer to a request of which nothing is kept.
    pub(super) fn empty_answer(self) -> Value {
        match self {
            Self::Write => json!({"UnprocessedItems": {}}),
            Self::Get => json!({"Responses": {}, "UnprocessedKeys": {}}),
        }
    }

    fn unprocessed(self) -> &'static str {
        match self {
            Self::Write => "UnprocessedItems",
            Self::Get => "UnprocessedKeys",
        }
    }

    fn parts(self, table: &mut Value) -> &mut Vec<Value> {
        let parts = match self {
            Self::Write => table,
            Self::Get => &mut table["Keys"],
        };
        parts.as_array_mut().expect("the client of the test sends a well-formed batch")
    }
}
