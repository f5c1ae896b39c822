use super::reading::{Reading, ReadingError, Rules};
use super::survey::Survey;
use super::{Cell, Column, Values};

impl Column {
    /// The rows of a column of texts as what all of them are. `is_typed` says that the source could
    /// have said that they are numbers.
    ///
    /// # Errors
    ///
    /// As [`Survey::reading`].
    pub fn read_texts(self, rules: &Rules, is_typed: bool) -> Result<Self, ReadingError> {
        let Values::Categorical { levels, codes } = &self.values else { return Ok(self) };
        if rules.is_levels(&self.name) || rules.has_types && is_typed {
            return Ok(self);
        }
        let mut survey = Survey::default();
        self.show_levels(&mut survey);
        let reading =
            if is_typed { survey.reading_of_texts(rules)? } else { survey.reading(rules)? };
        if reading == Reading::levels() {
            return Ok(self);
        }
        let mut column = Self::with_reading(&self.name, reading);
        for code in codes {
            column.push(
                code.map_or(Cell::Missing, |code| Cell::Text(&levels.names()[code as usize])),
            );
        }
        Ok(column)
    }

    /// Shows all cells of a column of levels to a survey.
    pub fn show_levels(&self, survey: &mut Survey) {
        let Values::Categorical { levels, codes } = &self.values else { return };
        let mut cells = vec![0u64; levels.names().len()];
        codes.iter().flatten().for_each(|code| cells[*code as usize] += 1);
        levels.names().iter().zip(cells).for_each(|(name, cells)| survey.see(name, cells));
    }
}
