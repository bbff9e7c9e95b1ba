# A recipe for Spack: copy this folder to a repository of recipes as packages/sprat/.
from spack.package import *


class Sprat(Package):
    """Sprat is a multicore dataflow runtime: codelets, data blocks, and the engines that bring them together, for Rust, C, C++
    and Fortran."""

    license("MIT OR Apache-2.0")

    # Sprat has no published releases yet: `spack dev-build sprat@main` in a checkout builds it.
    version("main", branch="main")

    depends_on("c", type="build")
    depends_on("rust@1.95:", type="build")

    def install(self, spec, prefix):
        environment = {"PREFIX": prefix, "LIBDIR": prefix.lib}
        Executable("runtime/capi/install")(extra_env=environment)

    def setup_run_environment(self, env):
        env.set("SPRAT_FORTRAN_SOURCE", self.prefix.share.sprat.join("sprat.f90"))
