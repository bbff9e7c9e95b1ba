//! What the command `sprat` is made of: [`read`] turns a trace into a [`run::Run`], [`analyse`] says what it shows, [`report`], [`export`]
//! and [`serve`] show it. All but the
//! reading of files and [`serve::http`] is pure: from data to data.

pub mod analyse;
pub mod export;
pub mod interval;
pub mod read;
pub mod report;
pub mod run;
pub mod serve;
pub mod top;
pub mod topo;
pub mod units;
