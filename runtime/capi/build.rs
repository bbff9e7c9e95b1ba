//! The shared library says by which name programs look for it: that of the first part of its version, behind which nothing
//! may break. (Before 1.0 that is the second part, as Cargo has it.)

fn main() {
    let part =
        |name: &str| std::env::var(format!("CARGO_PKG_VERSION_{name}")).expect("Cargo says it");
    let number = match part("MAJOR").as_str() {
        "0" => format!("0.{}", part("MINOR")),
        major => major.to_owned(),
    };
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libsprat.so.{number}");
    println!("cargo:rerun-if-changed=build.rs");
}
