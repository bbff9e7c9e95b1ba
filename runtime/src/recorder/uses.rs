//! What a codelet of a graph uses, by what it has declared: cells, and places in the list of what is lent.

use super::{NONE, Recording, Site};
use crate::access::{ARGUMENT, Declared, Lent, Mode};
use crate::decide::graph::Use;
use crate::declare::clash;
use crate::error::{Error, ErrorKind, Result};
use crate::id::CodeletId;
use crate::shared::Shared;
use crate::spawn::{After, Spec};

impl Recording {
    /// What a codelet uses, by what it has declared; the list of what it is lent grows along.
    pub(super) fn uses(
        &mut self,
        shared: &Shared,
        (recording, argument): (u64, usize),
        (spec, site): (&mut Spec, Site),
        declared: &[Declared],
    ) -> Result<Vec<Use>> {
        let refused = |why: &str| Err(Error::new(ErrorKind::Graph, why));
        if let Some(error) = spec.rare.as_mut().and_then(|rare| rare.error.take()) {
            return Err(error);
        }
        if spec.destroys {
            return refused(
                "a block is destroyed once, and a graph is replayed; destroy it after the replay",
            );
        }
        let reduces = |one: &&Declared| matches!(one, Declared::Block(_, Mode::Reduce(_)));
        // Each of these may be lent two things.
        let reductions = declared.iter().filter(reduces).count();
        let count = declared.len() + reductions + spec.after().len();
        if count > usize::from(u16::MAX) {
            return Err(Error::new(
                ErrorKind::Access,
                format!("one codelet with {count} accesses; split it, at most 65,535 are possible"),
            ));
        }
        if let Some(error) = clash(declared, |id| shared.blocks.label(id)) {
            return Err(error);
        }
        let mut uses = std::mem::take(&mut self.uses);
        uses.clear();
        for (at, one) in declared.iter().enumerate() {
            let lent = match *one {
                Declared::Block(key, Mode::Reduce(operator)) => {
                    self.reduce(shared, (key, operator), site, &mut uses)?
                }
                Declared::Block(key, mode) => {
                    let (cell, lent) = self.block(shared, key, mode)?;
                    uses.push(Use { cell, mode });
                    lent
                }
                Declared::Value(key, kept) => {
                    let codelet = self.of_this_recording(recording, key.0)?;
                    let own = self.own[codelet as usize];
                    let (cell, lent) = match kept {
                        true => (own.value, own.lent),
                        false => (self.end(codelet), self.lend_value(codelet)),
                    };
                    uses.push(Use {
                        cell,
                        mode: Mode::Read,
                    });
                    lent
                }
                Declared::Scratch(Some(bytes)) => self.lend(Lent {
                    start: std::ptr::null_mut(),
                    bytes,
                }),
                Declared::Scratch(None) => {
                    return Err(Error::new(
                        ErrorKind::BlockSize,
                        "scratch memory larger than the address space, or of elements aligned to more than 64 bytes; ask for less, or use a type with less alignment",
                    ));
                }
                Declared::Param(of) if of == recording => self.lend(Lent {
                    start: ARGUMENT,
                    bytes: argument,
                }),
                Declared::Param(_) => {
                    return Err(Error::new(
                        ErrorKind::Foreign,
                        "it names the argument of another graph; use that of this one, which `record_with` gives to its closure",
                    ));
                }
                Declared::Weak(..) => {
                    return refused(
                        "weak accesses are for children, and codelets of a graph spawn none; record the children themselves",
                    );
                }
                Declared::Part(ref key) => {
                    let (cell, lent) = self.part(shared, key, &declared[at + 1..])?;
                    uses.push(Use {
                        cell,
                        mode: key.mode,
                    });
                    lent
                }
                // With the part before it.
                Declared::Bounds(..) => continue,
            };
            self.lent_to.push(lent);
        }
        for after in spec.after() {
            let After::End(id) = *after else {
                return refused(
                    "an event comes once, and a graph is replayed; wait for the ends of codelets of this graph, or for the event before the replay",
                );
            };
            let codelet = self.of_this_recording(recording, id)?;
            let cell = self.end(codelet);
            uses.push(Use {
                cell,
                mode: Mode::Read,
            });
        }
        Ok(uses)
    }

    /// The number of a codelet of this graph.
    fn of_this_recording(&self, recording: u64, id: CodeletId) -> Result<u32> {
        match id.as_recorded() {
            Some((of, codelet)) if of == recording => Ok(codelet),
            Some(_) => Err(Error::new(
                ErrorKind::Foreign,
                "it names a codelet of another graph; record both in one graph",
            )),
            None => Err(Error::new(
                ErrorKind::Graph,
                "it names a codelet outside of the graph, or one that could not be recorded; write what it gives into a block, and read that",
            )),
        }
    }

    /// The cell of a codelet's end.
    fn end(&mut self, codelet: u32) -> u32 {
        let at = codelet as usize;
        if self.own[at].end == NONE {
            self.own[at].end = self.program.cell(None);
        }
        self.own[at].end
    }

    /// One more thing that is lent; its place.
    pub(super) fn lend(&mut self, lent: Lent) -> u32 {
        self.lents.push(lent);
        self.lents.len() as u32 - 1
    }

    pub(super) fn lend_value(&mut self, codelet: u32) -> u32 {
        let value = self.bodies.list()[codelet as usize].value();
        self.lend(value)
    }
}
