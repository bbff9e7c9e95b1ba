//! `layout.h` says, as assertions for a C compiler, how Rust lays out the structs of the interface. `.ci/run link` has two compilers
//! look at it, as does the one that builds the tests in C; here it is compared with what Rust does now.

use sprat_capi::types::*;
use sprat_capi::*;
use std::fmt::Write;
use std::mem::offset_of;
use std::path::Path;

fn layout() -> String {
    let mut text =
        String::from("/* Sizes and offsets as Rust has them; written by tests/layout.rs. */\n");
    let mut say = |what: String, is: usize| {
        writeln!(text, "_Static_assert({what} == {is}, \"{what}\");").unwrap();
    };
    macro_rules! structs {
        ($($name:ident { $($field:ident)* })*) => {$(
            say(format!("sizeof({})", stringify!($name)), size_of::<$name>());
            $(say(format!("offsetof({}, {})", stringify!($name), stringify!($field)), offset_of!($name, $field));)*
        )*};
    }
    structs! {
        sprat_block { id }
        sprat_event { id }
        sprat_group { id }
        sprat_codelet { id }
        sprat_canceller { id }
        sprat_channel { id }
        sprat_round { id }
        sprat_home { kind region near_block }
        sprat_view { data bytes }
        sprat_access {
            block mode element_size row_begin row_end column_begin column_end leading_dimension reduce_operator reduce_type
        }
        sprat_error { size status cause message codelet failed skipped ran not_started rounds }
        sprat_config {
            size xes ce_mode pin oversubscribe environment spin_us live_codelets stack_bytes check_seed topology memory_report
            policy trace top replica_bytes
        }
        sprat_alternate { size usable chosen calls least_ns }
        sprat_definition { size name body params_size params_align modes mode_count flags reserved }
        sprat_options {
            size place priority flags repeats near_block place_number group flops bytes after after_count
        }
        sprat_loop { size name body params_size elements grain }
        sprat_reduction { size name map combine params_size elements grain result_size }
        sprat_machine { size packages regions cache_groups cores threads xes domains ce_mode oversubscribed }
        sprat_xe { size cpu reserved core region domain ran skipped cancelled repeated stolen posted parked stood_in }
        sprat_ce { size rounds brokered stuck_checks stuck_scopes }
        sprat_usage { size live_codelets codelet_bytes open_xes }
        sprat_core { size cpu capacity threads package region cache_group die cluster }
        sprat_cache_group { size bytes level reserved cores first_core region package }
        sprat_moves { size moved moved_bytes copied copied_bytes refused replica_bytes }
        sprat_region {
            size os_id has_cpus bytes mapped_bytes peak_mapped_bytes in_use_bytes recycled_bytes
        }
        sprat_memory { size local_bytes remote_bytes unplaced_bytes other_bytes }
    }
    text
}

#[test]
fn structs_lie_as_was_agreed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("layout.h");
    let now = layout();
    if std::env::var_os("SPRAT_TEST_WRITE_ABI").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let agreed = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        now, agreed,
        "structs lie otherwise than runtime/capi/layout.h says. If they may (a field at an end), run\n\
         SPRAT_TEST_WRITE_ABI=1 cargo test -p sprat-capi --test layout"
    );
    let structs = agreed.matches("sizeof").count() / 2;
    let header = std::fs::read_to_string(path.with_file_name("abi.txt")).unwrap();
    let declared = header
        .lines()
        .filter(|line| line.starts_with("struct ") && !line.ends_with(": opaque"));
    assert_eq!(structs, declared.count(), "a struct is not listed here");
}
