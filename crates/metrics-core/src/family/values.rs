use alloc::string::String;

/// A value for one label: text, a whole number, `bool` or `char`.
///
/// Anything that is `AsRef<str>` is text, an enum of one's own too. `Kind` tells text from numbers
/// and is inferred.
///
/// ```
/// use metrics_core::{Counter, Family};
///
/// enum Method { Get, Post }
///
/// impl AsRef<str> for Method {
///     fn as_ref(&self) -> &str {
///         match self { Method::Get => "GET", Method::Post => "POST" }
///     }
/// }
///
/// static REQUESTS: Family<Counter, 3> =
///     Family::counter("requests_total", "Requests.", ["method", "status", "cached"]);
/// REQUESTS.with((Method::Get, 200, false)).inc();
/// REQUESTS.with((Method::Post, 201, true)).inc();
/// assert_eq!(REQUESTS.with(["GET", "200", "false"]).get(), 1);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a label value",
    note = "text, whole numbers, `bool`, `char` and whatever is `AsRef<str>` are"
)]
pub trait LabelValue<Kind> {
    #[doc(hidden)]
    fn with_str<R>(&self, f: impl FnOnce(&str) -> R) -> R;
}

#[doc(hidden)]
#[derive(Debug)]
pub struct Text;

#[doc(hidden)]
#[derive(Debug)]
pub struct Scalar;

impl<T: AsRef<str> + ?Sized> LabelValue<Text> for T {
    #[inline(always)]
    fn with_str<R>(&self, f: impl FnOnce(&str) -> R) -> R {
        f(self.as_ref())
    }
}

impl LabelValue<Scalar> for bool {
    #[inline(always)]
    fn with_str<R>(&self, f: impl FnOnce(&str) -> R) -> R {
        f(if *self { "true" } else { "false" })
    }
}

impl LabelValue<Scalar> for char {
    #[inline(always)]
    fn with_str<R>(&self, f: impl FnOnce(&str) -> R) -> R {
        f(self.encode_utf8(&mut [0; 4]))
    }
}

macro_rules! unsigned {
    ($($ty:ty),*) => {
        $(impl LabelValue<Scalar> for $ty {
            #[inline(always)]
            fn with_str<R>(&self, f: impl FnOnce(&str) -> R) -> R {
                with_digits(*self as u64, false, f)
            }
        })*
    };
}

macro_rules! signed {
    ($($ty:ty),*) => {
        $(impl LabelValue<Scalar> for $ty {
            #[inline(always)]
            fn with_str<R>(&self, f: impl FnOnce(&str) -> R) -> R {
                with_digits((*self as i64).unsigned_abs(), *self < 0, f)
            }
        })*
    };
}

unsigned!(u8, u16, u32, u64, usize);
signed!(i8, i16, i32, i64, isize);

/// `000` to `999`, one behind the other.
const UP_TO_999: &str = {
    const DIGITS: [u8; 3000] = {
        let mut digits = [b'0'; 3000];
        let mut i = 0;
        while i < digits.len() {
            digits[i] += (i / 3 / [100, 10, 1][i % 3] % 10) as u8;
            i += 1;
        }
        digits
    };
    match core::str::from_utf8(&DIGITS) {
        Ok(digits) => digits,
        Err(_) => unreachable!(),
    }
};

/// The decimal digits: of small numbers, which a status code is, as they stand in a constant.
#[inline(always)]
fn with_digits<R>(n: u64, negative: bool, f: impl FnOnce(&str) -> R) -> R {
    let mut buffer = [b'0'; 20];
    f(if n < 1000 && !negative {
        let n = n as usize;
        let leading = usize::from(n < 100) + usize::from(n < 10);
        &UP_TO_999[3 * n + leading..3 * n + 3]
    } else {
        write_digits(&mut buffer, n, negative)
    })
}

#[inline(never)]
fn write_digits(digits: &mut [u8; 20], mut n: u64, negative: bool) -> &str {
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    if negative {
        start -= 1;
        digits[start] = b'-';
    }
    core::str::from_utf8(&digits[start..]).unwrap_or_default()
}

/// Values for `N` labels, in the order of the family's label names: an array of text, or a tuple of
/// [`LabelValue`]s.
///
/// The number is part of the type, so a wrong one does not compile:
///
/// ```compile_fail
/// use metrics_core::{Counter, Family};
///
/// static REQUESTS: Family<Counter, 2> = Family::counter("requests_total", "Requests.", ["method", "path"]);
/// REQUESTS.with(["GET"]).inc();
/// ```
///
/// `Kind` tells the shapes apart and is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of {N} label values",
    label = "expected {N} label values",
    note = "give an array of {N} texts, or a tuple of {N} texts, whole numbers, `bool`s or `char`s, such as `(\"GET\", 200)`"
)]
pub trait LabelValues<const N: usize, Kind> {
    #[doc(hidden)]
    fn with_strs<R>(&self, f: impl FnOnce(&[&str; N]) -> R) -> R;
}

impl<T: AsRef<str>, const N: usize> LabelValues<N, Text> for [T; N] {
    #[inline(always)]
    fn with_strs<R>(&self, f: impl FnOnce(&[&str; N]) -> R) -> R {
        f(&core::array::from_fn(|i| self[i].as_ref()))
    }
}

impl<V: LabelValues<N, Kind>, const N: usize, Kind> LabelValues<N, Kind> for &V {
    #[inline(always)]
    fn with_strs<R>(&self, f: impl FnOnce(&[&str; N]) -> R) -> R {
        (**self).with_strs(f)
    }
}

impl LabelValues<0, ()> for () {
    #[inline(always)]
    fn with_strs<R>(&self, f: impl FnOnce(&[&str; 0]) -> R) -> R {
        f(&[])
    }
}

macro_rules! tuple {
    ($n:literal: $($name:ident $kind:ident),*) => {
        impl<$($name, $kind),*> LabelValues<$n, ($($kind,)*)> for ($($name,)*)
        where
            $($name: LabelValue<$kind>),*
        {
            #[inline(always)]
            #[allow(non_snake_case)]
            fn with_strs<R>(&self, f: impl FnOnce(&[&str; $n]) -> R) -> R {
                let ($($name,)*) = self;
                tuple!(@nest f [$($name)*] $($name)*)
            }
        }
    };
    (@nest $f:ident [$($all:ident)*]) => { $f(&[$($all),*]) };
    (@nest $f:ident [$($all:ident)*] $first:ident $($rest:ident)*) => {
        $first.with_str(|$first| tuple!(@nest $f [$($all)*] $($rest)*))
    };
}

tuple!(1: A KA);
tuple!(2: A KA, B KB);
tuple!(3: A KA, B KB, C KC);
tuple!(4: A KA, B KB, C KC, D KD);
tuple!(5: A KA, B KB, C KC, D KD, E KE);
tuple!(6: A KA, B KB, C KC, D KD, E KE, F KF);
tuple!(7: A KA, B KB, C KC, D KD, E KE, F KF, G KG);
tuple!(8: A KA, B KB, C KC, D KD, E KE, F KF, G KG, H KH);

/// The values as owned text.
pub(super) fn to_owned<const N: usize, Kind>(values: &impl LabelValues<N, Kind>) -> [String; N] {
    values.with_strs(|values| values.map(String::from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::sync::Arc;

    fn text<Kind>(value: impl LabelValue<Kind>) -> String {
        value.with_str(|text| text.to_string())
    }

    #[test]
    fn numbers_are_their_digits() {
        for n in [i64::MIN, -10, -1, i64::MAX, 1000, 1001].into_iter().chain(0..1000) {
            assert_eq!(text(n), n.to_string());
        }
        assert_eq!(text(u64::MAX), u64::MAX.to_string());
        assert_eq!(text(200u16), "200");
        assert_eq!(text(i8::MIN), "-128");
        assert_eq!((text(true), text('ß')), ("true".to_string(), "ß".to_string()));
    }

    #[test]
    fn every_kind_of_text_is_a_value() {
        let (boxed, shared) = ("a".to_string().into_boxed_str(), Arc::<str>::from("b"));
        let cow = alloc::borrow::Cow::Borrowed("c");
        let values = (boxed, shared, cow, &"d".to_string(), "e");
        let joined = values.with_strs(|values: &[&str; 5]| values.concat());
        assert_eq!(joined, "abcde");
    }
}
