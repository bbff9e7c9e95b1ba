//! The macro that writes static codelets, and what it names.

pub use crate::access::Access;
pub use crate::isa::Isa;
pub use crate::scope::Scope;
pub use crate::static_codelet::Codelet;

/// Writes a `static` [`Codelet`] with its alternates. Each alternate is compiled for the extension that it is named for,
/// and runs only where that is found: nobody need write `unsafe`.
///
/// After the body come `also for` some [`Isa`]s, for which the same body is compiled
/// once more, so that the compiler may use their instructions; and bodies of their own for an [`Isa`], written
/// `Avx2 => |s, params, views| ..`, in which that extension's intrinsics can be called (`Any` for one that needs none). A
/// body captures nothing.
///
/// ```
/// use sprat::{Read, ReadWrite};
///
/// sprat::codelet! {
///     /// y += a x
///     pub static AXPY: Codelet<f32, (Read<f32>, ReadWrite<f32>)> = |_s, a, (x, y)| {
///         for (y, x) in y.iter_mut().zip(x) {
///             *y += a * x;
///         }
///     }, also for Sse42, Avx2, Avx512f, Neon;
///     Any => |_s, a, (x, y)| (0..y.len()).for_each(|i| y[i] += a * x[i]);
/// }
/// assert_eq!(AXPY.name(), "AXPY");
/// ```
#[macro_export]
macro_rules! codelet {
    (
        $(#[$about:meta])*
        $vis:vis static $name:ident: Codelet<$q:ty, $a:ty> =
            |$s:pat_param, $params:pat_param, $views:pat_param| $body:expr
            $(, also for $($same:ident),+)?;
        $($isa:ident => |$s1:pat_param, $params1:pat_param, $views1:pat_param| $body1:expr;)*
    ) => {
        $(#[$about])*
        $vis static $name: $crate::for_macros::Codelet<$q, $a> = {
            let codelet = $crate::for_macros::Codelet::<$q, $a>::new(
                ::core::stringify!($name),
                |$s, $params, $views| $body,
            );
            $crate::codelet!(@same codelet, [$q], [$a], [$($($same)+)?],
                |$s, $params, $views| $body);
            $($crate::codelet!(@one codelet, [$q], [$a], $isa,
                |$s1, $params1, $views1| $body1);)*
            codelet
        };
    };

    (@same $codelet:ident, [$q:ty], [$a:ty], [], $($body:tt)*) => {};
    (@same $codelet:ident, [$q:ty], [$a:ty], [$isa:ident $($more:ident)*], $($body:tt)*) => {
        $crate::codelet!(@one $codelet, [$q], [$a], $isa, $($body)*);
        $crate::codelet!(@same $codelet, [$q], [$a], [$($more)*], $($body)*);
    };

    (@one $codelet:ident, [$q:ty], [$a:ty], Any, $($body:tt)*) => {
        let $codelet = $codelet.or($($body)*);
    };
    (@one $codelet:ident, [$q:ty], [$a:ty], Sse42, $($body:tt)*) => {
        $crate::codelet!(@with $codelet, [$q], [$a], Sse42, "x86_64", "sse4.2", $($body)*);
    };
    (@one $codelet:ident, [$q:ty], [$a:ty], Avx2, $($body:tt)*) => {
        $crate::codelet!(@with $codelet, [$q], [$a], Avx2, "x86_64", "avx2,fma", $($body)*);
    };
    (@one $codelet:ident, [$q:ty], [$a:ty], Avx512f, $($body:tt)*) => {
        $crate::codelet!(@with $codelet, [$q], [$a], Avx512f, "x86_64", "avx512f,avx2,fma", $($body)*);
    };
    (@one $codelet:ident, [$q:ty], [$a:ty], Neon, $($body:tt)*) => {
        $crate::codelet!(@with $codelet, [$q], [$a], Neon, "aarch64", "neon", $($body)*);
    };
    (@one $codelet:ident, [$q:ty], [$a:ty], Sve, $($body:tt)*) => {
        $crate::codelet!(@with $codelet, [$q], [$a], Sve, "aarch64", "sve", $($body)*);
    };
    (@one $codelet:ident, [$q:ty], [$a:ty], $isa:ident, $($body:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "there is no extension `", ::core::stringify!($isa),
            "`; name one of `sprat::Isa`"
        ));
    };

    (@with $codelet:ident, [$q:ty], [$a:ty], $isa:ident, $arch:literal, $features:literal,
        |$s:pat_param, $params:pat_param, $views:pat_param| $body:expr) => {
        #[cfg(target_arch = $arch)]
        let $codelet = {
            #[target_feature(enable = $features)]
            fn alternate(
                $s: &$crate::for_macros::Scope<'_>,
                $params: &$q,
                $views: <$a as $crate::for_macros::Access>::View<'_>,
            ) {
                $body
            }
            // SAFETY: it is a safe function but for the features above, which are those of this extension.
            unsafe { $codelet.alternate($crate::for_macros::Isa::$isa, alternate) }
        };
    };
}
