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
mod homes;
mod inheritance;
mod memory_report;
mod mended;
mod odd_types;
mod parts;
mod plain;
mod readers;
mod reduce;
mod repeatable;
mod scopes;
mod scratch;
mod tiles;
mod weak;
