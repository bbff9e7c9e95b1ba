//! Recorded graphs: a file for each part of what they do. One program, since each would be built and linked for itself.

mod attack;
mod cancel;
mod inspect;
mod parts;
mod reduce;
mod rounds;
mod signals;
mod stopped;
mod with;
