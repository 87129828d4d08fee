//! Sums, case by case.

use super::super::syntax::Sign;
use super::super::value::Value;
use super::world::V;
use super::{Fail, Yields};

/// Two values with a sign between them.
pub(super) fn sum(left: &V, sign: Sign, right: &V) -> Yields<V> {
    Ok(match (left, sign, right) {
        (Value::Int(a), Sign::Plus, Value::Int(b)) => Value::Int(a.wrapping_add(*b)),
        (Value::Int(a), Sign::Minus, Value::Int(b)) => Value::Int(a.wrapping_sub(*b)),
        (Value::Int(a), Sign::Times, Value::Int(b)) => Value::Int(a.wrapping_mul(*b)),
        (Value::Int(_), Sign::Over, Value::Int(0)) => return Err(Fail),
        (Value::Int(a), Sign::Over, Value::Int(b)) => Value::Int(a.wrapping_div(*b)),
        (Value::Int(a), sign, Value::Float(b)) => floats(*a as f64, sign, *b)?,
        (Value::Float(a), sign, Value::Int(b)) => floats(*a, sign, *b as f64)?,
        (Value::Float(a), sign, Value::Float(b)) => floats(*a, sign, *b)?,
        (Value::Time(time), Sign::Plus, Value::Duration(nanos))
        | (Value::Duration(nanos), Sign::Plus, Value::Time(time)) => Value::Time(time.plus(*nanos)),
        (Value::Time(time), Sign::Minus, Value::Duration(nanos)) => {
            Value::Time(time.plus(nanos.wrapping_neg()))
        }
        (Value::Time(a), Sign::Minus, Value::Time(b)) => Value::Duration(a.minus_time(b)),
        (Value::Duration(a), Sign::Plus, Value::Duration(b)) => Value::Duration(a.wrapping_add(*b)),
        (Value::Duration(a), Sign::Minus, Value::Duration(b)) => Value::Duration(a.wrapping_sub(*b)),
        _ => return Err(Fail),
    })
}

fn floats(a: f64, sign: Sign, b: f64) -> Yields<V> {
    Ok(Value::Float(match sign {
        Sign::Plus => a + b,
        Sign::Minus => a - b,
        Sign::Times => a * b,
        Sign::Over if b == 0.0 => return Err(Fail),
        Sign::Over => a / b,
    }))
}

/// A number with the other sign.
pub(super) fn negative(value: &V) -> Yields<V> {
    match value {
        Value::Int(number) => Ok(Value::Int(number.wrapping_neg())),
        Value::Float(number) => Ok(Value::Float(-number)),
        _ => Err(Fail),
    }
}
