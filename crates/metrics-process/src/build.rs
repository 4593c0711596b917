/// The version of the compiler that built this program, such as `1.85.0`; empty if it did not say.
pub const RUSTC: &str = env!("METRICS_PROCESS_RUSTC");

/// What runs here, as an info metric in a constant: the version of the package that calls it, the revision
/// that it was built from, and the compiler.
///
/// The revision is that of the environment variable `GIT_REVISION`, `GITHUB_SHA` or `CI_COMMIT_SHA` at the
/// time of the build, the first that is there; the label is empty if none is. Further labels follow the
/// name.
///
/// ```
/// use metrics_core::{Info, Metric};
///
/// static BUILD: Metric<Info> = metrics_process::build_info!("app_build_info");
/// static MORE: Metric<Info> = metrics_process::build_info!("more_build_info", "profile" => "release");
///
/// assert_eq!(BUILD.pairs().map(|(name, _)| name).collect::<Vec<_>>(), ["version", "revision", "rustc"]);
/// assert_eq!(BUILD.pairs().last(), Some(("rustc", metrics_process::RUSTC)));
/// assert_eq!(MORE.pairs().last(), Some(("profile", "release")));
/// ```
#[macro_export]
macro_rules! build_info {
    ($name:expr $(, $label:expr => $value:expr)* $(,)?) => {
        $crate::__private::Metric::info(
            $name,
            "What was built, by which compiler.",
            &[
                ("version", env!("CARGO_PKG_VERSION")),
                (
                    "revision",
                    $crate::__private::first(&[
                        option_env!("GIT_REVISION"),
                        option_env!("GITHUB_SHA"),
                        option_env!("CI_COMMIT_SHA"),
                    ]),
                ),
                ("rustc", $crate::RUSTC),
                $(($label, $value),)*
            ],
        )
    };
}

/// The first that is there, or nothing.
#[must_use]
pub const fn first(texts: &[Option<&'static str>]) -> &'static str {
    let mut i = 0;
    while i < texts.len() {
        if let Some(text) = texts[i] {
            return text;
        }
        i += 1;
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_is_there_counts() {
        assert_eq!(first(&[None, Some("a"), Some("b")]), "a");
        assert_eq!(first(&[None, None]), "");
    }

    #[test]
    fn the_compiler_is_known() {
        assert!(RUSTC.starts_with("1.") && RUSTC.len() >= 6, "{RUSTC}");
    }
}
