//! An alternate that uses what is outside of it.
use sprat::ReadWrite;

fn main() {
    let more = 3;
    sprat::codelet! {
        static ADD: Codelet<(), ReadWrite<i32>> = |_s, (), x| x[0] += 1;
        Any => |_s, (), x| x[0] += more;
    }
    ADD.name();
}
