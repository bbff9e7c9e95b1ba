//! What programs mean: a file for each part of the model. One program, since each would be built and linked for itself.

mod adopted;
mod alternates;
mod attack;
mod bare;
mod cancellation;
mod combined;
mod commute;
mod events_again;
mod events_kinds;
mod for_each;
mod found;
mod groups;
mod helping;
mod homes;
mod inheritance;
mod memory_report;
mod mended;
mod odd_types;
mod opened;
mod opened_stuck;
mod parts;
mod plain;
mod readers;
mod reduce;
mod repeatable;
mod scopes;
mod scratch;
mod shown;
mod suspending;
mod tiles;
mod turns;
mod weak;

use sprat::Runtime;

/// One with so many engines, wherever it runs and whatever the caller's variables say.
fn runtime(xes: usize) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .oversubscribe(true)
        .pin(false)
        .ignore_environment()
        .build()
        .unwrap()
}
