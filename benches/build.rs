//! Compiles the drivers of the rivals in C and C++, for those whose features are on.

fn main() {
    println!("cargo:rerun-if-changed=src/rivals");
    #[cfg(feature = "openmp-gnu")]
    {
        // First, so that gcc's entry points come from gcc's runtime: LLVM's has some of the same names.
        openmp("gcc", "gnu");
        println!("cargo:rustc-link-lib=gomp");
    }
    #[cfg(feature = "openmp-llvm")]
    {
        openmp("clang", "llvm");
        // LLVM keeps it beside clang's own files, where the system's linker may not look.
        let folder = std::process::Command::new("clang")
            .arg("-print-resource-dir")
            .output()
            .expect("clang runs");
        let folder = String::from_utf8(folder.stdout).expect("a path in UTF-8");
        let library = std::path::Path::new(folder.trim()).join("../..");
        println!("cargo:rustc-link-search=native={}", library.display());
        println!("cargo:rustc-link-lib=omp");
    }
    #[cfg(feature = "tbb")]
    {
        cc::Build::new()
            .cpp(true)
            .std("c++17")
            .opt_level(3)
            .file("src/rivals/tbb.cpp")
            .compile("rival_tbb");
        println!("cargo:rustc-link-lib=tbb");
    }
}

#[cfg(any(feature = "openmp-gnu", feature = "openmp-llvm"))]
fn openmp(compiler: &str, runtime: &str) {
    cc::Build::new()
        .compiler(compiler)
        .opt_level(3)
        .flag("-fopenmp")
        // gcc does not see that clauses use a parameter.
        .flag("-Wno-unused-parameter")
        .define("RUNTIME", format!("rival_{runtime}").as_str())
        .define(format!("RIVAL_{}", runtime.to_uppercase()).as_str(), None)
        .file("src/rivals/openmp.c")
        .compile(&format!("rival_{runtime}"));
}
