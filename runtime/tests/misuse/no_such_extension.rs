//! An alternate for an extension that nobody knows.
sprat::codelet! {
    static NOTHING: Codelet<(), ()> = |_s, (), ()| ();
    Avx3 => |_s, (), ()| ();
}

fn main() {
    NOTHING.name();
}
