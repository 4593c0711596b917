/// Declares metrics as statics that are in the global [`REGISTRY`](crate::REGISTRY) from the start.
///
/// Nothing has to be called: each is exposed from the first scrape on, with its zero, and is put into
/// every registry that [`set_registry`](crate::RegistryProxy::set_registry) makes the current one. An
/// update is an update of the static, and costs nothing more. The statics may be of any type that is a
/// [`Collector`](crate::Collector), and have attributes and any visibility. They are exposed in the order
/// of their modules, and of the source within a module.
///
/// If two declared metrics have the same name, the first stays, and every page says that the other is
/// left out.
///
/// ```standalone_crate
/// use metrics_core::{Collector, Counter, Gauge, Metric};
/// use metrics_registry::{REGISTRY, metrics};
///
/// metrics! {
///     /// Cache hits.
///     pub static HITS: Metric<Counter> = Metric::counter("cache_hits_total", "Cache hits.");
///
///     static SIZE: Metric<Gauge> = Metric::gauge("cache_size_bytes", "Size of the cache.");
/// }
///
/// # fn main() {
/// HITS.inc();
/// SIZE.set(4096.0);
///
/// let mut names = Vec::new();
/// REGISTRY.describe(&mut |name, _| names.push(name.to_string()));
/// assert_eq!(names, ["cache_hits_total", "cache_size_bytes"]);
/// # }
/// ```
#[macro_export]
macro_rules! metrics {
    ($($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty = $value:expr;)*) => {
        $($(#[$attribute])* $visibility static $name: $type = $value;)*
        $crate::__declare_metrics! { [$(::core::stringify!($name)),*] $($(#[$attribute])* $name)* }
    };
}

/// One submission for each static. The attributes come with it, as one may be a `cfg`.
#[doc(hidden)]
#[macro_export]
macro_rules! __declare_metrics {
    ($block:tt $($(#[$attribute:meta])* $name:ident)*) => {
        $(
            $(#[$attribute])*
            const _: () = {
                $crate::__private::submit! {
                    $crate::__private::Declared::new(
                        ::core::module_path!(),
                        ::core::line!(),
                        ::core::column!(),
                        &$block,
                        ::core::stringify!($name),
                        &$name,
                    )
                }
            };
        )*
    };
}
