//! Sums of numbers, times and durations.

use super::fault::{Error, Outcome};
use super::syntax::Sign;
use super::value::Value;

/// What the two make together.
pub fn sum(left: &Value<'_>, sign: Sign, right: &Value<'_>) -> Outcome<Value<'static>> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => whole(*left, sign, *right).map(Value::Int),
        (Value::Int(left), Value::Float(right)) => float(*left as f64, sign, *right).map(Value::Float),
        (Value::Float(left), Value::Int(right)) => float(*left, sign, *right as f64).map(Value::Float),
        (Value::Float(left), Value::Float(right)) => float(*left, sign, *right).map(Value::Float),
        (Value::Time(time), Value::Duration(nanos)) => match sign {
            Sign::Plus => Ok(Value::Time(time.plus(*nanos))),
            Sign::Minus => Ok(Value::Time(time.plus(nanos.wrapping_neg()))),
            _ => Err(no_product()),
        },
        (Value::Duration(nanos), Value::Time(time)) => match sign {
            Sign::Plus => Ok(Value::Time(time.plus(*nanos))),
            Sign::Minus => Err(Error::new("a time cannot be taken from a duration")),
            _ => Err(no_product()),
        },
        (Value::Time(left), Value::Time(right)) => match sign {
            Sign::Minus => Ok(Value::Duration(left.minus_time(right))),
            Sign::Plus => Err(Error::new("a time cannot be added to a time")),
            _ => Err(no_product()),
        },
        (Value::Duration(left), Value::Duration(right)) => match sign {
            Sign::Plus => Ok(Value::Duration(left.wrapping_add(*right))),
            Sign::Minus => Ok(Value::Duration(left.wrapping_sub(*right))),
            _ => Err(no_product()),
        },
        (Value::Int(_) | Value::Float(_), other) => {
            let kind = other.kind();
            Err(Error::new(format!(
                "expected an int or a double beside a number, but got {kind}"
            )))
        }
        (Value::Time(_) | Value::Duration(_), other) => {
            let kind = other.kind();
            Err(Error::new(format!(
                "expected a time or a duration beside one, but got {kind}"
            )))
        }
        (other, _) => {
            let kind = other.kind();
            Err(Error::new(format!(
                "expected an int, a double, a time or a duration, but got {kind}"
            )))
        }
    }
}

/// The number with the other sign.
pub fn negated(value: &Value<'_>) -> Outcome<Value<'static>> {
    match value {
        Value::Int(number) => Ok(Value::Int(number.wrapping_neg())),
        Value::Float(number) => Ok(Value::Float(-number)),
        other => Err(Error::new(format!(
            "expected a number behind `-`, but got {}",
            other.kind()
        ))),
    }
}

fn whole(left: i64, sign: Sign, right: i64) -> Outcome<i64> {
    Ok(match sign {
        Sign::Plus => left.wrapping_add(right),
        Sign::Minus => left.wrapping_sub(right),
        Sign::Times => left.wrapping_mul(right),
        Sign::Over if right == 0 => return Err(by_zero()),
        Sign::Over => left.wrapping_div(right),
    })
}

fn float(left: f64, sign: Sign, right: f64) -> Outcome<f64> {
    Ok(match sign {
        Sign::Plus => left + right,
        Sign::Minus => left - right,
        Sign::Times => left * right,
        Sign::Over if right == 0.0 => return Err(by_zero()),
        Sign::Over => left / right,
    })
}

fn by_zero() -> Error {
    Error::new("attempted to divide by 0")
}

fn no_product() -> Error {
    Error::new("times and durations can only be added and subtracted")
}
