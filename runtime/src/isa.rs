//! Extensions of instruction sets that alternates need, and which of them this machine has.

/// What an alternate needs of the processor: see [`Codelet::alternate`](crate::Codelet::alternate).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isa {
    /// Nothing beyond what the program was compiled for.
    Any,
    /// x86-64: SSE4.2.
    Sse42,
    /// x86-64: AVX2 and FMA.
    Avx2,
    /// x86-64: AVX-512 Foundation, AVX2 and FMA.
    Avx512f,
    /// AArch64: Advanced SIMD (Neon).
    Neon,
    /// AArch64: the Scalable Vector Extension.
    Sve,
}

impl Isa {
    const ALL: [Isa; 6] = {
        use Isa::*;
        [Any, Sse42, Avx2, Avx512f, Neon, Sve]
    };

    /// Whether this process may use it. What the operating system reports holds for all processors that it may move a
    /// thread to; on other architectures the answer is no.
    ///
    /// ```
    /// assert!(sprat::Isa::Any.is_here());
    /// ```
    pub fn is_here(self) -> bool {
        match self {
            Isa::Any => true,
            #[cfg(target_arch = "x86_64")]
            Isa::Sse42 => is_x86_feature_detected!("sse4.2"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512f => is_x86_feature_detected!("avx512f") && Isa::Avx2.is_here(),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[cfg(target_arch = "aarch64")]
            Isa::Sve => std::arch::is_aarch64_feature_detected!("sve"),
            #[allow(
                unreachable_patterns,
                reason = "what is left depends on the architecture"
            )]
            _ => false,
        }
    }
}

/// Some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IsaSet(u8);

impl IsaSet {
    /// Those that are here.
    pub(crate) fn here() -> Self {
        Self::of(Isa::ALL.into_iter().filter(|isa| isa.is_here()))
    }

    pub(crate) fn of(isas: impl Iterator<Item = Isa>) -> Self {
        IsaSet(isas.fold(0, |set, isa| set | 1 << isa as u8))
    }

    #[inline]
    pub(crate) fn has(self, isa: Isa) -> bool {
        self.0 & 1 << isa as u8 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_in() {
        let set = IsaSet::of([Isa::Any, Isa::Avx2].into_iter());
        let has: Vec<Isa> = Isa::ALL.into_iter().filter(|isa| set.has(*isa)).collect();
        assert_eq!(has, [Isa::Any, Isa::Avx2]);
        let here = IsaSet::here();
        assert!(Isa::ALL.iter().all(|isa| here.has(*isa) == isa.is_here()));
    }

    #[test]
    fn no_machine_has_the_extensions_of_another() {
        let x86 = [Isa::Sse42, Isa::Avx2, Isa::Avx512f]
            .iter()
            .any(|isa| isa.is_here());
        let arm = [Isa::Neon, Isa::Sve].iter().any(|isa| isa.is_here());
        assert!(!(x86 && arm));
        assert!(!x86 || cfg!(target_arch = "x86_64"));
        assert!(!arm || cfg!(target_arch = "aarch64"));
    }
}
