//! Arrow's arrays as columns: of its many types numbers, texts and times are left. `arrow-cast` can
//! do this too, and turn any type into any other, which is much code in each image for what none of
//! them does.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type,
    Decimal256Type, DecimalType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{ArrowError, DataType, TimeUnit};
use mlops_core::table::{Cell, Column, Kind, Reading, Values};

const MICROSECONDS_A_DAY: i64 = 24 * 3600 * 1_000_000;

/// Up to this many digits after the point the power of ten is a whole number that a float holds
/// exactly.
const EXACT_SCALE: i8 = 22;

/// Returns how a column of this type is read; `None` if a cell holds several values.
pub(crate) fn reading(data_type: &DataType) -> Option<Reading> {
    match data_type {
        DataType::Dictionary(_, values) => reading(values),
        DataType::Boolean => Some(Reading::flags()),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => {
            Some(Reading::levels())
        }
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Some(Reading::times()),
        other if other.is_numeric() => Some(Reading::numbers()),
        _ => None,
    }
}

/// Whether cells of this type are texts.
pub(crate) fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_text(values),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        _ => false,
    }
}

/// The values of an array.
pub(crate) fn column(name: &str, reading: Reading, array: &ArrayRef) -> Result<Column, ArrowError> {
    let mut column = Column::with_reading(name, reading);
    push(&mut column, array)?;
    Ok(column)
}

fn push(column: &mut Column, array: &ArrayRef) -> Result<(), ArrowError> {
    match array.data_type() {
        // Most columns are of these two kinds, which are taken as they lie.
        DataType::Float64 if array.null_count() == 0 => {
            column.extend_numbers(array.as_primitive::<Float64Type>().values());
        }
        DataType::Dictionary(key, value)
            if **key == DataType::Int32 && **value == DataType::Utf8 =>
        {
            let dictionary = array.as_dictionary::<Int32Type>();
            let names = dictionary.values().as_string::<i32>();
            let keys =
                dictionary.keys().iter().map(|key| key.filter(|&key| names.is_valid(key as usize)));
            if column.kind() == Kind::Categorical {
                column.extend_levels(
                    names.iter().map(Option::unwrap_or_default),
                    keys.map(|key| key.map(|key| key as u32)),
                );
            } else {
                texts(column, keys.map(|key| key.map(|key| names.value(key as usize))));
            }
        }
        DataType::Float64 => numbers::<Float64Type>(column, array, |value| value),
        DataType::Float32 => numbers::<Float32Type>(column, array, f64::from),
        DataType::Float16 => numbers::<Float16Type>(column, array, f64::from),
        DataType::Int8 => numbers::<Int8Type>(column, array, f64::from),
        DataType::Int16 => numbers::<Int16Type>(column, array, f64::from),
        DataType::Int32 => numbers::<Int32Type>(column, array, f64::from),
        // As levels, whole numbers keep all of their digits.
        DataType::Int64 if column.kind() == Kind::Categorical => {
            primitive::<Int64Type>(column, array, Cell::Integer);
        }
        DataType::UInt64 if column.kind() == Kind::Categorical => {
            names::<UInt64Type>(column, array, |value| value.to_string());
        }
        DataType::Decimal32(_, scale) if column.kind() == Kind::Categorical => {
            names::<Decimal32Type>(column, array, |value| {
                decimal_name::<Decimal32Type>(value, *scale)
            });
        }
        DataType::Decimal64(_, scale) if column.kind() == Kind::Categorical => {
            names::<Decimal64Type>(column, array, |value| {
                decimal_name::<Decimal64Type>(value, *scale)
            });
        }
        DataType::Decimal128(_, scale) if column.kind() == Kind::Categorical => {
            names::<Decimal128Type>(column, array, |value| {
                decimal_name::<Decimal128Type>(value, *scale)
            });
        }
        DataType::Decimal256(_, scale) if column.kind() == Kind::Categorical => {
            names::<Decimal256Type>(column, array, |value| {
                decimal_name::<Decimal256Type>(value, *scale)
            });
        }
        DataType::Int64 => numbers::<Int64Type>(column, array, |value| value as f64),
        DataType::UInt8 => numbers::<UInt8Type>(column, array, f64::from),
        DataType::UInt16 => numbers::<UInt16Type>(column, array, f64::from),
        DataType::UInt32 => numbers::<UInt32Type>(column, array, f64::from),
        DataType::UInt64 => numbers::<UInt64Type>(column, array, |value| value as f64),
        DataType::Decimal32(_, scale) => {
            decimal::<Decimal32Type>(column, array, *scale, |value| Some(value.into()))
        }
        DataType::Decimal64(_, scale) => decimal::<Decimal64Type>(column, array, *scale, Some),
        DataType::Decimal128(_, scale) => {
            decimal::<Decimal128Type>(column, array, *scale, |value| value.try_into().ok())
        }
        DataType::Decimal256(_, scale) => {
            decimal::<Decimal256Type>(column, array, *scale, |value| {
                value.to_i128().and_then(|value| value.try_into().ok())
            })
        }
        DataType::Boolean => {
            let flags = array.as_boolean().iter();
            flags.for_each(|flag| {
                column.push(
                    flag.map_or(Cell::Missing, |flag| {
                        Cell::Text(if flag { "true" } else { "false" })
                    }),
                )
            });
        }
        DataType::Utf8 => texts(column, array.as_string::<i32>().iter()),
        DataType::LargeUtf8 => texts(column, array.as_string::<i64>().iter()),
        DataType::Utf8View => texts(column, array.as_string_view().iter()),
        DataType::Null => (0..array.len()).for_each(|_| column.push(Cell::Missing)),
        DataType::Date32 => primitive::<Date32Type>(column, array, |days| {
            Cell::Time(i64::from(days) * MICROSECONDS_A_DAY)
        }),
        DataType::Date64 => primitive::<Date64Type>(column, array, |millis| times(millis, 1000)),
        DataType::Timestamp(TimeUnit::Second, _) => {
            primitive::<TimestampSecondType>(column, array, |seconds| times(seconds, 1_000_000));
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            primitive::<TimestampMillisecondType>(column, array, |millis| times(millis, 1000));
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            primitive::<TimestampMicrosecondType>(column, array, Cell::Time)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            primitive::<TimestampNanosecondType>(column, array, |nanos| Cell::Time(nanos / 1000));
        }
        DataType::Dictionary(..) => return dictionary(column, array),
        other => return Err(ArrowError::NotYetImplemented(format!("a column of {other}"))),
    }
    Ok(())
}

fn numbers<T: ArrowPrimitiveType>(
    column: &mut Column,
    array: &ArrayRef,
    number: impl Fn(T::Native) -> f64,
) {
    let array = array.as_primitive::<T>();
    let numbers: Vec<f64> = match array.null_count() {
        0 => array.values().iter().map(|value| number(*value)).collect(),
        _ => array.iter().map(|value| value.map_or(f64::NAN, &number)).collect(),
    };
    column.extend_numbers(&numbers);
}

fn primitive<T: ArrowPrimitiveType>(
    column: &mut Column,
    array: &ArrayRef,
    cell: impl Fn(T::Native) -> Cell<'static>,
) {
    let values = array.as_primitive::<T>().iter();
    values.for_each(|value| column.push(value.map_or(Cell::Missing, &cell)));
}

fn names<T: ArrowPrimitiveType>(
    column: &mut Column,
    array: &ArrayRef,
    name: impl Fn(T::Native) -> String,
) {
    for value in array.as_primitive::<T>().iter() {
        let name = value.map(&name);
        column.push(name.as_deref().map_or(Cell::Missing, Cell::Text));
    }
}

/// The digits of a decimal number, without zeros at the end.
fn decimal_name<T: DecimalType>(value: T::Native, scale: i8) -> String {
    let text = T::format_decimal(value, T::MAX_PRECISION, scale);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A time that lies beyond what microseconds can say is none.
fn times(value: i64, microseconds: i64) -> Cell<'static> {
    value.checked_mul(microseconds).map_or(Cell::Missing, Cell::Time)
}

fn texts<'a>(column: &mut Column, texts: impl Iterator<Item = Option<&'a str>>) {
    texts.for_each(|text| column.push(text.map_or(Cell::Missing, Cell::Text)));
}

/// The float that is nearest to each: by one division where both numbers are exact, else as its
/// digits read.
fn decimal<T: DecimalType>(
    column: &mut Column,
    array: &ArrayRef,
    scale: i8,
    small: impl Fn(T::Native) -> Option<i64>,
) {
    const EXACT: u64 = 1 << 53;
    numbers::<T>(column, array, |value| match small(value) {
        Some(digits) if (0..=EXACT_SCALE).contains(&scale) && digits.unsigned_abs() <= EXACT => {
            digits as f64 / 10_f64.powi(scale.into())
        }
        _ => T::format_decimal(value, T::MAX_PRECISION, scale).parse().unwrap_or(f64::NAN),
    });
}

/// Each distinct value once; of texts the levels are made from them.
fn dictionary(column: &mut Column, array: &ArrayRef) -> Result<(), ArrowError> {
    let dictionary = array.as_any_dictionary();
    let values = dictionary.values();
    let indices: Vec<Option<usize>> = if values.is_empty() {
        vec![None; array.len()]
    } else {
        let indices = dictionary.normalized_keys().into_iter().enumerate();
        indices
            .map(|(row, index)| {
                (dictionary.keys().is_valid(row) && values.is_valid(index)).then_some(index)
            })
            .collect()
    };
    let rows = indices.iter().map(|index| index.map(|index| index as u32));
    match values.data_type() {
        _ if column.kind() != Kind::Categorical && is_text(values.data_type()) => {
            let mut texts = Column::with_reading("", Reading::levels());
            push(&mut texts, values)?;
            indices.into_iter().for_each(|index| {
                column.push(index.map_or(Cell::Missing, |index| cell(&texts, index)))
            });
        }
        DataType::Utf8 => column
            .extend_levels(values.as_string::<i32>().iter().map(Option::unwrap_or_default), rows),
        DataType::LargeUtf8 => column
            .extend_levels(values.as_string::<i64>().iter().map(Option::unwrap_or_default), rows),
        DataType::Utf8View => column
            .extend_levels(values.as_string_view().iter().map(Option::unwrap_or_default), rows),
        _ => {
            let reading = Reading { kind: column.kind(), form: column.form };
            let mut distinct = Column::with_reading("", reading);
            push(&mut distinct, values)?;
            indices.into_iter().for_each(|index| {
                column.push(index.map_or(Cell::Missing, |index| cell(&distinct, index)))
            });
        }
    }
    Ok(())
}

fn cell(column: &Column, row: usize) -> Cell<'_> {
    match &column.values {
        Values::Numeric(numbers) => Cell::Number(numbers[row]),
        Values::Date(times) => times[row].map_or(Cell::Missing, Cell::Time),
        Values::Categorical { levels, codes } => {
            codes[row].map_or(Cell::Missing, |code| Cell::Text(&levels.names()[code as usize]))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        Float64Array, Int64Array, NullArray, StringArray, TimestampMicrosecondArray,
    };
    use arrow_cast::cast;

    use super::*;

    /// The column as `arrow-cast` makes it.
    fn by_arrow(array: &ArrayRef) -> Column {
        let mut column = Column::with_reading("it", reading(array.data_type()).unwrap());
        match column.kind() {
            Kind::Numeric => {
                let array = cast(array, &DataType::Float64).unwrap();
                array
                    .as_primitive::<Float64Type>()
                    .iter()
                    .for_each(|it| column.push(it.map_or(Cell::Missing, Cell::Number)));
            }
            Kind::Categorical => {
                let array = cast(array, &DataType::Utf8).unwrap();
                texts(&mut column, array.as_string::<i32>().iter());
            }
            Kind::Date => {
                let array = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None)).unwrap();
                let times = array.as_primitive::<TimestampMicrosecondType>().iter();
                times.for_each(|time| column.push(time.map_or(Cell::Missing, Cell::Time)));
            }
        }
        column
    }

    fn cells(column: &Column) -> Vec<String> {
        (0..column.len()).map(|row| format!("{:?}", cell(column, row))).collect()
    }

    /// The array as each of the types, in itself and as a dictionary.
    fn check(array: ArrayRef, types: &[DataType]) {
        for data_type in types {
            let array = cast(&array, data_type).unwrap();
            let coded = [DataType::UInt8, DataType::Int32].map(|key| {
                let coded = DataType::Dictionary(Box::new(key), Box::new(data_type.clone()));
                cast(&array, &coded).ok()
            });
            for array in coded.into_iter().flatten().chain([array.clone()]) {
                let column = column("it", reading(array.data_type()).unwrap(), &array).unwrap();
                assert_eq!(cells(&column), cells(&by_arrow(&array)), "{}", array.data_type());
                assert!(
                    data_type == &DataType::Null || column.missing() < column.len(),
                    "{}",
                    array.data_type()
                );
            }
        }
    }

    #[test]
    fn numbers_are_what_arrow_makes_of_them() {
        let whole = Int64Array::from(vec![Some(0), None, Some(1), Some(127), Some(7), None]);
        let integers = [
            DataType::Int8,
            DataType::Int16,
            DataType::Int32,
            DataType::Int64,
            DataType::UInt8,
            DataType::UInt16,
            DataType::UInt32,
            DataType::UInt64,
        ];
        check(Arc::new(whole), &integers);
        let wide = Int64Array::from(vec![
            Some(i64::MIN),
            None,
            Some(i64::MAX),
            Some((1 << 53) + 1),
            Some(-1),
        ]);
        check(
            Arc::new(wide),
            &[DataType::Int64, DataType::Decimal128(38, 3), DataType::Decimal256(76, 30)],
        );
        let floats = Float64Array::from(vec![
            Some(0.1),
            None,
            Some(-2.5),
            Some(f64::NAN),
            Some(-0.0),
            Some(1234.567),
        ]);
        check(Arc::new(floats), &[DataType::Float16, DataType::Float32, DataType::Float64]);
        let money =
            Float64Array::from(vec![Some(0.1), None, Some(-2.5), Some(1234.567), Some(9_999.99)]);
        let decimals = [
            DataType::Decimal32(9, 2),
            DataType::Decimal64(18, 4),
            DataType::Decimal128(38, 10),
            DataType::Decimal128(38, 25),
            DataType::Decimal128(10, -2),
            DataType::Decimal256(76, 40),
        ];
        check(Arc::new(money), &decimals);
    }

    #[test]
    fn texts_and_flags_are_what_arrow_makes_of_them() {
        let texts =
            StringArray::from(vec![Some("true"), None, Some("false"), Some("true"), Some("false")]);
        let types = [DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View, DataType::Boolean];
        check(Arc::new(texts), &types);
        check(Arc::new(NullArray::new(2)), &[DataType::Null]);
        let nothing = StringArray::from(Vec::<Option<&str>>::new());
        let nothing = cast(
            &nothing,
            &DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        )
        .unwrap();
        assert!(column("it", Reading::levels(), &nothing).unwrap().is_empty());
    }

    #[test]
    fn times_are_what_arrow_makes_of_them() {
        let moments = TimestampMicrosecondArray::from(vec![
            Some(0),
            None,
            Some(1_767_413_106_123_456),
            Some(-1_500_001),
        ]);
        let zone = Some("+02:00".into());
        let mut types = vec![DataType::Date32, DataType::Date64];
        for unit in
            [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond]
        {
            types
                .extend([DataType::Timestamp(unit, None), DataType::Timestamp(unit, zone.clone())]);
        }
        check(Arc::new(moments), &types);
        let far = Arc::new(Int64Array::from(vec![Some(i64::MAX), Some(1)]));
        check(far, &[DataType::Timestamp(TimeUnit::Second, None)]);
    }
}
