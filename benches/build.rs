//! Compiles the drivers of the rivals in C and C++, for those whose features are on.

fn main() {
    println!("cargo:rerun-if-changed=src/rivals");
    #[cfg(feature = "comd")]
    {
        comd("sprat", &[]);
        comd("openmp", &["-fopenmp"]);
        println!("cargo:rustc-link-lib=gomp");
        println!("cargo:rustc-link-lib=m");
    }
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
    #[cfg(feature = "taskflow")]
    cc::Build::new()
        .cpp(true)
        // What it does with atomics since C++20, it does with locks before.
        .std("c++20")
        .opt_level(3)
        .file("src/rivals/taskflow.cpp")
        .compile("rival_taskflow");
    #[cfg(feature = "starpu")]
    {
        cc::Build::new()
            .opt_level(3)
            .includes(tell("pkg-config", &["--cflags-only-I", "starpu-1.3"], "-I"))
            .file("src/rivals/starpu.c")
            .compile("rival_starpu");
        println!("cargo:rustc-link-lib=starpu-1.3");
    }
    #[cfg(feature = "mpi")]
    {
        cc::Build::new()
            .compiler("mpicc")
            .opt_level(3)
            .file("src/rivals/mpi.c")
            .compile("rival_mpi");
        println!("cargo:rustc-link-lib=mpi");
    }
}

/// The words of what a command says that begin so, without the beginning.
#[cfg(feature = "starpu")]
fn tell(command: &str, arguments: &[&str], prefix: &str) -> Vec<String> {
    let output = std::process::Command::new(command).args(arguments).output();
    let output = output.unwrap_or_else(|why| panic!("{command} does not run: {why}"));
    assert!(output.status.success(), "{command} {arguments:?} fails");
    let text = String::from_utf8(output.stdout).expect("text in UTF-8");
    let words = text.split_whitespace();
    words
        .filter_map(|word| word.strip_prefix(prefix).map(str::to_owned))
        .collect()
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

/// A program of the C interface's, with a name of its own instead of `main`.
#[cfg(feature = "comd")]
fn comd(system: &str, flags: &[&str]) {
    let capi = std::path::Path::new("../runtime/capi");
    let folder = capi.join("programs/c/comd");
    println!("cargo:rerun-if-changed={}", folder.display());
    println!("cargo:rerun-if-changed={}", capi.join("include").display());
    let mut build = cc::Build::new();
    build
        .compiler("gcc")
        .opt_level(3)
        .std("c11")
        .flag("-ffp-contract=off")
        .include(capi.join("include"))
        .define("_POSIX_C_SOURCE", "200809L")
        .define("main", format!("comd_{system}").as_str());
    for flag in flags {
        build.flag(flag);
    }
    build
        .file(folder.join(format!("{system}.c")))
        .compile(&format!("comd_{system}"));
}
